"""Refresh tokens: the cookie, rotation, reuse, and how long they live (contract D2, G11)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from falcon.testing import Result, TestClient

from adapters.memory.clock import SetClock
from domain.use_cases.jobs.purge import Purge
from entrypoints.composition import Hucha, build
from entrypoints.http.app import create_app
from tests.http.answers import problem_of
from tests.http.signing_in import AFAR, headers_of, is_signed_in, letters, login, quick_bank, register, stored_settings

PATH = "/api/auth/refresh"


@pytest.fixture
def hucha(clock: SetClock) -> Hucha:
    return quick_bank(clock)


def token_of(answer: Result) -> str:
    assert answer.status_code == 200, answer.text
    return answer.cookies["refresh_token"].value


def by_cookie(client: TestClient, token: str, **headers: str) -> Result:
    return client.simulate_post(PATH, headers={"Cookie": f"refresh_token={token}", **headers})


def by_body(client: TestClient, token: object, **options: object) -> Result:
    return client.simulate_post(PATH, json={"refresh_token": token}, **options)


def denied(answer: Result) -> bool:
    assert problem_of(answer, 401)["detail"] == "Access Denied"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    return "refresh_token" not in answer.cookies


def works(client: TestClient, token: str) -> bool:
    return by_body(client, token).status_code == 200


@pytest.mark.parametrize("path", ["/api/auth/login", "/api/users/login"])
def test_login_sets_the_cookie(client: TestClient, clock: SetClock, path: str) -> None:
    # contract: D2, A2
    register(client)
    body = {"email": "nuwe@nuwe.com", "identifier": "nuwe@nuwe.com", "password": "NuweTest1$"}
    answer = client.simulate_post(path, json=body, remote_addr=AFAR)
    cookie = answer.cookies["refresh_token"]
    assert (cookie.path, cookie.http_only, cookie.same_site, cookie.secure) == ("/api/auth", True, "Strict", True)
    assert cookie.domain is None
    assert cookie.expires == (clock.now() + timedelta(days=30)).replace(tzinfo=cookie.expires.tzinfo)
    assert cookie.value not in answer.text


@pytest.mark.parametrize(
    ("remote", "headers", "secure"),
    [
        ("127.0.0.1", {}, False),
        ("127.9.9.9", {}, False),
        ("::1", {}, False),
        (AFAR, {}, True),
        ("10.0.0.1", {}, True),
        ("127.0.0.1", {"X-Forwarded-For": AFAR}, True),
        ("127.0.0.1", {"Forwarded": f"for={AFAR}"}, True),
        ("127.0.0.1", {"Via": "1.1 proxy"}, True),
        (AFAR, {"X-Forwarded-For": "127.0.0.1"}, True),
        ("10.0.0.1", {"X-Forwarded-For": AFAR}, True),
    ],
)
def test_the_cookie_is_secure_unless_loopback(
    clock: SetClock, remote: str, headers: dict[str, str], secure: bool
) -> None:
    # contract: G11
    client = TestClient(create_app(quick_bank(clock, trusted_proxies=(ip_network("10.0.0.0/8"),))))
    register(client)
    first = login(client, remote_addr=remote, headers=headers)
    assert first.cookies["refresh_token"].secure is secure
    body = {"refresh_token": token_of(first)}
    second = client.simulate_post(PATH, json=body, remote_addr=remote, headers=headers)
    assert second.cookies["refresh_token"].secure is secure
    out = client.simulate_post("/api/auth/logout", remote_addr=remote, headers=headers | headers_of(second))
    assert out.cookies["refresh_token"].secure is secure
    assert out.cookies["refresh_token"].http_only


@pytest.mark.parametrize("way", [by_cookie, by_body])
def test_refresh_answers_a_token_and_rotates(client: TestClient, way: object) -> None:
    # contract: D2
    register(client)
    first = login(client)
    second = way(client, token_of(first))
    assert second.headers["Content-Type"] == "application/json"
    assert list(second.json) == ["token"]
    assert second.json["token"] != first.json["token"]
    assert token_of(second) != token_of(first)
    assert is_signed_in(client, headers_of(second))
    third = way(client, token_of(second))
    assert is_signed_in(client, headers_of(third))


def test_the_body_wins_over_the_cookie(client: TestClient) -> None:
    # contract: D2
    register(client)
    token = token_of(login(client))
    assert by_body(client, token, headers={"Cookie": "refresh_token=nonsense"}).status_code == 200


@pytest.mark.parametrize("empty", [None, "", " "])
def test_an_empty_token_in_the_body_leaves_the_cookie(client: TestClient, empty: str | None) -> None:
    # contract: D2, G4
    register(client)
    cookie = {"Cookie": f"refresh_token={token_of(login(client))}"}
    assert by_body(client, empty, headers=cookie).status_code == 200


@pytest.mark.parametrize(
    "token", [None, "", "nonsense", 5, True, [], ["x"], {"a": "b"}, 1.5, "x" * 500_000, "ñ", "hucha_" + "x" * 43]
)
def test_what_is_no_refresh_token_is_denied(client: TestClient, token: object) -> None:
    # contract: D2, G3
    register(client)
    login(client)
    assert denied(by_body(client, token))


def test_without_a_token_refresh_is_denied(client: TestClient) -> None:
    # contract: D2, G3
    assert denied(client.simulate_post(PATH))
    assert denied(client.simulate_post(PATH, json={}))
    assert denied(by_cookie(client, ""))


def test_an_access_token_refreshes_nothing(client: TestClient) -> None:
    # contract: D2
    register(client)
    assert denied(by_body(client, login(client).json["token"]))


def test_a_refresh_token_opens_no_private_route(client: TestClient) -> None:
    # contract: D2, G3
    register(client)
    assert not is_signed_in(client, {"Authorization": f"Bearer {token_of(login(client))}"})


def test_using_a_token_again_kills_its_family_and_no_other(client: TestClient) -> None:
    # contract: D2
    register(client)
    first, other = login(client), login(client)
    second = by_body(client, token_of(first))
    third = by_body(client, token_of(second))
    assert all(is_signed_in(client, headers_of(one)) for one in (first, second, third))
    assert denied(by_body(client, token_of(first)))
    assert not any(is_signed_in(client, headers_of(one)) for one in (first, second, third))
    assert denied(by_body(client, token_of(third)))
    assert is_signed_in(client, headers_of(other))
    assert works(client, token_of(other))


def test_a_refresh_token_dies_after_30_idle_days(client: TestClient, clock: SetClock) -> None:
    # contract: D2
    register(client)
    one, other = token_of(login(client)), token_of(login(client))
    clock.advance(timedelta(days=30, seconds=-1))
    assert works(client, one)
    clock.advance(timedelta(seconds=1))
    assert denied(by_body(client, other))


def test_a_family_dies_after_90_days_however_often_it_is_used(client: TestClient, clock: SetClock) -> None:
    # contract: D2
    register(client)
    began = clock.now()
    answer = login(client)
    for _ in range(4):
        clock.advance(timedelta(days=20))
        answer = by_body(client, token_of(answer))
    end = (began + timedelta(days=90)).replace(tzinfo=answer.cookies["refresh_token"].expires.tzinfo)
    assert answer.cookies["refresh_token"].expires == end
    clock.set(began + timedelta(days=90, seconds=-1))
    last = by_body(client, token_of(answer))
    assert last.cookies["refresh_token"].expires == end
    clock.set(began + timedelta(days=90))
    assert denied(by_body(client, token_of(last)))


def test_a_purge_takes_no_token_that_is_in_force(client: TestClient, hucha: Hucha, clock: SetClock) -> None:
    # contract: G11
    register(client)
    Purge().ensure(hucha.storage, clock)
    token = token_of(login(client))
    clock.advance(timedelta(days=2))
    letters(hucha)
    second = by_body(client, token)
    headers = headers_of(second)
    clock.advance(timedelta(hours=23))
    letters(hucha)
    assert is_signed_in(client, headers)
    assert denied(by_body(client, token))
    assert not is_signed_in(client, headers)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://bank.example", True),
        ("https://bank.example", True),
        ("https://app.example", True),
        ("https://evil.example", False),
        ("https://bank.example.evil.example", False),
        ("https://evil.example/bank.example", False),
        ("https://bank.example:8443", False),
        ("https://APP.example.evil", False),
        ("null", False),
        ("", False),
        ("bank.example", False),
    ],
)
def test_a_page_of_another_origin_may_not_use_the_cookie(clock: SetClock, origin: str | None, allowed: bool) -> None:
    # contract: G11, D2
    client = TestClient(create_app(quick_bank(clock, cors_origins=("https://app.example",))))
    register(client)
    token = token_of(login(client))
    headers = {"Host": "bank.example"} | ({} if origin is None else {"Origin": origin})
    answer = by_cookie(client, token, **headers)
    if allowed:
        assert answer.status_code == 200
    else:
        assert denied(answer)
        assert works(client, token)


def test_a_token_in_the_body_comes_from_whoever_knows_it(client: TestClient) -> None:
    """A page of another origin can't read the cookie, so a token in the body didn't come along by itself."""
    # contract: G11
    register(client)
    assert by_body(client, token_of(login(client)), headers={"Origin": "https://evil.example"}).status_code == 200


@pytest.fixture
def stored(database: Path, tmp_path: Path) -> Iterator[Hucha]:
    hucha = build(stored_settings(database, tmp_path / "mail"))
    yield hucha
    hucha.close()


def test_a_token_that_is_used_at_once_works_once_and_kills_its_family(stored: Hucha, stored_client: TestClient) -> None:
    # contract: D2
    register(stored_client)
    first, other = login(stored_client), login(stored_client)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: by_body(stored_client, token_of(first)), range(8)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: 7}
    winner = next(answer for answer in answers if answer.status_code == 200)
    assert not is_signed_in(stored_client, headers_of(winner))
    assert denied(by_body(stored_client, token_of(winner)))
    assert is_signed_in(stored_client, headers_of(other))
