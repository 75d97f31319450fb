"""Tries counted in this process's memory."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from adapters.keyed_hashes import framed
from domain.model.errors import TooManyRequests

WINDOW_SECONDS = 60


class MemoryRateLimits:
    """A moving window of a minute for each who tries: so many tries of a kind may lie in it.

    The `limits` library's own memory never forgets a key, so that whoever makes up names could fill it; this one holds
    what was tried within the last minute. `now` tells seconds of any clock that never goes back.
    """

    def __init__(self, rates: Mapping[str, int], now: Callable[[], float] = time.monotonic) -> None:
        self._rates = rates
        self._now = now
        self._lock = threading.Lock()
        self._tries: OrderedDict[bytes, list[float]] = OrderedDict()
        """The instants of the tries that passed; who passed last stands last."""

    def hit(self, kind: str, *who: str) -> None:
        most = self._rates[kind]
        key = who_tries(kind, *who)
        with self._lock:
            now = self._now()
            self._forget(now - WINDOW_SECONDS)
            tries = [instant for instant in self._tries.get(key, ()) if instant > now - WINDOW_SECONDS]
            if len(tries) >= most:
                raise TooManyRequests(max(1, math.ceil(tries[-most] + WINDOW_SECONDS - now)))
            tries.append(now)
            self._tries[key] = tries
            self._tries.move_to_end(key)

    def _forget(self, until: float) -> None:
        while self._tries and next(iter(self._tries.values()))[-1] <= until:
            self._tries.popitem(last=False)


def who_tries(kind: str, *who: str) -> bytes:
    """A digest of a kind and of who tries: no address and no email is kept, however long it is."""
    return hashlib.sha256(framed(*(part.encode("utf-8", "surrogatepass") for part in (kind, *who)))).digest()
