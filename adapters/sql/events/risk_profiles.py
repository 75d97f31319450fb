"""Risk profiles, in SQL."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

import msgspec
from sqlalchemy import BigInteger, Column, Connection, Dialect, Executable, String, Table, Text, bindparam, select

from adapters.sql.prepared import Prepared
from adapters.sql.schema_metadata import metadata
from adapters.sql.upserts import upsert
from domain.model.risk_profiles import RATINGS, RiskProfile

risk_profiles = Table(
    "risk_profiles",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("rating", String(16), nullable=False),
    Column("thresholds", Text, nullable=False, comment="JSON: alert code to limit"),
)


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


def profile_to_row(user_id: int, profile: RiskProfile) -> dict[str, object]:
    thresholds = {str(code): str(limit) for code, limit in profile.thresholds.items()}
    return {"user_id": user_id, "rating": profile.rating, "thresholds": msgspec.json.encode(thresholds).decode()}


def profile_from_row(rating: str, thresholds: str) -> RiskProfile:
    kept = msgspec.json.decode(thresholds, type=dict[int, str])
    return RiskProfile(RATINGS[rating], {code: _limit(text) for code, text in kept.items()})


def _limit(text: str) -> Decimal | int:
    return Decimal(text) if "." in text else int(text)  # parsed amounts have two decimals, counts none


def _find(dialect: Dialect, size: int) -> Executable:
    ids = [bindparam(f"id{number}", type_=risk_profiles.c.user_id.type) for number in range(size)]
    table = risk_profiles.c
    return select(table.user_id, table.rating, table.thresholds).where(table.user_id.in_(ids))


_FIND = Prepared(_find)
