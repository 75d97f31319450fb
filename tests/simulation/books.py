"""What is kept of customers, and whether it can be true: the contract's words, replayed movement by movement.

Nothing here shares a line with the rules: money and quantities are fractions, rounding is `floor`, and each thing is
looked up in what was kept, from the first movement on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

import attrs

from domain.model.assets import Holding, Trade
from domain.model.auto_investing import AutoInvesting
from domain.model.notifications import Notification
from domain.model.subscriptions import Subscription, SubscriptionPayment
from domain.model.transactions import Movement
from domain.use_cases.money.audit import Audit
from ports.storage import Storage, Transaction

ALL = 1_000_000
"""More than there ever is of anything."""

CENTS = 100
PARTS = 10**12
"""So many of the smallest part make one unit of an asset."""


@attrs.frozen
class Books:
    """Everything that is kept of one customer, oldest first, as one snapshot has it."""

    user_id: int
    balance: Decimal
    movements: dict[int, Movement]
    """By id."""

    subscriptions: dict[int, Subscription]
    """By id."""

    payments: dict[int, list[SubscriptionPayment]]
    """By the subscription's id."""

    trades: dict[int, Trade]
    """By the movement's id."""

    holdings: dict[str, Holding]
    """By symbol."""

    bot: AutoInvesting
    told: list[Notification]

    def over(self) -> dict[int, tuple[Subscription, list[SubscriptionPayment]]]:
        """The subscriptions for which nothing is paid any more, with what was."""
        return {id: (one, self.payments[id]) for id, one in self.subscriptions.items() if one.status != "active"}

    def new_movements(self, old: Books) -> dict[int, Movement]:
        """The movements that weren't there before."""
        return {id: one for id, one in self.movements.items() if id not in old.movements}

    def new_trades(self, old: Books) -> dict[int, Trade]:
        """The trades that weren't there before."""
        return {id: one for id, one in self.trades.items() if id not in old.trades}


def read_books(storage: Storage, user_ids: Iterable[int]) -> dict[int, Books]:
    """The books of these customers, by id."""
    wanted = list(user_ids)
    return storage.read(lambda tx: {user_id: _read(tx, user_id) for user_id in wanted})


def _read(tx: Transaction, user_id: int) -> Books:
    subscriptions = {one.id: one for one in tx.subscriptions.of_user(user_id, ALL)}
    return Books(
        user_id=user_id,
        balance=tx.users.balance(user_id),
        movements={one.id: one.movement for one in reversed(tx.ledger.history(user_id))},
        subscriptions=subscriptions,
        payments={id: tx.subscriptions.payments(id, ALL)[::-1] for id in subscriptions},
        trades={one.id: one.trade for one in reversed(tx.assets.trades(user_id, ALL))},
        holdings={one.symbol: one for one in tx.assets.holdings(user_id)},
        bot=tx.auto_investing.load({user_id})[user_id],
        told=tx.notifications.newest(user_id, ALL)[::-1],
    )


def check_books(books: Books, now: datetime) -> None:
    """Everything that must hold of one customer's books at any moment, `now` being the latest instant of any clock."""
    check_balance(books)
    check_payments(books, now)
    check_endings(books)
    check_trades(books)
    check_rounds(books)


def check_audit(storage: Storage, accounts: int) -> None:
    assert Audit(storage)() == (accounts, [])


def check_balance(books: Books) -> None:
    """No movement takes the balance below zero, and all of them together make it."""
    balance = Decimal(0)
    for _, _, balance in running(books):
        assert balance >= 0, books
    assert balance == books.balance


