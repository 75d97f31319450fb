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
    """

    source: str
    given_up: bool = False
    detail: str = ""


class Prices(Protocol):
    """The market. Safe to use from many threads; called outside of any transaction."""

    def current(self) -> Mapping[str, Decimal]:
        """Every asset's price by symbol: finite, positive, below 10^13, with at most 12 decimals.

        They are at most a second old, and there within 5 seconds. Raises PricesUnavailable.
        """
        ...

    def state(self) -> FeedState:
        """How the feed is doing, from what is known without asking it."""
        ...
