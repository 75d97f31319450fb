"""MySQL and MariaDB, by PyMySQL: a pool that writes at READ COMMITTED, and one that reads snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError

from adapters.sql.database import Trouble
from adapters.sql.schema_lock import schema_lock

CONNECT_TIMEOUT_SECONDS = 5
ANSWER_TIMEOUT_SECONDS = 30
"""How long a statement may take before its connection counts as lost; InnoDB's lock waits are shorter."""

RECYCLE_SECONDS = 3600
"""Connections are renewed at this age, well below the server's own eight hours."""

_AGAIN = {1020, 1205, 1213}
"""Record changed, lock wait timeout, deadlock: the server rolled back."""

_GONE = {1047, 1053, 1927, 2003, 2006, 2013, 2014, 2055, 4031}
"""Node not ready, shutting down, killed, can't connect, gone away, lost, out of step: another connection may do."""

_UNFIT = {1021, 1044, 1045, 1049, 1114, 1290, 1836}
"""Disk full, access denied, unknown database, table full, read-only."""

_OPTIONS = {"unix_socket", "ssl_ca", "ssl_cert", "ssl_key", "ssl_check_hostname", "ssl_verify_cert"}
"""What may follow the `?` of the URL."""


class MysqlDatabase:
    """A MySQL 8 or MariaDB 10.6+ server."""

    commits_may_be_lost = True

    def __init__(self, url: URL, connections: int) -> None:
        if not url.database:
            raise ValueError("must name a database, as in mysql+pymysql://user:password@host/hucha")
        if not url.query.keys() <= _OPTIONS:
            raise ValueError(f"takes no options but {', '.join(sorted(_OPTIONS))}")
        url = url.update_query_dict({"charset": "utf8mb4"})
        self._write_engine = _engine(url, "READ COMMITTED", connections)
        self._read_engine = _engine(url, "REPEATABLE READ", connections)

    def writing(self) -> AbstractContextManager[Connection]:
        return self._transaction(self._write_engine)

    def reading(self) -> AbstractContextManager[Connection]:
        return self._transaction(self._read_engine)

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        with engine.connect() as connection:
            connection.begin()
            try:
                yield connection  # closing it rolls back what wasn't committed
            except DBAPIError as error:
                connection.invalidate()  # whatever state it is in, nobody uses it again
                if self.trouble(error) is Trouble.LOST:
                    engine.dispose()  # its idle neighbours are likely to be lost too
                raise

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        with schema_lock(self._write_engine), self._write_engine.connect() as connection:
            yield connection

    def trouble(self, error: DBAPIError) -> Trouble:
        code = error.orig.args[0] if error.orig is not None and error.orig.args else None
        if code in _AGAIN:
            return Trouble.ROLLED_BACK
        if code in _GONE or error.connection_invalidated:
            return Trouble.LOST
        return Trouble.UNFIT if code in _UNFIT else Trouble.OTHER

    def close(self) -> None:
        self._write_engine.dispose()
        self._read_engine.dispose()


def _engine(url: URL, isolation: Any, connections: int) -> Engine:
    driver = {
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "read_timeout": ANSWER_TIMEOUT_SECONDS,
        "write_timeout": ANSWER_TIMEOUT_SECONDS,
        "init_command": "SET time_zone = '+00:00', sql_mode = 'TRADITIONAL'",
    }
    return create_engine(
        url,
        isolation_level=isolation,
        paramstyle="format",  # by position, as `Prepared` passes them
        connect_args=driver,
        pool_size=connections,
        max_overflow=connections,
        pool_recycle=RECYCLE_SECONDS,
        hide_parameters=True,
    )
