"""SQLite: one kept connection writes, behind a fair lock; a pool of others reads snapshots of the WAL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, QueuePool

from adapters.sql.database import Trouble
from adapters.sql.fair_lock import FairLock
from adapters.sql.prepared import driver_cursor

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
        self._lock = FairLock()
        self._writer: Connection | None = None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self._lock:
            writer = self._writer or self._write_engine.connect()
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

    migrating = writing
    """DDL is transactional here, and BEGIN IMMEDIATE keeps other processes out."""

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._read_engine.connect() as connection, connection.begin():
            yield connection

    def trouble(self, error: DBAPIError) -> Trouble:
        code = getattr(error.orig, "sqlite_errorcode", 0) & _PRIMARY_CODE
        if code in _AGAIN:
            return Trouble.ROLLED_BACK
        if code in _GONE:
            return Trouble.LOST
        return Trouble.UNFIT if code in _UNFIT else Trouble.OTHER

    def close(self) -> None:
        writer, self._writer = self._writer, None  # one that is in use isn't here, and isn't waited for
        if writer is not None:
            writer.close()
        self._write_engine.dispose()
        self._read_engine.dispose()


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
