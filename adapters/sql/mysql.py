"""MySQL and MariaDB, by PyMySQL: a pool that writes at READ COMMITTED, and one that reads snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pymysql
from pymysql.err import InterfaceError, InternalError
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from adapters.sql.database import connected
from adapters.sql.errors import ErrorKind
from adapters.sql.schema_lock import schema_lock

CONNECT_TIMEOUT_SECONDS = 5
ANSWER_TIMEOUT_SECONDS = 30
"""How long a statement may take before its connection counts as lost; InnoDB's lock waits are shorter."""

LOCK_WAIT_SECONDS = 5
"""How long InnoDB waits for a row that another transaction holds: well below the time for an answer."""

_SESSION = ("time_zone = '+00:00'", "sql_mode = 'TRADITIONAL'", f"innodb_lock_wait_timeout = {LOCK_WAIT_SECONDS}")

RECYCLE_SECONDS = 3600
"""Connections are renewed at this age, well below the server's own eight hours."""

_AGAIN = {1020, 1205, 1213}
"""Record changed, lock wait timeout, deadlock: the server rolled back."""

_STOPPED = {1206, 1317, 1969, 3024}
"""Too many locks, statement killed, out of time (MariaDB, MySQL): the transaction is given up with its connection."""

_GONE = {
    *(1040, 1203),  # no connection is free
    *(1047, 1053, 1927),  # the node isn't ready, shuts down, killed the connection
    *(1158, 1159, 1160, 1161),  # the server's end of the line is broken
    *(2003, 2006, 2013, 2014, 2055, 4031),  # ours: can't connect, gone away, lost, out of step
}
"""Another connection may do."""

_UNFIT = {
    *(1021, 1114),  # disk full, table full
    *(1044, 1045, 1049, 1129, 1130, 1142, 1226, 1698, 2026),  # they don't let us in, or not so far
    *(1146,),  # no such table: the schema isn't ours
    *(1290, 1792, 1836),  # read-only
}

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
        event.listen(self._read_engine, "connect", _only_read)

    def writing(self) -> AbstractContextManager[Connection]:
        return self._transaction(self._write_engine)

    def reading(self) -> AbstractContextManager[Connection]:
        return self._transaction(self._read_engine)

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        with connected(engine, self) as connection:
            connection.begin()
            try:
                yield connection  # closing it rolls back what wasn't committed
            except DBAPIError as error:
                connection.invalidate()  # whatever state it is in, nobody uses it again
                if self.classify(error) is ErrorKind.LOST:
                    engine.dispose()  # its idle neighbours are likely to be lost too
                raise

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        engine = self._write_engine
        with schema_lock(lambda: connected(engine, self)) as claim, connected(engine, self) as connection:
            yield connection
            claim.confirm(connection)
            connection.commit()

    def classify(self, error: DBAPIError) -> ErrorKind:
        code = error.orig.args[0] if error.orig is not None and error.orig.args else None
        if code in _AGAIN:
            return ErrorKind.ROLLED_BACK
        if code in _STOPPED:
            return ErrorKind.STOPPED
        if code in _GONE or error.connection_invalidated or _is_out_of_step(error.orig, code):
            return ErrorKind.LOST
        return ErrorKind.UNFIT if code in _UNFIT else ErrorKind.OTHER

    def close(self) -> None:
        self._write_engine.dispose()
        self._read_engine.dispose()


def _only_read(connection: pymysql.Connection[Any], record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION READ ONLY")


def _is_out_of_step(error: BaseException | None, code: object) -> bool:
    """Whether PyMySQL gave its connection up: closed, or an answer that isn't the one to its question."""
    return isinstance(error, InterfaceError) or (isinstance(error, InternalError) and isinstance(code, str))


def _engine(url: URL, isolation: Any, connections: int) -> Engine:
    driver = {
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "read_timeout": ANSWER_TIMEOUT_SECONDS,
        "write_timeout": ANSWER_TIMEOUT_SECONDS,
        "init_command": f"SET {', '.join(_SESSION)}",
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
