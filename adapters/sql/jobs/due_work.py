"""Work that is due at an instant, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Executable,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    select,
    update,
)

from adapters.sql.prepared import Prepared
from adapters.sql.schema_metadata import NO_ID_TWICE, metadata
from adapters.sql.types import Id, Instant
from adapters.sql.upserts import insert_once
from domain.model.due_work import DueJob
from domain.model.topics import WORK_DUE
from ports.storage import Topics

due_work = Table(
    "due_work",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("kind", String(32), nullable=False),
    Column("subject", BigInteger, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("state", String(16), nullable=False, comment="due, or dead"),
    Column("reason", String(255), nullable=True, comment="why it is dead"),
    UniqueConstraint("kind", "subject"),
    Index("ix_due_work_state_due_at", "state", "due_at"),
    info=NO_ID_TWICE,
)


_DUE = "due"
_DEAD = "dead"
_LONGEST_REASON = 255


class SqlDueWorkStore:
    def __init__(self, connection: Connection, topics: Topics) -> None:
        self._connection = connection
        self._topics = topics

    def add(self, kind: str, subject: int, due_at: datetime) -> None:
        row = {"kind": kind, "subject": subject, "due_at": due_at, "tries": 0, "state": _DUE}
        self._connection.execute(insert_once(self._connection.dialect, due_work), row)
        self._topics.add(WORK_DUE)

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
        query = select(func.min(due_work.c.due_at)).where(*_offered(kinds))
        first: datetime | None = self._connection.execute(query).scalar_one()
        return first

    def claim(self, job: DueJob, until: datetime) -> bool:
        as_seen = (due_work.c.state == _DUE, due_work.c.due_at == job.due_at, due_work.c.tries == job.tries)
        claim = update(due_work).where(due_work.c.id == job.id, *as_seen)
        return self._connection.execute(claim.values(due_at=until, tries=job.tries + 1)).rowcount == 1

    def lock(self, jobs: Sequence[DueJob]) -> list[DueJob]:
        if not jobs:
            return []
        rows = _LOCK.rows(self._connection, tuple(job.id for job in jobs), size=len(jobs))
        still = {id: (due_at, tries) for id, due_at, tries, state in rows if state == _DUE}
        return [job for job in jobs if still.get(job.id) == (job.due_at, job.tries)]

    def reschedule(self, job: DueJob, due_at: datetime, *, tries: int) -> None:
        _RESCHEDULE.execute(self._connection, (due_at, tries, job.id))

    def finish(self, job: DueJob) -> None:
        _FINISH.execute(self._connection, (job.id,))

    def bury(self, job: DueJob, reason: str) -> None:
        dead = {"state": _DEAD, "reason": reason[:_LONGEST_REASON]}
        self._connection.execute(update(due_work).where(due_work.c.id == job.id).values(dead))

    def dead_count(self) -> int:
        query = select(func.count()).select_from(due_work).where(due_work.c.state == _DEAD)
        return self._connection.execute(query).scalar_one()


def _offered(kinds: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    return due_work.c.state == _DUE, due_work.c.kind.in_(kinds)


def _lock(dialect: Dialect, size: int) -> Executable:
    ids = [bindparam(f"id{number}", type_=due_work.c.id.type) for number in range(size)]
    job = due_work.c
    return select(job.id, job.due_at, job.tries, job.state).where(job.id.in_(ids)).order_by(job.id).with_for_update()


def _reschedule(dialect: Dialect, size: int) -> Executable:
    again: dict[str, ColumnElement[object]] = {"due_at": bindparam("due_again"), "tries": bindparam("tried")}
    return update(due_work).where(due_work.c.id == bindparam("job_id")).values(again)


def _finish(dialect: Dialect, size: int) -> Executable:
    return delete(due_work).where(due_work.c.id == bindparam("job_id"))


_LOCK = Prepared(_lock)
_RESCHEDULE = Prepared(_reschedule, ("due_again", "tried", "job_id"))
_FINISH = Prepared(_finish, ("job_id",))
