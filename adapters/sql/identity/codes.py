"""One-time codes, in SQL."""

from __future__ import annotations

from datetime import datetime

import attrs
from sqlalchemy import Connection, delete, insert, select, update

from adapters.sql.tables import one_time_codes
from domain.model.codes import CodePurpose, OneTimeCode


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
