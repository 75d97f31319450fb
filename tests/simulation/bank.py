"""A bank over any storage, with a clock and prices that are set: its customers' wishes, and its workers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

import attrs

from adapters.keyed_hashes import HmacHashes
from adapters.keyring import KeyRing
from adapters.memory.clock import SetClock
from adapters.memory.mailer import RecordingMailer
from adapters.memory.prices import FixedPrices
from adapters.system_secrets import SystemSecrets
from domain.model.assets import Side
from domain.model.due_work import DueJob
from domain.model.sessions import Identity
from domain.model.transactions import MovementType
from domain.model.users import Details, HashedPassword, NewUser, Pin
from domain.use_cases.jobs.run_due_work import RunDueWork
from domain.use_cases.market.manage_auto_invest import ManageAutoInvest
from domain.use_cases.market.run_auto_invest import RunAutoInvest
from domain.use_cases.market.trade_assets import TradeAssets
from domain.use_cases.money.guarded_orders import Guard, Outcome
from domain.use_cases.money.move_money import MoveMoney
from domain.use_cases.notifying.deliver_mail import DeliverMail
from domain.use_cases.notifying.queue_mail import MAIL
from domain.use_cases.planning.manage_subscriptions import ManageSubscriptions, SubscriptionTerms
from domain.use_cases.planning.run_subscriptions import PaySubscriptions
from ports.storage import Storage, Transaction
from tests.customers import PIN
from tests.orders import order, trade_order

NOON = datetime(2024, 11, 20, 12, tzinfo=UTC)
BOT_INTERVAL = timedelta(seconds=30)
PRICES = {"BTC": "60000.00", "GOLD": "1000.00", "PENNY": "0.0173"}
FAR_AWAY = datetime(9999, 1, 1, tzinfo=UTC)
MANY = 1_000_000

_HASHES = HmacHashes(KeyRing([b"the key of every simulated bank."]))
_numbers = count(1)


@attrs.frozen
class Bank:
    """Its use cases are product code; what they reach the world through can be set."""

    storage: Storage
    clock: SetClock = attrs.field(factory=lambda: SetClock(NOON))
    prices: FixedPrices = attrs.field(factory=lambda: FixedPrices(PRICES))
    mailer: RecordingMailer = attrs.field(factory=RecordingMailer)
    secrets: SystemSecrets = attrs.field(factory=SystemSecrets)

    @property
    def subscriptions(self) -> ManageSubscriptions:
        return ManageSubscriptions(self.storage, self.clock, _HASHES)

    @property
    def bot(self) -> ManageAutoInvest:
        return ManageAutoInvest(self.storage, self.clock, _HASHES, BOT_INTERVAL)

    def worker(self, storage: Storage | None = None) -> RunDueWork:
        """A worker of its own, over this storage or another one that leads to it."""
        handlers = (PaySubscriptions(), RunAutoInvest(self.prices, BOT_INTERVAL), DeliverMail(self.mailer))
        by_kind = {handler.kind: handler for handler in handlers}
        return RunDueWork(storage or self.storage, self.clock, by_kind)

    def open_account(self, money: str | Decimal = "0") -> Identity:
        """A customer with a PIN and so much money."""
        return open_account(self.storage, _HASHES, money)

    def move(self, who: Identity, type: MovementType, amount: object, target: Identity | None = None) -> Outcome:
        number = None if target is None else target.account_number
        return MoveMoney(self.storage, self.clock, _HASHES)([order(type, who.user_id, PIN, amount, number)])[0]

    def subscribe(self, who: Identity, amount: object, interval_seconds: int, name: str | None = None) -> int:
        terms = SubscriptionTerms(Decimal(str(amount)), interval_seconds, name)
        return self.subscriptions.add(who, Guard(PIN), terms)

    def trade(self, who: Identity, side: Side, symbol: str, size: object) -> int:
        trade = TradeAssets(self.storage, self.clock, _HASHES, self.prices)
        return trade(who, Guard(PIN), trade_order(side, symbol, size))

    def jobs(self, kind: str, until: datetime = FAR_AWAY) -> dict[int, DueJob]:
        """The jobs of a kind by their subject."""
        return jobs(self.storage, kind, until)

    def letters(self) -> set[str]:
        """The ids of the letters that were sent or wait to be."""
        return {letter.message_id for letter in self.mailer.sent} | waiting_letters(self.storage)


def open_account(storage: Storage, hashes: HmacHashes, money: str | Decimal = "0", mail: str = "nuwe.com") -> Identity:
    """A customer with a PIN and so much money."""
    number = next(_numbers)
    new = NewUser(f"account {number}", "Ana", f"ana{number}@{mail}", HashedPassword("a hash", "key 1"), Details(), NOON)
    user_id = storage.run(lambda tx: tx.users.add(new))
    pin = Pin(hashes.hash("pin", str(user_id), PIN))
    storage.run(lambda tx: tx.users.set_pin(user_id, pin))
    if Decimal(money):
        deposit = order("CASH_DEPOSIT", user_id, PIN, money)
        (outcome,) = MoveMoney(storage, SetClock(NOON), hashes)([deposit])
        assert isinstance(outcome, int), outcome
    return Identity(user_id, new.account_number, "no session")


def jobs(storage: Storage, kind: str, until: datetime = FAR_AWAY) -> dict[int, DueJob]:
    """The jobs of a kind that are due until an instant, by their subject."""
    found = storage.read(lambda tx: tx.due_work.due([kind], until, MANY))
    return {job.subject: job for job in found}


def waiting_letters(storage: Storage) -> set[str]:
    """The ids of the letters in the outbox that will be sent. No two are the same."""

    def read(tx: Transaction) -> list[str]:
        found = [tx.outbox.get(job.subject) for job in tx.due_work.due([MAIL], FAR_AWAY, MANY)]
        return [letter.message_id or "" for letter in found if letter]

    waiting = storage.read(read)
    assert len(waiting) == len(set(waiting))
    return set(waiting)


def settle(bank: Bank, *workers: RunDueWork) -> None:
    """Have the workers look by turns, while no clock goes on, until each finds nothing due."""
    now = bank.clock.now()
    busy = True
    while busy:
        nexts = [worker.run_once(now) for worker in workers]
        busy = any(next_due is not None and next_due <= now for next_due in nexts)
