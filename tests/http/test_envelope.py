"""Around every answer: security headers, and a request id that ties it to the logs (contract D11, D12)."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from falcon.testing import Result, TestClient, create_environ

from entrypoints.composition import Hucha

from .bodies import GOOD, body_of
from .conftest import Clients

JSON = {"Content-Type": "application/json"}
ANSWERS = {
    "200": ("POST", "/event", body_of(GOOD), JSON),
    "400": ("POST", "/event", b"nonsense", JSON),
    "401 of a route": ("GET", "/api/events", b"", {}),
    "404": ("GET", "/nothing", b"", {}),
    "404 of a route": ("GET", "/api/docs/nothing", b"", {}),
    "405": ("DELETE", "/event", b"", {}),
    "405 of a problem": ("DELETE", "/api/events", b"", {}),
    "413": ("POST", "/event", b"x" * 1_100_000, JSON),
    "415": ("POST", "/event", b"x", {}),
    "OPTIONS": ("OPTIONS", "/event", b"", {}),
    "HEAD": ("HEAD", "/nothing", b"", {}),
    "healthz": ("GET", "/healthz", b"", {}),
    "readyz": ("GET", "/readyz", b"", {}),
    "metrics": ("GET", "/metrics", b"", {}),
    "openapi": ("GET", "/api/openapi.json", b"", {}),
    "docs": ("GET", "/api/docs", b"", {}),
    "docs file": ("GET", "/api/docs/swagger_style.css", b"", {}),
}


def ask(client: TestClient, name: str, **headers: str) -> Result:
    method, path, body, own = ANSWERS[name]
    more = {key.replace("_", "-"): value for key, value in headers.items()}
    return client.simulate_request(method, path, body=body, headers=own | more)


def check_security_headers(answer: Result, page: bool = False) -> None:
    headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert int(re.search(r"max-age=(\d+)", headers["Strict-Transport-Security"])[1]) >= 31_536_000  # ASVS 5, 3.4.1
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    if not page:
        assert "-src 'self'" not in headers["Content-Security-Policy"]
    assert "Server" not in headers
    assert "X-Powered-By" not in headers
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_has_the_security_headers(client: TestClient, name: str) -> None:
    # contract: D11
    check_security_headers(ask(client, name), page=name == "docs")


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_echoes_a_sound_request_id(client: TestClient, name: str) -> None:
    assert ask(client, name, X_Request_ID="abc.DEF-123_x").headers["X-Request-ID"] == "abc.DEF-123_x"


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_has_a_request_id_of_its_own_where_none_was_given(client: TestClient, name: str) -> None:
    ids = {ask(client, name).headers["X-Request-ID"] for _ in range(5)}
    assert len(ids) == 5
    assert all(re.fullmatch("[0-9a-f]{16}", id) for id in ids)


def test_the_answers_of_refusals_have_the_headers_too(client_with: Clients) -> None:
    answer = client_with(event_api_key="s3cret").simulate_post("/event", headers={"X-Request-ID": "a"})
    assert (answer.status_code, answer.headers["X-Request-ID"]) == (401, "a")
    check_security_headers(answer)


def test_the_answer_of_a_crash_has_the_headers_too(stored_client: TestClient, stored: Hucha, database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("DROP TABLE events")
    answer = ask(stored_client, "200", X_Request_ID="crash-1")
    assert (answer.status_code, answer.headers["X-Request-ID"]) == (500, "crash-1")
    check_security_headers(answer)


@pytest.mark.parametrize("id", ["a", "0", "A-b_c.d", "x" * 64, "-", "."])
def test_a_sound_request_id_is_kept(client: TestClient, id: str) -> None:
    assert ask(client, "200", X_Request_ID=id).headers["X-Request-ID"] == id


@pytest.mark.parametrize(
    "id",
    [
        "",
        " ",
        "a b",
        "a, b",
        "a/b",
        "a:b",
        "a=b",
        "x" * 65,
        "x" * 100_000,
        "<script>",
        'a"b',
        "a\tb",
        "a%0d%0ab",
        "\xe9",
        "a\\nb",
        "{}",
        "a;b",
    ],
)
def test_an_unsound_request_id_is_replaced(client: TestClient, id: str) -> None:
    """What goes into a log line must not look like another one (ASVS 5, 16.4.1)."""
    own = ask(client, "200", X_Request_ID=id).headers["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{16}", own)


def test_two_headers_of_each_name_are_never_sent(client: TestClient) -> None:
    for name in ANSWERS:
        method, path, body, headers = ANSWERS[name]
        sent: list[str] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: object = None, sent: list[str] = sent) -> None:
            sent += [header.lower() for header, _ in headers]

        list(client.app(create_environ(path, method=method, body=body.decode(), headers=headers), start))
        assert len(sent) == len(set(sent)), name
