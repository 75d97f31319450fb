"""Signing in and out through either family (contract A2, B3, B4, G7)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from falcon.testing import Result, TestClient

from adapters.memory.clock import SetClock
from entrypoints.composition import Hucha
from entrypoints.http.app import create_app
from tests.customers import EMAIL, PASSWORD
from tests.http.signing_in import BLANKS, headers_of, is_signed_in, login, quick_bank, register, text_of

AUTH = "/api/auth/login"
USERS = "/api/users/login"
IDENTIFIER = {AUTH: "email", USERS: "identifier"}
BAD = {AUTH: "Bad credentials.", USERS: "Bad credentials"}
UNKNOWN = {
    AUTH: "User not found for the given email: {}",
    USERS: "User not found for the given identifier: {}",
}
BOTH = pytest.mark.parametrize("path", [AUTH, USERS])


@pytest.fixture
def hucha(clock: SetClock) -> Hucha:
    return quick_bank(clock)


def post(client: TestClient, path: str, identifier: object = EMAIL, password: object = PASSWORD) -> Result:
    return client.simulate_post(path, json={IDENTIFIER[path]: identifier, "password": password})


@BOTH
def test_login_answers_a_token_and_nothing_else(client: TestClient, path: str) -> None:
    # contract: A2, B3, D2
    register(client)
    answer = post(client, path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert list(answer.json) == ["token"]
    assert is_signed_in(client, headers_of(answer))
    assert answer.cookies["refresh_token"].value


@BOTH
@pytest.mark.parametrize("identifier", ["NUWE@NUWE.COM", "Nuwe@nuwe.com"])
def test_login_takes_the_email_in_any_case(client: TestClient, path: str, identifier: str) -> None:
    # contract: A1
    register(client)
    assert post(client, path, identifier).status_code == 200


def test_bs_login_takes_the_account_number(client: TestClient) -> None:
    # contract: B3
    number = register(client)
    answer = post(client, USERS, number)
    account = client.simulate_get("/api/dashboard/account", headers=headers_of(answer))
    assert account.json["accountNumber"] == number


def test_as_login_takes_the_email_alone(client: TestClient) -> None:
    # contract: A2
    number = register(client)
    assert text_of(post(client, AUTH, number), 400) == UNKNOWN[AUTH].format(number)


@BOTH
@pytest.mark.parametrize("identifier", ["eve@nuwe.com", "19b332", "nuwe@nuwe.com ", "nuwe", "%", "' OR 1=1 --", "ñ\n"])
def test_an_unknown_identifier_is_said_again(client: TestClient, path: str, identifier: str) -> None:
    # contract: A2, B3
    register(client)
    assert text_of(post(client, path, identifier), 400) == UNKNOWN[path].format(identifier)


@BOTH
def test_a_huge_identifier_is_not_said_again_in_full(client: TestClient, path: str) -> None:
    assert len(text_of(post(client, path, "n" * 500_000), 400)) < 350


@BOTH
@pytest.mark.parametrize(
    "password", ["NuweTest1", "NuweTest1$ ", " NuweTest1$", "nuwetest1$", "NuweTest1$\u0007", "x" * 500_000]
)
def test_a_wrong_password_is_bad_credentials(client: TestClient, path: str, password: str) -> None:
    # contract: A2, B3
    register(client)
    answer = post(client, path, password=password)
    assert text_of(answer, 401) == BAD[path]
    assert "refresh_token" not in answer.cookies


@BOTH
@pytest.mark.parametrize("blank", BLANKS)
def test_an_empty_identifier_or_password_is_bad_credentials(client: TestClient, path: str, blank: str | None) -> None:
    # contract: A2, B3
    register(client)
    assert text_of(post(client, path, identifier=blank), 401) == BAD[path]
    assert text_of(post(client, path, password=blank), 401) == BAD[path]
    assert text_of(post(client, path, "eve@nuwe.com", blank), 401) == BAD[path]


@BOTH
def test_a_missing_identifier_or_password_is_bad_credentials(client: TestClient, path: str) -> None:
    # contract: A2, B3, G4
    register(client)
    for body in ({}, {"password": PASSWORD}, {IDENTIFIER[path]: EMAIL}):
        assert text_of(client.simulate_post(path, json=body), 401) == BAD[path]
    assert text_of(client.simulate_post(path), 401) == BAD[path]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_logout_ends_the_token_at_once(client: TestClient, method: str) -> None:
    # contract: B4, D2, G7
    register(client)
    headers = headers_of(login(client))
    other = headers_of(login(client))
    path = "/api/users/logout" if method == "GET" else "/api/auth/logout"
    answer = client.simulate_request(method, path, headers=headers)
    if method == "GET":
        assert (answer.status_code, answer.text) == (200, "Logged out successfully")
        assert answer.headers["Content-Type"].startswith("text/plain")
    else:
        assert (answer.status_code, answer.content) == (204, b"")
    assert not is_signed_in(client, headers)
    assert is_signed_in(client, other)
    assert client.simulate_request(method, path, headers=headers).status_code == 401


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/users/logout"), ("POST", "/api/auth/logout")])
def test_a_logout_ends_the_refresh_family_and_takes_the_cookie_back(client: TestClient, method: str, path: str) -> None:
    # contract: D2
    register(client)
    first = login(client)
    old = {"refresh_token": first.cookies["refresh_token"].value}
    second = client.simulate_post("/api/auth/refresh", json=old)
    answer = client.simulate_request(method, path, headers=headers_of(first))
    cookie = answer.cookies["refresh_token"]
    assert (cookie.value.strip('"'), cookie.path, cookie.expires.year) == ("", "/api/auth", 1970)
    assert not is_signed_in(client, headers_of(second))
    newer = {"refresh_token": second.cookies["refresh_token"].value}
    assert client.simulate_post("/api/auth/refresh", json=newer).status_code == 401


def test_a_customer_signs_out_alone(client: TestClient) -> None:
    # contract: B4
    register(client)
    register(client, email="ana@nuwe.com", phoneNumber="2")
    nuwe, ana = headers_of(login(client)), headers_of(login(client, "ana@nuwe.com"))
    client.simulate_get("/api/users/logout", headers=nuwe)
    assert not is_signed_in(client, nuwe)
    assert is_signed_in(client, ana)


def test_a_crowd_of_passwords_is_asked_to_come_again(clock: SetClock) -> None:
    """One password is looked at, as there are two threads, and none waits; a dear hash keeps it busy."""
    # contract: G11
    client = TestClient(create_app(quick_bank(clock, threads=2, bcrypt_rounds=10)))
    register(client)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: login(client), range(8)))
    assert {answer.status_code for answer in answers} == {200, 503}
    busy = next(answer for answer in answers if answer.status_code == 503)
    assert text_of(busy, 503) == "The service is unavailable now; try again later."
    assert int(busy.headers["Retry-After"]) >= 1
    assert login(client).status_code == 200
