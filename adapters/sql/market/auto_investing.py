"""For whom the bot trades, in SQL."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import attrs
from sqlalchemy import BigInteger, Boolean, Column, Connection, Table, select

from adapters.sql.schema_metadata import metadata
from adapters.sql.types import Instant, Precise
from adapters.sql.upserts import upsert
from domain.model.assets import plain
from domain.model.auto_investing import AutoInvesting

auto_investing = Table(
    "auto_investing",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("enabled", Boolean, nullable=False),
    Column("changed_at", Instant, nullable=True),
    Column("realised", Precise, nullable=False, comment="the profit of the bot's sales"),
)


class SqlAutoInvestingStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def load(self, user_ids: Collection[int]) -> dict[int, AutoInvesting]:
        query = select(auto_investing).where(auto_investing.c.user_id.in_(user_ids))
        found = {row.user_id: _auto_investing_from_row(row) for row in self._connection.execute(query)}
        return {user_id: found.get(user_id) or AutoInvesting(user_id) for user_id in user_ids}

    def save(self, state: AutoInvesting) -> None:
        self._connection.execute(upsert(self._connection.dialect, auto_investing), attrs.asdict(state))


def _auto_investing_from_row(row: Any) -> AutoInvesting:
    return AutoInvesting(row.user_id, row.enabled, row.changed_at, plain(row.realised))
