"""The event rules: which codes an action raises, and why.

A rule is one small class: its code, its limit with the limit's unit, its window, a sentence for people, and
`check`, which looks at an action in its situation. To add one, write the class and name it in `RULES`.

>>> activity = UserActivity()
>>> judge(Action("deposit", Decimal("150.00"), user_id=1, time=10), activity).codes
()
>>> verdict = judge(Action("deposit", Decimal("120.00"), user_id=1, time=20), activity)
>>> verdict.codes
(123,)
>>> print(verdict.reasons()[0])
The total amount deposited in a 30-second window exceeds 200: observed 270.00; would not have fired at 50.00 or less

Sources: seed C ("Alert codes", to-do exercises), seed E; contract C3, C4, C5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_FLOOR, Context, Decimal
from enum import Enum
from typing import ClassVar, Final, Literal, Protocol

import attrs

from domain.model.activity import LARGEST_INTEGER, Action, ActionType, Timeline, UserActivity
from domain.model.money import CENT, EXACT

Limit = Decimal | int
"""An amount of money, or a count."""


class Unit(Enum):
    """What a rule's limit counts."""

    MONEY = "money"
    DEPOSITS = "deposits"
    WITHDRAWALS = "withdrawals"
    ACTIONS = "actions"


@attrs.frozen
class Counterfactual:
    """The smallest change to the action alone that would have kept a rule from firing.

    `amount` `at most` X: this amount and every smaller positive one doesn't fire, one cent more does.
    `time` `at least` T: at T and at every second after it the rule doesn't fire, at T - 1 it does.
    `type` `is` deposit or withdraw: as the other type it doesn't fire.
    """

    field: Literal["amount", "time", "type"]
    relation: Literal["at most", "at least", "is"]
    value: Limit | str

    def __str__(self) -> str:
        if self.relation == "is":
            return f"would not have fired as a {'withdrawal' if self.value == 'withdraw' else self.value}"
        if self.relation == "at most":
            return f"would not have fired at {self.value} or less"
        return f"would not have fired at time {self.value} or later"


@attrs.define
class Situation:
    """What a rule looks at: the action in hand, what came before it, and the seconds around it.

    `recent` is the timeline that covers the action's windows: the activity's own, or, for an action so late
    that the activity has forgotten that time, one read from the stored actions, which ends at the action.
    """

    action: Action
    withdrawals_before: int
    """How many withdrawals came one after the other, right before this action."""

    rising_before: int
    """How many deposits, each larger than the one before, came last."""

    previous_deposit: Decimal
    recent: Timeline
    sees_later: bool
    """Whether `recent` holds what has `time` after the action's, too."""

    def kept(self) -> Situation:
        """The same situation, out of reach of what happens next."""
        if not self.sees_later:
            return self
        recent = self.recent.copy()
        return Situation(
            self.action, self.withdrawals_before, self.rising_before, self.previous_deposit, recent, sees_later=True
        )


class Rule(Protocol):
    """What every rule offers. `check` must not depend on anything but its arguments."""

    code: ClassVar[int]
    judges: ClassVar[tuple[ActionType, ...]]
    """The types of actions that can raise the code; `check` is called for these only."""

    unit: ClassVar[Unit]
    limit: ClassVar[Limit]
    window_seconds: ClassVar[int | None]
    """How far back of the action's `time` the rule looks, both ends counted; None where it has no window."""

    sentence: ClassVar[str]
    """What the rule says to people; `{limit}` stands for the user's limit."""

    def check(self, situation: Situation, limit: Limit) -> Limit | None:
        """The observed value where it breaks the limit, else None."""
        ...

    def counterfactual(self, situation: Situation, limit: Limit) -> Counterfactual | None:
        """For a situation in which the rule fires: what would have kept it from firing; None where nothing is known."""
        ...


