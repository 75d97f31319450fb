"""Untrusted values to typed ones: what is declared of a class is what is enforced, and nothing else."""  # contract: G4

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from domain.model.errors import EmptyFields, FieldProblem, InvalidFields, MissingFields
from entrypoints.http.fields import Amount, Count, Credential, Reads
from entrypoints.http.reading import read, read_query, required, wire

Colour = Literal["red", "green"]
Short = Annotated[str, Meta(max_length=3)]


@wire()
class Thing:
    """Something with a field of each kind."""

    amount: Amount
    count: Count
    colour: Colour
    name: Short
    note: Short | None = None
    when: Short | msgspec.UnsetType = msgspec.UNSET
    flag: bool = False


@wire(missing=required)
class Together:
    """Something whose bad fields are all named together."""

    amount: Amount
    count: Count


@wire(missing=EmptyFields, in_order=True)
class InOrder:
    """Something whose first bad field decides."""

    amount: Amount
    name: Short


@wire()
class Many:
    """Something with lists."""

    amounts: Annotated[list[Amount], Meta(max_length=2)]
    ids: list[Count]


@wire()
class Bounded:
    """Something with bounds on one side, and some that were added to a type."""

    from_one: Annotated[int, Meta(ge=1)]
    to_nine: Annotated[int, Meta(le=9)]
    short: Annotated[Annotated[Short, Meta(description="More of it")], Meta(min_length=2)]


@wire()
class Lenient:
    """Something with a type that isn't read strictly."""

    share: float | None = None


def _broken(value: object) -> object:
    raise TypeError("ours")


@wire()
class Broken:
    """Something that we read wrongly."""

    amount: Amount
    other: Annotated[Any, Reads(_broken)]


GOOD: dict[str, Any] = {"amount": "1.50", "count": 3, "colour": "red", "name": "abc"}


def problems(kind: type, fields: dict[str, Any]) -> list[str]:
    with pytest.raises(InvalidFields) as refused:
        read(kind, fields)
    return [problem.field for problem in refused.value.problems]


def test_values_are_as_their_types_say() -> None:
    thing = read(Thing, {**GOOD, "flag": True, "unknown": object()})
    assert (thing.amount, thing.count, thing.colour, thing.name) == (Decimal("1.50"), 3, "red", "abc")
    assert (thing.note, thing.when, thing.flag) == (None, msgspec.UNSET, True)


@pytest.mark.parametrize("empty", [None, "", " "])
def test_an_empty_value_is_none_where_that_may_be(empty: object) -> None:
    assert read(Thing, {**GOOD, "note": empty}).note is None
    with pytest.raises(EmptyFields) as refused:
        read(Thing, {**GOOD, "when": empty})
    assert refused.value.names == ("when",)


def test_every_bad_field_is_named_at_once_in_the_order_of_the_class() -> None:
    bad = {"flag": 1, "name": "abcd", "colour": "blue", "count": -1, "amount": "1.005", "note": 7, "when": 8}
    assert problems(Thing, bad) == ["amount", "count", "colour", "name", "note", "when", "flag"]


def test_what_is_required_is_named_with_the_rest() -> None:
    with pytest.raises(InvalidFields) as refused:
        read(Together, {"amount": None, "count": "x"})
    assert refused.value.problems[0] == FieldProblem("amount", "is required")
    assert problems(Together, {"count": "x"}) == ["amount", "count"]


def test_in_order_the_first_bad_field_decides() -> None:
    assert problems(InOrder, {"amount": "abc"}) == ["amount"]
    for fields in ({"amount": 1}, {"amount": 1, "name": ""}):
        with pytest.raises(EmptyFields) as refused:
            read(InOrder, fields)
        assert refused.value.names == ("name",)


def test_a_query_holds_texts() -> None:
    @wire(missing=required)
    class Query:
        user_id: Count
        limit: Annotated[int, Meta(ge=1, le=10)] = 5
        from_: Short | None = None

    assert read_query(Query, {"user_id": "7"}) == Query(7)
    assert read_query(Query, {"user_id": ["6", "7"], "limit": "10", "from": "abc"}) == Query(7, 10, "abc")
    for bad in ("", "0", "11", "-1", "1.0", "\u0661", "1e1", "99999999999999999999"):
        with pytest.raises(InvalidFields) as refused:
            read_query(Query, {"limit": bad, "from": "abcd"})
        assert [problem.field for problem in refused.value.problems] == ["user_id", "limit", "from"]


def test_a_mistake_of_ours_is_no_bad_field() -> None:
    for amount in ("1.50", "x"):
        with pytest.raises(TypeError, match="ours"):
            read(Broken, {"amount": amount, "other": 1})


def test_every_constraint_holds_from_wherever_it_is_declared() -> None:
    longest = {"from_one": 1, "to_nine": 9, "short": "abc"}
    assert read(Bounded, longest) == read_query(Bounded, {name: str(value) for name, value in longest.items()})
    bad = {"from_one": 0, "to_nine": 10, "short": "abcd"}
    assert problems(Bounded, bad) == list(bad)
    assert problems(Bounded, longest | {"short": "a"}) == ["short"]
    for name, value in bad.items():
        with pytest.raises(InvalidFields, match=name):
            read_query(Bounded, {key: str(told) for key, told in {**longest, name: value}.items()})


def test_a_list_holds_what_its_type_says() -> None:
    good = read(Many, {"amounts": ["1.50", 2], "ids": []})
    assert good == Many([Decimal("1.50"), Decimal("2.00")], [])
    for bad in ({"amounts": ["0"]}, {"amounts": "1"}, {"amounts": [1, 1, 1]}, {"ids": [1, "1"]}, {"ids": [None]}):
        assert problems(Many, {"amounts": [1], "ids": [1], **bad}) == list(bad)


@pytest.mark.parametrize("value", [1.5, "nan", "1", True])
def test_a_type_that_is_not_read_strictly_is_not_read(value: object) -> None:
    with pytest.raises(TypeError, match="float"):
        read(Lenient, {"share": value})


def test_nothing_of_what_was_sent_is_in_a_repr() -> None:
    @wire()
    class Proof:
        password: Credential
        otp: Any

    @wire()
    class OtherProof(Proof):
        token: str

    read_ones = read(Proof, {"password": "sesame", "otp": "sesame"}), OtherProof("sesame", "sesame", "sesame")
    assert "sesame" not in f"{read_ones!r} {read_ones}"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)
bodies = st.dictionaries(
    st.sampled_from(["amount", "count", "colour", "name", "note", "when", "flag", "x"]),
    st.one_of(st.sampled_from(["1.50", 3, "red", "abc", "", None, True]), values),
)


@given(bodies)
def test_any_values_are_read_or_refused_by_name(fields: dict[str, Any]) -> None:
    try:
        thing = read(Thing, fields)
    except (MissingFields, EmptyFields, InvalidFields):
        return
    when = "" if thing.when is msgspec.UNSET else thing.when
    assert type(thing.count) is int and thing.count >= 0
    assert thing.amount > 0
    assert thing.colour in ("red", "green")
    assert all(len(text) <= 3 for text in (thing.name, thing.note or "", when))
    assert type(thing.flag) is bool
