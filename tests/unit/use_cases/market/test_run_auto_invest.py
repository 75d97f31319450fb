"""Rounds of many bots at once: no transaction makes many trades (contract B13)."""

from __future__ import annotations

from adapters.memory.storage import MemoryStorage
from domain.use_cases.market.run_auto_invest import MOST_TRADES
from tests.simulation.bank import BOT_INTERVAL, PIN, Bank, settle

SYMBOLS = ("BTC", "GOLD", "PENNY")
USERS = MOST_TRADES // len(SYMBOLS) + 10


def test_what_is_beyond_the_most_trades_comes_in_the_next_transaction() -> None:
    # contract: B13
    bank = Bank(MemoryStorage())
    investors = [bank.open_account("1000.00") for _ in range(USERS)]
    for one in investors:
        for symbol in SYMBOLS:
            bank.trade(one, "buy", symbol, "100.00")
        bank.bot.enable(one, PIN)
    for symbol, price in (("BTC", "50000"), ("GOLD", "900"), ("PENNY", "0.01")):
        bank.prices.set(symbol, price)
    bank.clock.advance(BOT_INTERVAL)
    now, worker = bank.clock.now(), bank.worker()

    def traded() -> list[int]:
        return [len(bank.bot.show(one, 100)[1]) for one in investors]

    assert worker.run_once(now) <= now, "the rest is due still"
    assert MOST_TRADES <= sum(traded()) < MOST_TRADES + len(SYMBOLS)
    settle(bank, worker)
    assert traded() == [len(SYMBOLS)] * USERS, "each round once"
    assert worker.run_once(now) == now + BOT_INTERVAL
