"""Forget what is worth nothing any more. Source: contract G11."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import attrs

from domain.model.codes import CODES_KEPT
from domain.model.due_work import DueJob
from domain.model.idempotency import KEYS_KEPT
from domain.use_cases.jobs.run_due_work import JobContext, TransactionalHandler
from ports.clock import Clock
from ports.storage import Storage, Transaction

PURGE_EVERY: Final = timedelta(hours=1)

_THE_ONLY_ONE = 0


@attrs.frozen(eq=False, repr=False)
class Purge(TransactionalHandler[None]):
    """Every hour: expired sessions and refresh tokens, and codes and idempotency keys that count for nothing now."""

    kind = "purge"
    most_tries = None

    def fetch(self) -> None:
        """Nothing of the world outside matters."""

    def work(self, tx: Transaction, jobs: Sequence[DueJob], context: JobContext[None]) -> list[datetime | None]:
        now = context.now
        tx.sessions.purge(now)
        tx.codes.purge(now - CODES_KEPT)
        tx.idempotency.purge(now - KEYS_KEPT)
        return [now + PURGE_EVERY for _ in jobs]

    def ensure(self, storage: Storage, clock: Clock) -> None:
        """Make the job where there is none, on whichever node. Raises StorageUnavailable."""
        now = clock.now()

        def work(tx: Transaction) -> None:
            tx.due_work.add(self.kind, _THE_ONLY_ONE, now)

        storage.run(work)
