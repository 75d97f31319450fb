"""Thousands of payments are overdue, and the workers that make up for them are killed again and again (contract B12).

Two `hucha worker` run over one database. SIGKILL takes one of them or both in the middle of the work, and others begin.
In the end each due instant is paid once, and the bots' trades and all balances are what a replay makes of the history.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from adapters.market.simulated_prices import SimulatedPrices
from adapters.memory.clock import SetClock
from domain.model.sessions import Identity
from domain.use_cases.market.trade_assets import TradeAssets, TradeOrder
from domain.use_cases.money.guarded_orders import Guard
from domain.use_cases.planning.manage_subscriptions import SUBSCRIPTION, ManageSubscriptions, SubscriptionTerms
from entrypoints.composition import Hucha, build
from entrypoints.settings import Settings
from tests.conftest import LONG
from tests.e2e.processes import START_SECONDS, command, until
from tests.e2e.served_customers import KEYS
from tests.simulation.bank import PIN, jobs, open_account, waiting_letters
from tests.simulation.books import Books, check_audit, check_books, check_nothing_is_left, read_books

SEEDS = range(6) if LONG else range(1)
KILLS = 10 if LONG else 3
OVERDUE_SECONDS = 1_800 if LONG else 240
"""How long nobody has paid; the subscriptions are of one and of two seconds."""

BETWEEN_KILLS = 2_500 if LONG else 700
"""So many payments are made at most before the next kill."""

MONEY = ("100000", "100000", "20000", "1500", "400", "7")
"""Of each customer: the last ones can't pay what is overdue."""

SUBSCRIPTIONS_EACH = 5
MONTH = timedelta(days=30)

pytestmark = pytest.mark.proof


@attrs.frozen
class Town:
    """The bank over the database that the workers share, and its customers."""

    hucha: Hucha
    folder: Path
    environment: dict[str, str]
    customers: list[Identity]

    def books(self) -> list[Books]:
        return list(read_books(self.hucha.storage, [one.user_id for one in self.customers]).values())

    def paid(self) -> int:
        return sum(one.payments for one in self._subscriptions())

    def owes(self, since: datetime) -> bool:
        """Whether something that was due by then isn't paid."""
        return any(one.status == "active" and one.next_due <= since for one in self._subscriptions())

    def _subscriptions(self):
        return self.hucha.storage.read(
            lambda tx: [one for who in self.customers for one in tx.subscriptions.of_user(who.user_id, 1_000)]
        )

    def letters(self) -> set[str]:
        """The ids of the letters that were sent or wait to be."""
        sent = {f"<{path.stem}>" for path in (self.folder / "var/mail").glob("*.eml")}
        return sent | waiting_letters(self.hucha.storage)


class Working:
    """A `hucha worker`; what it says goes to a file."""

    def __init__(self, town: Town, number: int) -> None:
        self._log = town.folder / f"worker {number}.log"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                command("worker"),
                cwd=town.folder,
                env={"PATH": os.environ["PATH"]} | town.environment,
                stdin=subprocess.DEVNULL,
                stderr=log,
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Between two jobs, as SIGTERM wants it."""
        until(lambda: "working" in self.log)
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(START_SECONDS) == 0
        assert "Traceback" not in self.log


@contextmanager
def town_of(url: str, folder: Path) -> Iterator[Town]:
    """Customers who subscribed and invested before the workers stood still."""
    environment = {"DATABASE_URL": url, "THREADS": "4", "AUTO_INVEST_INTERVAL_SECONDS": "1", **KEYS}
    hucha = build(Settings.from_environment(environment))
    try:
        hashes = hucha.manage_pin.hashes
        customers = [open_account(hucha.storage, hashes, money) for money in MONEY]
        town = Town(hucha, folder, environment, customers)
        began = datetime.now(UTC) - timedelta(seconds=OVERDUE_SECONDS)
        for customer in customers:
            invest(hucha, customer, began - MONTH)
            subscribe(hucha, customer, began)
        yield town
    finally:
        hucha.close()


def invest(hucha: Hucha, customer: Identity, then: datetime) -> None:
    """At prices of another month, so that the bot finds something to do."""
    clock = SetClock(then)
    prices = SimulatedPrices(hucha.settings.market_seed, clock)
    trade = TradeAssets(hucha.storage, clock, hucha.manage_pin.hashes, prices)
    for symbol in ("BTC", "GOLD", "TSLA"):
        trade(customer, Guard(PIN), TradeOrder("buy", symbol, Decimal("2.00")))
    hucha.auto_invest.enable(customer, PIN)


def subscribe(hucha: Hucha, customer: Identity, then: datetime) -> None:
    """To what is due every second and every other one, each at a fraction of a second of its own."""
    hashes = hucha.manage_pin.hashes
    for number in range(SUBSCRIPTIONS_EACH):
        clock = SetClock(then + timedelta(microseconds=1_000 * (customer.user_id * SUBSCRIPTIONS_EACH + number)))
        amount = Decimal(10 + 100 * number).scaleb(-2)
        terms = SubscriptionTerms(amount, 1 + number % 2, f"number {number}")
        ManageSubscriptions(hucha.storage, clock, hashes).add(customer, Guard(PIN), terms)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_due_instant_is_paid_once_though_workers_are_killed(tmp_path: Path, url: str, seed: int) -> None:
    # contract: B12, B13, R5
    chance = random.Random(seed)
    with town_of(url, tmp_path) as town:
        began = datetime.now(UTC)
        workers = [Working(town, number) for number in range(2)]
        try:
            kill_again_and_again(town, workers, chance, began)
            until(lambda: not town.owes(datetime.now(UTC) - timedelta(seconds=2)), 4 * START_SECONDS)
            for worker in workers:
                worker.stop()
        finally:
            for worker in workers:
                worker.kill()
        check(town, began)


def kill_again_and_again(town: Town, workers: list[Working], chance: random.Random, began: datetime) -> None:
    """One or both, after some payments and some thousandths of a second."""
    for kill in range(KILLS):
        enough = town.paid() + chance.randint(1, BETWEEN_KILLS)
        until(lambda enough=enough: town.paid() >= enough, START_SECONDS)
        until(chance_of(chance, 0.2), START_SECONDS)
        assert town.owes(began), "it is in the middle of the work"
        victims = chance.choice([[0], [1], [0, 1]])
        for number in victims:
            workers[number].kill()
            assert "Traceback" not in workers[number].log
            workers[number] = Working(town, 2 + 2 * kill + number)


def chance_of(chance: random.Random, likelihood: float) -> Callable[[], bool]:
    return lambda: chance.random() < likelihood


def check(town: Town, began: datetime) -> None:
    now = datetime.now(UTC)
    everyone = town.books()
    for books in everyone:
        check_books(books, now)
        check_nothing_is_left(books, began)
    check_audit(town.hucha.storage, len(MONEY))
    ended = [one for books in everyone for one, _ in books.over().values()]
    assert ended and {one.status for one in ended} == {"ended"}
    letters = {letter for letter in town.letters() if letter.startswith("<subscription-")}
    assert letters == {f"<subscription-{one.id}-ended@hucha>" for one in ended}
    active = {id for books in everyone for id in books.subscriptions.keys() - books.over().keys()}
    assert active and active == jobs(town.hucha.storage, SUBSCRIPTION).keys()
    assert any(trade.reason for books in everyone for trade in books.trades.values()), "the bots traded"
