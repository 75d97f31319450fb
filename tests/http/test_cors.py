"""Pages of other origins: those that are listed, and nobody else (contract G11, D11)."""

from __future__ import annotations

import pytest
from falcon.testing import Result, TestClient

from adapters.memory.clock import SetClock
from entrypoints.http.app import create_app

from .signing_in import login, quick_bank, register, signed_in

APP = "https://app.example"
LOCAL = "http://localhost:5173"
STRANGERS = [
    "https://evil.example",
    "http://app.example",
    "https://app.example:8443",
    "https://app.example.evil.example",
    "https://sub.app.example",
    "https://evilapp.example",
    "https://app.example/",
    "https://app.example, https://evil.example",
    "null",
    "*",
    "",
]


@pytest.fixture
def client(clock: SetClock) -> TestClient:
    return TestClient(create_app(quick_bank(clock, cors_origins=(APP, LOCAL))))


def allowed(answer: Result) -> str | None:
    return answer.headers.get("Access-Control-Allow-Origin")


def varies_by_origin(answer: Result) -> bool:
    return "origin" in [part.strip().lower() for part in answer.headers.get("Vary", "").split(",")]


def preflight(client: TestClient, path: str, origin: str, method: str = "POST") -> Result:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }
    return client.simulate_options(path, headers=asked)


@pytest.mark.parametrize("origin", [APP, LOCAL])
def test_a_listed_origin_may_read_answers(client: TestClient, origin: str) -> None:
    # contract: G11
    register(client)
    answer = login(client, headers={"Origin": origin})
    assert allowed(answer) == origin
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
    assert varies_by_origin(answer)


@pytest.mark.parametrize("path", ["/api/auth/login", "/api/user/settings", "/api/nothing", "/event", "/market/nothing"])
def test_a_refusal_may_be_read_too(client: TestClient, path: str) -> None:
    # contract: G11
    answer = client.simulate_post(path, body=b"nonsense", headers={"Origin": APP})
    assert answer.status_code >= 400
    assert allowed(answer) == APP
    assert varies_by_origin(answer)


@pytest.mark.parametrize("origin", STRANGERS)
def test_any_other_origin_may_not(client: TestClient, origin: str) -> None:
    # contract: G11
    register(client)
    for answer in (login(client, headers={"Origin": origin}), preflight(client, "/api/auth/login", origin)):
        assert allowed(answer) is None
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert varies_by_origin(answer)


def test_an_answer_without_an_origin_varies_too(client: TestClient) -> None:
    """A cache that kept it for whoever asks would give it to a page that needs the header."""
    # contract: G11
    for answer in (client.simulate_get("/healthz"), client.simulate_get("/api/dashboard/user")):
        assert allowed(answer) is None
        assert varies_by_origin(answer)


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/api/auth/login", "POST"),
        ("/api/auth/refresh", "POST"),
        ("/api/account/deposit", "POST"),
        ("/api/dashboard/user", "GET"),
        ("/api/user/settings", "PUT"),
    ],
)
def test_a_preflight_of_a_listed_origin_passes(client: TestClient, path: str, method: str) -> None:
    # contract: G11
    answer = preflight(client, path, APP, method)
    assert answer.status_code in (200, 204)
    assert allowed(answer) == APP
    assert method in answer.headers["Access-Control-Allow-Methods"]
    granted = answer.headers["Access-Control-Allow-Headers"].lower()
    assert all(name in granted for name in ("authorization", "content-type", "idempotency-key"))
    assert varies_by_origin(answer)


def test_a_preflight_needs_no_token_and_tells_nothing(client: TestClient) -> None:
    # contract: G11
    answer = preflight(client, "/api/dashboard/user", APP, "GET")
    assert (answer.status_code, answer.content) == (200, b"")


def test_no_answer_ever_names_the_star(client: TestClient) -> None:
    # contract: G11
    headers = signed_in(client)
    for origin in (APP, *STRANGERS):
        answer = client.simulate_get("/api/dashboard/user", headers=headers | {"Origin": origin})
        assert "*" not in (allowed(answer) or "")


@pytest.mark.parametrize("origin", [APP, "https://evil.example", "null"])
def test_without_a_list_no_origin_is_allowed(clock: SetClock, origin: str) -> None:
    # contract: G11, D11
    client = TestClient(create_app(quick_bank(clock)))
    register(client)
    for answer in (login(client, headers={"Origin": origin}), preflight(client, "/api/auth/login", origin)):
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
