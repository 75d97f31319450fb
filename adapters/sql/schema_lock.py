"""One node at a time changes the schema of a MySQL or MariaDB database.

A committed row says who does, so it holds across the nodes of a cluster, where GET_LOCK and row locks are local to one.
The claim is a lease that its holder renews: a node that dies while it migrates keeps the others waiting
for no longer than `LEASE_SECONDS`.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

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


@contextmanager
def schema_lock(engine: Engine) -> Iterator[None]:
    """Hold the lock of this database's schema; waits until it is free."""
    owner = uuid.uuid4().hex
    with engine.connect() as connection:
        connection.execute(_TABLE)
        connection.execute(_ROW)
        connection.commit()
        while not _claim(connection, owner):
            time.sleep(POLL_SECONDS)
        released = threading.Event()
        renewer = threading.Thread(target=_renew, args=(connection, owner, released), daemon=True)
        renewer.start()
        try:
            yield
        finally:
            released.set()
            renewer.join()
            connection.execute(_RELEASE, {"owner": owner})
            connection.commit()


def _claim(connection: Connection, owner: str) -> bool:
    """Claim or renew; a deadlock or a lost certification in a cluster means that someone else was faster."""
    try:
        claimed = connection.execute(_CLAIM, {"owner": owner, "seconds": LEASE_SECONDS}).rowcount == 1
        connection.commit()
        return claimed
    except DBAPIError as error:
        connection.rollback()
        if error.orig is not None and error.orig.args[0] in (1205, 1213):
            return False
        raise


def _renew(connection: Connection, owner: str, released: threading.Event) -> None:
    while not released.wait(RENEW_SECONDS):
        _claim(connection, owner)
