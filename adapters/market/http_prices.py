"""Prices of a feed over HTTP: a JSON object, symbol to number. Source: seed B, task 5; contract B11.

A daemon thread does each read, and callers wait for it no longer than they may: what nothing can cut short, such as a
name server that hangs, holds up that one thread alone. No second read begins before it ends, so there is never more
than one that was abandoned.
"""

from __future__ import annotations

import json
import logging
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Context, Decimal, localcontext
from types import MappingProxyType
from urllib.parse import urlsplit

import attrs

from adapters.market.http_feed import TOO_LATE, read_feed
from domain.model.assets import LONGEST_SYMBOL, is_symbol, sound_price
from domain.model.errors import PricesUnavailable
from ports.prices import FeedState

READ_SHARE = 0.95
"""A read has so much of its callers' time, so that they still learn how it ended."""

MOST_NAMES = 5
"""So many of those that are left out are told."""

_log = logging.getLogger("hucha.prices")


@attrs.define(eq=False)
class _Read:
    """One reading of the feed, which one thread does and many may wait for."""

    deadline: float
    ended: threading.Event = attrs.field(factory=threading.Event)
    prices: Mapping[str, Decimal] | None = None
    came_at: float = 0.0
    reason: str = TOO_LATE


class HttpPrices:
    """Asks a feed whenever the last answer is older than `cache_seconds`, at most once at a time.

    Everybody who asks meanwhile waits for the same answer, and nobody for longer than `deadline_seconds`, retries
    included; nor do more than `most_waiting` ever wait: a slow feed mustn't hold every thread of a server. After
    `failures_in_a_row` the feed is given up: for `pause_seconds` whoever asks is refused at once, and then the next
    one's read is a trial, for which nobody else waits.

    No reason and no log line tells the URL's user, password or query, or anything of the answer but a few names that
    were left out. `monotonic` tells the seconds of any clock that never goes back, for the cache and the pause.
    """

    def __init__(
        self,
        url: str,
        *,
        deadline_seconds: float = 5.0,
        cache_seconds: float = 1.0,
        failures_in_a_row: int = 3,
        pause_seconds: float = 10.0,
        ssl_context: ssl.SSLContext | None = None,
        most_waiting: int = 64,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        parts = urlsplit(url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        self._url, self._shown_url = url, f"{parts.scheme}://{host}"
        self._context = (ssl_context or ssl.create_default_context()) if parts.scheme == "https" else None
        self._deadline_seconds = deadline_seconds
        self._cache_seconds = cache_seconds
        self._monotonic = monotonic
        self._breaker = _Breaker(failures_in_a_row, pause_seconds, monotonic)
        self._places = threading.BoundedSemaphore(most_waiting)
        self._lock = threading.Lock()
        self._read: _Read | None = None
        self._left_out: list[str] = []
        self._unsound_entries = 0

    def current(self) -> Mapping[str, Decimal]:
        with self._lock:
            read = self._read
            if read and read.prices and self._monotonic() - read.came_at < self._cache_seconds:
                return read.prices
            is_under_way = read is not None and not read.ended.is_set()
            if self._breaker.is_open or (self._breaker.is_tripped and is_under_way):
                raise PricesUnavailable(self._breaker.reason)
            if read is None or not is_under_way:
                read = self._begin()
        if not self._places.acquire(blocking=False):
            raise PricesUnavailable("too many wait for the feed")
        try:
            read.ended.wait(read.deadline - time.monotonic())
        finally:
            self._places.release()
        if not read.prices:
            raise PricesUnavailable(read.reason)
        return read.prices

    def state(self) -> FeedState:
        """Given up while the pause lasts, and while a read that took too long hasn't ended."""
        read = self._read
        is_late = read is not None and not read.ended.is_set() and time.monotonic() > read.deadline
        return FeedState("feed", self._breaker.is_open or is_late, self._shown_url, self._unsound_entries)

    def _begin(self) -> _Read:
        read = _Read(time.monotonic() + self._deadline_seconds)
        try:
            threading.Thread(target=self._run, args=(read,), name="hucha-prices", daemon=True).start()
        except RuntimeError:
            raise PricesUnavailable("no thread can be started") from None
        self._read = read
        return read

    def _run(self, read: _Read) -> None:
        """Read, and let those know who wait; a thread of its own."""
        prices: Mapping[str, Decimal] = {}
        try:
            body = read_feed(self._url, self._context, self._deadline_seconds * READ_SHARE)
            read.came_at = self._monotonic()
            prices = self._sound_prices(body)
            read.reason = "the feed's answer holds no sound price"
        except PricesUnavailable as failure:
            read.reason = failure.reason
        except Exception as error:
            read.reason = f"the feed can't be read: {type(error).__name__}"
        with self._lock:
            read.prices = MappingProxyType(prices)
            self._breaker.note(None if prices else read.reason)
            read.ended.set()

    def _sound_prices(self, body: bytes) -> Mapping[str, Decimal]:
        """What is sound; the rest is counted, and told when its names change. Raises PricesUnavailable."""
        prices, left_out = parse_prices(body)
        self._unsound_entries += len(left_out)
        if left_out and left_out != self._left_out:
            names = ["".join(filter(str.isprintable, name[:LONGEST_SYMBOL])) for name in left_out[:MOST_NAMES]]
            _log.warning("the feed's unsound prices are left out", extra={"entries": len(left_out), "names": names})
        self._left_out = left_out
        return prices


@attrs.define
class _Breaker:
    """Keeps everybody off a feed that failed so many times in a row, but for one trial after each pause."""

    most: int
    pause_seconds: float
    monotonic: Callable[[], float]
    failures: int = 0
    failed_at: float = 0.0

    @property
    def reason(self) -> str:
        return f"the feed failed {self.most} times in a row, and is left alone for a while"

    @property
    def is_tripped(self) -> bool:
        return self.failures >= self.most

    @property
    def is_open(self) -> bool:
        return self.is_tripped and self.monotonic() - self.failed_at < self.pause_seconds

    def note(self, failure: str | None) -> None:
        """How a read ended: why it failed, or None."""
        if failure is None and self.is_tripped:
            _log.info("the price feed answers again")
        self.failures = 0 if failure is None else self.failures + 1
        self.failed_at = self.monotonic()
        if failure is not None and self.failures == self.most:
            _log.warning("the price feed fails: it is asked less often", extra={"reason": failure})


def parse_prices(body: bytes) -> tuple[dict[str, Decimal], list[str]]:
    """The sound entries of a JSON object, exact but half-up to 12 decimals, and the names of all others, sorted.

    An entry is sound if its name is a symbol that comes once, and its value a number that makes a sound price. Raises
    PricesUnavailable where there is no object, or one that is nested too deeply to be read.
    """
    try:
        with localcontext(Context(traps=[])):  # a number with too large an exponent is NaN
            text = body.decode("utf-8-sig")
            told = json.loads(text, parse_int=Decimal, parse_float=Decimal, object_pairs_hook=tuple)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, tuple):
        raise PricesUnavailable("the feed's answer is no JSON object")
    times = Counter(name for name, _ in told)
    prices = {name: price for name, value in told if times[name] == 1 and (price := _price(name, value))}
    return prices, sorted(times.keys() - prices.keys())


def _price(name: str, value: object) -> Decimal | None:
    """None where the entry isn't sound. NaN and infinities come as floats, all other numbers as Decimals."""
    try:
        return sound_price(value) if is_symbol(name) and isinstance(value, Decimal) else None
    except ValueError:
        return None
