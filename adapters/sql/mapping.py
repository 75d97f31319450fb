"""Values of rows as the model writes them."""

from __future__ import annotations

from decimal import Decimal, Inexact

from domain.model.money import CENT, EXACT


def two_decimals(total: Decimal) -> Decimal:
    """A sum of amounts as the model writes it; unlike an amount, it may be of any size."""
    return total.quantize(CENT, context=EXACT)


def as_found(total: Decimal) -> Decimal:
    """With two decimals; what another program wrote may have more, and is for an audit to see."""
    try:
        return two_decimals(total)
    except Inexact:
        return total
