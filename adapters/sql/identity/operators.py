"""Operators, in SQL."""

from __future__ import annotations

import attrs
from sqlalchemy import Column, Connection, String, Table, delete, insert, select
from sqlalchemy.exc import IntegrityError

from adapters.sql.schema_metadata import metadata
from adapters.sql.types import Instant
from domain.model.errors import OperatorNameTaken, OperatorNotFound
from domain.model.operators import Operator

operators = Table(
    "operators",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("key_fingerprint", String(128), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
)


class SqlOperatorStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, operator: Operator) -> None:
        try:
            self._connection.execute(insert(operators), attrs.asdict(operator))
        except IntegrityError:
            raise OperatorNameTaken(operator.name) from None

    def remove(self, name: str) -> None:
        if self._connection.execute(delete(operators).where(operators.c.name == name)).rowcount == 0:
            raise OperatorNotFound(name)

    def by_fingerprint(self, key_fingerprint: str) -> Operator | None:
        query = select(operators).where(operators.c.key_fingerprint == key_fingerprint)
        row = self._connection.execute(query).mappings().one_or_none()
        return None if row is None else Operator(**row)
