"""Outcomes of requests that may come twice, in SQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, Connection, Dialect, Executable, String, Table, bindparam, delete, select

from adapters.sql.prepared import Prepared
from adapters.sql.schema_metadata import metadata
from adapters.sql.types import Instant
from adapters.sql.upserts import upsert
from domain.model.idempotency import KeptOutcome

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("idempotency_key", String(255), primary_key=True),
    Column("fingerprint", String(128), nullable=False),
    Column("outcome", BigInteger, nullable=False),
    Column("created_at", Instant, nullable=False, index=True),
)


class SqlIdempotencyStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, user_id: int, key: str, since: datetime) -> KeptOutcome | None:
        for fingerprint, outcome, created_at in _FIND.rows(self._connection, (user_id, key, since)):
            return KeptOutcome(fingerprint, outcome, created_at)
        return None

    def keep(self, user_id: int, key: str, outcome: KeptOutcome) -> None:
        row = (user_id, key, outcome.fingerprint, outcome.outcome, outcome.created_at)
        _KEEP.execute(self._connection, row)

    def purge(self, before: datetime) -> None:
        self._connection.execute(delete(idempotency_keys).where(idempotency_keys.c.created_at < before))


def _find(dialect: Dialect, size: int) -> Executable:
    kept = idempotency_keys.c
    return select(kept.fingerprint, kept.outcome, kept.created_at).where(
        kept.user_id == bindparam("user_id", type_=kept.user_id.type),
        kept.idempotency_key == bindparam("idempotency_key", type_=kept.idempotency_key.type),
        kept.created_at >= bindparam("since", type_=kept.created_at.type),
    )


def _keep(dialect: Dialect, size: int) -> Executable:
    return upsert(dialect, idempotency_keys)


_FIND = Prepared(_find, ("user_id", "idempotency_key", "since"))
_KEEP = Prepared(_keep, ("user_id", "idempotency_key", "fingerprint", "outcome", "created_at"))
