"""Who may ask: the key of `/event`, and operators' tokens (contract C1, C5, G3)."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_network

import pytest
from falcon.testing import Result, TestClient

from entrypoints.composition import Hucha, build_in_memory
from entrypoints.http.app import create_app
from entrypoints.settings import Settings, WrongSetting
from tests.http.accounts import open_account
from tests.http.answers import error_of, problem_of
from tests.http.bodies import GOOD, body_of
from tests.http.conftest import Clients

JSON = {"Content-Type": "application/json"}
OPERATORS_ONLY = [
    ("GET", "/api/events?user_id=1"),
    ("GET", "/api/risk-profiles/1"),
    ("PUT", "/api/risk-profiles/1"),
    ("GET", "/metrics"),
]


def ask(client: TestClient, method: str, target: str, headers: dict[str, str]) -> Result:
    path, _, query = target.partition("?")
    return client.simulate_request(
        method,
        path,
        query_string=query,
        headers=headers | JSON,
        body=b'{"rating": "high"}' if method == "PUT" else None,
        remote_addr="203.0.113.9",
    )


@pytest.mark.parametrize("key", [None, "", "wrong", "s3cre t", "S3CRET", "s3cre", "s3crett", "s3cret, s3cret", "\xf1"])
def test_event_wants_its_key_where_one_is_set(key: str | None) -> None:
    # contract: C1, G3
    hucha = build_in_memory(Settings(event_api_key="s3cret"))
    headers = JSON if key is None else JSON | {"X-API-Key": key}
    answer = TestClient(create_app(hucha)).simulate_post("/event", body=body_of(GOOD), headers=headers)
    assert error_of(answer, 401) == "Access Denied"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert not hucha.list_events(1, 10)


def test_event_takes_its_key() -> None:
    # contract: C1
    hucha = build_in_memory(Settings(event_api_key="s3cret"))
    headers = JSON | {"X-API-Key": "s3cret"}
    answer = TestClient(create_app(hucha)).simulate_post("/event", body=body_of(GOOD), headers=headers)
    assert answer.status_code == 200
    assert len(hucha.list_events(1, 10)) == 1


def test_a_key_beyond_ascii_works_or_stops_the_start() -> None:
    """A client sends the bytes of the key; WSGI hands them over as Latin-1 (PEP 3333)."""
    key = "se\u00f1al"
    with suppress(WrongSetting):
        client = TestClient(create_app(build_in_memory(Settings.from_environment({"EVENT_API_KEY": key}))))
        headers = JSON | {"X-API-Key": key.encode().decode("latin-1")}
        assert client.simulate_post("/event", body=body_of(GOOD), headers=headers).status_code == 200


@pytest.mark.parametrize("body", [b"", b"nonsense", b"\xff", b"{}"])
def test_without_the_key_nobody_learns_what_is_wrong_with_a_body(client_with: Clients, body: bytes) -> None:
    client = client_with(event_api_key="s3cret")
    assert error_of(client.simulate_post("/event", body=body), 401) == "Access Denied"


def test_an_operators_token_is_no_key_of_event(client_with: Clients) -> None:
    hucha = build_in_memory(Settings(event_api_key="s3cret"))
    key = hucha.operators.create("ana")
    headers = JSON | {"X-API-Key": key, "Authorization": f"Bearer {key}"}
    error_of(TestClient(create_app(hucha)).simulate_post("/event", body=body_of(GOOD), headers=headers), 401)


@pytest.mark.parametrize(("method", "target"), OPERATORS_ONLY)
@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer    ",
        "Basic YW5hOmFuYQ==",
        "Token {key}",
        "{key}",
        "Bearer{key}",
        "Bearer:{key}",
        "Basic {key}",
        "Bearer {key}x",
        "Bearer x{key}",
        "Bearer {key} {key}",
        "Bearer {key}, Bearer {key}",
        'Bearer "{key}"',
        "Bearer {KEY}",
        "Bearer hucha_unknown",
        "Bearer null",
        "Bearer ana",
        "Bearer {fingerprint}",
        "Bearer \xff\xfe",
        "Bearer ' OR 1=1 --",
        "Bearer " + "x" * 100_000,
    ],
)
def test_operators_routes_deny_everyone_else(
    client: TestClient, hucha: Hucha, method: str, target: str, authorization: str | None
) -> None:
    # contract: G3, C5
    key = hucha.operators.create("ana")
    fingerprint = hucha.operators.identify(key).key_fingerprint
    headers = {}
    if authorization is not None:
        filled = authorization.format(key=key, KEY=key.upper(), fingerprint=fingerprint)
        headers["Authorization"] = filled
    answer = ask(client, method, target, headers)
    assert problem_of(answer, 401)["detail"] == "Access Denied"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert hucha.risk_profiles.get(1).rating == "medium"


@pytest.mark.parametrize(("method", "target"), OPERATORS_ONLY)
@pytest.mark.parametrize("form", ["Bearer {key}", "bearer {key}", "BEARER {key}", "Bearer   {key} "])
def test_operators_routes_know_an_operator(
    client: TestClient, hucha: Hucha, method: str, target: str, form: str
) -> None:
    headers = {"Authorization": form.format(key=hucha.operators.create("ana"))}
    assert ask(client, method, target, headers).status_code == 200


@pytest.mark.parametrize(("method", "target"), OPERATORS_ONLY)
def test_a_revoked_key_is_worthless_at_once_and_others_stay(
    client: TestClient, hucha: Hucha, method: str, target: str
) -> None:
    # contract: C5, G3
    ana, ben = ({"Authorization": f"Bearer {hucha.operators.create(name)}"} for name in ("ana", "ben"))
    assert ask(client, method, target, ana).status_code == 200
    hucha.operators.revoke("ana")
    answer = ask(client, method, target, ana)
    assert problem_of(answer, 401)["detail"] == "Access Denied"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert ask(client, method, target, ben).status_code == 200


@pytest.mark.parametrize("target", ["/api/events", "/api/events?user_id=x&limit=0", "/api/risk-profiles/garbage"])
def test_without_a_token_nobody_learns_what_is_wrong_with_a_request(client: TestClient, target: str) -> None:
    problem_of(ask(client, "GET", target, {}), 401)


@pytest.mark.parametrize("body", [b"nonsense", b'{"rating": "none"}', b""])
def test_without_a_token_no_body_is_read(client: TestClient, body: bytes) -> None:
    problem_of(client.simulate_put("/api/risk-profiles/1", body=body), 401)


def test_the_paths_for_everyone_need_no_token(client: TestClient) -> None:
    for path in ("/healthz", "/readyz", "/api/docs", "/api/openapi.json"):
        assert client.simulate_get(path, remote_addr="203.0.113.9").status_code == 200


def denials(caplog: pytest.LogCaptureFixture) -> list[str]:
    records = [record for record in caplog.records if record.name == "hucha.http"]
    assert all(record.levelname == "WARNING" for record in records)
    return [record.getMessage() for record in records]


@pytest.mark.parametrize(("method", "target"), OPERATORS_ONLY)
def test_a_denied_operator_is_logged_with_the_route_and_the_address(
    client: TestClient, caplog: pytest.LogCaptureFixture, method: str, target: str
) -> None:
    ask(client, method, target, {"Authorization": "Bearer hucha_guess-Zq1"})
    route = target.partition("?")[0].replace("profiles/1", "profiles/{user_id}")
    assert denials(caplog) == [f"access denied: {method} {route} from 203.0.113.9"]


@pytest.mark.parametrize(("method", "target"), OPERATORS_ONLY)
def test_a_customer_who_tries_an_operators_route_is_logged_too(
    client: TestClient, hucha: Hucha, caplog: pytest.LogCaptureFixture, method: str, target: str
) -> None:
    # contract: C5, G3
    answer = ask(client, method, target, open_account(hucha).bearer)
    assert problem_of(answer, 403)["detail"] == "Access Denied"
    route = target.partition("?")[0].replace("profiles/1", "profiles/{user_id}")
    assert denials(caplog) == [f"access denied: {method} {route} from 203.0.113.9"]
    assert hucha.risk_profiles.get(1).rating == "medium"


def test_a_denied_event_is_logged_with_the_address_behind_the_proxies(caplog: pytest.LogCaptureFixture) -> None:
    client = TestClient(
        create_app(build_in_memory(Settings(event_api_key="s3cret", trusted_proxies=(ip_network("10.0.0.0/8"),))))
    )
    for forwarded in ("203.0.113.9", "fe80::1%\x1b[2J", "no\x1b[2Jaddress"):
        headers = {"X-API-Key": "guess-Zq1", "X-Forwarded-For": forwarded}
        client.simulate_post("/event", body=body_of(GOOD), headers=JSON | headers, remote_addr="10.0.0.1")
    assert denials(caplog) == [
        "access denied: POST /event from 203.0.113.9",
        "access denied: POST /event from fe80::1",
        "access denied: POST /event from an unknown address",
    ]


def test_who_has_the_key_is_no_denial(
    client: TestClient, operator: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    ask(client, "GET", "/api/events?user_id=1", operator)
    assert denials(caplog) == []
