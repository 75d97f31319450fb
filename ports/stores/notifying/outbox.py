"""Letters that wait to be sent."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from domain.model.mail import Mail


class OutboxStore(Protocol):
    """Mail, written in the transaction that caused it. Encrypted at rest."""

    def add(self, mail: Mail, created_at: datetime) -> int:
        """Keep a letter; its id."""
        ...

    def get(self, mail_id: int) -> Mail | None:
        """The letter; None where it was sent."""
        ...

    def remove(self, mail_id: int) -> None:
        """Forget a letter that was sent."""
        ...

    def depth(self) -> int:
        """How many letters wait."""
        ...
