"""Work that is due at an instant, in SQL."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from adapters.sql.tables import due_work
from adapters.sql.upserts import insert_once
from domain.model.due_work import DueJob

_DUE = "due"
_SET_ASIDE = "set aside"
_LONGEST_REASON = 255


class SqlDueWorkStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.added = False
        """Whether this transaction added a job."""

    def add(self, kind: str, subject: int, due_at: datetime) -> None:
        row = {"kind": kind, "subject": subject, "due_at": due_at, "tries": 0, "state": _DUE}
        self._connection.execute(insert_once(self._connection.dialect, due_work), row)
        self.added = True

    def due(self, kinds: Collection[str], now: datetime, limit: int) -> list[DueJob]:
        job = due_work.c
        query = (
            select(job.id, job.kind, job.subject, job.due_at, job.tries)
            .where(*_offered(kinds), job.due_at <= now)
            .order_by(job.due_at, job.id)
            .limit(limit)
        )
        return [DueJob(**row) for row in self._connection.execute(query).mappings()]

    def next_due(self, kinds: Collection[str]) -> datetime | None:
        return self._connection.execute(select(func.min(due_work.c.due_at)).where(*_offered(kinds))).scalar_one()

    def claim(self, job: DueJob, until: datetime) -> bool:
        as_seen = (due_work.c.state == _DUE, due_work.c.due_at == job.due_at, due_work.c.tries == job.tries)
        claim = update(due_work).where(due_work.c.id == job.id, *as_seen)
        return self._connection.execute(claim.values(due_at=until, tries=job.tries + 1)).rowcount == 1

    def reschedule(self, job: DueJob, due_at: datetime, *, tries: int) -> None:
        self._connection.execute(update(due_work).where(due_work.c.id == job.id).values(due_at=due_at, tries=tries))

    def finish(self, job: DueJob) -> None:
        self._connection.execute(delete(due_work).where(due_work.c.id == job.id))

    def set_aside(self, job: DueJob, reason: str) -> None:
        aside = {"state": _SET_ASIDE, "reason": reason[:_LONGEST_REASON]}
        self._connection.execute(update(due_work).where(due_work.c.id == job.id).values(aside))

    def set_aside_count(self) -> int:
        query = select(func.count()).select_from(due_work).where(due_work.c.state == _SET_ASIDE)
        return self._connection.execute(query).scalar_one()


def _offered(kinds: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    return due_work.c.state == _DUE, due_work.c.kind.in_(kinds)
