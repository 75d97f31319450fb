"""Investors over HTTP: a bank whose prices a test sets, what its customers hold, and what is done when work is due."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import attrs
from falcon.testing import Result, TestClient

from adapters.memory.clock import SetClock
from adapters.memory.mailer import RecordingMailer
from adapters.memory.prices import FixedPrices
from domain.model.mail import Mail
from domain.use_cases.jobs.run_due_work import RunDueWork
from entrypoints.composition import Hucha, build_in_memory
from entrypoints.settings import Settings
from tests.customers import PASSWORD, PIN

from .accounts import Customer, open_account, says
from .signing_in import headers_of, letters, login

ASSETS = "/api/account/assets"
NET_WORTH = "/api/account/net-worth"
PERFORMANCE = "/api/account/performance"
PRICES = "/market/prices"
SUBSCRIBE = "/api/user-actions/subscribe"
SUBSCRIPTIONS = "/api/user-actions/subscriptions"
ENABLE = "/api/user-actions/enable-auto-invest"
DISABLE = "/api/user-actions/disable-auto-invest"
BOT = "/api/user-actions/auto-invest"

BOUGHT = "Asset purchase successful."
SOLD = "Asset sale successful."
NOT_BOUGHT = "Internal error occurred while purchasing the asset."
NOT_SOLD = "Internal error occurred while selling the asset."


def investing_bank(clock: SetClock, market: FixedPrices, **settings: Any) -> Hucha:
    """A bank in memory over these prices."""
    chosen = Settings(**{"bcrypt_rounds": 4, "rate_limits": False, **settings})
    return build_in_memory(chosen, clock, RecordingMailer(), market)


def over(hucha: Hucha, market: FixedPrices) -> Hucha:
    """The same bank over these prices, whatever it was built over."""
    portfolio = attrs.evolve(hucha.portfolio, prices=market)
    return attrs.evolve(
        hucha, prices=market, portfolio=portfolio, trade_assets=attrs.evolve(hucha.trade_assets, prices=market)
    )


def named(hucha: Hucha, name: str, balance: str) -> Customer:
    """A customer of this name with a PIN and so much money."""
    client = open_account(hucha, "doorman").client
    body = {"name": name, "email": "named@nuwe.com", "password": PASSWORD}
    assert client.simulate_post("/api/auth/register", json=body).status_code == 201
    bearer = headers_of(login(client, "named@nuwe.com"))
    number = client.simulate_get("/api/dashboard/account", headers=bearer).json["accountNumber"]
    pin = {"pin": PIN, "password": PASSWORD}
    assert client.simulate_post("/api/account/pin/create", json=pin, headers=bearer).status_code == 200
    user = hucha.storage.read(lambda tx: tx.users.by_email("named@nuwe.com"))
    assert user is not None
    token = bearer["Authorization"].removeprefix("Bearer ")
    customer = Customer(hucha, client, "named@nuwe.com", user.id, number, token)
    assert customer.deposit(balance).status_code == 200
    return customer


def told_in_text(answer: Result, sentence: str) -> None:
    """Whether the order was carried out, in seed B's words: `text/plain`, and nothing else."""
    says(answer, 200, sentence)


def get(customer: Customer, path: str, query: str = "") -> Result:
    return customer.client.simulate_get(path, query_string=query, headers=customer.bearer)


def exactly(answer: Result) -> Any:
    """What a JSON answer holds, its numbers exact."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    return json.loads(answer.text, parse_float=Decimal)


def assets(customer: Customer) -> dict[str, Decimal]:
    return exactly(get(customer, ASSETS))


def net_worth(customer: Customer) -> Decimal:
    return exactly(get(customer, NET_WORTH))


def performance(customer: Customer) -> dict[str, Any]:
    return exactly(get(customer, PERFORMANCE))


def work(due_work: RunDueWork) -> None:
    """Do all that is due now."""
    now = due_work.clock.now()
    next_due = due_work.run_once(now)
    while next_due is not None and next_due <= now:
        next_due = due_work.run_once(now)


def trade_letters(hucha: Hucha) -> list[Mail]:
    """Every letter about a trade, once what is due is done."""
    return [letter for letter in letters(hucha) if letter.subject.startswith("Investment ")]


def trace(customer: Customer) -> tuple[Any, ...]:
    """All that a trade leaves behind."""
    held = customer.hucha.storage.read(lambda tx: tx.assets.holdings(customer.user_id))
    return customer.balance(), customer.history(), held, customer.told(), len(trade_letters(customer.hucha))


def types(customer: Customer) -> list[tuple[str, Decimal]]:
    """Type and amount of every movement, oldest first."""
    return [(one["transactionType"], one["amount"]) for one in reversed(customer.history())]


def pages(customer: Customer, path: str, limit: int) -> Iterator[Any]:
    """What every page holds, each from the `Link` of the one before (RFC 8288)."""
    query: str | None = f"limit={limit}"
    while query is not None:
        answer = get(customer, path, query)
        yield exactly(answer)
        query = None
        if "Link" in answer.headers:
            match = re.fullmatch(r'<([^>]+)>; rel="?next"?', answer.headers["Link"])
            assert match, answer.headers["Link"]
            target = urlsplit(match[1])
            assert (target.scheme, target.netloc, target.path) == ("", "", path)
            query = target.query


def denies_strangers(client: TestClient, *paths: str) -> None:
    """Whether nobody reads these without a token."""
    for path in paths:
        for headers in ({}, {"Authorization": "Bearer garbage"}):
            answer = client.simulate_get(path, headers=headers)
            says(answer, 401, "Access Denied")
            assert answer.headers["WWW-Authenticate"] == "Bearer"
