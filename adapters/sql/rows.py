"""Rows to entities and back: the only place that knows both."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from domain.model.activity import Action, JudgedAction, UserActivity
from domain.model.money import parse_amount
from domain.model.operators import Operator
from domain.model.risk_profiles import RATINGS, RiskProfile

ACTIVITY_VERSION = 1
"""Counts the forms in which an activity was ever kept; one of another version is replayed from the history."""

_State = tuple[int, int, int, Decimal, int, int, list[int], list[int], list[Decimal]]
_decode_state = msgspec.json.Decoder(_State).decode
_encode_state = msgspec.json.Encoder().encode


def activity_to_text(activity: UserActivity) -> str:
    """The state of a user's activity, as JSON."""
    timeline = activity.timeline
    return _encode_state(
        (
            ACTIVITY_VERSION,
            activity.withdrawals_in_a_row,
            activity.rising_deposits,
            activity.previous_deposit,
            activity.latest_time,
            timeline.complete_from,
            timeline.times,
            timeline.actions,
            timeline.deposited,
        )
    ).decode()


def activity_from_text(text: str) -> UserActivity | None:
    """The activity, or None where it was kept by another version."""
    if not text.startswith(f"[{ACTIVITY_VERSION},"):
        return None
    activity = UserActivity()
    timeline = activity.timeline
    (
        _,
        activity.withdrawals_in_a_row,
        activity.rising_deposits,
        activity.previous_deposit,
        activity.latest_time,
        timeline.complete_from,
        timeline.times,
        timeline.actions,
        timeline.deposited,
    ) = _decode_state(text)
    return activity


def event_to_row(stream: str, judged: JudgedAction) -> tuple[object, ...]:
    """The values of an `events` row in the order of its columns, `id` left out."""
    action = judged.action
    codes = ",".join(map(str, judged.codes))
    return (stream, action.user_id, action.type, action.amount, action.time, codes, judged.received_at)


def action_from_row(row: Any) -> Action:
    return Action(row.type, cents(row.amount), row.user_id, row.time)


def judged_from_row(row: Any) -> JudgedAction:
    codes = tuple(int(code) for code in row.alert_codes.split(",") if code)
    return JudgedAction(action_from_row(row), codes, row.received_at, row.id)


def profile_to_row(user_id: int, profile: RiskProfile) -> dict[str, object]:
    thresholds = {str(code): str(limit) for code, limit in profile.thresholds.items()}
    return {"user_id": user_id, "rating": profile.rating, "thresholds": msgspec.json.encode(thresholds).decode()}


def profile_from_row(rating: str, thresholds: str) -> RiskProfile:
    kept = msgspec.json.decode(thresholds, type=dict[int, str])
    return RiskProfile(RATINGS[rating], {code: _limit(text) for code, text in kept.items()})


def operator_from_row(row: Mapping[str, Any]) -> Operator:
    return Operator(**row)


def cents(amount: Decimal) -> Decimal:
    """An amount as the model writes it, with two decimals."""
    return parse_amount(amount)


def _limit(text: str) -> Decimal | int:
    return Decimal(text) if "." in text else int(text)  # parsed amounts have two decimals, counts none
