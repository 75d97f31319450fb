"""One meaning per text, or none (contract G4)."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.http.strict_json import parse_object

good_texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=10)
leaves = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), good_texts)
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(good_texts, inner), max_leaves=8)


@given(st.dictionaries(good_texts, values), st.booleans())
def test_reads_what_json_writes(value: dict[str, object], escaped: bool) -> None:
    assert parse_object(json.dumps(value, ensure_ascii=escaped).encode()) == value


@pytest.mark.parametrize(
    ("numeral", "value"),
    [
        ("0", 0),
        ("-0", 0),
        ("18446744073709551615", 2**64 - 1),
        ("-9223372036854775808", -(2**63)),
        ("0.1", Decimal("0.1")),
        ("1.10", Decimal("1.10")),
        ("1e2", Decimal("1E+2")),
        ("1E-2", Decimal("0.01")),
        ("1e400", Decimal("1E+400")),
        ("0.1000000000000000055511151231257827", Decimal("0.1000000000000000055511151231257827")),
        ("123456789012345678901234567890.5", Decimal("123456789012345678901234567890.5")),
    ],
)
def test_numbers_are_exact(numeral: str, value: object) -> None:
    # contract: G5
    read = parse_object(b'{"n": %s}' % numeral.encode())["n"]
    assert read == value
    assert type(read) is type(value)
    assert str(read) == str(value)


SENTENCES = {
    "not valid UTF-8": [b'{"a": "\xff"}', b"\x80", b'{"a": "\xed\xa0\x80"}', '{"a": 1}'.encode("utf-16")],
    "not valid JSON": [
        b"",
        b" ",
        b"{",
        b"{}x",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": 01}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": "\n"}',
        b'{"a": "\\x"}',
        b'{"a": "\\u12"}',
        b"\xef\xbb\xbf{}",
        '{"a": 1}'.encode("utf-16-le"),
        b"{\xc2\xa0}",
    ],
    "must be a JSON object": [b"[]", b"1", b'"a"', b"null", b"true", b"[{}]"],
    "duplicate key": [b'{"a": 1, "a": 1}', rb'{"a": 1, "\u0061": 2}', b'{"x": [{"": 1, "": 1}]}'],
    "more than 64 bits": [
        b'{"a": 18446744073709551616}',
        b'{"a": [-9223372036854775809]}',
        b'{"a": ' + b"1" * 5000 + b"}",
    ],
    "U+0000": [rb'{"a": "\u0000"}', rb'{"\u0000": 1}', rb'{"a": [[{"b": "x\u0000"}]]}', rb'{"a": [{"\u0000": []}]}'],
    "half of a surrogate pair": [
        rb'{"a": "\ud800"}',
        rb'{"a": "\udfff!"}',
        rb'{"\ud83d": 1}',
        rb'{"a": "\ude00\ud83d"}',
        rb'{"a": [[{"\udc00": 1}]]}',
    ],
    "nested more than 32": [b'{"a": ' + b"[" * depth + b"]" * depth + b"}" for depth in (32, 33, 500, 100_000)],
    "out of range": [b'{"a": 1e99999999999999999999}', b'{"a": 1e-99999999999999999999}'],
}


@pytest.mark.parametrize(
    ("words", "body"),
    [
        pytest.param(words, body, id=f"{words} {n}")
        for words, bodies in SENTENCES.items()
        for n, body in enumerate(bodies)
    ],
)
def test_says_in_a_sentence_why_it_reads_nothing(words: str, body: bytes) -> None:
    # contract: G4
    with pytest.raises(ValueError, match=r"^The body .*\.$") as refused:
        parse_object(body)
    assert words.lower() in str(refused.value).lower()


@pytest.mark.parametrize("depth", range(1, 32))
def test_nesting_of_32_levels_is_read_and_its_strings_are_looked_at(depth: int) -> None:
    body = b'{"a": ' + b"[" * depth + b'"x"' + b"]" * depth + b"}"
    assert parse_object(body)
    with pytest.raises(ValueError, match=r"U\+0000"):
        parse_object(body.replace(b"x", rb"\u0000"))
    with pytest.raises(ValueError, match="surrogate"):
        parse_object(body.replace(b"x", rb"\ud800"))


@pytest.mark.parametrize("depth", range(1, 31))
def test_keys_are_looked_at_however_deep(depth: int) -> None:
    body = b'{"a": ' * depth + rb'{"\u0000": 1}' + b"}" * depth
    with pytest.raises(ValueError, match=r"U\+0000"):
        parse_object(body)


@given(st.binary())
def test_any_bytes_are_an_object_or_a_sentence(data: bytes) -> None:
    try:
        said = parse_object(data)
    except ValueError as refused:
        said = str(refused)
    assert isinstance(said, dict) or said.startswith("The body ")


def test_pairs_of_surrogates_are_characters() -> None:
    assert parse_object(rb'{"\ud83d\ude00": "\ud83d\ude00"}') == {"😀": "😀"}
