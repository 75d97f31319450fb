"""The API as its document tells it: every operation, and what its caller has to bring along."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
from falcon.testing import Result, TestClient

from entrypoints.composition import build_in_memory
from entrypoints.http.app import create_app

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
AFAR = "203.0.113.9"
"""An address that isn't on loopback."""


def filled(path: str, **values: str) -> str:
    """A path with these values in it; where none is given, with the first id, or a file or an asset that there is."""
    known = {"name": "start.js", "symbol": "GOLD", **values}
    return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], "1"), path)


@attrs.frozen
class Documented:
    """One operation of the document."""

    method: str
    path: str
    operation: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def filled_path(self) -> str:
        """The path, of the first of its kind or of a file that there is."""
        return filled(self.path)

    @property
    def schemes(self) -> set[str]:
        """The security schemes of which it takes one."""
        return {name for alternative in self.operation["security"] for name in alternative}

    @property
    def moves_money(self) -> bool:
        return any(parameter["name"] == "Idempotency-Key" for parameter in self.operation.get("parameters", ()))

    @property
    def error_types(self) -> set[str]:
        """The media types of its refusals."""
        return set(self.operation["responses"]["default"]["content"])

    def example(self, **instead: object) -> dict[str, Any] | None:
        """The body that the document shows, some values of it replaced; None where there is no body."""
        if "requestBody" not in self.operation:
            return None
        shown = self.operation["requestBody"]["content"]["application/json"]["example"]
        return shown | {name: value for name, value in instead.items() if name in shown}

    def ask(
        self, client: TestClient, headers: Mapping[str, str], body: object = None, remote_addr: str = AFAR
    ) -> Result:
        """Ask for it, of the first user where a user is named."""
        user = {"user_id": 1} if "user_id" in str(self.operation.get("parameters", "")) else {}
        return client.simulate_request(
            self.method.upper(),
            self.filled_path,
            headers={**headers, "Content-Type": "application/json"} if body is not None else dict(headers),
            body=None if body is None else json.dumps(body),
            params=user if "{" not in self.path else {},
            remote_addr=remote_addr,
        )


def read_document() -> dict[str, Any]:
    """The document, as the API serves it."""
    answer = TestClient(create_app(build_in_memory())).simulate_get("/api/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json


DOCUMENT = read_document()
OPERATIONS = [
    Documented(method, path, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method in METHODS
]


def everything(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables of an SQLite file."""
    with closing(sqlite3.connect(database)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables}
