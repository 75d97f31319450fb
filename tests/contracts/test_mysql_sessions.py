"""What a connection to MySQL or MariaDB asks for, whatever the server's own settings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text

from adapters.sql.mysql import ANSWER_TIMEOUT_SECONDS, LOCK_WAIT_SECONDS
from adapters.sql.opening import open_database


@pytest.fixture
def patient_server(mariadb_url: str) -> Iterator[str]:
    """A server that waits for locks as long as MySQL does by default."""
    engine = create_engine(mariadb_url)
    with engine.connect() as connection:
        before = connection.execute(text("SELECT @@GLOBAL.innodb_lock_wait_timeout")).scalar_one()
        connection.execute(text("SET GLOBAL innodb_lock_wait_timeout = 50"))
        yield mariadb_url
        connection.execute(text(f"SET GLOBAL innodb_lock_wait_timeout = {before}"))
    engine.dispose()


def test_a_lock_is_waited_for_less_long_than_an_answer(patient_server: str) -> None:
    """Else the wait would count as a lost connection, and hold up the orders of everybody."""
    # contract: G8, G11
    database = open_database(patient_server, 2)
    with database.writing() as connection:
        waits = connection.execute(text("SELECT @@SESSION.innodb_lock_wait_timeout")).scalar_one()
    database.close()
    assert waits == LOCK_WAIT_SECONDS < ANSWER_TIMEOUT_SECONDS
