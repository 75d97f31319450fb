"""Weeks of payments and bots, with workers that die, come between each other and find the database busy or gone.

Customers subscribe, cancel, trade and move money; the clock goes on by seconds and by weeks; prices move and fail; two
workers look at what is due. To each look a few events are planned: it dies at some statement or about some commit, the
database fails there, or something else comes between two of its transactions. After every step the books must be
possible, and when two workers had the time to settle, nothing that was due is left. Over memory, and over SQLite.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal, get_args

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from adapters.memory.storage import MemoryStorage
from adapters.sql.opening import open_database
from adapters.sql.schema import migrate
from adapters.sql.unit_of_work import SqlStorage
from domain.model.assets import Side
from domain.model.errors import PricesUnavailable, Refusal, StorageUnavailable
from domain.use_cases.jobs import run_due_work
from domain.use_cases.jobs.run_due_work import LONGEST_WAIT, RunDueWork
from domain.use_cases.market.manage_auto_invest import AUTO_INVEST
from domain.use_cases.planning import run_subscriptions
from domain.use_cases.planning.manage_subscriptions import SUBSCRIPTION
from ports.storage import Storage
from tests.conftest import LONG, VAULT
from tests.faulty_storage import Crashed, Event, FaultyStorage, Moment, busy, crash, unavailable
from tests.simulation.bank import BOT_INTERVAL, NOON, PIN, Bank, settle
from tests.simulation.books import (
    Books,
    balances_since,
    bot_rounds,
    check_audit,
    check_books,
    check_grown,
    check_nothing_is_left,
    foretell,
    in_order,
    read_books,
)

CUSTOMERS = 3
SYMBOLS = ["BTC", "GOLD", "PENNY"]
SMALLEST_PRICE, LARGEST_PRICE = Decimal("0.000001"), Decimal(10**9)
DAY = 86_400
NOTHING = timedelta(0)
INCOME = 100
LITTLE = timedelta(microseconds=137)
"""So far apart are subscriptions that aren't made at the same instant."""

pytestmark = pytest.mark.proof


def cents(number: int) -> Decimal:
    return Decimal(number).scaleb(-2)


numbers = st.integers(0, CUSTOMERS - 1)
symbols = st.sampled_from(SYMBOLS)
amounts = st.one_of(st.integers(1, 200), st.integers(1, 2_000), st.integers(1, 20_000)).map(cents)
disturbances = st.sampled_from(["none", "none", "none", "down", *SYMBOLS])
waits = st.sampled_from([30, 3600, DAY, 1, 2, 31, 60, 600, 7 * DAY, 21 * DAY, 0]).map(lambda n: timedelta(seconds=n))


@attrs.frozen
class Wish:
    """A subscription that somebody wants; `apart` is 0 where it may be due at the same instant as another."""

    customer: int
    amount: Decimal
    interval_seconds: int
    name: str | None
    apart: int


wishes = st.builds(
    Wish,
    customer=st.sampled_from([0, 0, 1, 2]),
    amount=amounts,
    interval_seconds=st.sampled_from([1, 2, 3, 7, 30, 60, 3600, DAY, 7 * DAY]),
    name=st.sampled_from([None, "gym", "☕"]),
    apart=st.sampled_from([1, 1, 1, 0]),
)


@attrs.frozen
class Strike:
    """The worker dies, or its database fails, at some moment of a look."""

    moment: Moment
    number: int
    event: Event


Action = Literal["look", "look at other prices", "look later", "cancel", "spend", "earn", "disable", "enable", "sell"]


@attrs.frozen
class Meanwhile:
    """Something that comes before some transaction of a look."""

    number: int
    action: Action
    customer: int


Planned = Strike | Meanwhile

transactions = st.sampled_from([3, 3, 1, 2, 4, 5])
"""A look's third one is the first that writes."""

