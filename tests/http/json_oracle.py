"""Which bodies `/event` must take, by a judge of its own: contract C2, G4 and G5 read again from the start."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import Any


class _Numeral(str):
    """A JSON number as it is written."""

    __slots__ = ()


class _Pairs(list):
    """A JSON object as it is written."""


class _Refused(Exception):
    pass


def accepts(data: bytes) -> bool:
    """Whether this body is a good event."""
    try:
        text = data.decode("utf-8", "strict") or "{}"
        value = json.loads(
            text, object_pairs_hook=_Pairs, parse_int=_Numeral, parse_float=_Numeral, parse_constant=_Numeral
        )
        _walk(value, 1)
    except (ValueError, RecursionError, _Refused):
        return False
    if not isinstance(value, _Pairs):
        return False
    fields = dict(value)
    return (
        fields.get("type") in ("deposit", "withdraw")
        and _is_amount(fields.get("amount"))
        and _is_count(fields.get("user_id"))
        and _is_count(fields.get("time"))
    )


def _walk(value: Any, depth: int) -> None:
    if isinstance(value, _Pairs | list):
        _refuse_if(depth > 32)
    if isinstance(value, _Pairs):
        keys = [key for key, _ in value]
        _refuse_if(len(keys) != len(set(keys)))
        for key, inner in value:
            _walk(key, depth)
            _walk(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _walk(inner, depth + 1)
    elif isinstance(value, _Numeral):
        _refuse_if(value in ("NaN", "Infinity", "-Infinity"))
        _refuse_if(_is_integer(value) and not -(2**63) <= int(value) < 2**64)
        exponent = re.search("[eE](.*)", value)
        _refuse_if(exponent is not None and abs(int(exponent[1])) > 10**17)  # nobody can keep such a number
    elif isinstance(value, str):
        _refuse_if("\0" in value)
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise _Refused from None


def _refuse_if(wrong: bool) -> None:
    if wrong:
        raise _Refused


def _is_integer(numeral: str) -> bool:
    return re.fullmatch("-?[0-9]+", numeral) is not None


def _is_count(value: Any) -> bool:
    return isinstance(value, _Numeral) and _is_integer(value) and 0 <= int(value) < 2**53


def _is_amount(value: Any) -> bool:
    if isinstance(value, _Numeral):
        exponent = re.search("[eE](.*)", value)
        if exponent is not None and abs(int(exponent[1])) > 1000:
            return False  # out of range for any numeral that fits into these tests
    elif not (isinstance(value, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value)):
        return False
    amount = Fraction(str(value))
    return 0 < amount < 10**13 and (amount * 100).denominator == 1
