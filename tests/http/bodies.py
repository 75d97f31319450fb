"""Bodies that no route takes, and values that no field of `/event` takes (contract C2, G4, G5)."""

from __future__ import annotations

import json
from collections.abc import Mapping

GOOD = {"type": '"deposit"', "amount": '"42.00"', "user_id": "1", "time": "10"}
"""Raw JSON by field: numerals must reach the API as they are written."""

MISSING = None

_EMPTY = (MISSING, "null", '""', '" "', r'"\t\n"')
_COUNTS = (
    *_EMPTY,
    "true",
    "false",
    '"1"',
    "1.0",
    "1.5",
    "1e2",
    "1E2",
    "-1",
    "-9007199254740992",
    "9007199254740992",
    "18446744073709551615",
    "[]",
    "[1]",
    "{}",
    '"abc"',
)
BAD_VALUES: Mapping[str, tuple[str | None, ...]] = {
    "type": (
        *_EMPTY,
        '"Deposit"',
        '"WITHDRAW"',
        '"withdrawal"',
        '"deposit "',
        '" deposit"',
        '"depo\\u0073it\\u200b"',
        "true",
        "0",
        "1.5",
        "[]",
        '["deposit"]',
        "{}",
    ),
    "amount": (
        *_EMPTY,
        "true",
        "false",
        '"abc"',
        '"1e2"',
        '"1E2"',
        '"NaN"',
        '"Infinity"',
        '"-Infinity"',
        '"+1"',
        '" 1"',
        '"1 "',
        '"1\\n"',
        '".5"',
        '"5."',
        '"1,000.00"',
        '"1_000"',
        '"0x10"',
        '"--1"',
        '"-"',
        '"１"',
        '"١"',
        "0",
        "0.00",
        "0e5",
        '"0"',
        '"0.00"',
        '"-0"',
        "-1",
        "-0.01",
        '"-1"',
        '"-42.00"',
        "0.001",
        "42.001",
        "1e-3",
        '"42.001"',
        '"42.0000000000000000000000000000000000001"',
        "10000000000000",
        "10000000000000.00",
        "1e13",
        "1e400",
        "1e-400",
        '"10000000000000"',
        '"99999999999999999999999999999999999999999999"',
        "[]",
        "[42]",
        "{}",
        '{"amount": 42}',
    ),
    "user_id": _COUNTS,
    "time": _COUNTS,
}

EACH_BAD_VALUE = [(field, raw) for field, raws in BAD_VALUES.items() for raw in raws]


def body_of(raw: Mapping[str, str | None]) -> bytes:
    """The JSON object of these raw values; a missing one is left out."""
    pairs = (f'"{name}": {value}' for name, value in raw.items() if value is not MISSING)
    return ("{" + ", ".join(pairs) + "}").encode()


def nested(levels: int) -> bytes:
    """A good body, nested that deep in a key that nobody reads; the object itself is the first level."""
    return body_of({**GOOD, "unknown": "[" * (levels - 1) + "]" * (levels - 1)})


_GOOD = body_of(GOOD)
_TEXT = _GOOD.decode()


def _with(raw: str) -> bytes:
    return body_of({**GOOD, "unknown": raw})


