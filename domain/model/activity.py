"""What people do with their money, as the event rules see it: actions, and the bounded memory of them.

Times are integer seconds on the sender's clock, from 0 to 2^53 - 1; amounts are exact decimals.
Sources: seeds C and E; contract C2, C4, C7.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal

import attrs

from domain.model.errors import FieldProblem, InvalidFields
from domain.model.money import EXACT, parse_positive_amount

ActionType = Literal["deposit", "withdraw"]
Stream = Literal["event", "account"]
"""Where actions come from: `/event`, or a customer's own account. The two never disturb each other (C7)."""

LARGEST_INTEGER: Final = 2**53 - 1
"""User ids and times go from 0 to here: what every JSON reader keeps exactly."""

BEFORE_ALL_TIME: Final = -(2**53)
"""Earlier than the window of any action."""

NOTHING: Final = Decimal(0)


@attrs.frozen
class Action:
    """A user deposits or withdraws `amount` at `time` (seconds).

    The constructor trusts its caller; `Action.parse` checks what comes from outside.
    """

    type: ActionType
    amount: Decimal
    user_id: int
    time: int

    @classmethod
    def parse(cls, fields: Mapping[str, object]) -> Action:
        """Read an action from untrusted values; other keys are ignored.

        Raises InvalidFields that names every bad field at once.

        >>> Action.parse({"type": "deposit", "amount": "42.00", "user_id": 1, "time": 10})
        Action(type='deposit', amount=Decimal('42.00'), user_id=1, time=10)
        """
        problems: list[FieldProblem] = []
        values: dict[str, object] = {}
        for name, parse in _PARSERS.items():
            try:
                values[name] = _required(fields.get(name), parse)
            except ValueError as problem:
                problems.append(FieldProblem(name, str(problem)))
        if problems:
            raise InvalidFields(tuple(problems))
        return cls(**values)  # type: ignore[arg-type]  # each value came from its own parser


@attrs.frozen
class NewJudgedAction:
    """An action on its way into the history: with the codes that it raised, ascending, and when it came (UTC)."""

    action: Action
    codes: tuple[int, ...]
    received_at: datetime

    def kept(self, id: int) -> JudgedAction:
        """The action under its id."""
        return JudgedAction(id, self.action, self.codes, self.received_at)


@attrs.frozen
class JudgedAction:
    """An action as it is kept; `id` grows with the order of arrival."""

    id: int
    action: Action
    codes: tuple[int, ...]
    received_at: datetime


class Timeline:
    """Per-second totals of a stretch of time: any window inside it is two look-ups, whatever happened in it.

    The lists run in step. Entry 0 stands for all that was forgotten; every later one is a second with
    actions in it, oldest first. `actions` and `deposited` are running totals up to and with that second.
    """

    __slots__ = ("actions", "complete_from", "deposited", "times")

    complete_from: int
    """Every action with `time` at or after this is in the timeline."""

    def __init__(self, complete_from: int = BEFORE_ALL_TIME) -> None:
        self.complete_from = complete_from
        self.times = [BEFORE_ALL_TIME]
        self.actions = [0]
        self.deposited = [NOTHING]

    @classmethod
    def of(cls, actions: Iterable[Action], complete_from: int) -> Timeline:
        """The timeline of all the actions from `complete_from` (seconds) on, given in any order."""
        timeline = cls(complete_from)
        for action in sorted(actions, key=lambda action: action.time):
            timeline.add(action)
        return timeline

    @classmethod
    def of_totals(cls, totals: Iterable[tuple[int, int, Decimal]], complete_from: int) -> Timeline:
        """The timeline of all that happened from `complete_from` on: each second with its number of actions and the
        sum of its deposits, given in any order, and no second twice."""
        timeline = cls(complete_from)
        for second, actions, deposited in sorted(totals):
            timeline.times.append(second)
            timeline.actions.append(timeline.actions[-1] + actions)
            timeline.deposited.append(EXACT.add(timeline.deposited[-1], deposited))
        return timeline

    def __repr__(self) -> str:
        return f"<Timeline: {self.actions[-1] - self.actions[0]} actions in {len(self.times) - 1} seconds>"

    def copy(self) -> Timeline:
        """An independent timeline that holds the same."""
        twin = Timeline.__new__(Timeline)
        twin.complete_from = self.complete_from
        twin.times = self.times[:]
        twin.actions = self.actions[:]
        twin.deposited = self.deposited[:]
        return twin

    def actions_between(self, start: int, end: int) -> int:
        """How many actions have `start <= time <= end`; exact where `start >= complete_from`."""
        times, totals = self.times, self.actions
        upto = totals[-1] if end >= times[-1] else totals[bisect_right(times, end) - 1]
        return upto - totals[bisect_left(times, start, 1) - 1]

    def deposited_between(self, start: int, end: int) -> Decimal:
        """The sum of the deposits with `start <= time <= end`; exact where `start >= complete_from`."""
        times, totals = self.times, self.deposited
        upto = totals[-1] if end >= times[-1] else totals[bisect_right(times, end) - 1]
        return EXACT.subtract(upto, totals[bisect_left(times, start, 1) - 1])

    def add(self, action: Action) -> None:
        """Take an action in; one from before `complete_from` is passed over, for no window asks for it."""
        time = action.time
        if time < self.complete_from:
            return
        times, actions, deposited = self.times, self.actions, self.deposited
        amount = action.amount if action.type == "deposit" else NOTHING
        if time > times[-1]:
            times.append(time)
            actions.append(actions[-1] + 1)
            deposited.append(EXACT.add(deposited[-1], amount))
            return
        index = bisect_left(times, time, 1)
        if times[index] != time:
            times.insert(index, time)
            actions.insert(index, actions[index - 1])
            deposited.insert(index, deposited[index - 1])
        for later in range(index, len(times)):
            actions[later] += 1
            deposited[later] = EXACT.add(deposited[later], amount)

    def forget_before(self, time: int) -> None:
        """Drop the seconds before `time`, so that the timeline is complete from there on only."""
        if time <= self.complete_from:
            return
        self.complete_from = time
        kept = bisect_left(self.times, time, 1)
        if kept > 1:
            del self.times[: kept - 1], self.actions[: kept - 1], self.deposited[: kept - 1]
            self.times[0] = BEFORE_ALL_TIME


