"""Access tokens: what is in them, and which are refused (contract G3, G7; seed B, task 6)."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import jwt
import pytest
from falcon.testing import Result, TestClient

from adapters.identity.jwt_tokens import JwtTokens
from adapters.keyring import KeyRing
from adapters.memory.clock import SetClock
from domain.model.sessions import Claims
from entrypoints.composition import Hucha, build
from entrypoints.http.app import create_app
from entrypoints.http.dialects import Dialect, dialect_of
from entrypoints.settings import Settings
from tests.http.answers import problem_of
from tests.http.signing_in import (
    headers_of,
    is_signed_in,
    login,
    quick_bank,
    register,
    signed_in,
    stored_settings,
    text_of,
)

SECRET = b"the secret of these tests, which is long"
OTHER_SECRET = b"another secret, which is as long as that"
PRIVATE = [
    ("GET", "/api/dashboard/user"),
    ("GET", "/api/dashboard/account"),
    ("GET", "/api/users/logout"),
    ("GET", "/api/user/profile"),
    ("GET", "/api/account/transactions"),
    ("PUT", "/api/user/settings"),
    ("POST", "/api/auth/logout"),
    ("POST", "/api/users/change-password"),
    ("POST", "/api/account/pin/create"),
    ("POST", "/api/account/pin/update"),
    ("POST", "/api/account/pin/reset"),
    ("POST", "/api/account/deposit"),
    ("POST", "/api/account/withdraw"),
    ("POST", "/api/account/fund-transfer"),
]
PUBLIC = [
    "/api/auth/register",
    "/api/auth/login",
    "/api/users/register",
    "/api/users/login",
    "/api/auth/password-reset/send-otp",
    "/api/auth/password-reset/verify-otp",
    "/api/auth/password-reset",
]
Forgery = Callable[[str], str]


@pytest.fixture
def hucha(clock: SetClock) -> Hucha:
    return quick_bank(clock, secret_key=(SECRET,))


def denied(answer: Result, path: str) -> None:
    """The one refusal of whoever isn't known, in the form of the route."""
    if dialect_of(path) is Dialect.PROBLEM:
        assert problem_of(answer, 401)["detail"] == "Access Denied"
    else:
        assert text_of(answer, 401) == "Access Denied"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def segment(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signing_key(secret: bytes = SECRET) -> tuple[str, bytes]:
    """The id of the key that signs tokens, and the key."""
    return next(iter(KeyRing([secret]).derive("access tokens", 64).items()))


def signed(claims: dict[str, Any], algorithm: str = "HS512", secret: bytes = SECRET, **headers: Any) -> str:
    key_id, key = signing_key(secret)
    return jwt.encode(claims, key, algorithm, headers={"kid": key_id, **headers})


def unsigned(token: str, algorithm: str) -> str:
    return f"{segment({'alg': algorithm, 'typ': 'JWT', 'kid': signing_key()[0]})}.{token.split('.')[1]}."


def flipped(token: str, part: int) -> str:
    """The token with the first character of one of its parts altered."""
    parts = token.split(".")
    parts[part] = ("B" if parts[part][0] == "A" else "A") + parts[part][1:]
    return ".".join(parts)


def changed(token: str, **claims: Any) -> str:
    """The token with other claims under its old signature."""
    head, _, signature = token.split(".")
    return f"{head}.{segment(claims_of(token) | claims)}.{signature}"


def resigned(token: str, **claims: Any) -> str:
    """A token with other claims, signed by the right key."""
    return signed(claims_of(token) | claims)


def without(token: str, name: str) -> str:
    return signed({key: value for key, value in claims_of(token).items() if key != name})


def in_hs256(token: str) -> str:
    return signed(claims_of(token), "HS256")


FORGERIES: dict[str, Forgery] = {
    "cut at its end": lambda token: token[:-1],
    "cut at its start": lambda token: token[1:],
    "without its signature": lambda token: token.rpartition(".")[0],
    "with an empty signature": lambda token: token.rpartition(".")[0] + ".",
    "with a part more": lambda token: token + ".x",
    "altered head": lambda token: flipped(token, 0),
    "altered claims": lambda token: flipped(token, 1),
    "altered signature": lambda token: flipped(token, 2),
    "padded": lambda token: token + "==",
    "padded too little": lambda token: token + "=",
    "twice": lambda token: f"{token}.{token}",
    "with a blank in it": lambda token: f"{token[:9]} {token[9:]}",
    "alg none": lambda token: unsigned(token, "none"),
    "alg None": lambda token: unsigned(token, "None"),
    "alg NONE": lambda token: unsigned(token, "NONE"),
    "no alg": lambda token: f"{segment({'kid': signing_key()[0]})}.{token.split('.')[1]}.",
    "alg HS256 under the right key": in_hs256,
    "alg HS384 under the right key": lambda token: signed(claims_of(token), "HS384"),
    "another key": lambda token: signed(claims_of(token), secret=OTHER_SECRET),
    "another key under the right id": lambda token: signed(claims_of(token), secret=OTHER_SECRET, kid=signing_key()[0]),
    "the secret itself as the key": lambda token: jwt.encode(
        claims_of(token), SECRET * 2, "HS512", headers={"kid": signing_key()[0]}
    ),
    "no kid": lambda token: jwt.encode(claims_of(token), signing_key()[1], "HS512"),
    "a number as kid": lambda token: (
        f"{segment({'alg': 'HS512', 'kid': 7})}.{token.split('.')[1]}.{token.split('.')[2]}"
    ),
    "a path as kid": lambda token: signed(claims_of(token), kid="../../dev/null"),
    "a longer life under the old signature": lambda token: changed(token, exp=9_999_999_999),
    "another account under the old signature": lambda token: changed(token, sub="19b332"),
    "another account, signed": lambda token: resigned(token, sub="19b332"),
    "another session, signed": lambda token: resigned(token, jti="9b1ae6c5-c247-434f-a8e7-893b026db107"),
    "no sub": lambda token: without(token, "sub"),
    "no jti": lambda token: without(token, "jti"),
    "no exp": lambda token: without(token, "exp"),
    "no iat": lambda token: without(token, "iat"),
    "exp as text": lambda token: resigned(token, exp="9999999999"),
    "exp beyond all time": lambda token: resigned(token, exp=10**18),
    "exp in the past": lambda token: resigned(token, exp=1),
    "jti null": lambda token: resigned(token, jti=None),
    "jti a list": lambda token: resigned(token, jti=[claims_of(token)["jti"]]),
    "nothing but dots": lambda token: "..",
    "a list as claims": lambda token: f"{token.split('.')[0]}.W10.{token.split('.')[2]}",
    "huge": lambda token: token + "x" * 100_000,
    "the refresh token's form": lambda token: "hucha_" + "x" * 43,
    "its own jti": lambda token: claims_of(token)["jti"],
    "the account number": lambda token: claims_of(token)["sub"],
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_token_is_denied_everywhere(client: TestClient, forge: Forgery) -> None:
    # contract: G3, G7
    headers = signed_in(client)
    token = headers["Authorization"].removeprefix("Bearer ")
    forged = {"Authorization": f"Bearer {forge(token)}"}
    assert forged != headers
    for method, path in PRIVATE:
        denied(client.simulate_request(method, path, headers=forged), path)
    assert is_signed_in(client, headers)


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Basic {}", "Token {}", "{}", "Bearer{}", "Bearer {0}, Bearer {0}", "Bearer \xff"],
)
@pytest.mark.parametrize(("method", "path"), PRIVATE)
def test_a_private_route_wants_a_bearer_token(
    client: TestClient, method: str, path: str, authorization: str | None
) -> None:
    # contract: G3
    token = signed_in(client)["Authorization"].removeprefix("Bearer ")
    headers = {} if authorization is None else {"Authorization": authorization.format(token)}
    denied(client.simulate_request(method, path, headers=headers), path)


@pytest.mark.parametrize(("method", "path"), PRIVATE)
def test_a_private_route_opens_for_its_customer(client: TestClient, method: str, path: str) -> None:
    # contract: G3
    headers = signed_in(client)
    for form in ("Bearer {}", "bearer {}", "BEARER  {} "):
        given = {"Authorization": form.format(headers["Authorization"].removeprefix("Bearer "))}
        assert client.simulate_request(method, path, headers=given).status_code != 401
        if "logout" in path:
            break


@pytest.mark.parametrize("body", [b"nonsense", b"\xff", b"{}", b'{"pin": "1811"}'])
@pytest.mark.parametrize(("method", "path"), [pair for pair in PRIVATE if pair[0] != "GET"])
def test_without_a_token_nobody_learns_what_is_wrong_with_a_body(
    client: TestClient, method: str, path: str, body: bytes
) -> None:
    # contract: G3
    denied(client.simulate_request(method, path, body=body), path)


@pytest.mark.parametrize("path", PUBLIC)
def test_a_public_route_minds_no_bad_token(client: TestClient, path: str) -> None:
    # contract: G3
    answer = client.simulate_post(path, json={}, headers={"Authorization": "Bearer nonsense"})
    assert "Access Denied" not in answer.text


def test_an_operators_key_is_no_customers_token(client: TestClient, operator: dict[str, str]) -> None:
    # contract: G3
    for method, path in PRIVATE:
        denied(client.simulate_request(method, path, headers=operator), path)


def test_a_customers_token_is_no_operators_key(client: TestClient) -> None:
    # contract: G3
    headers = signed_in(client)
    for path in ("/api/events", "/api/risk-profiles/1"):
        assert problem_of(client.simulate_get(path, headers=headers), 403)["detail"] == "Access Denied"


def test_a_token_says_what_the_contract_names_and_no_more(client: TestClient, clock: SetClock) -> None:
    # contract: G7
    number = register(client)
    token = login(client).json["token"]
    assert jwt.get_unverified_header(token) == {"alg": "HS512", "typ": "JWT", "kid": signing_key()[0]}
    claims = claims_of(token)
    assert set(claims) == {"sub", "iat", "exp", "jti"}
    assert claims["sub"] == number
    assert claims["iat"] == int(clock.now().timestamp())
    assert claims["exp"] - claims["iat"] == 86_400
    assert claims_of(login(client).json["token"])["jti"] != claims["jti"]


@pytest.mark.parametrize("life_seconds", [60, 86_400])
def test_a_token_ends_when_it_says(clock: SetClock, life_seconds: int) -> None:
    # contract: G7, G3
    client = TestClient(create_app(quick_bank(clock, access_token_seconds=life_seconds)))
    headers = signed_in(client)
    clock.advance(timedelta(seconds=life_seconds, microseconds=-1))
    assert is_signed_in(client, headers)
    clock.advance(timedelta(microseconds=1))
    for method, path in PRIVATE:
        denied(client.simulate_request(method, path, headers=headers), path)


def test_a_token_is_worth_nothing_without_its_session(client: TestClient, clock: SetClock) -> None:
    # contract: G7
    number = register(client)
    claims = Claims(number, "9b1ae6c5-c247-434f-a8e7-893b026db107", clock.now(), clock.now() + timedelta(days=1))
    token = JwtTokens(KeyRing([SECRET])).issue(claims)
    denied(
        client.simulate_get("/api/dashboard/user", headers={"Authorization": f"Bearer {token}"}),
        "/api/dashboard/user",
    )


@contextmanager
def process(settings: Settings, *secrets: bytes) -> Iterator[TestClient]:
    """A client of one process of the bank, with these secrets."""
    hucha = build(attrs.evolve(settings, secret_key=secrets))
    yield TestClient(create_app(hucha))
    hucha.close()


@pytest.fixture
def settings(database: Path, tmp_path: Path) -> Settings:
    return stored_settings(database, tmp_path / "mail", secret_key=(SECRET,), data_key=(OTHER_SECRET,))


def test_a_logout_holds_on_every_node_and_after_a_restart(settings: Settings) -> None:
    # contract: G7, B4
    path = "/api/dashboard/user"
    with process(settings, SECRET) as here, process(settings, SECRET) as there:
        headers = signed_in(here)
        assert is_signed_in(there, headers)
        there.simulate_get("/api/users/logout", headers=headers)
        denied(here.simulate_get(path, headers=headers), path)
    with process(settings, SECRET) as restarted:
        denied(restarted.simulate_get(path, headers=headers), path)


def test_keys_are_replaced_by_putting_the_new_one_first(settings: Settings) -> None:
    # contract: G7
    with process(settings, SECRET) as before:
        headers = signed_in(before)
    with process(settings, OTHER_SECRET, SECRET) as both:
        assert is_signed_in(both, headers)
        newer = login(both)
        assert jwt.get_unverified_header(newer.json["token"])["kid"] == signing_key(OTHER_SECRET)[0]
    with process(settings, OTHER_SECRET) as after:
        assert is_signed_in(after, headers_of(newer))
        denied(after.simulate_get("/api/dashboard/user", headers=headers), "/api/dashboard/user")


def test_the_database_holds_no_token(settings: Settings, database: Path) -> None:
    """Whoever reads the database can't sign in by it."""
    # contract: G7, D2
    hucha = build(settings)
    client = TestClient(create_app(hucha))
    register(client)
    answer = login(client)
    hucha.close()
    kept = b"".join(path.read_bytes() for path in database.parent.glob("hucha.db*"))
    assert answer.json["token"].encode() not in kept
    assert answer.cookies["refresh_token"].value.encode() not in kept
    assert hashlib.sha256(answer.cookies["refresh_token"].value.encode()).hexdigest().encode() in kept


def test_a_token_of_the_future_is_read_by_the_banks_own_clock(client: TestClient, clock: SetClock) -> None:
    """The machine's time is of no account: the bank's clock is a port."""
    clock.set(datetime(2100, 1, 1, tzinfo=UTC))
    headers = signed_in(client)
    assert is_signed_in(client, headers)
