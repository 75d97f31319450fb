"""A market of its own: prices that move like a lively one, and are the same on every machine. Source: contract B11."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from ports.clock import Clock
from ports.prices import FeedState

BASE_CENTS: Final = MappingProxyType(
    {
        "AAPL": 8105,
        "GOOGL": 108233,
        "TSLA": 7571,
        "AMZN": 11900,
        "MSFT": 16123,
        "NFLX": 42781,
        "FB": 1168,
        "BTC": 830425,
        "ETH": 9154,
        "XRP": 426,
        "GOLD": 116248,
        "SILVER": 424,
    }
)
"""What each asset's price moves around: seed B's example."""

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

WAVES: Final = (
    (11, 4),
    (43, 10),
    (4 * MINUTE + 7, 10),
    (23 * MINUTE, 14),
    (2 * HOUR + 11 * MINUTE, 22),
    (13 * HOUR, 32),
    (5 * DAY, 80),
    (31 * DAY, 180),
    (173 * DAY, 180),
)
"""Each wave has a height of its own every so many seconds, at most so many thousandths up or down."""

_UNIT: Final = 1 << 31
"""A full height."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)


class SimulatedPrices:
    """Twelve assets whose prices are a pure function of the seed, the UTC second and the symbol.

    They have 2 decimals and stay between half of their base and its double. Nothing is rounded but the last result, and
    no float is used, so that every node and every version of Python sees the same.
    """

    def __init__(self, seed: int, clock: Clock) -> None:
        self._seed = seed
        self._clock = clock
        self._latest: tuple[int, Mapping[str, Decimal]] | None = None

    def current(self) -> Mapping[str, Decimal]:
        return self.at(self._clock.now())

    def at(self, instant: datetime) -> Mapping[str, Decimal]:
        """Every asset's price in the second of any instant (aware)."""
        second = (instant - _EPOCH) // _SECOND
        latest = self._latest
        if latest is None or latest[0] != second:
            prices = {symbol: _price(self._seed, second, symbol) for symbol in BASE_CENTS}
            self._latest = latest = (second, MappingProxyType(prices))
        return latest[1]

    def state(self) -> FeedState:
        return FeedState("simulated", detail=f"seed {self._seed}")


def _price(seed: int, second: int, symbol: str) -> Decimal:
    """The base, raised or lowered by each wave in its turn; half-up to a cent."""
    cents, scale = BASE_CENTS[symbol], 1
    for seconds, thousandths in WAVES:
        height, full = _height(f"{seed} {symbol} {seconds}", second, seconds)
        cents *= 1000 * full + thousandths * height
        scale *= 1000 * full
    return Decimal(f"{max(1, (2 * cents + scale) // (2 * scale))}e-2")


def _height(wave: str, second: int, seconds: int) -> tuple[int, int]:
    """How high the wave stands, and how high it can.

    Between two of its own heights it goes the smooth way, by 3x² - 2x³, which begins and ends level.
    """
    knot, since = divmod(second, seconds)
    left, right = _height_at(wave, knot), _height_at(wave, knot + 1)
    whole = seconds**3
    return left * whole + (right - left) * since**2 * (3 * seconds - 2 * since), _UNIT * whole


@lru_cache(maxsize=4096)
def _height_at(wave: str, knot: int) -> int:
    """From -2^31 to 2^31 - 1, each as likely."""
    digest = hashlib.blake2b(f"{wave} {knot}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") - _UNIT
