"""How often one may try, and what lifts it (contract G10, G11, B5, B6)."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest
from falcon.testing import Result, TestClient

from adapters.memory.clock import SetClock
from entrypoints.composition import Hucha
from entrypoints.http.app import create_app
from tests.customers import EMAIL, NUWE, PASSWORD
from tests.http.signing_in import AFAR, headers_of, letters, login, quick_bank, register, text_of

OTP = "/api/auth/password-reset/send-otp"
VERIFY = "/api/auth/password-reset/verify-otp"
RESET = "/api/auth/password-reset"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def hucha(clock: SetClock) -> Hucha:
    return quick_bank(clock, rate_limits=True)


def bank(clock: SetClock, **settings: Any) -> TestClient:
    return TestClient(create_app(quick_bank(clock, **{"rate_limits": True, **settings})))


def limited(answer: Result) -> bool:
    """Whether this is the refusal of one try too many, with an honest `Retry-After`."""
    if answer.status_code != 429:
        return False
    assert text_of(answer, 429) == "Too many requests; try again later."
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    return True


def tries_until_limited(send: Any, most: int = 100) -> int:
    """How many of these pass before the first that doesn't."""
    return next(passed for passed in range(most) if limited(send()))


BY_CUSTOMER: list[tuple[str, dict[str, Any]]] = [
    ("/api/auth/login", {"email": EMAIL, "password": "wrong"}),
    ("/api/auth/login", {"email": EMAIL, "password": PASSWORD}),
    ("/api/auth/login", {"email": "nobody@nuwe.com", "password": PASSWORD}),
    ("/api/users/login", {"identifier": EMAIL, "password": "wrong"}),
    ("/api/users/login", {"identifier": "19b332", "password": "wrong"}),
    (OTP, {"identifier": "nobody@nuwe.com"}),
    (VERIFY, {"identifier": EMAIL, "otp": "893392"}),
    (VERIFY, {"identifier": "nobody@nuwe.com", "otp": "893392"}),
    (RESET, {"identifier": EMAIL, "resetToken": "x", "newPassword": "PassTest1$"}),
]


@pytest.mark.parametrize(("path", "body"), BY_CUSTOMER)
def test_the_eleventh_within_a_minute_is_one_too_many(client: TestClient, path: str, body: dict[str, Any]) -> None:
    # contract: G10
    register(client)
    assert tries_until_limited(lambda: client.simulate_post(path, json=body)) == 10
    assert limited(client.simulate_post(path, json=body))


@pytest.mark.parametrize(("path", "body"), BY_CUSTOMER)
def test_another_identifier_and_another_address_have_tries_of_their_own(
    client: TestClient, path: str, body: dict[str, Any]
) -> None:
    # contract: G10
    register(client)
    name = "email" if "email" in body else "identifier"
    assert tries_until_limited(lambda: client.simulate_post(path, json=body)) == 10
    assert not limited(client.simulate_post(path, json=body | {name: "other@nuwe.com"}))
    assert not limited(client.simulate_post(path, json=body, remote_addr=AFAR))


def test_the_case_of_an_email_gives_no_more_tries(client: TestClient) -> None:
    # contract: G10
    register(client)
    spellings = iter([EMAIL, EMAIL.upper(), EMAIL.title()] * 4)
    assert tries_until_limited(lambda: login(client, next(spellings), "wrong")) == 10


def test_both_logins_share_their_tries(client: TestClient) -> None:
    # contract: G10
    register(client)
    for _ in range(5):
        login(client, EMAIL, "wrong")
        client.simulate_post("/api/auth/login", json={"email": EMAIL, "password": "wrong"})
    assert limited(login(client))
    assert limited(client.simulate_post("/api/auth/login", json={"email": EMAIL, "password": PASSWORD}))


def test_a_limited_login_looks_at_no_password(client: TestClient) -> None:
    # contract: G10
    register(client)
    for _ in range(10):
        login(client, EMAIL, "wrong")
    answer = login(client)
    assert limited(answer)
    assert "refresh_token" not in answer.cookies


def test_the_sixty_first_registration_within_a_minute_is_one_too_many(client: TestClient) -> None:
    # contract: G10
    numbers = iter(range(100))
    paths = ["/api/users/register", "/api/auth/register"]

    def send() -> Result:
        number = next(numbers)
        body = {**NUWE, "email": f"{number}@nuwe.com", "phoneNumber": f"{number}"}
        return client.simulate_post(paths[number % 2], json=body)

    assert tries_until_limited(send) == 60
    assert not limited(client.simulate_post(paths[0], json={}, remote_addr=AFAR))


def test_a_password_that_is_asked_for_within_is_limited_too(client: TestClient) -> None:
    """Who took a token over may not guess the password by the routes that want it."""
    # contract: G10, B6
    register(client)
    headers = headers_of(login(client))
    sends = [
        lambda: client.simulate_post(
            "/api/users/change-password", json={"oldPassword": "x", "newPassword": "PassTest1$"}, headers=headers
        ),
        lambda: client.simulate_post(
            "/api/account/pin/create", json={"pin": "1811", "password": "wrong"}, headers=headers
        ),
        lambda: client.simulate_post(
            "/api/account/pin/update", json={"oldPin": "1", "newPin": "1", "password": "wrong"}, headers=headers
        ),
    ]
    turns = iter(sends * 10)
    assert tries_until_limited(lambda: next(turns)()) == 9, "the sign-in counts too"


