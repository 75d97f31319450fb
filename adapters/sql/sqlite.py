"""SQLite: one kept connection writes, behind a fair lock; a pool of others reads snapshots of the WAL."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, QueuePool

from adapters.sql.database import connected
from adapters.sql.errors import ErrorKind
from adapters.sql.fair_lock import FairLock
from adapters.sql.prepared import driver_cursor
from domain.model.errors import StorageUnavailable

BUSY_TIMEOUT_SECONDS = 5
"""How long SQLite waits for another process's write before it says that the database is locked."""

_AGAIN = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_GONE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR}
_UNFIT = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_PRIMARY_CODE = 0xFF


class SqliteDatabase:
    """A database file, which is made where there is none."""

    commits_may_be_lost = False

    def __init__(self, url: URL, connections: int) -> None:
        if not url.database or url.database == ":memory:" or url.database.startswith("file:") or url.query:
            raise ValueError("must name a plain file, as in sqlite:///var/hucha.db")
        folder = Path(url.database).absolute().parent
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"needs the folder {folder}, which can't be made: {error.strerror}") from None
        self._write_engine = _engine(url, "BEGIN IMMEDIATE", poolclass=NullPool)
        self._read_engine = _engine(
            url, "BEGIN", "PRAGMA query_only = ON", poolclass=QueuePool, pool_size=connections, max_overflow=connections
        )
        self._path = os.path.abspath(url.database)
        self._file: tuple[int, int] | None = None
        """Which file it is that was opened first; one that takes its place later is another database."""

        self._lock = FairLock()
        self._writer: Connection | None = None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self._lock:
            self._require_the_file()
            writer = self._writer or self._connected(self._write_engine)
            self._writer = None  # a writer that fails below isn't used again
            try:
                transaction = writer.begin()
                try:
                    yield writer
                finally:
                    if transaction.is_active:
                        transaction.rollback()
                self._writer = writer
            except DBAPIError:
                writer.invalidate()
                writer.close()
                raise
            except BaseException:
                self._writer = writer  # the work's own exception: the connection is sound
                raise

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """DDL is transactional here, and BEGIN IMMEDIATE keeps other processes out."""
        with self.writing() as connection:
            yield connection
            connection.commit()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        self._require_the_file()
        with self._connected(self._read_engine) as connection, connection.begin():
            yield connection

    def classify(self, error: DBAPIError) -> ErrorKind:
        code = getattr(error.orig, "sqlite_errorcode", 0) & _PRIMARY_CODE
        if code in _AGAIN:
            return ErrorKind.ROLLED_BACK
        if code in _GONE:
            return ErrorKind.LOST
        return ErrorKind.UNFIT if code in _UNFIT else ErrorKind.OTHER

    def _require_the_file(self) -> None:
        """Refuse to go on where the file was deleted or replaced: what is written to the old one is lost."""
        if self._file is not None and _identity(self._path) != self._file:
            raise StorageUnavailable("its file was deleted or replaced; start again to use what is there now")

    def _connected(self, engine: Engine) -> Connection:
        if self._file is not None:
            return connected(engine, self)
        _make_private(self._path)
        connection = connected(engine, self)
        self._file = _identity(self._path)
        return connection

    def close(self) -> None:
        writer, self._writer = self._writer, None  # one that is in use isn't here, and isn't waited for
        if writer is not None:
            writer.close()
        self._write_engine.dispose()
        self._read_engine.dispose()


def _identity(path: str) -> tuple[int, int] | None:
    """What tells a file from another one of the same name; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _make_private(path: str) -> None:
    """Make an empty file for us alone where there is none; SQLite gives its -wal and -shm the same mode."""
    with _making, suppress(OSError):  # SQLite says by itself what keeps it from using the path
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


_making = threading.Lock()
"""Nobody in this process has opened the file yet when its maker closes it: that would end SQLite's locks on it."""


def _engine(url: URL, begin: str, *pragmas: str, **options: Any) -> Engine:
    """An engine whose connections begin in their own words: the driver must not begin by itself."""
    driver = {"isolation_level": None, "timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
    engine = create_engine(url, connect_args=driver, hide_parameters=True, **options)

    @event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, record: object) -> None:
        # FULL: a commit is on the disk before it is answered, through a power cut too.
        for pragma in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON", *pragmas):
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        with driver_cursor(connection, begin) as cursor:
            cursor.execute(begin)

    return engine
