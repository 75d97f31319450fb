"""What assets cost now."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

import attrs


@attrs.frozen
class FeedState:
    """What is known of a feed: where the prices come from, in a word for everybody, and whether it is given up for the
    moment, so that whoever asks is refused at once. `detail` is for logs alone, and holds no secret of a URL.
    `unsound_entries` is how many were left out so far, of all answers together.
    """

    source: str
    given_up: bool = False
    detail: str = ""
    unsound_entries: int = 0


class Prices(Protocol):
    """The market. Safe to use from many threads; called outside of any transaction."""

    def current(self) -> Mapping[str, Decimal]:
        """Every asset's price by symbol: finite, positive, below 10^13, half-up to 12 decimals where there are more.

        They are at most a second old, and there within 5 seconds. A price that isn't so, also once it is rounded, is
        left out alone. Raises PricesUnavailable where there is none at all.
        """
        ...

    def state(self) -> FeedState:
        """How the feed is doing, from what is known without asking it."""
        ...
