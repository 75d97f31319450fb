"""Work that is due at an instant."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from domain.model.due_work import DueJob


class DueWorkStore(Protocol):
    """Jobs by the instant at which they are due. A pair of kind and subject exists at most once."""

    def add(self, kind: str, subject: int, due_at: datetime) -> None:
        """Keep a job; nothing changes where there is one of this kind and subject. The commit reports WORK_DUE."""
        ...

    def due(self, kinds: Collection[str], now: datetime, limit: int) -> list[DueJob]:
        """Jobs of these kinds with `due_at <= now` that aren't dead, longest due first."""
        ...

    def next_due(self, kinds: Collection[str]) -> datetime | None:
        """When the next of these jobs is due; None where there is none."""
        ...

    def claim(self, job: DueJob, until: datetime) -> bool:
        """Take a job for this worker: it becomes due again at `until`, with one more try counted.

        One conditional UPDATE: of many workers that saw the same job one gets True.
        """
        ...

    def lock(self, jobs: Sequence[DueJob]) -> list[DueJob]:
        """Those of the jobs that are still as they were seen, in the order given.

        Until the transaction ends, nobody else claims or locks them, and each is rescheduled or finished in it: so of
        many workers that saw the same job one has it. Rows are locked in the order of ids.
        """
        ...

    def reschedule(self, job: DueJob, due_at: datetime, *, tries: int) -> None:
        """Make a claimed job due at another instant."""
        ...

    def finish(self, job: DueJob) -> None:
        """Forget a job that is done."""
        ...

    def bury(self, job: DueJob, reason: str) -> None:
        """Keep a job that can't be done, and don't offer it any more."""
        ...

    def dead_count(self) -> int:
        """How many jobs are dead."""
        ...
