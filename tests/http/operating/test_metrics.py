"""`GET /metrics`: what is counted, under which labels, and who may see it (contract G9, G11, D12)."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from falcon.testing import Result, TestClient
from prometheus_client.parser import text_string_to_metric_families

from entrypoints.composition import build_in_memory
from entrypoints.http.app import create_app
from entrypoints.settings import Settings
from tests.http.answers import problem_of
from tests.http.bodies import GOOD, body_of
from tests.http.operating.samples import samples

JSON = {"Content-Type": "application/json"}


def counted(client: TestClient) -> dict[tuple[str, str, str], float]:
    """(method, route, status) -> number of answers."""
    found = samples(client, "hucha_http_request_seconds_count")
    assert all(set(one.labels) == {"method", "route", "status"} for one in found)
    return {(one.labels["method"], one.labels["route"], one.labels["status"]): one.value for one in found}


def test_the_answer_is_in_prometheus_text_format(client: TestClient) -> None:
    answer = client.simulate_get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert list(text_string_to_metric_families(answer.text))


def test_answers_are_counted_by_method_route_and_status(client: TestClient, operator: dict[str, str]) -> None:
    for _ in range(3):
        client.simulate_post("/event", body=body_of(GOOD), headers=JSON)
    client.simulate_post("/event", body=b"nonsense", headers=JSON)
    client.simulate_get("/event")
    for user_id in (1, 2, 3, 4):
        client.simulate_get(f"/api/risk-profiles/{user_id}", headers=operator)
    client.simulate_get("/api/risk-profiles/x", headers=operator)
    client.simulate_get("/api/events", headers={})
    client.simulate_get("/api/docs/start.js")
    assert counted(client) == {
        ("POST", "/event", "200"): 3,
        ("POST", "/event", "400"): 1,
        ("GET", "/event", "405"): 1,
        ("GET", "/api/risk-profiles/{user_id}", "200"): 4,
        ("GET", "/api/risk-profiles/{user_id}", "404"): 1,
        ("GET", "/api/events", "401"): 1,
        ("GET", "/api/docs/{name}", "200"): 1,
    }


def test_the_time_that_answers_took_is_measured(client: TestClient) -> None:
    client.simulate_post("/event", body=body_of(GOOD), headers=JSON)
    (total,) = samples(client, "hucha_http_request_seconds_sum")[:1]
    assert 0 < total.value < 5


def test_raised_codes_are_counted(client: TestClient) -> None:
    for time in range(3):
        body = body_of({**GOOD, "type": '"withdraw"', "amount": "150", "time": str(time)})
        client.simulate_post("/event", body=body, headers=JSON)
    found = {one.labels["code"]: one.value for one in samples(client, "hucha_event_alerts_total")}
    assert found == {"1100": 3, "30": 1}


@pytest.mark.filterwarnings("ignore:Unknown REQUEST_METHOD")
def test_labels_dont_grow_with_what_strangers_send(client: TestClient, operator: dict[str, str]) -> None:
    for number in range(60):
        client.simulate_get(f"/nothing/{number}")
        client.simulate_post(f"/event/{number}")
        client.simulate_request(f"BREW{number}", "/event")
        client.simulate_request(f"BREW{number}", f"/nothing/{number}")
        client.simulate_get(f"/api/docs/{number}")
        client.simulate_get(f"/api/risk-profiles/{number}x", headers=operator)
    series = counted(client)
    assert len(series) < 10
    assert {method for method, _, _ in series} <= {"GET", "POST", "other"}
    assert {route for _, route, _ in series} <= {
        "/event",
        "/api/docs/{name}",
        "/api/risk-profiles/{user_id}",
        "/metrics",
        "unmatched",
    }


def test_apps_dont_share_their_counts(client: TestClient) -> None:
    client.simulate_get("/healthz")
    other = TestClient(create_app(build_in_memory()))
    assert counted(other) == {}


LOOPBACK_RULES = [
    pytest.param("127.0.0.1", None, (), True, id="loopback"),
    pytest.param("127.8.9.10", None, (), True, id="anywhere in 127.0.0.0/8"),
    pytest.param("::1", None, (), True, id="loopback by IPv6"),
    pytest.param("203.0.113.9", None, (), False, id="afar"),
    pytest.param("10.0.0.1", None, (), False, id="a private address is no loopback"),
    pytest.param("2001:db8::1", None, (), False, id="afar by IPv6"),
    pytest.param("127.0.0.1", "203.0.113.9", (), False, id="through a proxy here that nobody told us of"),
    pytest.param("127.0.0.1", "127.0.0.1", (), False, id="the same, and it pretends"),
    pytest.param("127.0.0.1", ",", (), False, id="the same, and it says nothing"),
    pytest.param("203.0.113.9", "127.0.0.1", (), False, id="afar, and pretends"),
    pytest.param("203.0.113.9", "127.0.0.1, ::1", (), False, id="afar, and pretends twice"),
    pytest.param("203.0.113.9", "127.0.0.1", ("127.0.0.0/8",), False, id="afar, pretends, and isn't the proxy"),
    pytest.param("127.0.0.1", "203.0.113.9", ("127.0.0.0/8",), False, id="through a trusted proxy here"),
    pytest.param("127.0.0.1", "127.0.0.1, 203.0.113.9", ("127.0.0.0/8",), False, id="the same, and pretends"),
    pytest.param("127.0.0.1", "127.0.0.1", ("127.0.0.0/8",), True, id="from here, through a trusted proxy here"),
    pytest.param("127.0.0.1", None, ("127.0.0.0/8",), True, id="the trusted proxy itself"),
    pytest.param("10.0.0.2", None, ("10.0.0.0/8",), False, id="a trusted proxy elsewhere itself"),
    pytest.param("10.0.0.2", "127.0.0.1, 203.0.113.9", ("10.0.0.0/8",), False, id="the right-most stranger counts"),
    pytest.param("10.0.0.2", "127.0.0.1, 203.0.113.9, 10.0.0.3", ("10.0.0.0/8",), False, id="through two proxies"),
    pytest.param("2001:db8::1", "203.0.113.9", ("2001:db8::/32",), False, id="through a proxy by IPv6"),
    pytest.param("127.0.0.1", "nonsense", ("127.0.0.0/8",), False, id="a proxy that says nonsense"),
    pytest.param("127.0.0.1", "127.0.0.1:4711", ("127.0.0.0/8",), False, id="an address with a port is nobody's"),
    pytest.param("127.0.0.1", "unknown", (), False, id="an unknown client"),
    pytest.param("127.0.0.1", ",", ("127.0.0.0/8",), False, id="a trusted proxy here that doesn't say for whom"),
    pytest.param("localhost", None, (), False, id="a name is no address"),
]


def from_where(remote: str, forwarded: str | None, trusted: tuple[str, ...], *, as_operator: bool) -> Result:
    hucha = build_in_memory(Settings(trusted_proxies=tuple(ip_network(one) for one in trusted)))
    headers = {"Authorization": f"Bearer {hucha.operators.create('ana')}"} if as_operator else {}
    if forwarded is not None:
        headers["X-Forwarded-For"] = forwarded
    return TestClient(create_app(hucha)).simulate_get("/metrics", headers=headers, remote_addr=remote)


@pytest.mark.parametrize(("remote", "forwarded", "trusted", "open"), LOOPBACK_RULES)
def test_metrics_are_open_to_this_machine_alone(
    remote: str, forwarded: str | None, trusted: tuple[str, ...], open: bool
) -> None:
    # contract: G11
    answer = from_where(remote, forwarded, trusted, as_operator=False)
    if open:
        assert answer.status_code == 200
    else:
        assert problem_of(answer, 401)["detail"] == "Access Denied"
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("remote", "forwarded", "trusted", "open"), LOOPBACK_RULES)
def test_operators_see_the_metrics_from_everywhere(
    remote: str, forwarded: str | None, trusted: tuple[str, ...], open: bool
) -> None:
    # contract: G11
    assert from_where(remote, forwarded, trusted, as_operator=True).status_code == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [("Forwarded", "for=203.0.113.9"), ("Via", "1.1 proxy"), ("X-Real-IP", "203.0.113.9"), ("X-Real-IP", "127.0.0.1")],
)
@pytest.mark.parametrize("trusted", [(), ("127.0.0.0/8",)], ids=["unknown", "trusted"])
def test_every_sign_of_a_proxy_that_doesnt_say_for_whom_it_asks_closes_the_metrics(
    name: str, value: str, trusted: tuple[str, ...]
) -> None:
    # contract: G11
    hucha = build_in_memory(Settings(trusted_proxies=tuple(ip_network(one) for one in trusted)))
    client = TestClient(create_app(hucha))
    problem_of(client.simulate_get("/metrics", headers={name: value}, remote_addr="127.0.0.1"), 401)


def test_a_trusted_proxy_may_add_its_other_signs() -> None:
    # contract: G11
    hucha = build_in_memory(Settings(trusted_proxies=(ip_network("127.0.0.1"),)))
    headers = {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", "Via": "1.1 proxy"}
    answer = TestClient(create_app(hucha)).simulate_get("/metrics", headers=headers, remote_addr="127.0.0.1")
    assert answer.status_code == 200
