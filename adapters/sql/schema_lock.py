"""One node at a time changes the schema of a MySQL or MariaDB database.

A committed row says who does, so it holds across the nodes of a cluster, where GET_LOCK and row locks are local to one.
The claim is a lease that its holder renews: a node that dies while it migrates keeps the others waiting
for no longer than `LEASE_SECONDS`.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import attrs
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from adapters.sql.errors import Retry, reason
from domain.model.errors import StorageUnavailable

LEASE_SECONDS = 15
RENEW_SECONDS = 4
POLL_SECONDS = 0.2

_TABLE = text(
    "CREATE TABLE IF NOT EXISTS schema_lock (id INT PRIMARY KEY, owner VARCHAR(36) NULL, until BIGINT NOT NULL)"
)
_ROW = text("INSERT IGNORE INTO schema_lock (id, owner, until) VALUES (1, NULL, 0)")
_CLAIM = text(
    "UPDATE schema_lock SET owner = :owner, until = UNIX_TIMESTAMP() + :seconds "
    "WHERE id = 1 AND (owner IS NULL OR owner = :owner OR until < UNIX_TIMESTAMP())"
)
_RELEASE = text("UPDATE schema_lock SET owner = NULL WHERE id = 1 AND owner = :owner")


_RENEW = text("UPDATE schema_lock SET until = UNIX_TIMESTAMP() + :seconds WHERE id = 1 AND owner = :owner")

Connect = Callable[[], Connection]

_log = logging.getLogger("hucha.storage")


@attrs.frozen
class Claim:
    """The right of one node to change the schema."""

    owner: str

    def confirm(self, connection: Connection) -> None:
        """Make sure that nobody else has claimed the schema, nor can until this connection's transaction ends.

        Raises Retry where somebody has.
        """
        if not self._renew(connection):
            raise Retry from RuntimeError("another node claimed the schema")

    def keep(self, connect: Connect, released: threading.Event) -> None:
        """Renew until released or refused; a connection that breaks isn't the end, while the lease lasts."""
        while not released.wait(RENEW_SECONDS):
            try:
                with connect() as connection:
                    claimed = self._renew(connection)
                    connection.commit()
            except _TROUBLES as error:
                _log.warning("couldn't renew the claim of the schema", extra={"reason": reason(error)})
            else:
                if not claimed:
                    return

    def release(self, connect: Connect) -> None:
        """Let others claim; where that fails, the lease runs out by itself."""
        for _ in range(2):  # the first connection may have broken while it was idle
            try:
                with connect() as connection:
                    connection.execute(_RELEASE, {"owner": self.owner})
                    connection.commit()
                return
            except _TROUBLES as error:
                _log.warning("couldn't release the claim of the schema", extra={"reason": reason(error)})

    def _renew(self, connection: Connection) -> bool:
        return connection.execute(_RENEW, {"owner": self.owner, "seconds": LEASE_SECONDS}).rowcount == 1


_TROUBLES = (DBAPIError, PoolTimeout, StorageUnavailable)


@contextmanager
def schema_lock(connect: Connect) -> Iterator[Claim]:
    """Hold the lock of this database's schema; waits until it is free."""
    claim = Claim(uuid.uuid4().hex)
    with connect() as connection:
        connection.execute(_TABLE)
        connection.execute(_ROW)
        connection.commit()
        while not _claimed(connection, claim.owner):
            time.sleep(POLL_SECONDS)
    released = threading.Event()
    renewer = threading.Thread(target=claim.keep, args=(connect, released), daemon=True)
    renewer.start()
    try:
        yield claim
    finally:
        released.set()
        renewer.join()
        claim.release(connect)


def _claimed(connection: Connection, owner: str) -> bool:
    """Try to claim; a deadlock or a lost certification in a cluster means that someone else was faster."""
    try:
        claimed = connection.execute(_CLAIM, {"owner": owner, "seconds": LEASE_SECONDS}).rowcount == 1
        connection.commit()
        return claimed
    except DBAPIError as error:
        connection.rollback()
        if error.orig is not None and error.orig.args[0] in (1205, 1213):
            return False
        raise
