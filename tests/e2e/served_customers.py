"""Customers of a `hucha serve`, over HTTP."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from tests.customers import PASSWORD, PIN

from .processes import Serving

CHEAP = {"BCRYPT_ROUNDS": "4", "RATE_LIMITS": "off"}
"""The environment of a server that registers many customers at once."""

KEYS = {"SECRET_KEY": "the secret key of every test's servers", "DATA_KEY": "the data key of every test's servers"}
"""What a server over MariaDB needs besides."""


@attrs.frozen
class Answer:
    """What came back."""

    status: int
    text: str
    headers: http.client.HTTPMessage

    @property
    def json(self) -> Any:
        """The body, with exact numbers."""
        return json.loads(self.text, parse_float=Decimal)


@attrs.frozen
class Customer:
    """Somebody with an account, a PIN and a token."""

    email: str
    account_number: str
    token: str


def ask(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: Mapping[str, object] | None = None,
    customer: Customer | None = None,
    key: str | None = None,
) -> Answer:
    """Ask over a keep-alive connection, as this customer and with this idempotency key where they are given.

    Raises OSError or HTTPException where the server goes away.
    """
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if customer is not None:
        headers["Authorization"] = f"Bearer {customer.token}"
    if key is not None:
        headers["Idempotency-Key"] = key
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    return Answer(answer.status, answer.read().decode(), answer.headers)


def ask_once(server: Serving, *request: Any, **more: Any) -> Answer:
    """Ask over a connection that nobody used before."""
    connection = server.http()
    try:
        return ask(connection, *request, **more)
    finally:
        connection.close()


def new_customer(server: Serving, number: int = 1, money: str | None = None) -> Customer:
    """Register somebody, sign them in, give them a PIN and, where it is told, so much money."""
    email = f"customer{number}@nuwe.com"
    body = {"name": "Ana", "email": email, "password": PASSWORD, "address": "Main St", "phoneNumber": f"666{number:06}"}
    registered = ask_once(server, "POST", "/api/users/register", body)
    assert registered.status == 200, registered
    customer = Customer(email, registered.json["accountNumber"], signed_in(server, email))
    created = ask_once(server, "POST", "/api/account/pin/create", {"pin": PIN, "password": PASSWORD}, customer)
    assert created.status == 200, created
    if money is not None:
        deposited = ask_once(server, "POST", "/api/account/deposit", {"pin": PIN, "amount": money}, customer)
        assert deposited.status == 200, deposited
    return customer


def signed_in(server: Serving, email: str) -> str:
    """A fresh token."""
    answer = ask_once(server, "POST", "/api/users/login", {"identifier": email, "password": PASSWORD})
    assert answer.status == 200, answer
    return str(answer.json["token"])


def balance(server: Serving, customer: Customer) -> Decimal:
    """What the dashboard shows."""
    shown = ask_once(server, "GET", "/api/dashboard/account", None, customer)
    assert shown.status == 200, shown
    return Decimal(shown.json["balance"])


def history(server: Serving, customer: Customer) -> list[dict[str, Any]]:
    """Every movement of the account, newest first."""
    shown = ask_once(server, "GET", "/api/account/transactions", None, customer)
    assert shown.status == 200, shown
    entries: list[dict[str, Any]] = shown.json
    return entries
