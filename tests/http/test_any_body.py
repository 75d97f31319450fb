"""Whatever is sent to `/event`, the answer is 200 or 400; 200 exactly where a judge of its own takes the body."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from falcon.testing import TestClient
from hypothesis import example, given
from hypothesis import strategies as st

from domain.model.activity import Action
from domain.model.errors import InvalidFields
from entrypoints.composition import build
from entrypoints.http.app import create_app
from entrypoints.http.bodies import BodyRefused, parse_body
from entrypoints.http.events.events import parse_event
from entrypoints.settings import Settings

from .answers import count_events, error_of
from .bodies import BAD_VALUES, EACH_BAD_VALUE, GOOD, MALFORMED, body_of, nested
from .json_oracle import accepts

Post = Callable[[bytes], Any]

texts = st.text(st.characters(codec=None, exclude_categories=()), max_size=8)
"""Any code points: surrogates and U+0000 too."""

numbers = st.one_of(
    st.integers(),
    st.integers(-5, 5),
    st.sampled_from([2**53 - 1, 2**53, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1]),
    st.floats(),
    st.floats(0.01, 1000),
)
leaves = st.one_of(st.none(), st.booleans(), numbers, texts)
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=12)

amounts = st.one_of(
    st.integers(1, 10**15).map(lambda cents: f"{cents // 100}.{cents % 100:02}"),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.integers(1, 1000),
    st.floats(0, 1000),
    values,
)
counts = st.one_of(st.integers(0, 2**53), values)
near_events = st.builds(
    lambda fields, others, order: dict(order.sample(pairs := [*others.items(), *fields.items()], len(pairs))),
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.one_of(st.sampled_from(["deposit", "withdraw"]), values),
            "amount": amounts,
            "user_id": counts,
            "time": counts,
        },
    ),
    st.one_of(st.just({}), st.dictionaries(texts, values, max_size=2)),
    st.randoms(use_true_random=False),
)
good_events = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["deposit", "withdraw"]),
        "amount": st.one_of(st.integers(1, 10**6), st.sampled_from(["1", "0.01", "42.10", "42.100"])),
        "user_id": st.integers(0, 2**53 - 1),
        "time": st.integers(0, 2**53 - 1),
    },
    optional={"unknown": values},
)


def written(value: object, compact: bool, escaped: bool) -> bytes:
    separators = (",", ":") if compact else None
    return json.dumps(value, separators=separators, ensure_ascii=escaped).encode("utf-8", "surrogatepass")


json_bodies = st.builds(written, st.one_of(values, near_events, good_events), st.booleans(), st.booleans())

_PLAIN = body_of(GOOD)
_PIECES = st.one_of(
    st.binary(max_size=3),
    st.sampled_from([b'"', b":", b",", b"{", b"}", b"0", b"1", b".", b"-", b"e", b" ", b"\\", b"null", b"true", b"[]"]),
)


@st.composite
def broken_bodies(draw: st.DrawFn) -> bytes:
    """A good body with a few cuts and insertions."""
    body = bytearray(draw(st.sampled_from([_PLAIN, _PLAIN.replace(b" ", b"")]) | json_bodies))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(body)))
        end = min(len(body), start + draw(st.integers(0, 3)))
        body[start:end] = draw(_PIECES)
    return bytes(body)


raw_values = st.fixed_dictionaries(
    {
        field: st.sampled_from([GOOD[field]] * 3 + [raw for raw in raws if raw is not None])
        for field, raws in BAD_VALUES.items()
    }
).map(body_of)
any_bodies = st.one_of(st.binary(), json_bodies, broken_bodies(), raw_values)


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    """Post a body, and see that it is stored exactly if the answer is 200."""
    database = tmp_path_factory.mktemp("any") / "hucha.db"
    hucha = build(Settings(database_url=f"sqlite:///{database}", threads=1))
    client = TestClient(create_app(hucha))

    def send(body: bytes) -> Any:
        before = count_events(database)
        answer = client.simulate_post("/event", body=body, headers={"Content-Type": "application/json"})
        assert count_events(database) - before == (answer.status_code == 200)
        return answer

    yield send
    hucha.close()


def check(post: Post, body: bytes) -> None:
    answer = post(body)
    if accepts(body):
        assert answer.status_code == 200, (body, answer.text)
        fields = json.loads(body)
        assert set(answer.json) == {"alert", "alert_codes", "user_id"}
        assert answer.json["user_id"] == fields["user_id"]
        assert answer.json["alert"] is bool(answer.json["alert_codes"])
    else:
        error_of(answer, 400)


@given(body=json_bodies)
def test_any_json_is_200_or_400(post: Post, body: bytes) -> None:
    # contract: C2, G4
    check(post, body)


@given(body=st.one_of(st.binary(), broken_bodies()))
@example(body=b"")
@example(body=b"\0")
@example(body=b'"')
def test_any_bytes_are_200_or_400(post: Post, body: bytes) -> None:
    # contract: C2, G4
    check(post, body)


@given(body=good_events.map(lambda event: written(event, True, True)))
def test_the_judge_of_these_tests_takes_most_good_events(body: bytes) -> None:
    """A judge that took nothing would agree with a route that takes nothing."""
    fields = json.loads(body)
    fields.pop("unknown", None)
    assert accepts(json.dumps(fields).encode())


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_the_judge_of_these_tests_refuses_malformed_bodies(body: bytes) -> None:
    assert not accepts(body)


def outcome(parse: Callable[[bytes], Action], body: bytes) -> str:
    try:
        return repr(parse(body))
    except (InvalidFields, BodyRefused) as error:
        return repr(error)


def strictly(body: bytes) -> Action:
    return Action.parse(parse_body(body))


@given(any_bodies)
@example(b'{"type":"deposit","amount":01,"user_id":1,"time":1}')
@example(b'{"type":"deposit","amount":1.,"user_id":1,"time":1}')
@example(b'{"type":"deposit","amount":.5,"user_id":1,"time":1}')
@example(b'{"type":"deposit","amount":-0,"user_id":1,"time":1}')
@example(b'{"type":"deposit","amount":1,"user_id":1.0,"time":1}')
@example(b'{"type":"deposit","amount":1,"user_id":1e2,"time":1}')
@example(b'{"type":"deposit","amount":1,"user_id":-0,"time":1}')
@example(b'{"type":"deposit","amount":1,"user_id":01,"time":1}')
@example(b'{"type":"deposit","amount":1,"user_id":"1","time":1}')
@example(b'{"type":"deposit","amount":1,"user_id":true,"time":1}')
@example(b'{"type":"deposit","amount":1 ,"user_id":1,"time":1}')
@example(b'{"type":"deposit","amount":\n1\t,"user_id":1,"time":1}')
@example(b'{"type":"deposit","amount":"1"2,"user_id":1,"time":1}')
@example(b'{"type":"deposit","amount":""1"","user_id":1,"time":1}')
@example(rb'{"type":"deposit","amount":"\"1\"","user_id":1,"time":1}')
@example(rb'{"type":"deposit","amount":"\u0031","user_id":1,"time":1}')
@example(rb'{"type":"depo\u0073it","amount":"1","user_id":1,"time":1}')
@example(rb'{"typ\u0065":"deposit","amount":"1","user_id":1,"time":1}')
@example(b'{"type":"deposit","amount":1,"user_id":1,"user_id":1}')
@example(b'{"type":"deposit","amount":1,"user_id":1,"x":1}')
@example(b'{"type":"deposit","amount":"1:2","user_id":1}')
@example(b'{"type":"deposit:","amount":1,"user_id":1}')
@example(b'{"type":"deposit","amount":1,"user_id":1,"time":1}\0')
@example(b'{"type":"deposit","amount":1,"user_id":1,"time":1,}')
@example(b'{"type":"deposit","amount":"1\xff","user_id":1,"time":1}')
@example(b'{"type":"deposit","amount":"\xd9\xa1","user_id":1,"time":1}')
@example(b'{"type":"deposit","amount":NaN,"user_id":1,"time":1}')
@example(b'{"type":"deposit","amount":Infinity,"user_id":1,"time":1}')
@example(b'{"type":"deposit","amount":1e2,"user_id":1,"time":1}')
@example(b'{"type":"deposit","amount":99999999999999999999,"user_id":1,"time":1}')
@example(b'{"type":"deposit","amount":1,"user_id":1,"time":99999999999999999999}')
@example(b'["deposit:", "1:", "1:", "1:"]')
@example(b'[["type","deposit"],{"amount":1,"user_id":1,"time":1,"x":2}]')
def test_the_fast_way_of_reading_an_event_agrees_with_the_strict_one(body: bytes) -> None:
    assert outcome(parse_event, body) == outcome(strictly, body)


def test_the_fast_way_agrees_with_the_strict_one_on_every_known_trap() -> None:
    bodies = [*MALFORMED.values(), *(body_of({**GOOD, field: raw}) for field, raw in EACH_BAD_VALUE), nested(32)]
    for body in [*bodies, *(body.replace(b": ", b":") for body in bodies)]:
        assert outcome(parse_event, body) == outcome(strictly, body)
