"""Who may call which operation of the document: everybody else learns nothing and changes nothing (contract G3)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest
from falcon.testing import Result, TestClient

from adapters.identity.jwt_tokens import JwtTokens
from adapters.keyring import KeyRing
from domain.model.sessions import Claims
from entrypoints.composition import Hucha, build
from entrypoints.http.app import create_app
from entrypoints.settings import Settings
from tests.customers import PIN

from .accounts import Customer, open_account
from .documented import OPERATIONS, Documented, everything

SECRET_KEY = b"the key that signs this bank's tokens"
EVENT_API_KEY = "s3cret"
NO_MARKS = str.maketrans(" /{}", "....")
NOW = datetime.now(UTC).replace(microsecond=0)


@attrs.frozen
class Bank:
    """A bank over SQLite with a customer, an operator, and events."""

    client: TestClient
    database: Path
    customer: Customer
    operator: str
    """The operator's key."""

    unknown: dict[str, str]
    """`Authorization` headers that open nothing, by what they are."""


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    database = tmp_path_factory.mktemp("matrix") / "hucha.db"
    settings = Settings(
        database_url=f"sqlite:///{database}",
        threads=4,
        bcrypt_rounds=4,
        rate_limits=False,
        secret_key=(SECRET_KEY,),
        data_key=(SECRET_KEY,),
        event_api_key=EVENT_API_KEY,
    )
    with closing(build(settings)) as hucha:
        customer = open_account(hucha, balance="1000000.00")
        open_account(hucha, "target")
        client = TestClient(create_app(hucha))
        event = {"type": "withdraw", "amount": 150, "user_id": 1, "time": 1}
        assert client.simulate_post("/event", json=event, headers={"X-API-Key": EVENT_API_KEY}).status_code == 200
        yield Bank(client, database, customer, hucha.operators.create("ana"), worthless(hucha, customer))


def worthless(hucha: Hucha, customer: Customer) -> dict[str, str]:
    """What doesn't prove who asks, or doesn't any more."""
    revoked = customer.signed_in_again()
    assert revoked.client.simulate_get("/api/users/logout", headers=revoked.bearer).status_code == 200
    hucha.operators.create("ben")
    dismissed = hucha.operators.create("cleo")
    hucha.operators.revoke("cleo")
    session = hucha.sign_in.tokens.read(customer.token)
    forge = JwtTokens(KeyRing([b"a key of somebody else, quite long enough"])).issue
    real = hucha.sign_in.tokens.issue
    hour = timedelta(hours=1)
    header, claims, signature = customer.token.split(".")
    tokens = {
        "garbage": "garbage",
        "revoked": revoked.token,
        "a dismissed operator's": dismissed,
        "signed by somebody else": forge(session),
        "expired": real(attrs.evolve(session, issued_at=NOW - 2 * hour, expires_at=NOW - hour)),
        "of a session that never was": real(Claims(customer.account_number, "x" * 36, NOW, NOW + hour)),
        "of another account": real(attrs.evolve(session, account_number="0b0c4b4e-6c1f-4d1c-9a5e-0a3a8f3b7a11")),
        "without its signature": f"{header}.{claims}.",
        "of no algorithm": f"eyJhbGciOiJub25lIn0.{claims}.",
        "with another signature": f"{header}.{claims}.{signature[::-1]}",
    }
    return {"a scheme alone": "Bearer", "another scheme": f"Basic {customer.token}"} | {
        name: f"Bearer {token}" for name, token in tokens.items()
    }


def denied(operation: Documented, answer: Result, status: int = 401) -> None:
    """Refused in the form that the document tells, in two words and no more."""
    assert answer.status_code == status, (str(operation), answer.text)
    media_type = answer.headers["Content-Type"].partition(";")[0]
    assert {media_type} == operation.error_types
    assert str(status) in operation.operation["responses"]
    said = answer.json if media_type.endswith("json") else answer.text
    assert said in (
        "Access Denied",
        {"msg": "Access Denied"},
        {"error": "Access Denied"},
        {"type": "about:blank", "title": answer.status[4:], "status": status, "detail": "Access Denied"},
    )
    assert (answer.headers.get("WWW-Authenticate") == "Bearer") is (status == 401)
    assert "Set-Cookie" not in answer.headers


