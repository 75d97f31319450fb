"""How tests wait for what may hang: for very long, and never for how quick something is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_SECONDS = 30
"""Far longer than anything takes that happens at all, also on a busy machine."""


def in_time(work: Callable[[], T]) -> T:
    """What the work returns or raises; the test fails where it doesn't end."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    worker = threading.Thread(target=run, daemon=True)
    worker.start()
    worker.join(PATIENCE_SECONDS)
    assert not worker.is_alive(), "it hangs"
    for error in errors:
        raise error
    return results[0]
