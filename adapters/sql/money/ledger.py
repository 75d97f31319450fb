"""Every movement of money, in SQL."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Executable,
    ForeignKey,
    Index,
    Select,
    String,
    Subquery,
    Table,
    bindparam,
    case,
    insert,
    select,
    union_all,
)

from adapters.sql.identity.users import users
from adapters.sql.mapping import as_found, two_decimals
from adapters.sql.prepared import Prepared
from adapters.sql.schema_metadata import metadata
from adapters.sql.types import Id, Instant, Money, money_check, money_sum
from domain.model.money import EXACT
from domain.model.transactions import RECEIVED, BookedMovement, Movement

transactions = Table(
    "transactions",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("user_id", Id, ForeignKey("users.id"), nullable=False),
    Column("target_user_id", Id, ForeignKey("users.id"), nullable=True),
    Column("type", String(32), nullable=False),
    Column("amount", Money, nullable=False),
    Column("category", String(255), nullable=True),
    Column("timestamp", Instant, nullable=False),
    Column("booked_at", Instant, nullable=False),
    Column("fraud", Boolean, nullable=True),
    Column("reference", String(140), nullable=True),
    money_check("amount"),
    Index("ix_transactions_user_id_id", "user_id", "id"),
    Index("ix_transactions_target_user_id_id", "target_user_id", "id"),
)


_NOTHING = Decimal("0.00")


class SqlLedgerStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, movement: Movement) -> int:
        return _APPEND.insert(self._connection, [getattr(movement, name) for name in _COLUMNS])

    def history(self, user_id: int, limit: int | None = None, before: int | None = None) -> list[BookedMovement]:
        most = _ENDLESS if limit is None else limit
        values = (user_id, _ENDLESS if before is None else before, most, 0)
        return [booked_from_row(row) for row in _HISTORY.rows(self._connection, values)]

    def sums(self) -> Iterable[tuple[int, Decimal]]:
        amount = transactions.c.amount
        own = self._sums_by(transactions.c.user_id, case((transactions.c.type.in_(RECEIVED), amount), else_=-amount))
        received = self._sums_by(transactions.c.target_user_id, amount)
        ids = sorted(own.keys() | received.keys())
        return [(id, as_found(EXACT.add(own.get(id, _NOTHING), received.get(id, _NOTHING)))) for id in ids]

    def _sums_by(self, user_id: ColumnElement[int], effect: ColumnElement[Decimal]) -> dict[int, Decimal]:
        total = money_sum(effect, self._connection.dialect)
        query = select(user_id, total).where(user_id.is_not(None)).group_by(user_id)
        return {id: as_found(sum) for id, sum in self._connection.execute(query)}


def booked_from_row(row: Any) -> BookedMovement:
    """From the values of a `transactions` row in the order of its columns, and of the two account numbers."""
    id, user_id, target_user_id, type, amount, category, timestamp, booked_at, fraud, reference, source, target = row
    movement = Movement(
        type=type,
        user_id=user_id,
        amount=two_decimals(amount),
        timestamp=timestamp,
        booked_at=booked_at,
        target_user_id=target_user_id,
        reference=reference,
        category=category,
        fraud=fraud,
    )
    return BookedMovement(id, movement, source, target)


def _history(dialect: Dialect, size: int) -> Executable:
    """Both sides of a user's history, each by its own index, with the account numbers."""
    both = union_all(*(select(_newest(transactions.c[side])) for side in ("user_id", "target_user_id"))).subquery()
    source, target = users.alias(), users.alias()
    query = (
        select(
            both,
            source.c.account_number.label("source_account_number"),
            target.c.account_number.label("target_account_number"),
        )
        .join(source, source.c.id == both.c.user_id)
        .outerjoin(target, target.c.id == both.c.target_user_id)
        .order_by(both.c.id.desc())
    )
    return _page(query)


def _newest(side: ColumnElement[int]) -> Subquery:
    mine = (side == bindparam("user_id"), transactions.c.id < bindparam("before"))
    return _page(select(transactions).where(*mine).order_by(transactions.c.id.desc())).subquery()


def _page(query: Select[Any]) -> Select[Any]:
    """With an offset that is always 0: where there is none, SQLite's is a bind without a name."""
    return query.limit(bindparam("limit", type_=BigInteger)).offset(bindparam("offset", type_=BigInteger))


def _append(dialect: Dialect, size: int) -> Executable:
    return insert(transactions).values({name: bindparam(name) for name in _COLUMNS})


_COLUMNS = [column.name for column in transactions.c if column.name != "id"]
_APPEND = Prepared(_append, _COLUMNS)
_HISTORY = Prepared(_history, ("user_id", "before", "limit", "offset"))
_ENDLESS = 2**63 - 1
