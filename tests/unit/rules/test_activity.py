"""The event rules: each code, its edges, and the whole against a naive oracle."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal, localcontext

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.model.activity import Action, Timeline, UserActivity
from domain.model.risk_profiles import RiskProfile
from domain.rules.activity import (
    LONGEST_WINDOW_SECONDS,
    MEMORY_SECONDS,
    RULES,
    STANDARD_LIMITS,
    Verdict,
    judge,
    needs_history,
    replay,
)
from domain.rules.ratings import limits_of
from tests.oracles import codes_of_all, codes_of_last
from tests.strategies import actions, profiles


def deposit(amount: str, time: int) -> Action:
    return Action("deposit", Decimal(amount), 1, time)


def withdraw(amount: str, time: int) -> Action:
    return Action("withdraw", Decimal(amount), 1, time)


def codes_of(*stream: Action) -> list[tuple[int, ...]]:
    return [verdict.codes for verdict in verdicts_of(stream)]


def verdicts_of(stream: Iterable[Action], profile: RiskProfile | None = None) -> list[Verdict]:
    """Judge one user's stream as the use case does, history at hand."""
    activity, history, verdicts = UserActivity(), [], []
    for action in stream:
        verdicts.append(judge(action, activity, limits_of(profile), _recent(action, activity, history)))
        history.append(action)
    return verdicts


def _recent(action: Action, activity: UserActivity, history: list[Action]) -> Timeline | None:
    if not needs_history(action, activity):
        return None
    start = action.time - LONGEST_WINDOW_SECONDS
    return Timeline.of([one for one in history if start <= one.time <= action.time], complete_from=start)


def test_1100_fires_above_100_and_for_withdrawals_only() -> None:  # contract: C3
    assert codes_of(withdraw("100.00", 0)) == [()]
    assert codes_of(withdraw("100.01", 0)) == [(1100,)]
    assert codes_of(deposit("100.01", 0)) == [()]


def test_30_fires_at_the_third_withdrawal_in_a_row_and_every_one_after() -> None:  # contract: C3
    assert codes_of(*[withdraw("1", time) for time in (0, 100, 200, 300)]) == [(), (), (30,), (30,)]
    assert codes_of(withdraw("1", 0), withdraw("1", 1), deposit("1", 2), withdraw("1", 3)) == [(), (), (), ()]


def test_300_wants_strictly_larger_deposits_and_ignores_withdrawals_between() -> None:  # contract: C3
    assert codes_of(deposit("1", 0), withdraw("1", 100), deposit("2", 200), deposit("3", 300))[-1] == (300,)
    assert codes_of(deposit("1", 0), deposit("2", 100), deposit("2", 200))[-1] == ()
    assert codes_of(deposit("1", 0), deposit("2", 100), deposit("3", 200), withdraw("1", 300))[-1] == ()


def test_123_counts_both_ends_of_its_30_seconds() -> None:  # contract: C3
    assert codes_of(deposit("100", 10), deposit("100.01", 40))[-1] == (123,)
    assert codes_of(deposit("100", 10), deposit("100.01", 41))[-1] == ()
    assert codes_of(deposit("100", 10), deposit("100", 40))[-1] == ()
    assert codes_of(deposit("200", 10), withdraw("1", 11))[-1] == ()


def test_500_fires_at_the_sixth_action_within_60_seconds_of_either_type() -> None:  # contract: C3
    quiet = [deposit("5", 0), withdraw("1", 10), deposit("4", 20), withdraw("1", 30), deposit("3", 40)]
    assert codes_of(*quiet, withdraw("1", 60))[-1] == (500,)
    assert codes_of(*quiet, withdraw("1", 61))[-1] == ()


def test_codes_are_ascending() -> None:  # contract: C1
    stream = [deposit("1", 0), deposit("2", 0), withdraw("150", 0), withdraw("150", 0), withdraw("150", 0)]
    assert codes_of(*stream, withdraw("150", 0))[-1] == (30, 500, 1100)
    assert [rule.code for rule in RULES] == sorted(STANDARD_LIMITS)


def test_sequences_follow_arrival_and_windows_follow_time() -> None:  # contract: C4
    late = deposit("101", 20)
    assert codes_of(deposit("100", 20), deposit("1", 100), late) == [(), (), (123,)]
    assert codes_of(deposit("1", 300), deposit("2", 200), deposit("3", 0))[-1] == (300,)


def test_a_very_late_action_is_judged_by_the_stored_actions_of_its_window() -> None:  # contract: C4
    stream = [deposit("150", 10), deposit("1", 10_000), deposit("100", 20)]
    assert codes_of(*stream)[-1] == (123,)


