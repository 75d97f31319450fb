"""Recording card payments: what a long history costs, and what it takes over HTTP."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.benchmarks.load import requests_per_second
from tests.benchmarks.servers import TRANSACTION, running
from tests.benchmarks.table import Row, interleaved

ROUNDS = 5
CONNECTIONS = 32
SECONDS = 2.0
PAYMENTS = 200


def rows() -> Iterator[Row]:
    """Every benchmark of this file."""
    for spread in SPREADS:
        yield long_history_over_short(spread)
    yield from over_http()


def long_history_over_short(spread: str = "a year") -> Row:
    """One payment judged and booked after 100,000 others, over one after 100; both on SQLite, committed each."""
    with ExitStack() as stack:
        long, short = (stack.enter_context(_bank(earlier, spread)) for earlier in (100_000, 100))
        many, few = interleaved(ROUNDS, [long, short])
    name = f"a payment after 100,000 others over one after 100, in {spread}"
    return Row(name, f"{many * 1e6:.0f} us", f"{few * 1e6:.0f} us", many / few, 1.20, at_least=False)


SPREADS = {
    "a year": timedelta(days=365),
    "90 days of a category each": timedelta(days=90),
    "a day": timedelta(days=1),
    "five minutes": timedelta(minutes=5),
    "a second": timedelta(seconds=1),
    "one instant": timedelta(0),
    "a day, all but one received": timedelta(days=1),
}
"""Over which time up to now, or up to the middle of what is judged where it is short, the earlier payments lie."""


class _bank:  # noqa: N801  # read as a function
    """A bank with one customer and so many payments before; called, the seconds that one more takes."""

    def __init__(self, earlier: int, spread: str) -> None:
        self._earlier = earlier
        self._spread = spread

    def __enter__(self) -> _bank:
        from entrypoints.composition import build
        from entrypoints.settings import Settings
        from tests.benchmarks.servers import new_customer

        self._folder = tempfile.TemporaryDirectory()
        url = f"sqlite:///{self._folder.name}/bench.db"
        self._hucha = build(Settings(database_url=url, bcrypt_rounds=4, rate_limits=False))
        token, _, _ = new_customer(self._hucha, 1)
        self._identity = self._hucha.sign_in.identify(token)
        self._hucha.storage.run(self._fill)
        return self

    def __exit__(self, *reason: object) -> None:
        self._hucha.close()
        self._folder.cleanup()

    def __call__(self) -> float:
        from domain.model.payments import Payment

        started = time.perf_counter()
        for number in range(PAYMENTS):
            self._hucha.record_card_payment(self._identity, Payment(Decimal("1.50"), f"category {number % 20}", None))
        return (time.perf_counter() - started) / PAYMENTS

    def _fill(self, tx: Any) -> None:
        from domain.model.transactions import Movement

        now = datetime.now(UTC)
        length = SPREADS[self._spread]
        end = now if length > timedelta(minutes=5) else now - timedelta(seconds=30)  # so that it stays recent
        for number in range(self._earlier):
            then = end - length * (number + 1) / (self._earlier + 1)
            received = "received" in self._spread and number > 0
            user_id, amount = self._identity.user_id, Decimal("-1.50" if received else "1.50")
            category = f"category {number if 'category' in self._spread else number % 20}"
            payment = Movement("CARD_PAYMENT", user_id, amount, then, then, category=category, fraud=False)
            tx.spending.record(tx.ledger.append(payment), payment, ())


def over_http() -> Iterator[Row]:
    """Payments at 32 connections."""
    with ExitStack() as stack:
        bank = stack.enter_context(running("bank", CONNECTIONS))
        bare = stack.enter_context(running("bare", CONNECTIONS))

        def measure(port: int) -> float:
            return requests_per_second(port, CONNECTIONS, SECONDS, TRANSACTION, bank.customers)

        measure(bank.port)
        ours, constant, raw = interleaved(
            ROUNDS, [lambda: measure(bank.port), lambda: measure(bare.port), _raw_payments_per_second]
        )
    for reference, speed in (("bare", constant), ("the same SQL by raw sqlite3", raw)):
        name = f"card payments over {reference}, 32 connections"
        yield Row(name, f"{ours:.0f}/s", f"{speed:.0f}/s", ours / speed)


def _raw_payments_per_second() -> float:
    """One transaction a payment, one connection, no HTTP and no rules."""
    with tempfile.TemporaryDirectory() as folder, closing(sqlite3.connect(Path(folder) / "raw.db")) as connection:
        connection.isolation_level = None
        run = connection.execute
        for statement in (
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            "CREATE TABLE users (id INTEGER PRIMARY KEY, balance INTEGER)",
            "CREATE TABLE transactions (id INTEGER PRIMARY KEY, user_id INTEGER, type TEXT, amount INTEGER, "
            "category TEXT, timestamp TEXT, booked_at TEXT, fraud INTEGER)",
            "CREATE INDEX ix_user ON transactions (user_id, id)",
            "CREATE TABLE card_payments (transaction_id INTEGER PRIMARY KEY, user_id INTEGER, category_key TEXT, "
            "timestamp TEXT, amount INTEGER)",
            "CREATE INDEX ix_category ON card_payments (user_id, category_key, timestamp)",
            "CREATE INDEX ix_time ON card_payments (user_id, timestamp)",
            "CREATE TABLE spending_days (user_id INTEGER, day TEXT, cents INTEGER, PRIMARY KEY (user_id, day))",
        ):
            run(statement)
        for user in range(200):
            run("INSERT INTO users VALUES (?, ?)", (user, 10**12))
        done, started = 0, time.perf_counter()
        while time.perf_counter() - started < SECONDS:
            user, key, now = done % 200, "k" * 64, f"2024-01-01 00:00:{done % 60:02}.000000"
            run("BEGIN IMMEDIATE")
            run("SELECT balance FROM users WHERE id = ?", (user,)).fetchall()
            run("SELECT cents FROM spending_days WHERE user_id = ? AND day < ?", (user, "2024-01-01")).fetchall()
            category = (
                "SELECT EXISTS (SELECT 1 FROM card_payments WHERE user_id = ? AND category_key = ? AND timestamp < ?)"
            )
            run(category, (user, key, now)).fetchall()
            recent = "SELECT count(*), sum(amount) FROM card_payments WHERE user_id = ? AND timestamp BETWEEN ? AND ?"
            run(recent, (user, now, now)).fetchall()
            run("UPDATE users SET balance = balance - ? WHERE id = ?", (15000, user))
            booked = run(
                "INSERT INTO transactions (user_id, type, amount, category, timestamp, booked_at, fraud) "
                "VALUES (?, 'CARD_PAYMENT', 15000, 'food', ?, ?, 0)",
                (user, now, now),
            )
            run("INSERT INTO card_payments VALUES (?, ?, ?, ?, 15000)", (booked.lastrowid, user, key, now))
            day = (
                "INSERT INTO spending_days VALUES (?, '2024-01-01', 150) ON CONFLICT DO UPDATE SET cents = cents + 150"
            )
            run(day, (user,))
            run("COMMIT")
            done += 1
        return done / (time.perf_counter() - started)
