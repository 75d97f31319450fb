"""Judge actions by the event rules and keep them: the heart of `/event`.

Sources: seeds C and E; contract C1 to C7.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import attrs

from domain.model.activity import NOTHING, Action, NewJudgedAction, Stream, Timeline
from domain.model.money import EXACT
from domain.rules.activity import LONGEST_WINDOW_SECONDS, STANDARD_LIMITS, Verdict, judge, needs_history, replay
from domain.rules.ratings import limits_of
from ports.clock import Clock
from ports.storage import Storage, Transaction
from ports.stores.events.activity import ActivityStore


@attrs.frozen(eq=False, repr=False)
class JudgeEvents:
    """Judges a batch of actions, in the order given, in one transaction."""

    storage: Storage
    clock: Clock
    stream: Stream = "event"

    def __call__(self, actions: Sequence[Action]) -> list[Verdict]:
        """One verdict per action, durable when this returns. Raises StorageUnavailable, and then nothing is kept."""
        received_at = self.clock.now()
        return self.storage.run(lambda tx: judge_and_keep(tx, self.stream, actions, received_at))


def judge_and_keep(tx: Transaction, stream: Stream, actions: Sequence[Action], received_at: datetime) -> list[Verdict]:
    """One verdict per action of a batch, in the order given, kept with the activities that follow from them."""
    user_ids = {action.user_id for action in actions}
    activities = tx.activity.load(stream, user_ids)
    for user_id in user_ids - activities.keys():
        activities[user_id] = replay(tx.activity.history(stream, user_id))
    profiles = tx.risk_profiles.find(user_ids)
    limits = {user_id: limits_of(profile) for user_id, profile in profiles.items()}
    batch = _Batch(tx.activity, stream, actions, received_at)
    verdicts: list[Verdict] = []
    for action in actions:
        activity = activities[action.user_id]
        recent = batch.past_of(action) if needs_history(action, activity) else None
        verdict = judge(action, activity, limits.get(action.user_id, STANDARD_LIMITS), recent)
        verdicts.append(verdict)
        batch.keep(verdict)
    batch.flush()
    tx.activity.save(stream, activities)
    return verdicts


@attrs.define
class _Batch:
    """The actions that are judged together, on their way into the history."""

    store: ActivityStore
    stream: Stream
    actions: Sequence[Action]
    received_at: datetime
    _unsaved: list[NewJudgedAction] = attrs.field(factory=list)
    _stretches: list[_Stretch] = attrs.field(factory=list)
    """What was read of the history so far."""

    def keep(self, verdict: Verdict) -> None:
        action = verdict.action
        self._unsaved.append(NewJudgedAction(action, verdict.codes, self.received_at))
        for stretch in self._stretches:
            stretch.add(action)

    def flush(self) -> None:
        self.store.append(self.stream, self._unsaved)
        self._unsaved = []

    def past_of(self, action: Action) -> Timeline:
        """The timeline of the action's windows, from the history and from the batch's own actions before it."""
        for stretch in self._stretches:
            if stretch.covers(action):
                return stretch.past_of(action)
        self.flush()
        stretch = self._read(action)
        self._stretches.append(stretch)
        return stretch.past_of(action)

    def _read(self, action: Action) -> _Stretch:
        """The windows of this action, and of the user's others in the batch that are near it: each second is summed up
        once, however many of them are late."""
        user_id = action.user_id
        times = [one.time for one in self.actions if one.user_id == user_id]
        near = [time for time in times if abs(time - action.time) <= LONGEST_WINDOW_SECONDS]
        start, end = min(near) - LONGEST_WINDOW_SECONDS, max(near)
        found = self.store.totals_between(self.stream, user_id, start, end)
        return _Stretch(user_id, start, end, {second: (count, deposited) for second, count, deposited in found})


@attrs.define
class _Stretch:
    """Per-second totals of one user's actions from `start` to `end`: how many, and the sum of the deposits."""

    user_id: int
    start: int
    end: int
    seconds: dict[int, tuple[int, Decimal]]

    def covers(self, action: Action) -> bool:
        start = action.time - LONGEST_WINDOW_SECONDS
        return action.user_id == self.user_id and self.start <= start and action.time <= self.end

    def add(self, action: Action) -> None:
        if action.user_id == self.user_id and self.start <= action.time <= self.end:
            count, deposited = self.seconds.get(action.time, (0, NOTHING))
            amount = action.amount if action.type == "deposit" else NOTHING
            self.seconds[action.time] = (count + 1, EXACT.add(deposited, amount))

    def past_of(self, action: Action) -> Timeline:
        start = action.time - LONGEST_WINDOW_SECONDS
        totals = ((second, *two) for second, two in self.seconds.items() if start <= second <= action.time)
        return Timeline.of_totals(totals, complete_from=start)
