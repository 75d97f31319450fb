"""100,000 subscriptions that are due at once: how fast they are paid, and what that leaves to everybody else."""

from __future__ import annotations

import signal
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
from tests.benchmarks.servers import TRANSFER, Running, running
from tests.benchmarks.table import Row, interleaved

DUE = 100_000
USERS = 1_000
ROUNDS = 3
SECONDS = 2.0
CONNECTIONS = 32
BATCH = 128
YEAR_SECONDS = 31_536_000


def rows() -> Iterator[Row]:
    """Every benchmark of this file."""
    yield payments_over_raw()
    yield from while_payments_run()


def payments_over_raw() -> Row:
    """Payments a second, over the same SQL run by raw sqlite3; both on a file, a transaction for each 128."""
    ours, raw = _payments_per_second(), _raw_payments_per_second()
    name = f"{DUE:,} subscriptions due at once over the same SQL by raw sqlite3"
    return Row(name, f"{ours:.0f}/s", f"{raw:.0f}/s", ours / raw)


def while_payments_run() -> Iterator[Row]:
    """`/event` and transfers while `hucha serve` pays, over the same without anything due."""
    with ExitStack() as stack:
        idle = stack.enter_context(running("bank", CONNECTIONS))
        paying = stack.enter_context(running("paying", CONNECTIONS))
        for path, name, customers in (("/event", "/event", None), (TRANSFER, "transfers", paying.customers)):

            def busy(path: str = path, customers: Path | None = customers) -> float:
                with _awake(paying):
                    return requests_per_second(paying.port, CONNECTIONS, SECONDS, path, customers)

            def alone(path: str = path, sends: bool = customers is not None) -> float:
                return requests_per_second(idle.port, CONNECTIONS, SECONDS, path, idle.customers if sends else None)

            _fall_asleep(paying)
            with_payments, without = interleaved(ROUNDS, [busy, alone])
            title = f"{name} while subscriptions are paid over without, {CONNECTIONS} connections"
            yield Row(title, f"{with_payments:.0f}/s", f"{without:.0f}/s", with_payments / without, 0.5)


def make_due(hucha: Any, number: int) -> None:
    """So many subscriptions of 1,000 users, which are due now and then in a year."""
    from domain.model.subscriptions import NewSubscription
    from domain.model.users import Details, HashedPassword, NewUser
    from domain.use_cases.planning.manage_subscriptions import SUBSCRIPTION

    now = datetime.now(UTC)
    then = now - timedelta(seconds=YEAR_SECONDS)

    def users(tx: Any) -> list[int]:
        password = HashedPassword("no hash", "no key")
        new = [
            NewUser(f"payer-{one}", "Payer", f"payer{one}@bench.org", password, Details(), now) for one in range(USERS)
        ]
        ids = [tx.users.add(one) for one in new]
        for id in ids:
            tx.users.move(id, Decimal("1000000000.00"), overdraw=True)
        return ids

    ids = hucha.storage.run(users)

    def subscribe(tx: Any) -> None:
        for one in range(number):
            new = NewSubscription(ids[one % USERS], Decimal("9.99"), YEAR_SECONDS, then)
            subscription = new.kept(tx.subscriptions.add(new))
            tx.due_work.add(SUBSCRIPTION, subscription.id, subscription.next_due)

    hucha.storage.run(subscribe)


class _awake:  # noqa: N801  # read as a function
    """Let a server run in the block, which is asleep around it: what it pays then would disturb the others."""

    def __init__(self, server: Running) -> None:
        self._server = server

    def __enter__(self) -> None:
        self._server.process.send_signal(signal.SIGCONT)

    def __exit__(self, *reason: object) -> None:
        _fall_asleep(self._server)


def _fall_asleep(server: Running) -> None:
    server.process.send_signal(signal.SIGSTOP)


def _payments_per_second() -> float:
    from entrypoints.composition import build
    from entrypoints.settings import Settings

    with tempfile.TemporaryDirectory() as folder:
        hucha = build(Settings(database_url=f"sqlite:///{folder}/bench.db", bcrypt_rounds=4, rate_limits=False))
        with closing(hucha):
            make_due(hucha, DUE)
            now = datetime.now(UTC)
            started = time.perf_counter()
            next_due = hucha.due_work.run_once(now)
            while next_due is not None and next_due <= now:
                next_due = hucha.due_work.run_once(now)
            return DUE / (time.perf_counter() - started)


