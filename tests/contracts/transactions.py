"""How the suites of the stores work on a storage: one work at a time, many at once, and works that fail."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TypeVar

from ports.storage import Storage, Transaction
from tests.patience import PATIENCE_SECONDS

T = TypeVar("T")

NOON = datetime(2024, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
WRITERS = 8


class Mishap(Exception):
    """Something that goes wrong in the middle of a work."""


def run(storage: Storage, work: Callable[[Transaction], T]) -> T:
    return storage.run(work)


def in_parallel(work: Callable[[int], T], threads: int = WRITERS) -> list[T]:
    """Call `work` in as many threads at once, with the number of each, and return what they did."""
    together = threading.Barrier(threads)

    def begin(number: int) -> T:
        together.wait(PATIENCE_SECONDS)
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(begin, range(threads)))
