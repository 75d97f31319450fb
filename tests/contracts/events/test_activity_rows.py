"""An activity means the same after a restart: what is written is what is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sql.events.activity import activity_from_text, activity_to_text
from domain.model.activity import Action, Timeline, UserActivity
from domain.model.money import AMOUNT_LIMIT, CENT
from domain.rules.activity import LONGEST_WINDOW_SECONDS, MEMORY_SECONDS, judge, needs_history, replay
from tests.contracts.events.facts import facts
from tests.oracles import codes_of_all
from tests.strategies import actions

LARGEST_TEXT_BYTES = 2**16 - 1
"""What a TEXT column of MySQL holds."""


def kept(activity: UserActivity) -> UserActivity:
    """The activity as it comes back from the database."""
    read = activity_from_text(activity_to_text(activity))
    assert read is not None
    return read


@given(st.lists(actions(users=1), max_size=40))
def test_an_activity_comes_back_as_the_rules_saw_it(arrivals):  # contract: C6
    activity = replay(arrivals)
    assert facts(kept(activity)) == facts(activity)


@pytest.mark.proof
@given(st.lists(st.tuples(actions(users=2), st.booleans()), max_size=60))
def test_restarts_change_no_verdict(steps):  # contract: C6
    activities = {1: UserActivity(), 2: UserActivity()}
    arrivals: list[Action] = []
    codes = []
    for action, restart in steps:
        if restart:
            activities = {user_id: kept(activity) for user_id, activity in activities.items()}
        activity = activities[action.user_id]
        codes.append(judge(action, activity, recent=recent(arrivals, action, activity)).codes)
        arrivals.append(action)
    assert codes == codes_of_all(arrivals)


def recent(arrivals: list[Action], action: Action, activity: UserActivity) -> Timeline | None:
    """The past of a very late action, as its use case reads it."""
    if not needs_history(action, activity):
        return None
    start = action.time - LONGEST_WINDOW_SECONDS
    own = [one for one in arrivals if one.user_id == action.user_id and start <= one.time <= action.time]
    return Timeline.of(own, complete_from=start)


@pytest.mark.parametrize("text", ["[0]", '[2,0,0,"0",0,0,[],[],[]]', '[10,0,0,"0",0,0,[],[],[]]', "{}", ""])
def test_an_activity_of_another_version_is_none(text):  # contract: C6
    assert activity_from_text(text) is None


def test_the_busiest_activity_fits_its_column():
    largest = AMOUNT_LIMIT - CENT
    latest = 2**53 - 1
    seconds = range(latest - 2 * MEMORY_SECONDS, latest + 1)
    arrivals = [Action("deposit", largest, user_id=1, time=second) for second in seconds for _ in range(20)]
    assert len(activity_to_text(replay(arrivals)).encode()) < LARGEST_TEXT_BYTES
