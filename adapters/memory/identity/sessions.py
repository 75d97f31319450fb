"""Who is signed in, in memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

from adapters.memory.money.ledger import Users
from adapters.memory.undo import UndoLog, drop, put
from domain.model.sessions import Identity, RefreshToken, Session


class MemorySessionStore:
    def __init__(self, undo: UndoLog, users: Users) -> None:
        self._undo = undo
        self._users = users
        self._sessions: dict[str, Session] = {}
        self._tokens: dict[str, RefreshToken] = {}

    def add(self, session: Session) -> None:
        put(self._sessions, session.id, session, self._undo)

    def identify(self, session_id: str, now: datetime) -> Identity | None:
        session = self._sessions.get(session_id)
        if session is None or now >= session.expires_at:
            return None
        user = self._users.get(session.user_id)
        return None if user is None else Identity(user.id, user.account_number, session_id)

    def add_refresh(self, token: RefreshToken) -> None:
        put(self._tokens, token.fingerprint, token, self._undo)

    def refresh_token(self, fingerprint: str) -> RefreshToken | None:
        return self._tokens.get(fingerprint)

    def use(self, fingerprint: str, now: datetime) -> bool:
        token = self._tokens.get(fingerprint)
        if token is None or token.used_at is not None:
            return False
        put(self._tokens, fingerprint, attrs.evolve(token, used_at=now), self._undo)
        return True

    def families(self, user_id: int, now: datetime) -> list[str]:
        unused = [one for one in self._tokens.values() if one.user_id == user_id and one.used_at is None]
        begun = {one.family_id: one.family_expires_at for one in unused}
        live = {one.family_id for one in unused if now < one.expires_at}
        live |= {one.family_id for one in self._sessions.values() if one.user_id == user_id and now < one.expires_at}
        return sorted(live, key=lambda family: (family in begun, begun.get(family), family))

    def end_family(self, family_id: str) -> None:
        self._forget(lambda one: one.family_id == family_id)

    def end_session(self, session_id: str) -> None:
        session = self._sessions.get(session_id)
        if session is not None:
            self.end_family(session.family_id)

    def end_all(self, user_id: int) -> None:
        self._forget(lambda one: one.user_id == user_id)

    def purge(self, now: datetime) -> None:
        self._forget(lambda one: one.expires_at <= now)

    def _forget(self, which: Callable[[Session | RefreshToken], bool]) -> None:
        for session in [one for one in self._sessions.values() if which(one)]:
            drop(self._sessions, session.id, self._undo)
        for token in [one for one in self._tokens.values() if which(one)]:
            drop(self._tokens, token.fingerprint, self._undo)
