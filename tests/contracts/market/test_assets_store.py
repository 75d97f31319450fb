"""One suite for every store of assets: what `ports.stores.market.assets` promises."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import attrs
import pytest

from domain.model.assets import BookedTrade, Holding, Trade
from domain.model.transactions import Movement
from ports.storage import Storage, Transaction
from tests.contracts.stored_customers import customer
from tests.contracts.transactions import NOON, Mishap, run

LARGEST = "99999999999999999999.999999999999"
NUMBERS = ["0.000000000001", "0.682994795579", "0.1", "1200", "9999999999999.99", LARGEST]


def save(storage: Storage, *holdings: Holding) -> None:
    run(storage, lambda tx: [tx.assets.save(one) for one in holdings])


def holdings(storage: Storage, user_id: int) -> list[Holding]:
    return storage.read(lambda tx: tx.assets.holdings(user_id))


def booked(storage: Storage, user_id: int, trade: Trade, minutes: int = 0) -> BookedTrade:
    """Book a trade with its movement, so many minutes after noon."""
    now = NOON + timedelta(minutes=minutes)
    type = "ASSET_PURCHASE" if trade.side == "buy" else "ASSET_SELL"

    def work(tx: Transaction) -> BookedTrade:
        id = tx.ledger.append(Movement(type, user_id, trade.amount, timestamp=now, booked_at=now))
        one = BookedTrade(id, user_id, trade, now)
        tx.assets.record(one)
        return one

    return run(storage, work)


def trade(symbol: str = "GOLD", reason: str | None = None, side: str = "buy") -> Trade:
    profit = None if side == "buy" else Decimal("-0.000000000001")
    return Trade(symbol, side, Decimal("0.25"), Decimal("1000.5"), Decimal("250.12"), profit, reason)


def trades(storage: Storage, user_id: int, limit: int = 100, **which: object) -> list[BookedTrade]:
    return storage.read(lambda tx: tx.assets.trades(user_id, limit, **which))


def test_holdings_come_back_by_symbol_and_are_replaced(storage):  # contract: B10
    ana, ben = customer(storage), customer(storage)
    silver, gold = Holding(ana, "SILVER", Decimal(3)), Holding(ana, "GOLD", Decimal("0.5"), Decimal("500.00"))
    save(storage, silver, gold, Holding(ben, "GOLD", Decimal(7)))
    assert holdings(storage, ana) == [gold, silver]
    sold = attrs.evolve(gold, quantity=Decimal(0), cost=Decimal(0), realised=Decimal("12.3"))
    save(storage, sold)
    assert holdings(storage, ana) == [sold, silver]
    assert holdings(storage, ben + 1) == []


@pytest.mark.parametrize("number", NUMBERS)
def test_every_number_of_a_holding_is_exact(storage, number):  # contract: B10
    exact = Decimal(number)
    holding = Holding(customer(storage), "GOLD", exact, exact, exact.copy_negate(), exact)
    save(storage, holding)
    assert holdings(storage, holding.user_id) == [holding]
    assert [str(one) for one in attrs.astuple(holdings(storage, holding.user_id)[0])[2:]] == [
        str(one) for one in attrs.astuple(holding)[2:]
    ]


def test_symbols_are_compared_exactly(storage):
    ana = customer(storage)
    save(storage, *(Holding(ana, symbol, Decimal(1)) for symbol in ("A", "AA", "A.A", "a", "Á", "A" * 32, " A")))
    assert [one.symbol for one in holdings(storage, ana)] == [" A", "A", "A.A", "AA", "A" * 32, "a", "Á"]


def test_trades_come_back_latest_first_with_their_movement(storage):  # contract: B10, B13
    ana, ben = customer(storage), customer(storage)
    first = booked(storage, ana, trade())
    booked(storage, ben, trade())
    second = booked(storage, ana, trade("SILVER", "It rose", side="sell"), minutes=1)
    third = booked(storage, ana, trade(reason="It fell"), minutes=2)
    assert trades(storage, ana) == [third, second, first]
    assert trades(storage, ana, 2) == [third, second]
    assert trades(storage, ana, before=third.id) == [second, first]
    assert trades(storage, ana, by_bot=True) == [third, second]
    assert trades(storage, ana, by_bot=False) == [first]
    assert trades(storage, ana, 1, before=third.id, by_bot=True) == [second]


def test_tells_what_is_kept_and_what_the_trades_add_up_to(storage):  # contract: B10
    ana, ben = customer(storage), customer(storage)
    for user_id, symbol, side in (
        (ben, "GOLD", "buy"),
        (ana, "SILVER", "buy"),
        (ana, "GOLD", "buy"),
        (ana, "GOLD", "buy"),
        (ana, "GOLD", "sell"),
    ):
        booked(storage, user_id, trade(symbol, side=side))
    quarter, paid = Decimal("0.25"), Decimal("250.12")
    loss = Decimal("-0.000000000001")
    assert list(storage.read(lambda tx: list(tx.assets.summed()))) == [
        Holding(ana, "GOLD", quarter, paid + loss, loss),
        Holding(ana, "SILVER", quarter, paid),
        Holding(ben, "GOLD", quarter, paid),
    ]
    some = [Holding(ana, "GOLD", Decimal(1)), Holding(ana, "SILVER"), Holding(ben, "GOLD", bot_price=Decimal(2))]
    save(storage, *reversed(some))
    assert list(storage.read(lambda tx: list(tx.assets.kept()))) == some


def test_what_was_rolled_back_was_never_there(storage):
    ana = customer(storage)
    gold = Holding(ana, "GOLD", Decimal(1))
    save(storage, gold)

    def work(tx: Transaction) -> None:
        tx.assets.save(attrs.evolve(gold, quantity=Decimal(2)))
        tx.assets.save(Holding(ana, "SILVER", Decimal(2)))
        tx.assets.record(BookedTrade(1, ana, trade(), NOON))
        raise Mishap

    with pytest.raises(Mishap):
        run(storage, work)
    assert holdings(storage, ana) == [gold]
    assert trades(storage, ana) == []
