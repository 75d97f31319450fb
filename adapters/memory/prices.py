"""Prices that somebody sets."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from domain.model.assets import is_symbol, sound_price
from domain.model.errors import PricesUnavailable
from domain.model.money import read_number
from ports.prices import FeedState


class FixedPrices:
    """Prices that stay until they are set, and that fail when they are told to: for notebooks and tests.

    Raises ValueError where a symbol is none, or a price isn't exact, positive and below 10^13.
    """

    def __init__(self, prices: Mapping[str, Decimal | int | str]) -> None:
        self._prices = MappingProxyType({_symbol(symbol): _price(price) for symbol, price in prices.items()})
        self._failure: str | None = None

    def current(self) -> Mapping[str, Decimal]:
        failure = self._failure
        if failure is not None:
            raise PricesUnavailable(failure)
        return self._prices

    def state(self) -> FeedState:
        return FeedState("fixed", given_up=self._failure is not None)

    def set(self, symbol: str, price: Decimal | int | str) -> None:
        """What the asset costs from now on; whoever has asked before keeps the prices that they got."""
        self._prices = MappingProxyType({**self._prices, _symbol(symbol): _price(price)})

    def forget(self, symbol: str) -> None:
        """The asset has no price from now on. Raises KeyError where it has none."""
        kept = dict(self._prices)
        del kept[symbol]
        self._prices = MappingProxyType(kept)

    def fail(self, reason: str) -> None:
        """Refuse whoever asks, for this reason, until `recover`."""
        self._failure = reason

    def recover(self) -> None:
        """Tell the prices again."""
        self._failure = None


def _symbol(text: str) -> str:
    if not is_symbol(text):
        raise ValueError(f"{text!r} must be a symbol such as GOLD")
    return text


def _price(price: Decimal | int | str) -> Decimal:
    return sound_price(read_number(price))
