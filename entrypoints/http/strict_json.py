"""JSON read strictly: one meaning per text, or none. Source: contract G4, RFC 8259 (section 4), RFC 7493 (I-JSON)."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any, Final

DEEPEST: Final = 32
SMALLEST_IN_64_BITS: Final = -(2**63)
LARGEST_IN_64_BITS: Final = 2**64 - 1
_LONGEST_INTEGER: Final = 20
"""Digits of the largest; longer numerals aren't even converted."""


def parse_object(data: bytes) -> dict[str, Any]:
    """Read a JSON object; numbers with a fraction or an exponent become exact Decimals.

    Raises ValueError, with a sentence, for anything that isn't one well-formed object in UTF-8, and for duplicate
    keys, lone surrogates, U+0000, nesting deeper than 32 and integers of more than 64 bits, wherever they are.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("The body is not valid UTF-8.") from None
    try:
        value = _decoder.decode(text)
    except json.JSONDecodeError:
        raise ValueError("The body is not valid JSON.") from None
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    if not isinstance(value, dict):
        raise ValueError("The body must be a JSON object.")
    _check(value)
    return value


_TOO_DEEP = f"The body is nested more than {DEEPEST} levels deep."


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("The body has a duplicate key.")
    return found


def _integer(numeral: str) -> int:
    if len(numeral.lstrip("-")) <= _LONGEST_INTEGER and SMALLEST_IN_64_BITS <= int(numeral) <= LARGEST_IN_64_BITS:
        return int(numeral)
    raise ValueError("The body has an integer of more than 64 bits.")


def _fraction(numeral: str) -> Decimal:
    try:
        return Decimal(numeral)
    except InvalidOperation:  # an exponent beyond Decimal's own
        raise ValueError("The body has a number out of range.") from None


def _constant(name: str) -> Any:
    raise ValueError(f"The body is not valid JSON: {name} is no number.")


_decoder = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_integer, parse_float=_fraction, parse_constant=_constant, strict=True
)


def _check(value: Any) -> None:
    """Look at every key and string, level by level."""
    level = [value]
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for one in level:
            if isinstance(one, str):
                _check_text(one)
            elif isinstance(one, dict):
                inner += one.keys()
                inner += one.values()
            elif isinstance(one, list):
                inner += one
        if not inner:
            return
        level = inner
    if any(isinstance(one, dict | list) for one in level):
        raise ValueError(_TOO_DEEP)
    for one in level:
        if isinstance(one, str):
            _check_text(one)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise ValueError("The body has the character U+0000 in a string.")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("The body has half of a surrogate pair in a string.")
