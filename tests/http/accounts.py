"""Customers with a PIN and money, and how they ask for what they want."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any, TypeVar

import attrs
from falcon.testing import Result, TestClient

from domain.model.notifications import Notification
from domain.model.sessions import Identity
from domain.model.users import Details
from domain.rules.registration import Registration
from entrypoints.composition import Hucha
from entrypoints.http.app import create_app
from tests.customers import PASSWORD, PIN
from tests.orders import order

T = TypeVar("T")


DEPOSIT = "/api/account/deposit"
WITHDRAW = "/api/account/withdraw"
TRANSFER = "/api/account/fund-transfer"
HISTORY = "/api/account/transactions"
BUY = "/api/account/buy-asset"
SELL = "/api/account/sell-asset"
MONEY_ROUTES = (DEPOSIT, WITHDRAW, TRANSFER)


@attrs.frozen
class Customer:
    """A customer of a bank, signed in."""

    hucha: Hucha
    client: TestClient
    email: str
    user_id: int
    account_number: str
    token: str

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def ask(self, path: str, body: Mapping[str, object] | bytes, key: str | None = None) -> Result:
        """Post a body, which may be raw, with an idempotency key or without."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = self.bearer | {"Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        return self.client.simulate_post(path, body=data, headers=headers)

    def deposit(self, amount: object, key: str | None = None, pin: object = PIN) -> Result:
        return self.ask(DEPOSIT, {"pin": pin, "amount": amount}, key)

    def withdraw(self, amount: object, key: str | None = None, pin: object = PIN) -> Result:
        return self.ask(WITHDRAW, {"amount": amount, "pin": pin}, key)

    def transfer(self, target: object, amount: object, key: str | None = None, **more: object) -> Result:
        number = target.account_number if isinstance(target, Customer) else target
        body = {"amount": amount, "pin": PIN, "targetAccountNumber": number}
        return self.ask(TRANSFER, body | more, key)

    def balance(self) -> Decimal:
        """What the API says, to the cent."""
        answer = self.client.simulate_get("/api/dashboard/account", headers=self.bearer)
        assert answer.status_code == 200, answer.text
        balance = json.loads(answer.text, parse_float=Decimal, parse_int=Decimal)["balance"]
        assert isinstance(balance, Decimal), "a JSON number"
        return balance

    def history(self, query: str = "") -> list[dict[str, Any]]:
        answer = self.client.simulate_get(HISTORY, query_string=query, headers=self.bearer)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.text, parse_float=Decimal)

    def buy(self, symbol: object, amount: object, key: str | None = None, pin: object = PIN) -> Result:
        return self.ask(BUY, {"assetSymbol": symbol, "pin": pin, "amount": amount}, key)

    def sell(self, symbol: object, quantity: object, key: str | None = None, pin: object = PIN) -> Result:
        return self.ask(SELL, {"assetSymbol": symbol, "pin": pin, "quantity": quantity}, key)

    def told(self) -> list[Notification]:
        """The customer's notifications, latest first."""
        return self.hucha.storage.read(lambda tx: tx.notifications.newest(self.user_id, 100))

    def signed_in_again(self) -> Customer:
        return attrs.evolve(self, token=self.hucha.sign_in(self.email, PASSWORD, "127.0.0.1").access_token)


def open_account(
    hucha: Hucha,
    name: str = "nuwe",
    balance: str = "0",
    *,
    pin: str | None = PIN,
    password: str = PASSWORD,
    email: str | None = None,
) -> Customer:
    """Register a customer, with so much money, and sign them in."""
    email = email or f"{name}@nuwe.com"
    user = hucha.register(Registration("Nuwe Test", email, password, Details()))
    token = hucha.sign_in(email, password, "127.0.0.1").access_token
    customer = Customer(hucha, TestClient(create_app(hucha)), email, user.id, user.account_number, token)
    if pin is not None:
        hucha.manage_pin.create(Identity(user.id, user.account_number, ""), pin, password, "127.0.0.1")
    if Decimal(balance):
        hucha.move_money(order("CASH_DEPOSIT", user.id, pin, balance))
    return customer


def says(answer: Result, status: int, sentence: str) -> None:
    """Whether B refuses with this sentence, as `text/plain` (contract G2)."""
    assert (answer.status_code, answer.text) == (status, sentence)
    assert answer.headers["Content-Type"].partition(";")[0] == "text/plain"


def done(answer: Result, sentence: str) -> None:
    """Whether the order was carried out."""
    assert (answer.status_code, answer.text) == (200, json.dumps({"msg": sentence}, separators=(",", ":")))
    assert answer.headers["Content-Type"] == "application/json"


def at_once(times: int, work: Callable[[int], T]) -> list[T]:
    """What `work` gives when so many threads call it at the same time, each with its number."""
    ready = Barrier(times)

    def one(number: int) -> T:
        ready.wait(30)
        return work(number)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))
