"""Who is signed in."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from domain.model.sessions import Identity, RefreshToken, Session


class SessionStore(Protocol):
    """Sessions and the families of refresh tokens behind them."""

    def add(self, session: Session) -> None:
        """Keep a session."""
        ...

    def identify(self, session_id: str, now: datetime) -> Identity | None:
        """Who is signed in by this session; None where it ended or expired."""
        ...

    def add_refresh(self, token: RefreshToken) -> None:
        """Keep a refresh token."""
        ...

    def refresh_token(self, fingerprint: str) -> RefreshToken | None:
        """The refresh token with this fingerprint, used or not."""
        ...

    def use(self, fingerprint: str, now: datetime) -> bool:
        """Mark a refresh token as used; False, and nothing changes, where it was: of two callers one gets True."""
        ...

    def families(self, user_id: int, now: datetime) -> list[str]:
        """The user's families that live, by id: with a session or an unused refresh token that hasn't expired. In the
        order of signing in, as `family_expires_at` tells it; those without an unused refresh token first.
        """
        ...

    def end_family(self, family_id: str) -> None:
        """Forget a family's refresh tokens and all its sessions."""
        ...

    def end_session(self, session_id: str) -> None:
        """Forget a session, with the whole family that it belongs to."""
        ...

    def end_all(self, user_id: int) -> None:
        """Forget all sessions and refresh tokens of a user."""
        ...

    def purge(self, now: datetime) -> None:
        """Forget what expired."""
        ...
