"""What the rules can see of an activity."""

from __future__ import annotations

from domain.model.activity import UserActivity


def facts(activity: UserActivity) -> tuple[object, ...]:
    """Everything that the rules can see of an activity."""
    timeline = activity.timeline
    seconds = [(s, timeline.actions_between(s, s), timeline.deposited_between(s, s)) for s in timeline.times[1:]]
    return (
        activity.withdrawals_in_a_row,
        activity.rising_deposits,
        activity.previous_deposit,
        activity.latest_time,
        timeline.complete_from,
        seconds,
    )
