"""A bank in memory behind the whole WSGI app, two customers of it, and an operator's key to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from falcon import testing

from adapters.memory.clock import SetClock
from entrypoints.composition import Hucha, build, build_in_memory
from entrypoints.http.app import create_app
from entrypoints.settings import Settings
from tests.http.accounts import Customer, open_account

Clients = Callable[..., testing.TestClient]

CHEAP = 4
"""The least cost of bcrypt: the tests hash many passwords, and none is worth anything."""


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def hucha(clock: SetClock) -> Hucha:
    return build_in_memory(Settings(bcrypt_rounds=CHEAP), clock)


@pytest.fixture
def ana(hucha: Hucha, request: pytest.FixtureRequest) -> Customer:
    """A customer with 1000.00, or with what the mark `money` says."""
    return open_account(hucha, "ana", money_of("ana", request))


@pytest.fixture
def ben(hucha: Hucha, request: pytest.FixtureRequest) -> Customer:
    """Another."""
    return open_account(hucha, "ben", money_of("ben", request))


def money_of(name: str, request: pytest.FixtureRequest) -> str:
    mark = request.node.get_closest_marker("money")
    return str(mark.kwargs.get(name, "1000.00")) if mark else "1000.00"


@pytest.fixture
def client(hucha: Hucha) -> testing.TestClient:
    return testing.TestClient(create_app(hucha))


@pytest.fixture
def operator(hucha: Hucha) -> dict[str, str]:
    """The headers of an operator."""
    return {"Authorization": f"Bearer {hucha.operators.create('ana')}"}


@pytest.fixture
def client_with() -> Clients:
    """A client of a new bank in memory, with these settings."""

    def make(**settings: Any) -> testing.TestClient:
        return testing.TestClient(create_app(build_in_memory(Settings(**{"bcrypt_rounds": CHEAP} | settings))))

    return make


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "hucha.db"


@pytest.fixture
def stored(database: Path) -> Iterator[Hucha]:
    """A bank over SQLite."""
    hucha = build(Settings(database_url=f"sqlite:///{database}", threads=10, bcrypt_rounds=CHEAP))
    yield hucha
    hucha.close()


@pytest.fixture
def stored_client(stored: Hucha) -> testing.TestClient:
    return testing.TestClient(create_app(stored))