@given(st.lists(actions(), max_size=80), profiles)
@settings(max_examples=300)
def test_the_engine_equals_an_oracle_that_scans_the_whole_history(
    stream: list[Action], profile: RiskProfile | None
) -> None:  # contract: C3, C4, C5
    limits = limits_of(profile)
    by_user = {user: [action for action in stream if action.user_id == user] for user in (1, 2, 3)}
    for own in by_user.values():
        assert [verdict.codes for verdict in verdicts_of(own, profile)] == codes_of_all(own, limits)


@given(st.lists(actions(users=1), min_size=1, max_size=60), profiles)
def test_a_counterfactual_is_exact(stream: list[Action], profile: RiskProfile | None) -> None:
    """At the bound and beyond it the rule doesn't fire; one cent more, or one second earlier, and it does."""
    limits = limits_of(profile)
    for index, verdict in enumerate(verdicts_of(stream, profile)):
        before = stream[:index]

        def fires(action: Action, code: int, before: list[Action] = before) -> bool:
            return code in codes_of_last([*before, action], limits)

        for reason in verdict.reasons():
            assert reason.code in verdict.codes
            change, action = reason.counterfactual, verdict.action
            if change is None:
                assert needs_history(action, replay(before))
            elif change.field == "amount":
                assert not fires(attrs.evolve(action, amount=change.value), reason.code)
                assert fires(attrs.evolve(action, amount=change.value + Decimal("0.01")), reason.code)
            elif change.field == "time":
                assert fires(attrs.evolve(action, time=change.value - 1), reason.code)
                later = {change.value, *(one.time + gap for one in before for gap in range(63))}
                assert not any(
                    fires(attrs.evolve(action, time=time), reason.code) for time in later if time >= change.value
                )
            else:
                assert not fires(attrs.evolve(action, type=change.value), reason.code)


@given(st.lists(actions(users=1), min_size=1, max_size=40))
def test_reasons_stay_what_they_were_when_the_verdict_was_given(stream: list[Action]) -> None:
    activity, history = UserActivity(), []
    given_then = []
    for action in stream:
        verdict = judge(action, activity, recent=_recent(action, activity, history))
        given_then.append((verdict, verdict.reasons()))
        history.append(action)
    assert all(verdict.reasons() == reasons for verdict, reasons in given_then)


def test_a_reason_names_rule_observed_value_limit_and_window() -> None:
    verdicts = verdicts_of([deposit("112.60", 10), deposit("100.00", 40)])
    (reason,) = verdicts[-1].reasons()
    assert (reason.code, reason.observed, reason.limit, reason.window_seconds) == (123, Decimal("212.60"), 200, 30)
    assert str(reason.counterfactual) == "would not have fired at 87.40 or less"


def test_a_reason_says_when_the_window_would_have_been_free_again() -> None:
    verdicts = verdicts_of([withdraw("1", 10 * number) for number in range(6)])
    reason = next(reason for reason in verdicts[-1].reasons() if reason.code == 500)
    assert str(reason) == (
        "The user makes more than 5 transactions within a 1-minute window: observed 6; "
        "would not have fired at time 61 or later"
    )


def test_a_narrow_decimal_context_of_the_caller_changes_no_verdict() -> None:  # contract: G5
    with localcontext(Context(prec=3)):
        verdict = verdicts_of([deposit("100.01", 10), deposit("99.99", 20)])[-1]
        assert verdict.codes == ()
        verdict = verdicts_of([deposit("100.01", 10), deposit("100.00", 20)])[-1]
        assert str(verdict.reasons()[0].counterfactual) == "would not have fired at 99.99 or less"


@given(st.lists(actions(users=1), max_size=60))
def test_a_replayed_history_leaves_the_same_activity(stream: list[Action]) -> None:
    activity = UserActivity()
    for action in stream:
        activity.record(action, MEMORY_SECONDS)
    again = replay(stream)
    assert (again.timeline.times, again.timeline.actions, again.timeline.deposited) == (
        activity.timeline.times,
        activity.timeline.actions,
        activity.timeline.deposited,
    )
    assert again.withdrawals_in_a_row == activity.withdrawals_in_a_row
    assert again.rising_deposits == activity.rising_deposits


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.code))
def test_every_rule_has_a_sentence_a_unit_and_a_limit(rule: object) -> None:
    assert rule.sentence.format(limit=rule.limit)
    assert rule.limit > 0
    assert rule.unit in type(rule.unit)
