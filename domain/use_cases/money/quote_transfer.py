"""International transfers, simulated: no money moves. Source: seed A, task 3; contract A7, G4, G5."""

from __future__ import annotations

from decimal import Decimal

import attrs

from domain.model.errors import FeeNotFound, NotFound, QuoteNotFound, RateNotFound
from domain.model.rates import Quote
from domain.rules.fx import converted
from ports.rates import Rates


@attrs.frozen(eq=False, repr=False)
class QuoteTransfer:
    """Tells what a transfer into another currency would bring, and at which rate and fee.

    Currencies are codes in any case. Each method raises its own kind of NotFound for a pair without a quote.
    """

    rates: Rates

    def simulate(self, amount: Decimal, source: str, target: str) -> Decimal:
        """What would arrive of `amount`, in cents of the target currency. Raises QuoteNotFound."""
        return converted(amount, self._quote(source, target, QuoteNotFound))

    def fee(self, source: str, target: str) -> Decimal:
        """The share of a transfer that is kept, from 0 to below 1. Raises FeeNotFound."""
        return self._quote(source, target, FeeNotFound).fee

    def rate(self, source: str, target: str) -> Decimal:
        """What one unit of the source currency is worth in the target currency. Raises RateNotFound."""
        return self._quote(source, target, RateNotFound).rate

    def _quote(self, source: str, target: str, otherwise: type[NotFound]) -> Quote:
        plain = source.isascii() and target.isascii()  # there are others whose capital letter is an ASCII letter
        quote = self.rates.quote(source.upper(), target.upper()) if plain else None
        if quote is None:
            raise otherwise
        return quote
