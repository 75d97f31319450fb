"""Storage in this process's memory: gone when it ends, and exact in everything else.

One lock makes transactions serial. Every change notes how to undo it, and a transaction that fails undoes its
changes, last first.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TypeVar

import attrs

from domain.model.activity import LARGEST_INTEGER, Action, JudgedAction, Stream, UserActivity
from domain.model.errors import OperatorNameTaken, OperatorNotFound
from domain.model.operators import Operator
from domain.model.risk_profiles import RiskProfile
from ports.storage import Transaction

T = TypeVar("T")
Undo = Callable[[], object]
ByTime = list[tuple[int, int]]
"""(time, id) of a user's actions, sorted."""


class MemoryActivityStore:
    def __init__(self, undo: list[Undo]) -> None:
        self._undo = undo
        self._activities: dict[tuple[Stream, int], UserActivity] = {}
        self._judged: list[JudgedAction] = []
        self._by_time: dict[tuple[Stream, int], ByTime] = defaultdict(list)

    def load(self, stream: Stream, user_ids: Collection[int]) -> dict[int, UserActivity]:
        kept = self._activities
        return {
            user_id: kept[stream, user_id].copy() if (stream, user_id) in kept else UserActivity()
            for user_id in user_ids
        }

    def save(self, stream: Stream, activities: Mapping[int, UserActivity]) -> None:
        for user_id, activity in activities.items():
            _put(self._activities, (stream, user_id), activity, self._undo)

    def append(self, stream: Stream, judged: Sequence[JudgedAction]) -> None:
        for one in judged:
            action = one.action
            by_time = self._by_time[stream, action.user_id]
            self._judged.append(one)
            entry = (action.time, len(self._judged))
            insort(by_time, entry)
            self._undo.append(partial(self._take_back, by_time, entry))

    def _take_back(self, by_time: ByTime, entry: tuple[int, int]) -> None:
        self._judged.pop()
        by_time.remove(entry)

    def between(self, stream: Stream, user_id: int, start: int, end: int) -> list[Action]:
        by_time = self._by_time.get((stream, user_id), [])
        first, last = bisect_left(by_time, (start, 0)), bisect_right(by_time, (end, LARGEST_INTEGER))
        return [self._judged[id - 1].action for _, id in by_time[first:last]]

    def history(self, stream: Stream, user_id: int) -> list[Action]:
        ids = sorted(id for _, id in self._by_time.get((stream, user_id), []))
        return [self._judged[id - 1].action for id in ids]

    def newest(
        self, stream: Stream, user_id: int, limit: int, before: tuple[int, int] | None = None
    ) -> list[JudgedAction]:
        by_time = self._by_time.get((stream, user_id), [])
        last = len(by_time) if before is None else bisect_left(by_time, before)
        return [attrs.evolve(self._judged[id - 1], id=id) for _, id in reversed(by_time[max(0, last - limit) : last])]


class MemoryRiskProfileStore:
    def __init__(self, undo: list[Undo]) -> None:
        self._undo = undo
        self._profiles: dict[int, RiskProfile] = {}

    def find(self, user_ids: Collection[int]) -> dict[int, RiskProfile]:
        return {user_id: self._profiles[user_id] for user_id in user_ids if user_id in self._profiles}

    def put(self, user_id: int, profile: RiskProfile) -> None:
        _put(self._profiles, user_id, profile, self._undo)


class MemoryOperatorStore:
    def __init__(self, undo: list[Undo]) -> None:
        self._undo = undo
        self._operators: dict[str, Operator] = {}

    def add(self, operator: Operator) -> None:
        if operator.name in self._operators:
            raise OperatorNameTaken(operator.name)
        _put(self._operators, operator.name, operator, self._undo)

    def remove(self, name: str) -> None:
        operator = self._operators.pop(name, None)
        if operator is None:
            raise OperatorNotFound(name)
        self._undo.append(partial(self._operators.__setitem__, name, operator))

    def by_fingerprint(self, key_fingerprint: str) -> Operator | None:
        matching = (one for one in self._operators.values() if one.key_fingerprint == key_fingerprint)
        return next(matching, None)


class MemoryStorage:
    """The in-memory twin of the SQL storage."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._undo: list[Undo] = []
        self.activity = MemoryActivityStore(self._undo)
        self.risk_profiles = MemoryRiskProfileStore(self._undo)
        self.operators = MemoryOperatorStore(self._undo)

    def run(self, work: Callable[[Transaction], T], *, once: str) -> T:
        with self._lock:
            try:
                result = work(self)
                self._undo.clear()  # committed
                return result
            finally:
                self._take_back()

    def read(self, work: Callable[[Transaction], T]) -> T:
        with self._lock:
            try:
                return work(self)
            finally:
                self._take_back()

    def _take_back(self) -> None:
        while self._undo:
            self._undo.pop()()

    def check(self) -> None:
        """Memory is always there."""

    def close(self) -> None:
        """There is nothing to let go of."""


K = TypeVar("K")
V = TypeVar("V")


def _put(table: dict[K, V], key: K, value: V, undo: list[Undo]) -> None:
    undo.append(partial(table.__setitem__, key, table[key]) if key in table else partial(table.pop, key))
    table[key] = value
