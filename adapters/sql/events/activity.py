"""Judged actions and the activities that follow from them, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from sqlalchemy import (
    Connection,
    Dialect,
    Executable,
    Select,
    bindparam,
    case,
    func,
    insert,
    literal,
    select,
    tuple_,
)

from adapters.sql.prepared import Prepared
from adapters.sql.rows import (
    action_from_row,
    activity_from_text,
    activity_to_text,
    event_to_row,
    judged_from_row,
    two_decimals,
)
from adapters.sql.tables import activities, events
from adapters.sql.types import Money, money_sum
from adapters.sql.upserts import upsert
from domain.model.activity import Action, JudgedAction, Stream, UserActivity


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

    def append(self, stream: Stream, judged: Sequence[JudgedAction]) -> None:
        if judged:
            _APPEND.many(self._connection, [event_to_row(stream, one) for one in judged])

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
        return [action_from_row(row) for row in self._connection.execute(query)]

    def newest(
        self, stream: Stream, user_id: int, limit: int, before: tuple[int, int] | None = None
    ) -> list[JudgedAction]:
        query = _of_user(stream, user_id).order_by(events.c.time.desc(), events.c.id.desc()).limit(limit)
        if before is not None:
            time, id = before
            query = query.where(events.c.time <= time, tuple_(events.c.time, events.c.id) < (time, id))
        return [judged_from_row(row) for row in self._connection.execute(query)]

    def _locked(self, stream: Stream, user_ids: Sequence[int]) -> dict[int, str]:
        rows = _LOAD.all(self._connection, (stream, *user_ids), size=len(user_ids)) if user_ids else ()
        return dict(map(tuple, rows))


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
