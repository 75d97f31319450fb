"""The database that the settings name: opened, brought up to date, compared with its keys, shown, copied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from domain.model.errors import StorageUnavailable
from entrypoints.key_file import Keys, keys_of
from entrypoints.settings import Settings, WrongSetting

if TYPE_CHECKING:
    from adapters.sql.database import Database


def open_database(settings: Settings) -> Database:
    """The settings' database; nothing is asked of it yet. Raises WrongSetting."""
    from adapters.sql.opening import open_database

    try:
        return open_database(settings.database_url, settings.threads)
    except ValueError as problem:
        raise WrongSetting("DATABASE_URL", str(problem)) from None


def migrate(database: Database) -> bool:
    """Bring the schema up to date; False where it was. Raises WrongSetting."""
    from adapters.sql.schema import migrate

    try:
        return migrate(database)
    except StorageUnavailable as error:
        raise WrongSetting("DATABASE_URL", f"names a database that can't be used: {error.reason}") from error


def migrate_only(settings: Settings) -> bool:
    """Bring the schema of the settings' database up to date; False where it was. Raises WrongSetting."""
    database = open_database(settings)
    try:
        return migrate(database)
    finally:
        database.close()


def migrate_with_keys(database: Database, settings: Settings) -> tuple[Keys, Keys]:
    """Bring the schema up to date; the secret keys and the data keys that the database was made with.

    Raises WrongSetting where they aren't those.
    """
    secret_keys, data_keys = keys_of(settings, lambda: _has_customers(database))
    migrate(database)
    _check_keys(database, {"SECRET_KEY": secret_keys, "DATA_KEY": data_keys})
    return secret_keys, data_keys


def shown_database(settings: Settings) -> str:
    """The URL of the database as people may see it: without the password, and a file's path from the root on."""
    from sqlalchemy.engine import make_url

    url = make_url(settings.database_url).set(query={})
    if url.drivername == "sqlite" and url.database:
        url = url.set(database=str(Path(url.database).absolute()))
    return url.render_as_string(hide_password=True)


def require_database(settings: Settings) -> None:
    """Raises WrongSetting where the settings name a file that isn't there: what only looks makes no database."""
    from sqlalchemy.engine import make_url

    open_database(settings).close()  # is it one of ours?
    url = make_url(settings.database_url)
    if url.drivername == "sqlite" and not Path(str(url.database)).exists():
        raise WrongSetting("DATABASE_URL", "names a file that isn't there")


def back_up(settings: Settings, target: Path) -> None:
    """Copy the database, which must be an SQLite file, into a new file. Raises WrongSetting, OSError."""
    from sqlalchemy.engine import make_url

    from adapters.sql.backup import back_up

    require_database(settings)
    url = make_url(settings.database_url)
    if url.drivername != "sqlite" or not url.database:
        raise WrongSetting("DATABASE_URL", "names a server, which has its own tools for backups")
    back_up(Path(url.database), target)


def _check_keys(database: Database, keys: Mapping[str, Sequence[bytes]]) -> None:
    from adapters.sql.key_proofs import wrong_keys

    for name in wrong_keys(database, keys):
        raise WrongSetting(name, "doesn't hold the key that the data in this database was made with")


def _has_customers(database: Database) -> bool:
    from sqlalchemy import select

    from adapters.sql.identity.users import users

    migrate(database)
    with database.reading() as connection:
        return connection.execute(select(users.c.id).limit(1)).first() is not None
