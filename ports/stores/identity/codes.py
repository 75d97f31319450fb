"""One-time codes."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from domain.model.codes import CodePurpose, OneTimeCode


class CodeStore(Protocol):
    """OTPs and reset tokens, as keyed hashes. Callers hold the lock of the user's account."""

    def add(self, code: OneTimeCode) -> None:
        """Keep a code."""
        ...

    def since(self, user_id: int, purpose: CodePurpose, instant: datetime) -> list[OneTimeCode]:
        """The user's codes of this purpose made at or after the instant, oldest first."""
        ...

    def set_tries(self, code_id: str, tries: int, *, used: bool) -> None:
        """Keep how often the code was tried, and whether it was used."""
        ...

    def use_all(self, user_id: int) -> None:
        """Mark all of a user's codes as used; their tries stay."""
        ...

    def purge(self, before: datetime) -> None:
        """Forget the codes made before this instant."""
        ...
