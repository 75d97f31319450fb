"""One-time codes, in SQL."""

from __future__ import annotations

from datetime import datetime

import attrs
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from adapters.sql.schema_metadata import metadata
from adapters.sql.types import Instant
from domain.model.codes import CodePurpose, OneTimeCode

one_time_codes = Table(
    "one_time_codes",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("purpose", String(32), nullable=False),
    Column("keyed_hash", String(160), nullable=False),
    Column("created_at", Instant, nullable=False, index=True),
    Column("expires_at", Instant, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("used", Boolean, nullable=False),
    Index("ix_one_time_codes_user_id_purpose_created_at", "user_id", "purpose", "created_at"),
)


class SqlCodeStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, code: OneTimeCode) -> None:
        self._connection.execute(insert(one_time_codes), attrs.asdict(code))

    def since(self, user_id: int, purpose: CodePurpose, instant: datetime) -> list[OneTimeCode]:
        code = one_time_codes.c
        query = (
            select(one_time_codes)
            .where(code.user_id == user_id, code.purpose == purpose, code.created_at >= instant)
            .order_by(code.created_at, code.id)
        )
        return [OneTimeCode(**row) for row in self._connection.execute(query).mappings()]

    def set_tries(self, code_id: str, tries: int, *, used: bool) -> None:
        change = update(one_time_codes).where(one_time_codes.c.id == code_id).values(tries=tries, used=used)
        self._connection.execute(change)

    def use_all(self, user_id: int) -> None:
        change = update(one_time_codes).where(one_time_codes.c.user_id == user_id).values(used=True)
        self._connection.execute(change)

    def purge(self, before: datetime) -> None:
        self._connection.execute(delete(one_time_codes).where(one_time_codes.c.created_at < before))
