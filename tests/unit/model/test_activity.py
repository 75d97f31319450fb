"""The bounded memory of what users do: windows over a timeline equal a scan of all actions."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.model.activity import LARGEST_INTEGER, Action, Timeline, UserActivity
from domain.model.errors import InvalidFields
from tests.strategies import actions

SOUND = {"type": "deposit", "amount": "42.00", "user_id": 1, "time": 10}


@given(st.lists(actions(users=1), max_size=60), st.integers(0, 3_000), st.integers(0, 3_000))
def test_a_window_of_the_timeline_equals_a_scan(stream: list[Action], start: int, length: int) -> None:
    timeline = Timeline()
    for action in stream:
        timeline.add(action)
    inside = [action for action in stream if start <= action.time <= start + length]
    assert timeline.actions_between(start, start + length) == len(inside)
    deposits = [action.amount for action in inside if action.type == "deposit"]
    assert timeline.deposited_between(start, start + length) == sum(deposits, Decimal(0))


@given(st.lists(actions(users=1), max_size=60), st.integers(0, 500), st.integers(0, 3_000), st.integers(0, 3_000))
def test_forgetting_changes_no_window_after_it(stream: list[Action], before: int, later: int, length: int) -> None:
    whole = Timeline.of(stream, complete_from=0)
    cut = whole.copy()
    cut.forget_before(before)
    start = before + later
    assert cut.actions_between(start, start + length) == whole.actions_between(start, start + length)
    assert cut.deposited_between(start, start + length) == whole.deposited_between(start, start + length)
    assert all(time >= before for time in cut.times[1:])


@given(st.lists(actions(users=1), max_size=200))
def test_the_memory_is_bounded_by_its_seconds_not_by_the_history(stream: list[Action]) -> None:  # contract: C4
    activity = UserActivity()
    for action in stream:
        activity.record(action, memory_seconds=120)
        timeline = activity.timeline
        assert len(timeline.times) <= 122
        assert len(timeline.times) == len(timeline.actions) == len(timeline.deposited)
        assert timeline.complete_from == activity.latest_time - 120
        assert timeline.times == sorted(set(timeline.times))


@given(st.lists(actions(users=1), min_size=1, max_size=30))
def test_a_copy_is_independent(stream: list[Action]) -> None:
    activity = UserActivity()
    copy = activity.copy()
    for action in stream:
        activity.record(action, memory_seconds=120)
    assert copy.timeline.times == UserActivity().timeline.times
    assert (copy.withdrawals_in_a_row, copy.rising_deposits) == (0, 0)


def test_an_action_is_read_from_strings_and_numbers() -> None:  # contract: C2
    assert Action.parse(SOUND).amount == Action.parse(SOUND | {"amount": 42}).amount == Decimal("42.00")
    assert Action.parse(SOUND | {"time": LARGEST_INTEGER, "user_id": 0, "more": None}).time == LARGEST_INTEGER


@pytest.mark.parametrize("field", list(SOUND))
@pytest.mark.parametrize("value", [None, "", "  ", [], {}, True, 1.5, -1, "-1", 2**53, "deposits", Decimal("NaN")])
def test_a_bad_field_is_named(field: str, value: object) -> None:  # contract: C2
    if field == "amount" and value == 2**53:
        value = 2**60
    with pytest.raises(InvalidFields) as refused:
        Action.parse(SOUND | {field: value})
    assert [problem.field for problem in refused.value.problems] == [field]


def test_all_bad_fields_are_named_at_once() -> None:  # contract: C2
    with pytest.raises(InvalidFields) as refused:
        Action.parse({})
    assert {problem.field for problem in refused.value.problems} == set(SOUND)
    assert all(problem.detail == "is required" for problem in refused.value.problems)
