"""Outcomes of requests that may come twice."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from domain.model.idempotency import KeptOutcome


class IdempotencyStore(Protocol):
    """What came of guarded requests, by user and key, which has no blank at its end.

    Callers hold the lock of the user's account.
    """

    def find(self, user_id: int, key: str, since: datetime) -> KeptOutcome | None:
        """The outcome kept under this key at or after `since`; an older one counts for nothing."""
        ...

    def keep(self, user_id: int, key: str, outcome: KeptOutcome) -> None:
        """Keep an outcome, in place of an older one."""
        ...

    def purge(self, before: datetime) -> None:
        """Forget the outcomes kept before this instant."""
        ...
