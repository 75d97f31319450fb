"""What the unit of work must know of a database, and the choice of one by its URL."""

from __future__ import annotations

from contextlib import AbstractContextManager
from enum import Enum
from typing import Protocol

from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError


class ErrorKind(Enum):
    """What an error of the driver means for the transaction in which it came."""

    ROLLED_BACK = "for certain not committed: run the whole transaction again"
    STOPPED = "the statement was ended from outside: not committed, unless COMMIT was under way"
    LOST = "the connection is gone: not committed, unless COMMIT was under way"
    UNFIT = "full, read-only, spoilt or closed to us: not committed, and trying again won't help"
    OTHER = "a mistake of ours"


class Database(Protocol):
    """Connections to one database."""

    commits_may_be_lost: bool
    """Whether the answer to a COMMIT can get lost, so that nobody knows if it took place."""

    def writing(self) -> AbstractContextManager[Connection]:
        """A connection in a write transaction; what isn't committed when the block ends is rolled back.

        Raises what the driver raises, StorageUnavailable where there is no connection to be had and no telling why,
        and the pool's TimeoutError.
        """
        ...

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection in a read-only transaction over one snapshot. Raises as `writing` does."""
        ...

    def migrating(self) -> AbstractContextManager[Connection]:
        """A connection that changes the schema while nobody else, on any node, does; committed at the block's end.

        Raises Retry instead of committing where it took so long that somebody else may have begun.
        """
        ...

    def classify(self, error: DBAPIError) -> ErrorKind:
        """What this error means."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...


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