class UserActivity:
    """What the rules must know of a user's past: bounded by their windows, never by the history.

    Sequences follow the order of arrival; the timeline follows `time` (contract C4).
    """

    __slots__ = ("latest_time", "previous_deposit", "rising_deposits", "timeline", "withdrawals_in_a_row")

    withdrawals_in_a_row: int
    """How many of the last arrivals were withdrawals, without a deposit between them."""

    rising_deposits: int
    """How many of the last deposits each were larger than the one before, the first of them counted."""

    previous_deposit: Decimal
    """The amount of the last deposit; 0 where there was none."""

    latest_time: int
    """The latest `time` seen, in seconds."""

    timeline: Timeline

    def __init__(self) -> None:
        self.withdrawals_in_a_row = 0
        self.rising_deposits = 0
        self.previous_deposit = NOTHING
        self.latest_time = BEFORE_ALL_TIME
        self.timeline = Timeline()

    def __repr__(self) -> str:
        return (
            f"<UserActivity: {self.withdrawals_in_a_row} withdrawals in a row, {self.rising_deposits} rising deposits, "
            f"{self.timeline!r}>"
        )

    def copy(self) -> UserActivity:
        """An independent activity that holds the same."""
        twin = UserActivity.__new__(UserActivity)
        twin.withdrawals_in_a_row = self.withdrawals_in_a_row
        twin.rising_deposits = self.rising_deposits
        twin.previous_deposit = self.previous_deposit
        twin.latest_time = self.latest_time
        twin.timeline = self.timeline.copy()
        return twin

    def record(self, action: Action, memory_seconds: int) -> None:
        """Take an action in, and forget what lies more than `memory_seconds` before the latest `time`."""
        if action.type == "deposit":
            self.withdrawals_in_a_row = 0
            self.rising_deposits = self.rising_deposits + 1 if action.amount > self.previous_deposit else 1
            self.previous_deposit = action.amount
        else:
            self.withdrawals_in_a_row += 1
        self.timeline.add(action)
        if action.time > self.latest_time:
            self.latest_time = action.time
            self.timeline.forget_before(action.time - memory_seconds)


def parse_user_id(value: object) -> int:
    """Read a user id, an integer from 0 to 2^53 - 1. Raises ValueError."""
    return _parse_integer(value)


def _parse_type(value: object) -> ActionType:
    if value == "deposit":
        return "deposit"
    if value == "withdraw":
        return "withdraw"
    raise ValueError("must be deposit or withdraw")


def _parse_integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_INTEGER:
        return value
    raise ValueError(f"must be an integer from 0 to {LARGEST_INTEGER}")


def _required(value: object, parse: Callable[[object], object]) -> object:
    if value is None or (isinstance(value, str) and not value.strip()):
        raise ValueError("is required")
    return parse(value)


_PARSERS: Final[Mapping[str, Callable[[object], object]]] = {
    "type": _parse_type,
    "amount": parse_positive_amount,
    "user_id": _parse_integer,
    "time": _parse_integer,
}