class LargeWithdrawal(Rule):
    """1100: a withdrawal of more than 100."""

    code = 1100
    judges = ("withdraw",)
    unit = Unit.MONEY
    limit = Decimal(100)
    window_seconds = None
    sentence = "A withdrawal amount over {limit}"

    def check(self, situation: Situation, limit: Limit) -> Limit | None:
        amount = situation.action.amount
        return amount if amount > limit else None

    def counterfactual(self, situation: Situation, limit: Limit) -> Counterfactual | None:
        return _at_most(limit) or Counterfactual("type", "is", "deposit")


class ConsecutiveWithdrawals(Rule):
    """30: three withdrawals in a row, in order of arrival."""

    code = 30
    judges = ("withdraw",)
    unit = Unit.WITHDRAWALS
    limit = 3
    window_seconds = None
    sentence = "The user makes {limit} consecutive withdrawals"

    def check(self, situation: Situation, limit: Limit) -> Limit | None:
        in_a_row = situation.withdrawals_before + 1
        return in_a_row if in_a_row >= limit else None

    def counterfactual(self, situation: Situation, limit: Limit) -> Counterfactual | None:
        return Counterfactual("type", "is", "deposit")


class RisingDeposits(Rule):
    """300: three deposits in order of arrival, each larger than the one before; withdrawals between don't matter."""

    code = 300
    judges = ("deposit",)
    unit = Unit.DEPOSITS
    limit = 3
    window_seconds = None
    sentence = "The user makes {limit} consecutive deposits where each one is larger than the previous deposit"

    def check(self, situation: Situation, limit: Limit) -> Limit | None:
        rising = situation.rising_before + 1 if situation.action.amount > situation.previous_deposit else 1
        return rising if rising >= limit else None

    def counterfactual(self, situation: Situation, limit: Limit) -> Counterfactual | None:
        smaller = _at_most(situation.previous_deposit) if limit > 1 else None
        return smaller or Counterfactual("type", "is", "withdraw")


class DepositsInWindow(Rule):
    """123: more than 200 deposited in the 30 seconds up to this deposit, itself counted."""

    code = 123
    judges = ("deposit",)
    unit = Unit.MONEY
    limit = Decimal(200)
    window_seconds = 30
    sentence = "The total amount deposited in a 30-second window exceeds {limit}"

    def check(self, situation: Situation, limit: Limit) -> Limit | None:
        total = EXACT.add(self._others(situation), situation.action.amount)
        return total if total > limit else None

    def counterfactual(self, situation: Situation, limit: Limit) -> Counterfactual | None:
        return _at_most(EXACT.subtract(Decimal(limit), self._others(situation))) or Counterfactual(
            "type", "is", "withdraw"
        )

    def _others(self, situation: Situation) -> Decimal:
        time = situation.action.time
        return situation.recent.deposited_between(time - self.window_seconds, time)


class ActionsInWindow(Rule):
    """500: more than five actions in the 60 seconds up to this one, itself counted."""

    code = 500
    judges = ("deposit", "withdraw")
    unit = Unit.ACTIONS
    limit = 5
    window_seconds = 60
    sentence = "The user makes more than {limit} transactions within a 1-minute window"

    def check(self, situation: Situation, limit: Limit) -> Limit | None:
        count = self._count_at(situation.action.time, situation.recent)
        return count if count > limit else None

    def counterfactual(self, situation: Situation, limit: Limit) -> Counterfactual | None:
        if not situation.sees_later:
            return None
        for second in reversed(situation.recent.times):
            last = second + self.window_seconds  # one second later, that one has left the window
            if self._count_at(last, situation.recent) > limit:
                return Counterfactual("time", "at least", last + 1) if last < LARGEST_INTEGER else None
        return None

    def _count_at(self, time: int, recent: Timeline) -> int:
        return recent.actions_between(time - self.window_seconds, time) + 1


RULES: Final[tuple[Rule, ...]] = (
    ConsecutiveWithdrawals(),
    DepositsInWindow(),
    RisingDeposits(),
    ActionsInWindow(),
    LargeWithdrawal(),
)
"""Every registered rule, by ascending code: the order in which codes are answered."""

