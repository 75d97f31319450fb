"""Risk profiles, in SQL."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, Dialect, Executable, bindparam, select

from adapters.sql.prepared import Prepared
from adapters.sql.rows import profile_from_row, profile_to_row
from adapters.sql.tables import risk_profiles
from adapters.sql.upserts import upsert
from domain.model.risk_profiles import RiskProfile


class SqlRiskProfileStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, user_ids: Collection[int]) -> dict[int, RiskProfile]:
        if not user_ids:
            return {}
        rows = _FIND.all(self._connection, tuple(user_ids), size=len(user_ids))
        return {user_id: profile_from_row(rating, thresholds) for user_id, rating, thresholds in rows}

    def put(self, user_id: int, profile: RiskProfile) -> None:
        self._connection.execute(upsert(self._connection.dialect, risk_profiles), profile_to_row(user_id, profile))


def _find(dialect: Dialect, size: int) -> Executable:
    ids = [bindparam(f"id{number}", type_=risk_profiles.c.user_id.type) for number in range(size)]
    table = risk_profiles.c
    return select(table.user_id, table.rating, table.thresholds).where(table.user_id.in_(ids))


_FIND = Prepared(_find)
