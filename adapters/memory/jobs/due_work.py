"""Work that is due at an instant, in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import count

import attrs

from adapters.memory.undo import UndoLog, drop, put
from domain.model.due_work import DueJob
from domain.model.topics import WORK_DUE
from ports.storage import Topics


class MemoryDueWorkStore:
    def __init__(self, undo: UndoLog, topics: Topics) -> None:
        self._undo = undo
        self._topics = topics
        self._ids = count(1)
        self._jobs: dict[int, DueJob] = {}
        self._by_subject: dict[tuple[str, int], int] = {}
        self._dead: dict[int, str] = {}
        """Why a job is dead, by its id."""

    def add(self, kind: str, subject: int, due_at: datetime) -> None:
        self._topics.add(WORK_DUE)
        if (kind, subject) not in self._by_subject:
            job = DueJob(next(self._ids), kind, subject, due_at, tries=0)
            put(self._jobs, job.id, job, self._undo)
            put(self._by_subject, (kind, subject), job.id, self._undo)

    def due(self, kinds: Collection[str], now: datetime, limit: int) -> list[DueJob]:
        return [job for job in self._offered(kinds) if job.due_at <= now][:limit]

    def next_due(self, kinds: Collection[str]) -> datetime | None:
        return next((job.due_at for job in self._offered(kinds)), None)

    def claim(self, job: DueJob, until: datetime) -> bool:
        if self._jobs.get(job.id) != job or job.id in self._dead:
            return False
        put(self._jobs, job.id, attrs.evolve(job, due_at=until, tries=job.tries + 1), self._undo)
        return True

    def lock(self, jobs: Sequence[DueJob]) -> list[DueJob]:
        return [job for job in jobs if self._jobs.get(job.id) == job and job.id not in self._dead]

    def reschedule(self, job: DueJob, due_at: datetime, *, tries: int) -> None:
        if job.id in self._jobs:
            put(self._jobs, job.id, attrs.evolve(self._jobs[job.id], due_at=due_at, tries=tries), self._undo)

    def finish(self, job: DueJob) -> None:
        if job.id in self._jobs:
            drop(self._jobs, job.id, self._undo)
            drop(self._by_subject, (job.kind, job.subject), self._undo)
            if job.id in self._dead:
                drop(self._dead, job.id, self._undo)

    def bury(self, job: DueJob, reason: str) -> None:
        if job.id in self._jobs:
            put(self._dead, job.id, reason, self._undo)

    def dead_count(self) -> int:
        return len(self._dead)

    def _offered(self, kinds: Collection[str]) -> list[DueJob]:
        offered = (job for job in self._jobs.values() if job.kind in kinds and job.id not in self._dead)
        return sorted(offered, key=lambda job: (job.due_at, job.id))
