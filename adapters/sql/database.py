"""What the unit of work must know of a database."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from adapters.sql.errors import ErrorKind, reason
from domain.model.errors import StorageUnavailable


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


def connected(engine: Engine, database: Database) -> Connection:
    """A connection of the engine's. Raises StorageUnavailable for any error of the driver that has no other meaning."""
    try:
        return engine.connect()
    except DBAPIError as error:
        if database.classify(error) is ErrorKind.OTHER:
            raise StorageUnavailable(reason(error)) from error
        raise
