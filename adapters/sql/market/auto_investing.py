"""For whom the bot trades, in SQL."""

from __future__ import annotations

from collections.abc import Collection

import attrs
from sqlalchemy import Connection, select

from adapters.sql.rows import auto_investing_from_row
from adapters.sql.tables import auto_investing
from adapters.sql.upserts import upsert
from domain.model.auto_investing import AutoInvesting


class SqlAutoInvestingStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def load(self, user_ids: Collection[int]) -> dict[int, AutoInvesting]:
        query = select(auto_investing).where(auto_investing.c.user_id.in_(user_ids))
        found = {row.user_id: auto_investing_from_row(row) for row in self._connection.execute(query)}
        return {user_id: found.get(user_id) or AutoInvesting(user_id) for user_id in user_ids}

    def save(self, state: AutoInvesting) -> None:
        self._connection.execute(upsert(self._connection.dialect, auto_investing), attrs.asdict(state))
