"""A storage at which processes die, databases fail and others come first, at whichever moment a test chooses.

It wraps any storage and keeps that storage's promises, so what fails here may fail in a real life: what wasn't
committed is rolled back, what was committed stays. A worker over a `FaultyStorage` and another one over the storage
within interleave in one thread, and a run is the same each time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Literal, TypeVar

from domain.model.errors import StorageBusy, StorageUnavailable
from ports.storage import Storage, Transaction

T = TypeVar("T")

Moment = Literal["begin", "statement", "before commit", "after commit"]
"""Before a transaction that reads or writes; before a call of one of its stores; while a write transaction commits,
with nothing of it kept or all."""

Event = Callable[[], object]
"""What happens at a moment. It raises, or it does something; inside a transaction nothing that needs another one."""


class Crashed(BaseException):
    """The end of a process: no `except Exception` catches it."""


def crash() -> None:
    """The process dies."""
    raise Crashed


def busy() -> None:
    """Somebody else held a row for too long."""
    raise StorageBusy("a row stays locked")


def unavailable() -> None:
    """The database is gone."""
    raise StorageUnavailable("it is gone")


class FaultyStorage:
    """A storage to which planned events happen. After a crash it does nothing any more, as a dead process."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._plans: dict[tuple[Moment, int], Event] = {}
        self._passed: Counter[Moment] = Counter()
        self._dead = False

    def plan(self, moment: Moment, number: int, event: Event) -> None:
        """Have an event happen when this moment comes for the `number`-th time from now on, counted from 1."""
        self._plans[moment, self._passed[moment] + number] = event

    def give_up_plans(self) -> None:
        """Have nothing happen of what was planned and hasn't come."""
        self._plans.clear()

    def run(self, work: Callable[[Transaction], T]) -> T:
        def watched(tx: Transaction) -> T:
            result = work(self._watched(tx))
            self._pass("before commit")
            return result

        self._pass("begin")
        result = self._storage.run(watched)
        self._pass("after commit")
        return result

    def read(self, work: Callable[[Transaction], T]) -> T:
        self._pass("begin")
        return self._storage.read(lambda tx: work(self._watched(tx)))

    def check(self) -> None:
        self._storage.check()

    def close(self) -> None:
        self._storage.close()

    def _watched(self, tx: Transaction) -> Transaction:
        return _Watched(tx, lambda: self._pass("statement"))  # type: ignore[return-value]

    def _pass(self, moment: Moment) -> None:
        if self._dead:
            raise Crashed
        self._passed[moment] += 1
        event = self._plans.pop((moment, self._passed[moment]), None)
        if event is None:
            return
        try:
            event()
        except Crashed:
            self._dead = True
            raise


class _Watched:
    """A transaction before each call of whose stores `step` is called."""

    def __init__(self, tx: Transaction, step: Callable[[], None]) -> None:
        self._tx = tx
        self._step = step

    def __getattr__(self, name: str) -> _WatchedStore:
        return _WatchedStore(getattr(self._tx, name), self._step)


class _WatchedStore:
    def __init__(self, store: object, step: Callable[[], None]) -> None:
        self._store = store
        self._step = step

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._store, name)

        def call(*arguments: Any, **more: Any) -> Any:
            self._step()
            return method(*arguments, **more)

        return call
