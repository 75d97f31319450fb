"""Workers that look at the same time, while customers subscribe, cancel, move money and switch their bots (B12, B13).

Real threads over one storage of each kind: whoever comes first, the end is one that a replay of the books allows.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import attrs
import pytest

from domain.model.sessions import Identity
from domain.model.subscriptions import Subscription, SubscriptionPayment
from domain.use_cases.market.manage_auto_invest import AUTO_INVEST
from domain.use_cases.planning.manage_subscriptions import SUBSCRIPTION
from ports.storage import Storage
from tests.conftest import LONG
from tests.simulation.bank import BOT_INTERVAL, PIN, Bank, settle
from tests.simulation.books import Books, check_audit, check_books, check_grown, check_nothing_is_left, read_books

WORKERS = 4
CUSTOMERS = 8
SUBSCRIPTIONS = 200
WISHES = 600 if LONG else 40
"""Of the customers, by each of two threads, while the workers pay."""

INSTANTS = 60 if LONG else 5
"""So many are due of most subscriptions."""

MORE_THAN_ANYBODY_HAS = "1000000.00"
"""What costs so much ends at its first instant, however the threads take turns."""

SWITCHES = 200 if LONG else 20
MINUTE = timedelta(minutes=1)
PATIENCE_SECONDS = 300 if LONG else 60

Over = tuple[Subscription, list[SubscriptionPayment]]

pytestmark = pytest.mark.proof


@pytest.mark.parametrize("seed", range(4) if LONG else range(1))
def test_many_workers_pay_each_due_instant_once_whatever_customers_do(storage: Storage, seed: int) -> None:
    # contract: B8, B12
    bank = Bank(storage)
    customers = [bank.open_account(str(20 * 4**number)) for number in range(CUSTOMERS)]
    for number in range(SUBSCRIPTIONS):
        customer = customers[number % CUSTOMERS]
        bank.subscribe(customer, Decimal(1 + number % 7).scaleb(-1), (10, 60)[number % 9 == 0], f"number {number}")
        bank.clock.advance(timedelta(milliseconds=1))
    for customer in customers:
        bank.subscribe(customer, MORE_THAN_ANYBODY_HAS, 10)
    before = read(bank, customers)
    bank.clock.advance(timedelta(seconds=10 * INSTANTS))
    whims = [Whims(bank, customers, random.Random(f"{seed} {number}")) for number in range(2)]
    at_once([*([lambda: settle(bank, bank.worker())] * WORKERS), *(one.follow for one in whims)])
    settle(bank, bank.worker())
    after = read(bank, customers)
    for old, new in zip(before, after, strict=True):
        check_books(new, bank.clock.now())
        check_grown(old, new)
        check_nothing_is_left(new, bank.clock.now())
    over = {id: kept for books in after for id, kept in books.over().items()}
    assert all(over[id] == kept for one in whims for id, kept in one.cancelled.items()), "cancelled is cancelled"
    check_audit(storage, CUSTOMERS)
    check_jobs_and_letters(bank, after)


@attrs.frozen
class Whims:
    """Subscribe, cancel, transfer: whatever is refused for want of money."""

    bank: Bank
    customers: list[Identity]
    chance: random.Random
    cancelled: dict[int, Over] = attrs.field(factory=dict)
    """Each subscription that was cancelled, or had ended before, as it was right afterwards; by id."""

    def follow(self) -> None:
        for _ in range(WISHES):
            self.chance.choice([self.subscribe, self.cancel, self.transfer, self.transfer])()

    def subscribe(self) -> None:
        self.bank.subscribe(self.chance.choice(self.customers), "0.50", 1)

    def cancel(self) -> None:
        """The one with the most left to pay, where one goes on."""
        one = self.chance.choice(self.customers)
        [books] = read(self.bank, [one])
        active = books.subscriptions.keys() - books.over().keys() or books.subscriptions.keys()
        _, chosen = min((books.subscriptions[id].next_due, id) for id in active)
        self.bank.subscriptions.cancel(one, chosen)
        [books] = read(self.bank, [one])
        self.cancelled[chosen] = books.over()[chosen]

    def transfer(self) -> None:
        one, other = self.chance.sample(self.customers, 2)
        self.bank.move(one, "CASH_TRANSFER", Decimal(self.chance.randint(1, 2_000)).scaleb(-2), other)


def check_jobs_and_letters(bank: Bank, everyone: Sequence[Books]) -> None:
    """What goes on has a job, and no other; each end is told by one letter, which was sent once."""
    statuses = {id: one.status for books in everyone for id, one in books.subscriptions.items()}
    assert set(statuses.values()) == {"active", "ended", "cancelled"}, "all of it happened"
    active = {id for id, status in statuses.items() if status == "active"}
    assert active <= bank.jobs(SUBSCRIPTION).keys()
    assert not bank.jobs(SUBSCRIPTION, bank.clock.now())
    ended = {f"<subscription-{id}-ended@hucha>" for id, status in statuses.items() if status == "ended"}
    sent = [letter.message_id for letter in bank.mailer.sent]
    assert sorted(sent) == sorted(ended)


def test_a_bot_that_is_switched_while_its_rounds_are_played_does_what_was_last_said(storage: Storage) -> None:
    # contract: B13
    bank = Bank(storage)
    customers = [bank.open_account("5000") for _ in range(2)]
    for customer in customers:
        for symbol in ("BTC", "GOLD"):
            bank.trade(customer, "buy", symbol, "1000")
        bank.bot.enable(customer, PIN)
    ending = threading.Event()
    switching = [lambda one=one: switch_again_and_again(bank, one) for one in customers]
    playing = [lambda: play_rounds(bank, ending)] * 2
    with ThreadPoolExecutor(len(playing) + 1) as pool:
        players = [pool.submit(one) for one in playing]
        world = pool.submit(lambda: have_time_go_by(bank, ending))
        try:
            at_once(switching)
        finally:
            ending.set()
        for one in (*players, world):
            one.result(PATIENCE_SECONDS)
    switched_off, switched_on = customers
    bank.bot.disable(switched_off)
    left, before = read(bank, customers)
    assert left.trades and before.trades
    for _ in range(2):
        bank.clock.advance(BOT_INTERVAL)
        bank.prices.set("GOLD", bank.prices.current()["GOLD"] * 2)
        settle(bank, bank.worker())
    assert switched_off.user_id not in bank.jobs(AUTO_INVEST), "its job found it stopped, and is forgotten"
    assert switched_on.user_id in bank.jobs(AUTO_INVEST)
    books = read(bank, customers)
    assert books[0].trades == left.trades
    assert len(books[1].trades) >= len(before.trades) + 2
    for one in books:
        check_books(one, bank.clock.now())
    check_audit(storage, len(customers))


def switch_again_and_again(bank: Bank, customer: Identity) -> None:
    """What was traded before the bot was stopped is all that is traded until it is switched on; then it has its job."""
    for _ in range(SWITCHES):
        bank.bot.disable(customer)
        [stopped] = read(bank, [customer])
        for _ in range(3):
            [still] = read(bank, [customer])
            assert still.trades == stopped.trades and not still.bot.enabled
        bank.bot.enable(customer, PIN)
        assert customer.user_id in bank.jobs(AUTO_INVEST)


def play_rounds(bank: Bank, ending: threading.Event) -> None:
    worker = bank.worker()
    while not ending.is_set():
        worker.run_once(bank.clock.now())


def have_time_go_by(bank: Bank, ending: threading.Event) -> None:
    """Rounds fall due all the time, and prices move far enough for each to trade."""
    chance = random.Random(1)
    while not ending.wait(0.001):
        bank.prices.set(chance.choice(["BTC", "GOLD"]), chance.choice(["900", "1000", "60000", "66000"]))
        bank.clock.advance(BOT_INTERVAL)


def read(bank: Bank, customers: list[Identity]) -> list[Books]:
    return list(read_books(bank.storage, [one.user_id for one in customers]).values())


def at_once(works: Sequence[Callable[[], object]]) -> None:
    """Have threads do all of it at the same time."""
    ready = threading.Barrier(len(works))

    def one(work: Callable[[], object]) -> None:
        ready.wait(PATIENCE_SECONDS)
        work()

    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(one, work) for work in works]:
            done.result(PATIENCE_SECONDS)
