"""Fixtures that several suites share: a storage of each kind, and databases of the test's own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from adapters.keyring import KeyRing
from adapters.memory.storage import MemoryStorage
from adapters.sql.opening import open_database
from adapters.sql.schema import migrate
from adapters.sql.unit_of_work import SqlStorage
from adapters.vault import AesGcmVault
from ports.storage import Storage
from tests.mariadb import MariaDB, private_server, why_no_mariadb

LONG = os.environ.get("HUCHA_PROOF") == "long"
"""Whether the proofs run in full, as `make proof` does."""

THREADS = 10
"""For how many threads the tests open a database."""

VAULT = AesGcmVault(KeyRing([b"the key of every test's database"]))

# Where this names a bundle of certificates, PyMySQL reads it for each connection: longer than most tests take.
os.environ["SSL_CERT_FILE"] = os.devnull

settings.register_profile("short", deadline=None, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=2_000)
settings.load_profile("long" if LONG else "short")


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """A server of this run's own; where none can be started, the test is skipped, but not in CI."""
    reason = why_no_mariadb()
    if reason is not None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    with private_server() as server:
        yield server


@pytest.fixture(scope="session")
def _kept_url(mariadb: MariaDB) -> str:
    url = mariadb.new_database()
    _migrate(url)
    return url


@pytest.fixture
def mariadb_url(mariadb: MariaDB, _kept_url: str) -> str:
    """A migrated MariaDB database without a row in it. Making one anew would take 0.2 s."""
    mariadb.empty(_kept_url)
    return _kept_url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with every table and no row, to be copied: that is forty times as quick as a migration."""
    file = tmp_path_factory.mktemp("migrated") / "hucha.db"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_sqlite: Path) -> str:
    """A migrated SQLite database without a row in it."""
    file = tmp_path / "hucha.db"
    shutil.copy(migrated_sqlite, file)
    return f"sqlite:///{file}"


@pytest.fixture(params=["sqlite", "mariadb"])
def url(request: pytest.FixtureRequest) -> str:
    """A migrated database of each SQL kind without a row in it."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture(params=["sqlite", "mariadb"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each SQL kind without even a table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    return request.getfixturevalue("mariadb").new_database()


@pytest.fixture
def open_storage() -> Iterator[Callable[..., SqlStorage]]:
    """Opens the storage at a URL, and closes it when the test ends."""
    opened = []

    def open_one(url: str, **others: Any) -> SqlStorage:
        storage = SqlStorage(open_database(url, THREADS), VAULT, **others)
        opened.append(storage)
        return storage

    yield open_one
    for storage in opened:
        storage.close()


@pytest.fixture(params=["memory", "sqlite", "mariadb"])
def storage(request: pytest.FixtureRequest, open_storage: Callable[[str], SqlStorage]) -> Storage:
    """An empty storage of each kind."""
    if request.param == "memory":
        return MemoryStorage()
    return open_storage(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def sql_storage(url: str, open_storage: Callable[[str], SqlStorage]) -> SqlStorage:
    """An empty storage of each SQL kind."""
    return open_storage(url)


def _migrate(url: str) -> None:
    database = open_database(url, 1)
    try:
        migrate(database)
    finally:
        database.close()