def _raw_payments_per_second() -> float:
    """The statements of the same transactions, without rules and without looking at what comes back."""
    with tempfile.TemporaryDirectory() as folder, closing(sqlite3.connect(Path(folder) / "raw.db")) as connection:
        connection.isolation_level = None
        run, many = connection.execute, connection.executemany
        for statement in _SCHEMA:
            run(statement)
        run("BEGIN")
        many("INSERT INTO users VALUES (?, 10000000000000, 'x')", [(user,) for user in range(USERS)])
        then = "2024-01-01 00:00:00.000000"
        many("INSERT INTO subscriptions VALUES (?, ?, 99900, 'active', 0)", [(n, n % USERS) for n in range(DUE)])
        many("INSERT INTO due_work VALUES (?, 'subscription', ?, ?, 0, 'due')", [(n, n, then) for n in range(DUE)])
        run("COMMIT")
        started = time.perf_counter()
        while due := run(_DUE, (then, BATCH)).fetchall():
            _pay_raw(run, many, [id for id, *_ in due], then)
        return DUE / (time.perf_counter() - started)


def _pay_raw(run: Any, many: Any, ids: list[int], now: str) -> None:
    marks = ",".join("?" * len(ids))
    users = sorted({id % USERS for id in ids})
    run("BEGIN IMMEDIATE")
    run(f"SELECT id, due_at, tries, state FROM due_work WHERE id IN ({marks}) ORDER BY id", ids).fetchall()
    run(f"SELECT * FROM subscriptions WHERE id IN ({marks}) ORDER BY id", ids).fetchall()
    run(f"SELECT id, balance, pin FROM users WHERE id IN ({','.join('?' * len(users))}) ORDER BY id", users).fetchall()
    booked = []
    for id in ids:
        move = "UPDATE users SET balance = balance - ? WHERE id = ? AND balance - ? BETWEEN 0 AND ?"
        run(move, (99900, id % USERS, 99900, 10**17))
        booked.append(run(_BOOK, (id % USERS, now, now)).lastrowid)
        run("SELECT * FROM alerts WHERE user_id = ? ORDER BY id", (id % USERS,)).fetchall()
    many(
        "INSERT INTO subscription_payments VALUES (?, ?, ?)",
        [(id, now, at) for id, at in zip(ids, booked, strict=True)],
    )
    many("UPDATE subscriptions SET status = 'active', payments = 1 WHERE id = ?", [(id,) for id in ids])
    for id in ids:
        run("UPDATE due_work SET due_at = '2025-01-01 00:00:00.000000', tries = 0 WHERE id = ?", (id,))
    run("COMMIT")
    run("SELECT min(due_at) FROM due_work WHERE state = 'due' AND kind IN ('subscription')").fetchall()


_SCHEMA = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "CREATE TABLE users (id INTEGER PRIMARY KEY, balance INTEGER, pin TEXT)",
    "CREATE TABLE transactions (id INTEGER PRIMARY KEY, user_id INTEGER, target_user_id INTEGER, type TEXT, "
    "amount INTEGER, timestamp TEXT, booked_at TEXT)",
    "CREATE INDEX ix_user ON transactions (user_id, id)",
    "CREATE INDEX ix_target ON transactions (target_user_id, id)",
    "CREATE TABLE alerts (id INTEGER PRIMARY KEY, user_id INTEGER)",
    "CREATE INDEX ix_alerts ON alerts (user_id, id)",
    "CREATE TABLE subscriptions (id INTEGER PRIMARY KEY, user_id INTEGER, amount INTEGER, status TEXT, "
    "payments INTEGER)",
    "CREATE INDEX ix_subscriptions ON subscriptions (user_id, id)",
    "CREATE TABLE subscription_payments (subscription_id INTEGER, due_at TEXT, transaction_id INTEGER, "
    "PRIMARY KEY (subscription_id, due_at))",
    "CREATE TABLE due_work (id INTEGER PRIMARY KEY, kind TEXT, subject INTEGER, due_at TEXT, tries INTEGER, "
    "state TEXT, UNIQUE (kind, subject))",
    "CREATE INDEX ix_due ON due_work (state, due_at)",
)
_DUE = (
    "SELECT id, kind, subject, due_at, tries FROM due_work WHERE state = 'due' AND kind IN ('subscription') "
    "AND due_at <= ? ORDER BY due_at, id LIMIT ?"
)
_BOOK = "INSERT INTO transactions (user_id, type, amount, timestamp, booked_at) VALUES (?, 'SUBSCRIPTION', 99900, ?, ?)"