strikes = st.one_of(
    st.builds(Strike, st.just("statement"), st.integers(3, 40), st.sampled_from([crash, busy, unavailable])),
    st.builds(Strike, st.just("statement"), st.integers(1, 400), st.sampled_from([crash, busy, unavailable])),
    st.builds(Strike, st.just("before commit"), st.integers(1, 6), st.sampled_from([crash, busy, unavailable])),
    st.builds(Strike, st.just("after commit"), st.integers(1, 6), st.sampled_from([crash, unavailable])),
)
meanwhiles = st.builds(Meanwhile, transactions, st.sampled_from(get_args(Action)), numbers)


@attrs.define
class Hired:
    """A worker and the storage at which it may fail."""

    storage: FaultyStorage
    due_work: RunDueWork


class DueMoneyMachine(RuleBasedStateMachine):
    """Over memory."""

    most_due = 1_500 if LONG else 200
    """So many payments fall due at most while nobody looks."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.bank = Bank(self.open())
        self.customers = [self.bank.open_account("1000.00") for _ in range(CUSTOMERS)]
        self.books = self.read()
        self.market = dict(self.bank.prices.current())
        self.seen = {symbol: {price} for symbol, price in self.market.items()}
        """The prices that somebody may have seen who is about to trade."""

        self.feed_fails = False
        self.bots: set[int] = set()
        """For whom the bot trades."""

        self.cancelled: set[int] = set()
        self.in_order = True
        """Whether no failure has put off one payment behind another since everything was paid."""

        self.last_settled = 0
        """The latest movement of then."""

        self.upsets = 0
        """How often something came between a worker's transactions, or failed in them."""

        self.workers = [self.hire(), self.hire()]

    def open(self) -> Storage:
        return MemoryStorage()

    def hire(self) -> Hired:
        storage = FaultyStorage(self.bank.storage)
        return Hired(storage, self.bank.worker(storage))

    @initialize(
        together=st.sampled_from([128, 2, 3]),
        most_payments=st.sampled_from([128, 1, 5]),
        wishes=st.lists(wishes, min_size=3, max_size=7),
        bots=st.sets(numbers),
    )
    def begin(self, together: int, most_payments: int, wishes: list[Wish], bots: set[int]) -> None:
        """Few jobs and payments are done at once, or as many as there are; what must hold is the same."""
        self.patch.setattr(run_due_work, "BATCH", together)
        self.patch.setattr(run_subscriptions, "MOST_PAYMENTS", most_payments)
        for number in range(CUSTOMERS):
            for symbol in SYMBOLS:
                self.trade(number, "buy", symbol, 100)
        for wish in wishes:
            self.subscribe(wish)
        for number in bots:
            self.switch_the_bot(number, on=True)

    def teardown(self) -> None:
        self.patch.undo()

    # --- what customers do ---

    @rule(wish=wishes)
    def subscribe(self, wish: Wish) -> None:
        self.bank.clock.advance(wish.apart * LITTLE)
        self.bank.subscribe(self.customers[wish.customer], wish.amount, wish.interval_seconds, wish.name)

    @rule(number=numbers, which=st.integers(0, 9))
    def cancel(self, number: int, which: int) -> None:
        ids = list(self.of(number).subscriptions)
        if ids:
            chosen = ids[which % len(ids)]
            was_active = self.of(number).subscriptions[chosen].status == "active"
            self.bank.subscriptions.cancel(self.customers[number], chosen)
            self.cancelled |= {chosen} if was_active else set()

    @rule(number=numbers, on=st.booleans())
    def switch_the_bot(self, number: int, on: bool) -> None:
        customer = self.customers[number]
        if on:
            self.bank.bot.enable(customer, PIN)
            self.bots.add(customer.user_id)
        else:
            self.bank.bot.disable(customer)
            self.bots.discard(customer.user_id)

    @rule(number=numbers, amount=amounts)
    def earn(self, number: int, amount: Decimal) -> None:
        self.bank.move(self.customers[number], "CASH_DEPOSIT", amount)

    @rule(number=numbers, which=st.integers(0, 9), payments=st.integers(0, 3), more=st.sampled_from([0, 0, -1, 1]))
    def keep_enough_for(self, number: int, which: int, payments: int, more: int) -> None:
        """Some payments of a subscription, to the cent, or but for a cent."""
        subscriptions = [one for one in self.of(number).subscriptions.values() if one.status == "active"]
        amount = subscriptions[which % len(subscriptions)].amount if subscriptions else cents(100)
        change = max(amount * payments + cents(more), cents(0)) - self.of(number).balance
        self.bank.move(self.customers[number], "CASH_DEPOSIT" if change > 0 else "CASH_WITHDRAWAL", abs(change))

    @rule(number=numbers, symbol=symbols, amount=amounts)
    def buy(self, number: int, symbol: str, amount: Decimal) -> None:
        self.trade(number, "buy", symbol, amount)

    @rule(number=numbers, symbol=symbols, tenths=st.sampled_from([1, 3, 10, 10, 11]))
    def sell(self, number: int, symbol: str, tenths: int) -> None:
        held = self.of(number).holdings.get(symbol)
        if held is not None:
            self.trade(number, "sell", symbol, round(held.quantity * tenths / 10, 12))

    # --- what the world does ---

    @rule(symbols=st.sets(symbols, min_size=1), percent=st.sampled_from([102, 98, 101, 99, 100, 150, 50]))
    def move_prices(self, symbols: set[str], percent: int) -> None:
        """One that was forgotten is known again."""
        for symbol in sorted(symbols):
            moved = self.market.get(symbol, Decimal(1000)) * percent / 100
            self.market[symbol] = min(max(round(moved, 9), SMALLEST_PRICE), LARGEST_PRICE)
            self.bank.prices.set(symbol, self.market[symbol])
            self.seen.setdefault(symbol, set()).add(self.market[symbol])

    @rule(disturbance=disturbances)
    def disturb_the_market(self, disturbance: str) -> None:
        """The feed fails, or forgets a symbol, or is well again."""
        self.feed_fails = disturbance == "down"
        if self.feed_fails:
            self.bank.prices.fail("it is down")
        else:
            self.bank.prices.recover()
        if self.market.pop(disturbance, None) is not None:
            self.bank.prices.forget(disturbance)

    # --- what workers do ---

    @rule(wait=waits, number=st.integers(0, 1), plans=st.lists(st.one_of(strikes, meanwhiles), min_size=1, max_size=3))
    def look(self, wait: timedelta, number: int, plans: Sequence[Planned]) -> None:
        self.wait(wait)
        worker = self.workers[number]
        for plan in plans:
            self.plan(worker.storage, plan, other=1 - number)
        try:
            worker.due_work.run_once(self.bank.clock.now())
        except Crashed:
            self.workers[number] = self.hire()
        except StorageUnavailable:
            pass
        worker.storage.give_up_plans()

    @rule(wait=waits, upset=st.one_of(strikes, meanwhiles))
    def settle(self, wait: timedelta, upset: Planned) -> None:
        """One look goes wrong. Then nobody fails until nothing is due, and everything is paid, as balances allow."""
        self.look(wait, 0, [upset])
        self.observe()
        self.wait_for_what_was_put_off()
        before = self.books
        settle(self.bank, *(worker.due_work for worker in self.workers))
        self.observe()
        now = self.bank.clock.now()
        for user_id, books in self.books.items():
            check_nothing_is_left(books, now)
            if user_id not in self.bots and self.in_order and not has_ties(before[user_id]):
                became = {id: (one.status, one.payments) for id, one in books.subscriptions.items()}
                assert (books.balance, became) == foretell(before[user_id], now)
        self.check_jobs()
        self.check_letters()
        check_audit(self.bank.storage, CUSTOMERS)
        self.in_order, self.last_settled = True, max(max(books.movements) for books in self.books.values())

    @rule(percent=st.sampled_from([102, 98, 101, 99]), disturbance=disturbances, strike=strikes)
    def settle_and_have_the_bots_look(self, percent: int, disturbance: str, strike: Strike) -> None:
        """Each bot's round is due at the latest one interval after the last one."""
        settle(self.bank, *(worker.due_work for worker in self.workers))
        self.observe()
        self.move_prices(set(SYMBOLS), percent)
        self.disturb_the_market(disturbance)
        self.observe_and_forget_prices()
        self.wait(BOT_INTERVAL)
        last_job = max((job.due_at for job in self.bank.jobs(AUTO_INVEST).values()), default=NOON)
        before = self.books
        self.settle(NOTHING, strike)
        if last_job <= self.bank.clock.now() and strike.event is not busy:
            for user_id in self.bots:
                self.check_a_round_was_played(before[user_id], self.books[user_id])

    # --- what must hold ---

    @invariant()
    def observe_and_forget_prices(self) -> None:
        self.observe()
        self.seen = {symbol: {price} for symbol, price in self.market.items()}

    def observe(self) -> None:
        """The books are possible, and what is new in them is what could come of the present state."""
        before, self.books = self.books, self.read()
        for user_id, books in self.books.items():
            assert books.bot.enabled is (user_id in self.bots)
            if books != before[user_id]:
                check_books(books, self.bank.clock.now())
                check_grown(before[user_id], books)
                self.check_new_trades(before[user_id], books)
                self.check_new_endings(before[user_id], books)
                self.check_pauses(books)
                assert not self.in_order or in_order(books, self.last_settled)

    def check_new_trades(self, before: Books, after: Books) -> None:
        for id, trade in after.new_trades(before).items():
            assert not self.feed_fails
            assert trade.price in self.seen[trade.symbol]
            if trade.reason is not None:
                assert after.user_id in self.bots and after.bot.changed_at is not None
                assert after.movements[id].booked_at >= after.bot.changed_at + BOT_INTERVAL

    def check_new_endings(self, before: Books, after: Books) -> None:
        """Of this step's balances, one since the last payment didn't cover the next."""
        for id in after.over().keys() - before.over().keys():
            one = after.subscriptions[id]
            assert (one.status == "cancelled") is (id in self.cancelled)
            if one.status == "ended":
                last = max(before.movements, default=0)
                paid = [payment.transaction_id for payment in after.payments[id]]
                assert min(balances_since(after, max([last, *paid]))) < one.amount

    def check_letters(self) -> None:
        """One for each trade and for each subscription that ended, however often the worker dies that sends it."""
        letters = self.bank.letters()
        over = [kept for books in self.books.values() for kept, _ in books.over().values()]
        ends = {f"<subscription-{one.id}-ended@hucha>" for one in over if one.status == "ended"}
        trades = {id for books in self.books.values() for id in books.trades}
        assert ends <= letters
        assert sorted(int(letter.split("-")[1]) for letter in letters - ends) == sorted(trades)
        assert len(self.bank.mailer.sent) <= len({letter.message_id for letter in self.bank.mailer.sent}) + self.upsets

    def check_pauses(self, books: Books) -> None:
        """Between two rounds of a bot's that traded is an interval at least."""
        instants = sorted(bot_rounds(books))
        assert all(later - earlier >= BOT_INTERVAL for earlier, later in pairwise(instants))

    def check_jobs(self) -> None:
        """What goes on has its job, and what is over has none."""
        active = {id for books in self.books.values() for id in books.subscriptions.keys() - books.over().keys()}
        jobs = self.bank.jobs(SUBSCRIPTION)
        assert active <= jobs.keys()
        assert {id for id, job in jobs.items() if job.due_at <= self.bank.clock.now()} == set()
        assert self.bots <= self.bank.jobs(AUTO_INVEST).keys()

    def check_a_round_was_played(self, before: Books, after: Books) -> None:
        """What had to be traded was, unless there was too little of it, or of cash."""
        if self.feed_fails:
            return
        traded = {(one.symbol, one.side) for one in after.new_trades(before).values()}
        least = min(balances_since(after, max(before.movements, default=0)))
        for symbol, held in before.holdings.items():
            price = self.market.get(symbol)
            reference = held.bot_price or held.average_price
            if price is None or reference is None:
                continue
            if price < reference * Decimal("0.99") and least >= 1:
                assert (symbol, "buy") in traded
            if price > reference * Decimal("1.01") and held.quantity * price / 5 >= Decimal("0.02"):
                assert (symbol, "sell") in traded

    # --- how the rules get there ---

    def of(self, number: int) -> Books:
        return self.books[self.customers[number].user_id]

    def read(self) -> dict[int, Books]:
        return read_books(self.bank.storage, [one.user_id for one in self.customers])

    def wait(self, wait: timedelta) -> None:
        """As long as no more falls due than can be paid in a test."""
        while wait and self.falls_due(wait) > self.most_due:
            wait /= 2
        self.bank.clock.advance(timedelta(seconds=int(wait.total_seconds())))

    def trade(self, number: int, side: Side, symbol: str, size: object) -> None:
        try:
            self.bank.trade(self.customers[number], side, symbol, size)
        except PricesUnavailable:
            assert self.feed_fails
        except Refusal:
            pass
        else:
            assert not self.feed_fails

    def falls_due(self, wait: timedelta) -> int:
        """How many payments fall due until then at most, if not much money comes in."""
        then, found = self.bank.clock.now() + wait, 0
        for books in self.books.values():
            for one in books.subscriptions.values():
                if one.status == "active" and one.next_due <= then:
                    instants = (then - one.next_due) // timedelta(seconds=one.interval_seconds) + 1
                    found += min(instants, int((books.balance + INCOME) / one.amount) + 1)
        return found

    def plan(self, storage: FaultyStorage, plan: Planned, other: int) -> None:
        if isinstance(plan, Meanwhile):
            storage.plan("begin", plan.number, lambda: self.meanwhile(plan, other))
        else:
            storage.plan(plan.moment, plan.number, lambda: self.strike(plan.event))

    def strike(self, event: Event) -> None:
        self.upsets += 1
        self.in_order = self.in_order and event is not busy
        event()

    def meanwhile(self, plan: Meanwhile, other: int) -> None:
        """It is observed by itself: what comes before it and what comes after it are judged by different states."""
        self.upsets += 1
        self.observe()
        self.actions(plan.customer, other)[plan.action]()
        self.observe()

    def actions(self, customer: int, other: int) -> dict[Action, Callable[[], object]]:
        return {
            "look": lambda: self.look(NOTHING, other, []),
            "look at other prices": lambda: (self.move_prices(set(SYMBOLS), 97), self.look(NOTHING, other, [])),
            "look later": lambda: self.look(timedelta(minutes=1), other, []),
            "cancel": lambda: self.cancel(customer, 0),
            "spend": lambda: self.keep_enough_for(customer, 0, 0, 0),
            "earn": lambda: self.earn(customer, cents(10_000)),
            "enable": lambda: self.switch_the_bot(customer, on=True),
            "disable": lambda: self.switch_the_bot(customer, on=False),
            "sell": lambda: self.sell(customer, "GOLD", 10),
        }

    def wait_for_what_was_put_off(self) -> None:
        """A job that failed is due later than what it pays."""
        unpaid = {
            id
            for books in self.books.values()
            for id, one in books.subscriptions.items()
            if one.status == "active" and one.next_due <= self.bank.clock.now()
        }
        late = [job.due_at for id, job in self.bank.jobs(SUBSCRIPTION).items() if id in unpaid]
        assert all(due_at <= self.bank.clock.now() + LONGEST_WAIT for due_at in late)
        self.bank.clock.set(max([self.bank.clock.now(), *late]))


