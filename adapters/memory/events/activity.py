"""Judged actions and the activities that follow from them, in memory."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from functools import partial

from adapters.memory.undo import UndoLog, put
from domain.model.activity import LARGEST_INTEGER, Action, JudgedAction, NewJudgedAction, Stream, UserActivity
from domain.model.money import EXACT

ByTime = list[tuple[int, int]]
"""(time, id) of a user's actions, sorted."""

_NO_MONEY = Decimal("0.00")


class MemoryActivityStore:
    def __init__(self, undo: UndoLog) -> None:
        self._undo = undo
        self._activities: dict[tuple[Stream, int], UserActivity] = {}
        self._judged: list[NewJudgedAction] = []
        self._by_time: dict[tuple[Stream, int], ByTime] = defaultdict(list)

    def load(self, stream: Stream, user_ids: Collection[int]) -> dict[int, UserActivity]:
        kept = self._activities
        return {
            user_id: kept[stream, user_id].copy() if (stream, user_id) in kept else UserActivity()
            for user_id in user_ids
        }

    def save(self, stream: Stream, activities: Mapping[int, UserActivity]) -> None:
        for user_id, activity in activities.items():
            put(self._activities, (stream, user_id), activity, self._undo)

    def append(self, stream: Stream, judged: Sequence[NewJudgedAction]) -> None:
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

    def totals_between(self, stream: Stream, user_id: int, start: int, end: int) -> list[tuple[int, int, Decimal]]:
        by_time = self._by_time.get((stream, user_id), [])
        first, last = bisect_left(by_time, (start, 0)), bisect_right(by_time, (end, LARGEST_INTEGER))
        seconds: dict[int, tuple[int, Decimal]] = {}
        for time, id in by_time[first:last]:
            action = self._judged[id - 1].action
            count, deposited = seconds.get(time, (0, _NO_MONEY))
            amount = action.amount if action.type == "deposit" else _NO_MONEY
            seconds[time] = (count + 1, EXACT.add(deposited, amount))
        return [(second, *totals) for second, totals in seconds.items()]

    def history(self, stream: Stream, user_id: int) -> list[Action]:
        ids = sorted(id for _, id in self._by_time.get((stream, user_id), []))
        return [self._judged[id - 1].action for id in ids]

    def newest(
        self, stream: Stream, user_id: int, limit: int, before: tuple[int, int] | None = None
    ) -> list[JudgedAction]:
        by_time = self._by_time.get((stream, user_id), [])
        last = len(by_time) if before is None else bisect_left(by_time, before)
        ids = (id for _, id in reversed(by_time[max(0, last - limit) : last]))
        return [self._judged[id - 1].kept(id) for id in ids]