_DOWN: Final = Context(prec=EXACT.prec, rounding=ROUND_FLOOR)

_RULES_OF: Final = {type: tuple(rule for rule in RULES if type in rule.judges) for type in ("deposit", "withdraw")}

LONGEST_WINDOW_SECONDS: Final = max(rule.window_seconds or 0 for rule in RULES)

MEMORY_SECONDS: Final = 2 * LONGEST_WINDOW_SECONDS
"""How far back of the latest `time` an activity remembers, so that moderately late actions need no history."""

STANDARD_LIMITS: Final[Mapping[int, Limit]] = {rule.code: rule.limit for rule in RULES}


@attrs.frozen
class Reason:
    """Why one rule fired. Money is in decimals, counts are integers, the window is in seconds."""

    code: int
    sentence: str
    observed: Limit
    limit: Limit
    unit: Unit
    window_seconds: int | None
    counterfactual: Counterfactual | None

    def __str__(self) -> str:
        change = f"; {self.counterfactual}" if self.counterfactual else ""
        return f"{self.sentence}: observed {self.observed}{change}"


@attrs.frozen
class Verdict:
    """What the rules say of one action. `reasons` are worked out when asked for."""

    action: Action
    codes: tuple[int, ...]
    _fired: tuple[tuple[Rule, Limit, Limit], ...] = attrs.field(repr=False, eq=False)
    _situation: Situation | None = attrs.field(repr=False, eq=False)

    @property
    def alert(self) -> bool:
        """Whether any rule fired."""
        return bool(self.codes)

    def reasons(self) -> tuple[Reason, ...]:
        """Why each code was raised, in the order of `codes`; empty where there was no alert."""
        situation = self._situation
        if situation is None:
            return ()
        return tuple(
            Reason(
                code=rule.code,
                sentence=rule.sentence.format(limit=limit),
                observed=observed,
                limit=limit,
                unit=rule.unit,
                window_seconds=rule.window_seconds,
                counterfactual=rule.counterfactual(situation, limit),
            )
            for rule, limit, observed in self._fired
        )


def judge(
    action: Action,
    activity: UserActivity,
    limits: Mapping[int, Limit] = STANDARD_LIMITS,
    recent: Timeline | None = None,
) -> Verdict:
    """Judge an action by every rule, then take it into `activity`.

    `limits` holds a limit for the code of every rule (`domain.rules.ratings` makes them). `recent` is needed only
    where `needs_history` says so: the timeline of the user's stored actions from `time - LONGEST_WINDOW_SECONDS`
    to `time`.
    """
    situation = Situation(
        action,
        activity.withdrawals_in_a_row,
        activity.rising_deposits,
        activity.previous_deposit,
        activity.timeline if recent is None else recent,
        recent is None,
    )
    fired = []
    for rule in _RULES_OF[action.type]:
        limit = limits[rule.code]
        observed = rule.check(situation, limit)
        if observed is not None:
            fired.append((rule, limit, observed))
    if fired:
        verdict = Verdict(action, tuple([rule.code for rule, _, _ in fired]), tuple(fired), situation.kept())
    else:
        verdict = Verdict(action, (), (), None)
    activity.record(action, MEMORY_SECONDS)
    return verdict


def needs_history(action: Action, activity: UserActivity) -> bool:
    """Whether the action is so late that the activity has forgotten a part of its windows."""
    return action.time - LONGEST_WINDOW_SECONDS < activity.timeline.complete_from


def replay(actions: Iterable[Action]) -> UserActivity:
    """The activity of a user whose actions, in order of arrival, are these."""
    activity = UserActivity()
    for action in actions:
        activity.record(action, MEMORY_SECONDS)
    return activity


def _at_most(bound: Limit) -> Counterfactual | None:
    """`amount at most bound`, where a positive amount can be so small."""
    return Counterfactual("amount", "at most", Decimal(bound).quantize(CENT, context=_DOWN)) if bound >= CENT else None
