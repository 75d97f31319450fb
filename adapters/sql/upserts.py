"""Insert a row, or replace or keep the one that has its key, in each database's own words.

A dialect is imported when it is spoken: start-up pays for one only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Dialect, Executable, Table, insert


def insert_row(connection: Connection, table: Table, values: Mapping[str, object]) -> int:
    """Insert one row; the id that the database gave it. Raises DBAPIError."""
    key = connection.execute(insert(table), values).inserted_primary_key
    assert key is not None  # of one row it is always known
    return int(key[0])


def upsert(dialect: Dialect, table: Table) -> Executable:
    """An INSERT of every column that, where the primary key is taken, sets the other columns instead."""
    key = [column.name for column in table.primary_key]
    others = [column.name for column in table.c if column.name not in key]
    if dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        row = sqlite.insert(table)
        return row.on_conflict_do_update(index_elements=key, set_={name: row.excluded[name] for name in others})
    from sqlalchemy.dialects import mysql

    replacing = mysql.insert(table)
    return replacing.on_duplicate_key_update({name: replacing.inserted[name] for name in others})


def insert_once(dialect: Dialect, table: Table) -> Executable:
    """An INSERT that does nothing where a unique key of the row is taken."""
    if dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects import mysql

    unchanged = next(iter(table.primary_key))
    return mysql.insert(table).on_duplicate_key_update({unchanged.name: unchanged})


def add_on_conflict(dialect: Dialect, table: Table, columns: Sequence[str]) -> Executable:
    """An INSERT that, where the primary key is taken, adds to these columns of the row that is there."""
    key = [one.name for one in table.primary_key]
    if dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        row = sqlite.insert(table)
        return row.on_conflict_do_update(
            index_elements=key, set_={one: table.c[one] + row.excluded[one] for one in columns}
        )
    from sqlalchemy.dialects import mysql

    adding = mysql.insert(table)
    return adding.on_duplicate_key_update({one: table.c[one] + adding.inserted[one] for one in columns})