def check_payments(books: Books, now: datetime) -> None:
    """Each due instant is paid once, from the first one on without a gap, by a movement of its own, and never early."""
    used: list[int] = []
    for id, one in books.subscriptions.items():
        paid = books.payments[id]
        interval = timedelta(seconds=one.interval_seconds)
        assert [payment.due_at for payment in paid] == [one.created_at + k * interval for k in range(1, len(paid) + 1)]
        assert len(paid) == one.payments
        ids = [payment.transaction_id for payment in paid]
        assert ids == sorted(ids), "in order"
        for payment in paid:
            movement = books.movements[payment.transaction_id]
            facts = (movement.type, movement.amount, movement.reference)
            assert facts == ("SUBSCRIPTION", one.amount, one.name)
            assert payment.due_at <= movement.booked_at <= now, "not before it is due"
        used += ids
    assert sorted(used) == [id for id, movement in books.movements.items() if movement.type == "SUBSCRIPTION"]


def check_endings(books: Books) -> None:
    """A subscription that ended was due, wasn't covered at some moment after its last payment, and was told of once."""
    told = [one.data for one in books.told if one.kind == "subscription_ended"]
    ended = [one for one in books.subscriptions.values() if one.status == "ended"]
    assert sorted(str(data["subscription_id"]) for data in told) == sorted(str(one.id) for one in ended)
    payments = {data["subscription_id"]: data["payments"] for data in told}
    for one in ended:
        assert one.id is not None and one.ended_at is not None
        assert payments[one.id] == one.payments
        assert one.next_due <= one.ended_at
        last = books.payments[one.id][-1].transaction_id if one.payments else 0
        assert min(balances_since(books, last)) < one.amount, one


def check_trades(books: Books) -> None:
    """Holdings and profits are what the trades make by the average cost method, and the bot trades by the contract."""
    positions: dict[str, _Position] = {}
    bots_profit = Fraction(0)
    moved = {"ASSET_PURCHASE": "buy", "ASSET_SELL": "sell"}
    for id, before, _ in running(books):
        movement = books.movements[id]
        if movement.type not in moved:
            continue
        trade = books.trades[id]
        assert (trade.side, trade.amount) == (moved[movement.type], movement.amount)
        position = positions.setdefault(trade.symbol, _Position())
        if trade.reason is not None:
            position.check_bot(trade, Fraction(before))
        position.follow(trade)
        bots_profit += Fraction(trade.profit or 0) if trade.reason is not None else 0
    assert sum(one.type in moved for one in books.movements.values()) == len(books.trades)
    assert {symbol: position.as_kept() for symbol, position in positions.items()} == {
        symbol: _facts(holding) for symbol, holding in books.holdings.items()
    }
    assert Fraction(books.bot.realised) == bots_profit
    for symbol, holding in books.holdings.items():
        profits = [Fraction(one.profit or 0) for one in books.trades.values() if one.symbol == symbol]
        assert Fraction(holding.realised) == sum(profits)


def check_rounds(books: Books) -> None:
    """Every trade was told of once, and those of one round of the bot's go by symbol."""
    assert [one.data["transaction_id"] for one in books.told if one.kind == "trade"] == list(books.trades)
    for symbols in bot_rounds(books).values():
        assert symbols == sorted(set(symbols))


def bot_rounds(books: Books) -> dict[datetime, list[str]]:
    """What the bot traded, in order, by the instant of the round."""
    rounds: dict[datetime, list[str]] = {}
    for id, trade in books.trades.items():
        if trade.reason is not None:
            rounds.setdefault(books.movements[id].booked_at, []).append(trade.symbol)
    return rounds


def running(books: Books) -> Iterator[tuple[int, Decimal, Decimal]]:
    """For each movement its id, and the balance before and after it."""
    balance = Decimal(0)
    for id, movement in books.movements.items():
        before = balance
        balance += movement.effects()[books.user_id]
        yield id, before, balance


def balances_since(books: Books, movement_id: int) -> list[Decimal]:
    """The balance after this movement, and after each later one."""
    after = [(id, balance) for id, _, balance in running(books)]
    first = [balance for id, balance in after if id <= movement_id][-1:] or [Decimal(0)]
    return first + [balance for id, balance in after if id > movement_id]


