"""Exchange rates and transfer fees, each with where it comes from. Source: seed A, task 3; contract A7."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

import attrs

MOST_DECIMALS: Final = 12
"""Of a rate and of a fee."""

RATE_LIMIT: Final = Decimal(10) ** 12
"""Every rate is below this."""

_NUMERAL = re.compile(r"[0-9]+(?:\.([0-9]+))?").fullmatch


@attrs.frozen
class Quote:
    """What one unit of `source` is worth in `target`, and the share of a transfer that is kept as a fee (0 to below 1).

    `origin` names where the two come from.
    """

    source: str
    target: str
    rate: Decimal
    fee: Decimal
    origin: str


def parse_rate(text: str) -> Decimal:
    """Read an exchange rate exactly. Raises ValueError, with a text that reads on after the rate's name.

    >>> parse_rate("0.0091")
    Decimal('0.0091')
    >>> parse_rate("0")
    Traceback (most recent call last):
    ...
    ValueError: must be greater than 0
    """
    rate = _number(text)
    if rate == 0:
        raise ValueError("must be greater than 0")
    if rate >= RATE_LIMIT:
        raise ValueError("must be below 10^12")
    return rate


def parse_fee(text: str) -> Decimal:
    """Read a fee exactly: a share. Raises ValueError, with a text that reads on after the fee's name.

    >>> parse_fee("1")
    Traceback (most recent call last):
    ...
    ValueError: must be below 1
    """
    fee = _number(text)
    if fee >= 1:
        raise ValueError("must be below 1")
    return fee


def _number(text: str) -> Decimal:
    found = _NUMERAL(text)
    if not found:
        raise ValueError("must be a number such as 0.02, without a sign")
    if len(found[1] or "") > MOST_DECIMALS:
        raise ValueError(f"must have at most {MOST_DECIMALS} decimals")
    return Decimal(text)
