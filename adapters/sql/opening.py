"""The choice of a database by its URL. What speaks to one kind is imported where that kind is chosen."""

from __future__ import annotations

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from adapters.sql.database import Database


def open_database(url: str, connections: int) -> Database:
    """The database at an SQLAlchemy URL, with `connections` for that many threads; nothing is connected yet.

    Raises ValueError, with a text for people, where the URL names nothing that Hucha can use.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError("is no database URL, such as sqlite:///var/hucha.db") from None
    if parsed.drivername == "sqlite":
        from adapters.sql.sqlite import SqliteDatabase

        return SqliteDatabase(parsed, connections)
    if parsed.drivername in ("mysql+pymysql", "mariadb+pymysql"):
        from adapters.sql.mysql import MysqlDatabase

        return MysqlDatabase(parsed.set(drivername="mysql+pymysql"), connections)
    raise ValueError("must begin with sqlite:/// or mysql+pymysql://")