def foretell(books: Books, now: datetime) -> tuple[Decimal, dict[int, tuple[str, int]]]:
    """What becomes of the balance, and of each subscription (status, payments), when all that is due is paid in order
    and nothing else happens.
    """
    balance, kept = books.balance, dict(books.subscriptions)
    while due := [one for one in kept.values() if one.status == "active" and one.next_due <= now]:
        first = min(due, key=lambda one: one.next_due)
        assert first.id is not None
        covered = first.amount <= balance
        balance -= first.amount if covered else 0
        kept[first.id] = first.paid() if covered else first.ended(now)
    return balance, {id: (one.status, one.payments) for id, one in kept.items()}


def in_order(books: Books, after: int = 0) -> bool:
    """Whether what was paid after this movement, for whichever subscription, was paid in the order of due instants."""
    due = {one.transaction_id: one.due_at for paid in books.payments.values() for one in paid}
    instants = [due[id] for id in sorted(due) if id > after]
    return instants == sorted(instants)


def check_nothing_is_left(books: Books, now: datetime) -> None:
    """All that was due by now of what is active is paid."""
    assert [one for one in books.subscriptions.values() if one.status == "active" and one.next_due <= now] == []


def check_grown(old: Books, new: Books) -> None:
    """Nothing that was booked has changed, and nothing that was over goes on."""
    assert list(new.movements.items())[: len(old.movements)] == list(old.movements.items())
    assert list(new.trades.items())[: len(old.trades)] == list(old.trades.items())
    assert all(new.payments[id][: len(paid)] == paid for id, paid in old.payments.items())
    assert all(new.over()[id] == kept for id, kept in old.over().items())
    assert new.told[: len(old.told)] == old.told


@attrs.define
class _Position:
    """What is held of one asset, as its trades make it."""

    quantity: Fraction = Fraction(0)
    cost: Fraction = Fraction(0)
    realised: Fraction = Fraction(0)
    bot_price: Fraction | None = None

    def as_kept(self) -> Sequence[Fraction | None]:
        return self.quantity, self.cost, self.realised, self.bot_price

    def follow(self, trade: Trade) -> None:
        if trade.side == "buy":
            self._buy(trade)
        else:
            self._sell(trade)
        if trade.reason is not None and self.quantity:
            self.bot_price = Fraction(trade.price)

    def _buy(self, trade: Trade) -> None:
        assert trade.profit is None
        assert Fraction(trade.quantity) == _floor(Fraction(trade.amount) / Fraction(trade.price), PARTS) > 0
        self.quantity += Fraction(trade.quantity)
        self.cost += Fraction(trade.amount)

    def _sell(self, trade: Trade) -> None:
        quantity = Fraction(trade.quantity)
        assert 0 < quantity <= self.quantity
        assert Fraction(trade.amount) == _floor(quantity * Fraction(trade.price), CENTS) > 0
        share = Fraction(ceil(self.cost * quantity / self.quantity * PARTS), PARTS)
        if quantity == self.quantity:
            share, self.bot_price = self.cost, None
        assert trade.profit is not None and Fraction(trade.profit) == Fraction(trade.amount) - share
        self.quantity -= quantity
        self.cost -= share
        self.realised += Fraction(trade.profit)

    def check_bot(self, trade: Trade, cash: Fraction) -> None:
        """Contract B13, word for word."""
        assert self.quantity > 0, "it looks at holdings only"
        reference = self.bot_price or self.cost / self.quantity
        price = Fraction(trade.price)
        if trade.side == "buy":
            assert price <= reference * Fraction(99, 100)
            assert Fraction(trade.amount) == max(_floor(cash * Fraction(5, 100), CENTS), Fraction(1)) <= cash
        else:
            assert price >= reference * Fraction(101, 100)
            assert Fraction(trade.quantity) == _floor(self.quantity * Fraction(20, 100), PARTS)


def _facts(holding: Holding) -> Sequence[Fraction | None]:
    last = None if holding.bot_price is None else Fraction(holding.bot_price)
    return Fraction(holding.quantity), Fraction(holding.cost), Fraction(holding.realised), last


def _floor(number: Fraction, parts: int) -> Fraction:
    return Fraction(floor(number * parts), parts)