PRIVATE = [pytest.param(one, id=str(one)) for one in OPERATIONS if one.schemes]
PUBLIC = [pytest.param(one, id=str(one)) for one in OPERATIONS if not one.schemes]


@pytest.mark.parametrize("operation", PRIVATE)
def test_a_stranger_is_denied(bank: Bank, operation: Documented) -> None:
    # contract: G3
    before = everything(bank.database)
    for body in (operation.example(pin=PIN), None):
        denied(operation, operation.ask(bank.client, {}, body))
        for authorization in bank.unknown.values():
            denied(operation, operation.ask(bank.client, {"Authorization": authorization}, body))
    assert everything(bank.database) == before


@pytest.mark.parametrize("operation", PRIVATE)
def test_the_wrong_kind_of_credentials_opens_nothing(bank: Bank, operation: Documented) -> None:
    """A customer on an operator's route is known, and forbidden."""
    # contract: G3, C1, C5
    kinds = {
        "accessToken": bank.customer.bearer,
        "operatorKey": {"Authorization": f"Bearer {bank.operator}"},
        "eventKey": {"X-API-Key": EVENT_API_KEY},
    }
    before = everything(bank.database)
    for kind, headers in kinds.items():
        if kind not in operation.schemes:
            forbidden = kind == "accessToken" and "operatorKey" in operation.schemes
            answer = operation.ask(bank.client, headers, operation.example(pin=PIN))
            denied(operation, answer, 403 if forbidden else 401)
    assert everything(bank.database) == before


def test_a_token_in_the_query_or_a_cookie_opens_nothing(bank: Bank) -> None:
    # contract: G3
    token = bank.customer.token
    for name in ("token", "access_token", "refresh_token"):
        for sent in ({"params": {name: token}}, {"cookies": {name: token}}, {"headers": {name: token}}):
            answer = bank.client.simulate_get("/api/dashboard/account", remote_addr="203.0.113.9", **sent)
            assert (answer.status_code, answer.text) == (401, "Access Denied")


@pytest.mark.parametrize("operation", PUBLIC)
def test_what_is_public_asks_for_no_token(bank: Bank, operation: Documented) -> None:
    """A login may say 401, but of what it was given and not of a token."""
    # contract: G3
    answers = {
        operation.ask(bank.client, {} if none else {"Authorization": "Bearer garbage"}).status_code
        for none in (True, False)
    }
    assert len(answers) == 1
    if answers == {401}:
        assert "401" in operation.operation["responses"]


@pytest.mark.parametrize("operation", PRIVATE)
def test_the_right_kind_of_credentials_is_not_denied(bank: Bank, operation: Documented) -> None:
    """Else all of the above would prove nothing. An example may be refused for another reason."""
    # contract: G3
    customer = open_account(bank.customer.hucha, str(operation).translate(NO_MARKS), "1000000.00")
    assert customer.buy("GOLD", 1000).status_code == 200
    kinds = {
        "accessToken": customer.bearer,
        "operatorKey": {"Authorization": f"Bearer {bank.operator}"},
        "eventKey": {"X-API-Key": EVENT_API_KEY},
    }
    (kind,) = operation.schemes
    answer = operation.ask(bank.client, kinds[kind], operation.example(pin=PIN, password="NuweTest1$"))
    assert answer.status_code not in (401, 500), answer.text
    assert "Access Denied" not in answer.text


def test_every_kind_of_access_is_in_the_matrix() -> None:
    kinds = {scheme for one in OPERATIONS for scheme in one.schemes}
    assert kinds == {"accessToken", "operatorKey", "eventKey"}
    assert len(PRIVATE) > 15
    assert len(PUBLIC) > 10
