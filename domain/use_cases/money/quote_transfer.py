"""International transfers, simulated: no money moves. Source: seed A, task 3; contract A7, G4, G5."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from domain.model.errors import (
    EmptyFields,
    FeeNotFound,
    FieldProblem,
    InvalidFields,
    NotFound,
    QuoteNotFound,
    RateNotFound,
)
from domain.model.fields import Fields, is_empty
from domain.model.money import parse_positive_amount
from domain.model.rates import Quote
from domain.rules.fx import converted
from ports.rates import Rates

_CURRENCIES: Final = ("source_currency", "target_currency")


@attrs.frozen
class QuoteTransfer:
    """Tells what a transfer into another currency would bring, and at which rate and fee.

    Each method reads untrusted values: `source_currency` and `target_currency`, codes in any case. Each raises
    EmptyFields for what is missing or empty, then InvalidFields, then its own kind of NotFound for a pair without a
    quote.
    """

    rates: Rates

    def simulate(self, fields: Fields) -> Decimal:
        """What would arrive of `amount`, in cents of the target currency. Raises QuoteNotFound."""
        _require(fields, ("amount", *_CURRENCIES))
        problems = _wrong_currencies(fields)
        try:
            amount = parse_positive_amount(fields["amount"])
        except ValueError as problem:
            problems.insert(0, FieldProblem("amount", str(problem)))
        if problems:
            raise InvalidFields(tuple(problems))
        return converted(amount, self._quote(fields, QuoteNotFound))

    def fee(self, fields: Fields) -> Decimal:
        """The share of a transfer that is kept, from 0 to below 1. Raises FeeNotFound."""
        return self._asked(fields, FeeNotFound).fee

    def rate(self, fields: Fields) -> Decimal:
        """What one unit of the source currency is worth in the target currency. Raises RateNotFound."""
        return self._asked(fields, RateNotFound).rate

    def _asked(self, fields: Fields, otherwise: type[NotFound]) -> Quote:
        _require(fields, _CURRENCIES)
        problems = _wrong_currencies(fields)
        if problems:
            raise InvalidFields(tuple(problems))
        return self._quote(fields, otherwise)

    def _quote(self, fields: Fields, otherwise: type[NotFound]) -> Quote:
        source, target = (str(fields[name]) for name in _CURRENCIES)
        plain = source.isascii() and target.isascii()  # there are others whose capital letter is an ASCII letter
        quote = self.rates.quote(source.upper(), target.upper()) if plain else None
        if quote is None:
            raise otherwise
        return quote


def _require(fields: Fields, names: tuple[str, ...]) -> None:
    empty = tuple(name for name in names if is_empty(fields.get(name)))
    if empty:
        raise EmptyFields(empty)


def _wrong_currencies(fields: Fields) -> list[FieldProblem]:
    return [FieldProblem(name, "must be a string") for name in _CURRENCIES if not isinstance(fields[name], str)]