MALFORMED: Mapping[str, bytes] = {
    "cut off": _GOOD[:-1],
    "cut off in a string": _GOOD[:15],
    "trailing garbage": _GOOD + b"x",
    "two objects": _GOOD + _GOOD,
    "NUL after the object": _GOOD + b"\0",
    "trailing comma": _GOOD[:-1] + b",}",
    "single quotes": _GOOD.replace(b'"', b"'"),
    "a comment": b"/* hello */" + _GOOD,
    "bare keys": _GOOD.replace(b'"type"', b"type"),
    "form data": b"type=deposit&amount=42.00&user_id=1&time=10",
    "white space alone": b" \r\n\t ",
    "a list": b"[" + _GOOD + b"]",
    "an empty list": b"[]",
    "a string": json.dumps(_TEXT).encode(),
    "a number": b"42",
    "null": b"null",
    "true": b"true",
    "leading zero": _with("01"),
    "leading plus": _with("+1"),
    "no digit after the point": _with("1."),
    "hexadecimal": _with("0x10"),
    "NaN": body_of({**GOOD, "amount": "NaN"}),
    "Infinity": body_of({**GOOD, "amount": "Infinity"}),
    "-Infinity": body_of({**GOOD, "amount": "-Infinity"}),
    "NaN in an unknown key": _with("NaN"),
    "Infinity deep in an unknown key": _with('{"a": [Infinity]}'),
    "an exponent beyond all numbers": body_of({**GOOD, "amount": "1e99999999999999999999"}),
    "the same beyond, of nothing": _with("0e99999999999999999999"),
    "duplicate key, other value": b'{"type": "withdraw", ' + _GOOD[1:],
    "duplicate key, same value": _GOOD[:-1] + b', "time": 10}',
    "duplicate key in place of another": b'{"type": "deposit", "amount": 1, "user_id": 1, "user_id": 1}',
    "duplicate key, once escaped": _GOOD[:-1] + rb', "tim\u0065": 10}',
    "duplicate unknown key": _GOOD[:-1] + b', "x": 1, "x": 2}',
    "duplicate key inside an unknown one": _with('[{"x": {"a": 1, "a": 1}}]'),
    "duplicate empty key": _GOOD[:-1] + b', "": 1, "": 2}',
    "invalid UTF-8 in a value": _GOOD.replace(b"deposit", b"dep\xffsit"),
    "invalid UTF-8 in a key": _GOOD.replace(b"type", b"\xc3ype"),
    "invalid UTF-8 in an unknown key": _GOOD[:-1] + b', "\xfe": 1}',
    "invalid UTF-8 between tokens": _GOOD[:-1] + b"\x80}",
    "overlong UTF-8": _GOOD.replace(b"deposit", b"\xc0\xaf"),
    "Latin-1": _with('"año"').decode().encode("latin-1"),
    "a surrogate as bytes": _GOOD[:-1] + b', "x": "\xed\xa0\x80"}',
    "UTF-8 with a byte order mark": b"\xef\xbb\xbf" + _GOOD,
    "UTF-16": _TEXT.encode("utf-16"),
    "UTF-16 little endian": _TEXT.encode("utf-16-le"),
    "UTF-16 big endian": _TEXT.encode("utf-16-be"),
    "UTF-32": _TEXT.encode("utf-32"),
    "UTF-32 big endian": _TEXT.encode("utf-32-be"),
    "high surrogate in a field": body_of({**GOOD, "type": r'"\ud800"'}),
    "low surrogate in a field": body_of({**GOOD, "amount": r'"1\udc00"'}),
    "high surrogate in an unknown value": _with(r'"a\uD83Db"'),
    "low surrogate in an unknown value": _with(r'"\udfff"'),
    "surrogates the wrong way round": _with(r'"\ude00\ud83d"'),
    "high surrogate, then another character": _with(r'"\ud83d\u0041"'),
    "lone surrogate in an unknown key": _GOOD[:-1] + rb', "\ud800": 1}',
    "lone surrogate in a key inside an unknown one": _with(r'{"a": [{"\udbff": 1}]}'),
    "U+0000 in a field": body_of({**GOOD, "type": r'"deposit\u0000"'}),
    "U+0000 in an amount": body_of({**GOOD, "amount": r'"42\u0000"'}),
    "U+0000 in an unknown value": _with(r'"\u0000"'),
    "U+0000 in an unknown key": _GOOD[:-1] + rb', "a\u0000b": 1}',
    "U+0000 deep in an unknown key": _with(r'[[{"a": ["\u0000"]}]]'),
    "U+0000 in a key deep in an unknown one": _with(r'[[{"\u0000": 1}]]'),
    "NUL itself in a string": _with('"\0"'),
    "a control character in a string": _with('"a\nb"'),
    "33 levels": nested(33),
    "33 levels of objects": _with('{"a": ' * 32 + "1" + "}" * 32),
    "100,000 levels": nested(100_000),
    "100,000 levels, never closed": b'{"a": ' + b"[" * 100_000,
    "an integer of 2^64": _with(str(2**64)),
    "an integer below -2^63": _with(str(-(2**63) - 1)),
    "an integer of 65 bits in a field": body_of({**GOOD, "user_id": str(2**64)}),
    "an integer of 65 bits as the amount": body_of({**GOOD, "amount": str(2**64)}),
    "an integer of 65 bits deep in an unknown key": _with('{"a": [18446744073709551616]}'),
    "an integer of 100,000 digits": _with("9" * 100_000),
}
"""Refused before any field is looked at, on every route that reads JSON."""
