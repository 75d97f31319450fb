"""Judged actions and the activities that follow from them, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Dialect,
    Executable,
    Index,
    Select,
    String,
    Table,
    Text,
    bindparam,
    case,
    func,
    insert,
    literal,
    select,
    tuple_,
)

from adapters.sql.mapping import two_decimals
from adapters.sql.prepared import Prepared
from adapters.sql.schema_metadata import metadata
from adapters.sql.types import Id, Instant, Money, money_check, money_sum
from adapters.sql.upserts import upsert
from domain.model.activity import Action, JudgedAction, NewJudgedAction, Stream, UserActivity
from domain.model.money import parse_amount

events = Table(
    "events",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("stream", String(16), nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("type", String(16), nullable=False),
    Column("amount", Money, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("alert_codes", String(255), nullable=False, comment="ascending, separated by commas"),
    Column("received_at", Instant, nullable=False),
    money_check("amount"),
    Index("ix_events_stream_user_id_time", "stream", "user_id", "time"),
)

activities = Table(
    "activities",
    metadata,
    Column("stream", String(16), primary_key=True),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False, comment="what the rules remember of the user's events"),
)

ACTIVITY_VERSION = 1
"""Counts the forms in which an activity was ever kept; one of another version is replayed from the history."""

_State = tuple[int, int, int, Decimal, int, int, list[int], list[int], list[Decimal]]
_decode_state = msgspec.json.Decoder(_State).decode
_encode_state = msgspec.json.Encoder().encode


class SqlActivityStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def load(self, stream: Stream, user_ids: Collection[int]) -> dict[int, UserActivity]:
        ids = sorted(user_ids)
        texts = self._locked(stream, ids)
        missing = [user_id for user_id in ids if user_id not in texts]
        if missing and self._connection.dialect.name == "mysql":  # a row that doesn't exist can't be locked
            fresh = activity_to_text(UserActivity())
            _CREATE.many(self._connection, [(stream, user_id, fresh) for user_id in missing])
            texts |= self._locked(stream, missing)
        loaded = {user_id: UserActivity() for user_id in missing}
        for user_id, text in texts.items():
            activity = activity_from_text(text)
            if activity is None:
                loaded.pop(user_id, None)
            else:
                loaded[user_id] = activity
        return loaded

    def save(self, stream: Stream, activities: Mapping[int, UserActivity]) -> None:
        rows = [(stream, user_id, activity_to_text(activity)) for user_id, activity in sorted(activities.items())]
        if rows:
            _SAVE.many(self._connection, rows)

    def append(self, stream: Stream, judged: Sequence[NewJudgedAction]) -> None:
        if judged:
            _APPEND.many(self._connection, [_event_to_row(stream, one) for one in judged])

    def totals_between(self, stream: Stream, user_id: int, start: int, end: int) -> list[tuple[int, int, Decimal]]:
        time = events.c.time
        deposits = case((events.c.type == "deposit", events.c.amount), else_=literal(0, Money))
        deposited = money_sum(deposits, self._connection.dialect)
        query = (
            select(time, func.count(), deposited)
            .where(events.c.stream == stream, events.c.user_id == user_id, time.between(start, end))
            .group_by(time)
            .order_by(time)
        )
        return [(second, count, two_decimals(total)) for second, count, total in self._connection.execute(query)]

    def history(self, stream: Stream, user_id: int) -> list[Action]:
        query = _of_user(stream, user_id).order_by(events.c.id)
        return [_action_from_row(row) for row in self._connection.execute(query)]

    def newest(
        self, stream: Stream, user_id: int, limit: int, before: tuple[int, int] | None = None
    ) -> list[JudgedAction]:
        query = _of_user(stream, user_id).order_by(events.c.time.desc(), events.c.id.desc()).limit(limit)
        if before is not None:
            time, id = before
            query = query.where(events.c.time <= time, tuple_(events.c.time, events.c.id) < (time, id))
        return [_judged_from_row(row) for row in self._connection.execute(query)]

    def _locked(self, stream: Stream, user_ids: Sequence[int]) -> dict[int, str]:
        rows = _LOAD.all(self._connection, (stream, *user_ids), size=len(user_ids)) if user_ids else ()
        return dict(map(tuple, rows))


def _event_to_row(stream: str, judged: NewJudgedAction) -> tuple[object, ...]:
    """The values of an `events` row in the order of its columns, `id` left out."""
    action = judged.action
    codes = ",".join(map(str, judged.codes))
    return (stream, action.user_id, action.type, action.amount, action.time, codes, judged.received_at)


def _action_from_row(row: Any) -> Action:
    return Action(row.type, parse_amount(row.amount), row.user_id, row.time)


def _judged_from_row(row: Any) -> JudgedAction:
    codes = tuple(int(code) for code in row.alert_codes.split(",") if code)
    return JudgedAction(row.id, _action_from_row(row), codes, row.received_at)


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


def _of_user(stream: Stream, user_id: int) -> Select[tuple[object, ...]]:
    return select(events).where(events.c.stream == stream, events.c.user_id == user_id)


def _load(dialect: Dialect, size: int) -> Executable:
    ids = [bindparam(f"id{number}", type_=activities.c.user_id.type) for number in range(size)]
    return (
        select(activities.c.user_id, activities.c.state)
        .where(activities.c.stream == bindparam("stream"), activities.c.user_id.in_(ids))
        .order_by(activities.c.user_id)
        .with_for_update()
    )


def _create(dialect: Dialect, size: int) -> Executable:
    return insert(activities).prefix_with("IGNORE", dialect="mysql")


def _save(dialect: Dialect, size: int) -> Executable:
    return upsert(dialect, activities)


def _append(dialect: Dialect, size: int) -> Executable:
    return insert(events).values({column.name: bindparam(column.name) for column in _EVENT_COLUMNS})


_EVENT_COLUMNS = [column for column in events.c if column.name != "id"]
_ROW = ("stream", "user_id", "state")
_LOAD = Prepared(_load)
_CREATE = Prepared(_create, _ROW)
_SAVE = Prepared(_save, _ROW)
_APPEND = Prepared(_append, [column.name for column in _EVENT_COLUMNS])