@pytest.mark.parametrize(
    ("setting", "path", "body"),
    [
        ("login_rate", "/api/users/login", {"identifier": EMAIL, "password": "wrong"}),
        ("otp_rate", VERIFY, {"identifier": EMAIL, "otp": "893392"}),
        ("reset_rate", RESET, {"identifier": EMAIL, "resetToken": "x", "newPassword": "PassTest1$"}),
        ("register_rate", "/api/auth/register", {"email": "x"}),
    ],
)
def test_each_limit_is_a_setting(clock: SetClock, setting: str, path: str, body: dict[str, Any]) -> None:
    # contract: G10
    client = bank(clock, **{setting: 3})
    assert tries_until_limited(lambda: client.simulate_post(path, json=body)) == 3


@pytest.mark.parametrize("path", ["/api/auth/register", "/api/users/register"])
def test_a_body_that_is_no_object_is_no_try_to_register(clock: SetClock, path: str) -> None:
    # contract: G10
    client = bank(clock, register_rate=3)
    refused = [client.simulate_post(path, body=body, headers=JSON) for body in (b"{", b"[]", b" " * (2**20 + 1)) * 2]
    refused.append(client.simulate_post(path, body=b"{}", headers={"Content-Type": "text/plain"}))
    assert {answer.status_code for answer in refused} == {400, 413, 415}
    assert tries_until_limited(lambda: client.simulate_post(path, json={"email": "x"})) == 3


@pytest.mark.parametrize(("path", "body"), BY_CUSTOMER)
def test_they_can_be_switched_off(clock: SetClock, path: str, body: dict[str, Any]) -> None:
    # contract: G10
    client = bank(clock, rate_limits=False)
    register(client)
    assert all(client.simulate_post(path, json=body).status_code != 429 for _ in range(30))


def test_switched_off_they_leave_the_five_otps_an_hour(clock: SetClock) -> None:
    # contract: G10, B5
    hucha = quick_bank(clock, rate_limits=False)
    client = TestClient(create_app(hucha))
    register(client)
    answers = [client.simulate_post(OTP, json={"identifier": EMAIL}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[-1].headers["Retry-After"] == "3600"
    assert len(letters(hucha)) == 5


def from_proxy(client: TestClient, forwarded: str | None, remote: str = "10.0.0.1") -> Result:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return login(client, EMAIL, "wrong", remote_addr=remote, headers=headers)


def test_behind_a_trusted_proxy_each_client_has_tries_of_its_own(clock: SetClock) -> None:
    # contract: G11
    client = bank(clock, login_rate=2, trusted_proxies=(ip_network("10.0.0.0/8"),))
    assert tries_until_limited(lambda: from_proxy(client, AFAR)) == 2
    assert not limited(from_proxy(client, "203.0.113.10"))
    assert limited(from_proxy(client, f"198.51.100.7, {AFAR}"))
    assert limited(from_proxy(client, f"{AFAR}, 10.2.3.4"))
    assert limited(from_proxy(client, f" 198.51.100.7,10.9.9.9 , {AFAR} ,10.2.3.4"))
    assert limited(login(client, EMAIL, "wrong", remote_addr=AFAR))


def test_the_rightmost_untrusted_address_counts_whatever_stands_before_it(clock: SetClock) -> None:
    """A client writes what it likes to the left of what the proxy adds."""
    # contract: G11
    client = bank(clock, login_rate=2, trusted_proxies=(ip_network("10.0.0.0/8"),))
    invented = iter(range(256))
    assert tries_until_limited(lambda: from_proxy(client, f"198.51.100.{next(invented)}, {AFAR}")) == 2


@pytest.mark.parametrize("proxies", [(), ("10.0.0.0/8",)])
def test_from_anybody_else_the_header_is_not_believed(clock: SetClock, proxies: tuple[str, ...]) -> None:
    # contract: G11
    client = bank(clock, login_rate=2, trusted_proxies=tuple(ip_network(one) for one in proxies))
    invented = iter(range(256))
    assert tries_until_limited(lambda: from_proxy(client, f"198.51.100.{next(invented)}", AFAR)) == 2


@pytest.mark.parametrize("forwarded", [None, "", ",", "10.1.1.1", "10.1.1.1, 10.2.2.2", "nonsense", "\xff"])
def test_a_proxy_that_names_nobody_still_has_limits(clock: SetClock, forwarded: str | None) -> None:
    # contract: G11
    client = bank(clock, login_rate=2, trusted_proxies=(ip_network("10.0.0.0/8"),))
    assert tries_until_limited(lambda: from_proxy(client, forwarded)) == 2
