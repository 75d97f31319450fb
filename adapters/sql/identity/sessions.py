"""Who is signed in, in SQL."""

from __future__ import annotations

from datetime import datetime

import attrs
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Dialect,
    Executable,
    Index,
    String,
    Table,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from adapters.sql.identity.users import users
from adapters.sql.prepared import Prepared
from adapters.sql.schema_metadata import metadata
from adapters.sql.types import Instant
from domain.model.sessions import Identity, RefreshToken, Session

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user_id", BigInteger, nullable=False, index=True),
    Column("family_id", String(36), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("fingerprint", String(128), primary_key=True),
    Column("family_id", String(36), nullable=False, index=True),
    Column("user_id", BigInteger, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("family_expires_at", Instant, nullable=False),
    Column("used_at", Instant, nullable=True),
    Index("ix_refresh_tokens_user_id_used_at", "user_id", "used_at"),
)


class SqlSessionStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, session: Session) -> None:
        self._connection.execute(insert(sessions), attrs.asdict(session))

    def identify(self, session_id: str, now: datetime) -> Identity | None:
        for user_id, account_number in _IDENTIFY.all(self._connection, (session_id, now)):
            return Identity(user_id, account_number, session_id)
        return None

    def add_refresh(self, token: RefreshToken) -> None:
        self._connection.execute(insert(refresh_tokens), attrs.asdict(token))

    def refresh_token(self, fingerprint: str) -> RefreshToken | None:
        query = select(refresh_tokens).where(refresh_tokens.c.fingerprint == fingerprint)
        row = self._connection.execute(query).mappings().one_or_none()
        return None if row is None else RefreshToken(**row)

    def use(self, fingerprint: str, now: datetime) -> bool:
        unused = (refresh_tokens.c.fingerprint == fingerprint, refresh_tokens.c.used_at.is_(None))
        return self._connection.execute(update(refresh_tokens).where(*unused).values(used_at=now)).rowcount == 1

    def families(self, user_id: int, now: datetime) -> list[str]:
        token, session = refresh_tokens.c, sessions.c
        unused = select(token.family_id, token.family_expires_at, token.expires_at).where(
            token.user_id == user_id, token.used_at.is_(None)
        )
        tokens = self._connection.execute(unused).all()
        begun = {family: family_end for family, family_end, _ in tokens}
        own = select(session.family_id).distinct().where(session.user_id == user_id, session.expires_at > now)
        live = set(self._connection.execute(own).scalars())
        live |= {family for family, _, expires_at in tokens if now < expires_at}
        return sorted(live, key=lambda family: (family in begun, begun.get(family), family))

    def end_family(self, family_id: str) -> None:
        self._end("family_id", family_id)

    def end_session(self, session_id: str) -> None:
        family = select(sessions.c.family_id).where(sessions.c.id == session_id)
        family_id = self._connection.execute(family).scalar_one_or_none()
        if family_id is not None:
            self._end("family_id", family_id)

    def end_all(self, user_id: int) -> None:
        self._end("user_id", user_id)

    def purge(self, now: datetime) -> None:
        for table in (refresh_tokens, sessions):
            self._connection.execute(delete(table).where(table.c.expires_at <= now))

    def _end(self, column: str, value: object) -> None:
        """Who rotates one of these tokens holds its row: wait for them first, so that what they add is deleted too."""
        tokens = select(refresh_tokens.c.fingerprint).where(refresh_tokens.c[column] == value)
        self._connection.execute(tokens.with_for_update()).all()
        for table in (refresh_tokens, sessions):
            self._connection.execute(delete(table).where(table.c[column] == value))


def _identify(dialect: Dialect, size: int) -> Executable:
    return (
        select(sessions.c.user_id, users.c.account_number)
        .join(users, users.c.id == sessions.c.user_id)
        .where(
            sessions.c.id == bindparam("session_id", type_=sessions.c.id.type),
            sessions.c.expires_at > bindparam("now", type_=sessions.c.expires_at.type),
        )
    )


_IDENTIFY = Prepared(_identify, ("session_id", "now"))
