"""Unknown paths, wrong methods and crashes are refused in the dialect of the route (contract G2)."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import pytest
from falcon.testing import TestClient

from entrypoints.composition import Hucha

from .accounts import open_account
from .answers import error_of, problem_of
from .bodies import GOOD, body_of
from .documented import OPERATIONS

JSON = {"Content-Type": "application/json"}
METHODS: dict[str, set[str]] = defaultdict(set)
"""The methods of each path that the document describes."""

for one in OPERATIONS:
    METHODS[one.filled_path].add(one.method.upper())
ERROR_TYPES = {one.filled_path: one.error_types for one in OPERATIONS}
WRONG = [
    (method, path)
    for path, methods in METHODS.items()
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
    if method not in methods
]
READABLE = [one.filled_path for one in OPERATIONS if one.method == "get" and "accessToken" not in one.schemes]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nothing",
        "/event/",
        "/event/1",
        "/events",
        "/Event",
        "/EVENT",
        "/api",
        "/api/",
        "/api/event",
        "/api/events/",
        "/api/events/1",
        "/api/risk-profiles",
        "/metrics/x",
        "/%00",
        "/%ff",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/event%2f",
        "/event%20",
        "/" + "x" * 10_000,
        "/año",
        "/<script>alert(1)</script>",
        "/api/account",
        "/api/account/nothing",
        "/api/account/deposit/",
        "/api/auth/login/x",
        "/api/users",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
def test_an_unknown_path_is_404(client: TestClient, operator: dict[str, str], method: str, path: str) -> None:
    # contract: G2
    answer = client.simulate_request(method, path, headers=operator)
    assert problem_of(answer, 404)["detail"] == "There is nothing here."


@pytest.mark.parametrize(("method", "path"), WRONG)
def test_a_wrong_method_is_405_and_the_right_ones_are_told(client: TestClient, method: str, path: str) -> None:
    # contract: G2
    answer = client.simulate_request(method, path, body=body_of(GOOD), headers=JSON)
    assert answer.status_code == 405
    assert {answer.headers["Content-Type"].partition(";")[0]} == ERROR_TYPES[path]
    assert "This method is not for this resource." in answer.text
    allowed = {name.strip() for name in answer.headers["Allow"].split(",")}
    assert allowed - {"OPTIONS", "HEAD"} == METHODS[path]  # RFC 9110, 15.5.6


@pytest.mark.parametrize("path", METHODS)
def test_options_tells_the_methods(client: TestClient, path: str) -> None:
    answer = client.simulate_options(path)
    assert answer.status_code in (200, 204)
    assert answer.content == b""
    allowed = {name.strip() for name in answer.headers["Allow"].split(",")}
    assert allowed - {"OPTIONS", "HEAD"} == METHODS[path]


@pytest.mark.parametrize("path", READABLE)
def test_head_is_get_without_the_body(client: TestClient, operator: dict[str, str], path: str) -> None:
    """RFC 9110, 9.1: every general-purpose server supports GET and HEAD; monitors and proxies ask by HEAD."""
    query = "user_id=1" if path == "/api/events" else ""
    got = client.simulate_get(path, query_string=query, headers=operator)
    answer = client.simulate_head(path, query_string=query, headers=operator)
    assert (got.status_code, answer.status_code) == (200, 200)
    assert answer.content == b""
    assert answer.headers["Content-Type"] == got.headers["Content-Type"]


@pytest.mark.parametrize("path", ["/api/dashboard/account", "/api/account/transactions", "/api/user/profile"])
def test_head_is_for_customers_too(hucha: Hucha, path: str) -> None:
    nuwe = open_account(hucha, balance="10.00")
    answer = nuwe.client.simulate_head(path, headers=nuwe.bearer)
    assert (answer.status_code, answer.content) == (200, b"")
    assert nuwe.client.simulate_head(path).status_code == 401


@pytest.mark.parametrize("path", ["/event", "/nothing"])
def test_head_never_has_a_body(client: TestClient, path: str) -> None:
    answer = client.simulate_head(path)
    assert answer.status_code == {"/event": 405, "/nothing": 404}[path]
    assert answer.content == b""


@pytest.mark.filterwarnings("ignore:Unknown REQUEST_METHOD")
@pytest.mark.parametrize("method", ["BREW", "CONNECT", "TRACE", "PROPFIND", "get", "X" * 1000])
@pytest.mark.parametrize("path", ["/event", "/healthz", "/nothing"])
def test_a_method_that_nobody_knows_is_refused_in_the_dialect(client: TestClient, method: str, path: str) -> None:
    answer = client.simulate_request(method, path)
    assert answer.status_code in (400, 404, 405, 501)
    if path == "/event":
        error_of(answer, answer.status_code)
    else:
        problem_of(answer, answer.status_code)


def test_nobody_asks_for_html_and_nobody_gets_it(client: TestClient) -> None:
    # contract: D11
    for accept in ("text/html", "application/xml", "text/plain", "*/*", ""):
        problem_of(client.simulate_get("/<b>nothing</b>", headers={"Accept": accept}), 404)
        error_of(client.simulate_get("/event", headers={"Accept": accept}), 405)


def test_a_mistake_of_ours_is_500_without_details(
    stored_client: TestClient, stored: Hucha, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The details are in the log, and what was sent isn't (contract D12)."""
    operator = {"Authorization": f"Bearer {stored.operators.create('ana')}"}
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("ALTER TABLE events RENAME COLUMN alert_codes TO codes")
    body = body_of({**GOOD, "amount": "7777.77", "user_id": "123454321"})
    sentence = error_of(stored_client.simulate_post("/event", body=body, headers=JSON), 500)
    answer = stored_client.simulate_get("/api/events", params={"user_id": 123454321}, headers=operator)
    detail = problem_of(answer, 500)["detail"]
    for said in (sentence, detail):
        assert not any(word in said.lower() for word in ("sql", "column", "events", "alert_codes", "error:"))
    logged = caplog.text + "".join(str(record.exc_info) for record in caplog.records)
    assert "alert_codes" in logged, "those who run Hucha learn why"
    assert "7777" not in logged
    assert "123454321" not in logged
