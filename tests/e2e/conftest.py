"""Databases whose writers can be kept waiting: that makes a request as slow as a test needs it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Lock = Callable[[], Callable[[], None]]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where `hucha` started in `tmp_path` keeps its data."""
    return tmp_path / "var" / "hucha.db"


@pytest.fixture
def lock(database: Path) -> Iterator[Lock]:
    """Locks the database against writers, as another process's long transaction does; returns what unlocks it."""
    opened: list[sqlite3.Connection] = []

    def locking() -> Callable[[], None]:
        connection = sqlite3.connect(database, isolation_level=None)
        opened.append(connection)
        connection.execute("BEGIN IMMEDIATE")
        return connection.close

    yield locking
    for connection in opened:
        connection.close()