class DurableDueMoneyMachine(DueMoneyMachine):
    """The same over SQLite."""

    most_due = 1_000 if LONG else 100

    def open(self) -> Storage:
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(Path(empty_database().name) / "hucha.db", self.folder / "hucha.db")
        return open_sqlite(self.folder)

    def teardown(self) -> None:
        super().teardown()
        self.bank.storage.close()
        shutil.rmtree(self.folder)


@cache
def empty_database() -> tempfile.TemporaryDirectory[str]:
    """The folder of a migrated database, which is copied: that is faster than migrating each time."""
    folder = tempfile.TemporaryDirectory()
    database = open_database(f"sqlite:///{folder.name}/hucha.db", 1)
    migrate(database)
    database.close()
    return folder


def open_sqlite(folder: Path) -> Storage:
    return SqlStorage(open_database(f"sqlite:///{folder}/hucha.db", 1), VAULT)


def has_ties(books: Books) -> bool:
    """Whether two subscriptions may be due at the same instant, so that either may come first."""
    fractions = [one.created_at.microsecond for one in books.subscriptions.values()]
    return len(set(fractions)) < len(fractions)


TestDueMoney = DueMoneyMachine.TestCase
TestDueMoney.settings = settings(max_examples=1_000 if LONG else 80, stateful_step_count=40, deadline=None)

