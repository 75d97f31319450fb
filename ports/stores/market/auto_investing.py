"""For whom the bot trades."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from domain.model.auto_investing import AutoInvesting


class AutoInvestingStore(Protocol):
    """The bot's state by user. Callers that write hold the lock of the user's account."""

    def load(self, user_ids: Collection[int]) -> dict[int, AutoInvesting]:
        """The state of each of these users, a fresh one for who never switched the bot on."""
        ...

    def save(self, state: AutoInvesting) -> None:
        """Keep a state in place of the one before."""
        ...
