"""Bring a database's schema to the one that this code needs. Alembic is imported only where there is work for it."""

from __future__ import annotations

from functools import cache
from importlib import resources

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from adapters.sql.database import Database
from adapters.sql.errors import Retry, meaning
from adapters.sql.retries import until_settled
from domain.model.errors import StorageUnavailable


def migrate(database: Database) -> bool:
    """Apply the migrations that are missing; False where the schema was up to date.

    Safe when several nodes start together: one migrates, the others wait, then find nothing to do.
    Raises StorageUnavailable where the database can't be reached or isn't one that this version knows.
    """
    return until_settled(lambda: _migrate(database))


@cache
def head() -> str:
    """The newest migration: the greatest number that a file of theirs begins with."""
    files = resources.files("adapters.sql.migrations.versions").iterdir()
    return max(number for number in (file.name.partition("_")[0] for file in files) if number.isdigit())


def _migrate(database: Database) -> bool:
    try:
        with database.reading() as connection:
            if _version(connection) == head():
                return False
        with database.migrating() as connection:
            before = _version(connection)
            _upgrade(connection)
        return before != head()
    except DBAPIError as error:
        if isinstance(error, IntegrityError) and "alembic_version" in str(error.statement):
            raise Retry from error  # another node wrote the version first
        raise meaning(database.classify(error), error) from error


def _version(connection: Connection) -> str | None:
    try:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    except DBAPIError as error:
        if error.orig is not None and ("no such table" in str(error.orig) or error.orig.args[0] == 1146):
            return None
        raise


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", "adapters.sql:migrations")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StorageUnavailable(f"its schema isn't one that this version of Hucha knows: {error}") from error
