"""What an international transfer costs, and what arrives. Source: seed A, task 3; contract A7.

>>> quote = Quote("USD", "EUR", rate=Decimal("0.85"), fee=Decimal("0.02"), origin="exchange_rates.csv")
>>> shown(converted(Decimal("100.00"), quote))
'83.3'
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal, Inexact
from typing import Final

from domain.model.money import CENT
from domain.model.rates import Quote

_DIGITS: Final = 60
"""Room for every digit: an amount has up to 15 of them, the share that is left 13, a rate 24."""

_EXACT: Final = Context(prec=_DIGITS, traps=[Inexact])
_HALF_UP: Final = Context(prec=_DIGITS, rounding=ROUND_HALF_UP)


def converted(amount: Decimal, quote: Quote) -> Decimal:
    """What the recipient gets of a positive amount: `amount × (1 - fee) × rate`, exact, then half-up to cents."""
    left = _EXACT.multiply(amount, _EXACT.subtract(Decimal(1), quote.fee))
    return _EXACT.multiply(left, quote.rate).quantize(CENT, context=_HALF_UP)


def shown(amount: Decimal) -> str:
    """An amount as Python shows a float, but never with an exponent: `83.3`, `10890.0`.

    >>> shown(Decimal("10890.00")), shown(Decimal("0.05"))
    ('10890.0', '0.05')
    """
    whole, _, decimals = f"{amount:f}".partition(".")
    return f"{whole}.{decimals.rstrip('0') or '0'}"
