"""Alembic's migrations. A migration that was released is never edited; the next one goes on from it, and its file's
name begins with the next number.

MySQL commits every change of the schema by itself, so a migration may be cut off anywhere: each of its steps is
one that does nothing where it was done before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Column

MYSQL_OPTIONS: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
"""Of every table on MySQL and MariaDB: transactions, all of Unicode, and text that compares by its bytes."""


def create_index_once(name: str, table: str, columns: Sequence[str]) -> None:
    """Create an index where there is none of that name (MySQL has no IF NOT EXISTS for it)."""
    from alembic import op
    from sqlalchemy import inspect

    if name not in {index["name"] for index in inspect(op.get_bind()).get_indexes(table)}:
        op.create_index(name, table, columns)


def drop_index_once(name: str, table: str) -> None:
    """Drop an index where there is one of that name."""
    from alembic import op
    from sqlalchemy import inspect

    if name in {index["name"] for index in inspect(op.get_bind()).get_indexes(table)}:
        op.drop_index(name, table)


def add_column_once(table: str, column: Column[Any]) -> None:
    """Add a column where there is none of that name."""
    from alembic import op
    from sqlalchemy import inspect

    if column.name not in {present["name"] for present in inspect(op.get_bind()).get_columns(table)}:
        op.add_column(table, column)