TestDurableDueMoney = DurableDueMoneyMachine.TestCase
TestDurableDueMoney.settings = settings(max_examples=100 if LONG else 7, stateful_step_count=40, deadline=None)


def test_two_workers_pay_in_the_order_of_the_due_instants() -> None:
    # contract: B12
    """What the other one has left undone comes first."""
    bank = Bank(MemoryStorage())
    ana = bank.open_account("300.00")
    for interval_seconds in (1, 200):
        bank.subscribe(ana, "1.00", interval_seconds)
    bank.clock.advance(timedelta(seconds=1_000))
    faulty, other = FaultyStorage(bank.storage), bank.worker()
    faulty.plan("begin", 3, lambda: other.run_once(bank.clock.now()))
    settle(bank, bank.worker(faulty))
    assert in_order(read_books(bank.storage, [ana.user_id])[ana.user_id])


@pytest.mark.parametrize("statement", range(1, 12))
def test_after_a_batch_failed_payments_come_in_order_and_the_right_subscription_ends(statement: int) -> None:
    # contract: B12
    """Paid in order, the first one takes all the money before the second one is due."""
    bank = Bank(MemoryStorage())
    ana = bank.open_account("300.00")
    often, seldom = bank.subscribe(ana, "1.00", 1), bank.subscribe(ana, "150.00", 500)
    bank.clock.advance(timedelta(seconds=600))
    faulty = FaultyStorage(bank.storage)
    faulty.plan("statement", statement, busy)
    worker = bank.worker(faulty)
    with suppress(StorageUnavailable):  # where it is busy before the batch
        worker.run_once(bank.clock.now())
    settle(bank, worker)
    [books] = read_books(bank.storage, [ana.user_id]).values()
    assert in_order(books)
    assert {id: one.payments for id, one in books.subscriptions.items()} == {often: 300, seldom: 0}


def test_two_workers_play_a_bots_round_once() -> None:
    # contract: B13
    """The prices that the second one has seen would be worth a trade, after the first one's."""
    bank = Bank(MemoryStorage())
    ana = bank.open_account("300.00")
    bank.trade(ana, "buy", "GOLD", "100.00")
    bank.bot.enable(ana, PIN)
    bank.clock.advance(BOT_INTERVAL)
    faulty, other = FaultyStorage(bank.storage), bank.worker()

    def come_first_at_another_price() -> None:
        bank.prices.set("GOLD", "1100")
        other.run_once(bank.clock.now())

    bank.prices.set("GOLD", "900")
    faulty.plan("begin", 3, come_first_at_another_price)
    settle(bank, bank.worker(faulty))
    books = read_books(bank.storage, [ana.user_id])[ana.user_id]
    assert [trade.side for trade in books.trades.values() if trade.reason is not None] == ["sell"]
