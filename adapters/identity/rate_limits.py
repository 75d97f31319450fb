"""How often one may try, counted for all nodes together in Redis. Source: contract G10."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from adapters.memory.rate_limits import MemoryRateLimits, who_tries
from domain.model.errors import TooManyRequests

if TYPE_CHECKING:
    from limits.strategies import MovingWindowRateLimiter

ANSWER_SECONDS = 0.25
"""How long Redis may take to be connected to, and to answer."""

PAUSE_SECONDS = 5
"""How long Redis is left alone after it failed: a login doesn't wait for it each time."""

MOST_CONNECTIONS = 1024
"""More than there are threads."""

_log = logging.getLogger("hucha.rate_limits")


class NoRateLimits:
    """Everybody may try as often as they like."""

    def hit(self, kind: str, *who: str) -> None:
        return


class LimitsRateLimits:
    """Moving windows of a minute, `rates` tries of each kind: in Redis where there is one, else in this process.

    While Redis fails, each process counts by itself: it limits less, and keeps nobody out.
    """

    def __init__(self, rates: Mapping[str, int], redis_url: str | None) -> None:
        self._memory = MemoryRateLimits(rates)
        self._redis = _RedisWindows(rates, redis_url) if redis_url else None

    def hit(self, kind: str, *who: str) -> None:
        if self._redis is None or not self._redis.hit(kind, *who):
            self._memory.hit(kind, *who)


class _RedisWindows:
    """The windows in Redis, and whether it works."""

    def __init__(self, rates: Mapping[str, int], url: str) -> None:
        self._rates = rates
        self._url = url
        self._lock = threading.Lock()
        self._windows: MovingWindowRateLimiter | None = None
        self._fails = False
        self._again_at = 0.0

    def hit(self, kind: str, *who: str) -> bool:
        """Count one try; False where Redis couldn't. Raises TooManyRequests."""
        if not self._is_worth_a_try():
            return False
        from redis.exceptions import RedisError

        try:
            wait_seconds = self._wait_seconds(kind, who_tries(kind, *who).hex())
        except (RedisError, OSError) as error:
            self._note_failure(error)
            return False
        self._note_success()
        if wait_seconds:
            raise TooManyRequests(wait_seconds)
        return True

    def _wait_seconds(self, kind: str, who: str) -> int:
        """Count one try, and say how long to wait where it is one too many; else 0."""
        from limits import RateLimitItemPerMinute

        windows, rate = self._connected(), RateLimitItemPerMinute(self._rates[kind])
        if windows.hit(rate, kind, who):
            return 0
        return max(1, math.ceil(windows.get_window_stats(rate, kind, who).reset_time - time.time()))

    def _connected(self) -> MovingWindowRateLimiter:
        with self._lock:
            if self._windows is None:
                self._windows = _windows_at(self._url)
            return self._windows

    def _is_worth_a_try(self) -> bool:
        """Whether Redis works, or this caller is the one who shall see if it does again."""
        with self._lock:
            if not self._fails:
                return True
            now = time.monotonic()
            if now < self._again_at:
                return False
            self._again_at = now + PAUSE_SECONDS
            return True

    def _note_failure(self, error: Exception) -> None:
        with self._lock:
            self._again_at = time.monotonic() + PAUSE_SECONDS
            first, self._fails = not self._fails, True
        if first:
            reason = type(error).__name__  # the text may tell an address
            _log.warning("Redis fails: each process counts tries by itself meanwhile", extra={"reason": reason})

    def _note_success(self) -> None:
        if self._fails:
            with self._lock:
                first, self._fails = self._fails, False
            if first:
                _log.info("Redis works again: tries are counted for all processes together")


def _windows_at(url: str) -> MovingWindowRateLimiter:
    from limits.storage import RedisStorage
    from limits.strategies import MovingWindowRateLimiter
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    options: dict[str, Any] = {
        "socket_connect_timeout": ANSWER_SECONDS,
        "socket_timeout": ANSWER_SECONDS,
        "max_connections": MOST_CONNECTIONS,
        "retry": Retry(NoBackoff(), 1),  # a connection that Redis closed while it was idle is made anew
    }
    return MovingWindowRateLimiter(RedisStorage(url, key_prefix="hucha", **options))
