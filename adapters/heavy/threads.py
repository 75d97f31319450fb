"""Work that keeps a processor busy, in a few threads of its own, while others wait in a short queue."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

from domain.model.errors import Busy

T = TypeVar("T")

NICENESS = 10
"""How far these threads stand back behind those that answer other requests."""


class HeavyThreads:
    """Threads that do what others wait for: for work in C that lets go of the interpreter's lock, as bcrypt does.

    `slots` pieces of work are done at once, while at most `waiting` callers more wait; whoever comes then is refused
    by a `busy`. The threads are named `name-0` and so on, begin with the first piece of work, and end with the process.
    Nothing of a piece of work is held when it is done. A thread can't be stopped: work that may hang or eat memory
    belongs into `adapters/heavy/processes.py`.
    """

    def __init__(self, name: str, slots: int, waiting: int, busy: type[Busy] = Busy) -> None:
        self._name = name
        self._slots = slots
        self._busy = busy
        self._places = threading.BoundedSemaphore(slots + waiting)
        self._tasks: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._lock = threading.Lock()
        self._started = False

    def run(self, work: Callable[[], T]) -> T:
        """Do it in one of the threads. Raises what it raises, and `busy` at once where too many wait already."""
        if not self._places.acquire(blocking=False):
            raise self._busy
        try:
            self._start()
            future: Future[T] = Future()
            self._tasks.put((future, work))
            return future.result()
        finally:
            self._places.release()

    def _start(self) -> None:
        with self._lock:
            if not self._started:
                self._started = True
                for number in range(self._slots):
                    threading.Thread(target=self._serve, name=f"{self._name}-{number}", daemon=True).start()

    def _serve(self) -> None:
        _stand_back()
        while True:
            future, work = self._tasks.get()
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)
            del future, work  # no password stays here until the next one comes


def _stand_back() -> None:
    """Take less of a busy processor than other threads, where the system knows threads by their own ids."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
