"""Transfers and logins over HTTP, and what they leave to `/event`."""

from __future__ import annotations

import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from tests.benchmarks.load import requests_per_second
from tests.benchmarks.servers import TRANSFER, running
from tests.benchmarks.table import Row, interleaved

CONNECTIONS = 32
ROUNDS = 5
SECONDS = 2.0
LOGIN = "/api/users/login"


def rows() -> Iterator[Row]:
    """Every benchmark of this file."""
    yield from transfers()
    yield login()
    yield events_while_logins_run()


def transfers() -> Iterator[Row]:
    """Durable transfers at 32 connections."""
    with ExitStack() as stack:
        bank = stack.enter_context(running("bank", CONNECTIONS))
        bare = stack.enter_context(running("bare", CONNECTIONS))

        def measure(port: int) -> float:
            return requests_per_second(port, CONNECTIONS, SECONDS, TRANSFER, bank.customers)

        measure(bank.port)
        ours, constant, raw = interleaved(
            ROUNDS, [lambda: measure(bank.port), lambda: measure(bare.port), _raw_transfers_per_second]
        )
    for reference, speed, wanted in (("bare", constant, None), ("the same SQL by raw sqlite3", raw, 0.40)):
        yield Row(
            f"transfers over {reference}, 32 connections", f"{ours:.0f}/s", f"{speed:.0f}/s", ours / speed, wanted
        )


def _raw_transfers_per_second() -> float:
    """One transaction a transfer, one connection, no HTTP and no rules."""
    with tempfile.TemporaryDirectory() as folder, closing(sqlite3.connect(Path(folder) / "raw.db")) as connection:
        connection.isolation_level = None
        run = connection.execute
        for statement in (
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            "CREATE TABLE users (id INTEGER PRIMARY KEY, account_number TEXT UNIQUE, balance INTEGER, pin_hash TEXT)",
            "CREATE TABLE sessions (id TEXT PRIMARY KEY, user_id INTEGER)",
            "CREATE TABLE transactions (id INTEGER PRIMARY KEY, user_id INTEGER, target_user_id INTEGER, type TEXT, "
            "amount INTEGER, timestamp TEXT, booked_at TEXT)",
            "CREATE INDEX ix_user ON transactions (user_id, id)",
            "CREATE INDEX ix_target ON transactions (target_user_id, id)",
        ):
            run(statement)
        for user in range(200):
            run("INSERT INTO users VALUES (?, ?, ?, ?)", (user, f"account-{user}", 10**10, "x" * 100))
            run("INSERT INTO sessions VALUES (?, ?)", (f"session-{user}", user))
        done, started = 0, time.perf_counter()
        while time.perf_counter() - started < SECONDS:
            source, target = done % 200, (done * 7 + 1) % 200
            run("SELECT user_id FROM sessions WHERE id = ?", (f"session-{source}",)).fetchall()
            run("BEGIN IMMEDIATE")
            run("SELECT id FROM users WHERE account_number = ?", (f"account-{target}",)).fetchall()
            run("SELECT id, balance, pin_hash FROM users WHERE id IN (?, ?)", (source, target)).fetchall()
            run("UPDATE users SET balance = balance - ? WHERE id = ? AND balance >= ?", (100, source, 100))
            run("UPDATE users SET balance = balance + ? WHERE id = ?", (100, target))
            run(
                "INSERT INTO transactions (user_id, target_user_id, type, amount, timestamp, booked_at) "
                "VALUES (?, ?, 'CASH_TRANSFER', 100, '2024-01-01 00:00:00.000000', '2024-01-01 00:00:00.000000')",
                (source, target),
            )
            run("COMMIT")
            done += 1
        return done / (time.perf_counter() - started)


def login() -> Row:
    """One sign-in over one bcrypt check, both in this process."""
    import bcrypt

    from entrypoints.composition import build
    from entrypoints.settings import Settings
    from tests.benchmarks.servers import new_customer

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/hucha.db"
        hucha = build(Settings(database_url=url, bcrypt_rounds=12, rate_limits=False))
        try:
            _, _, email = new_customer(hucha, 1)
            kept = bcrypt.hashpw(b"NuweTest1$", bcrypt.gensalt(12))

            def sign_in() -> float:
                started = time.perf_counter()
                hucha.sign_in(email, "NuweTest1$", "127.0.0.1")
                return time.perf_counter() - started

            def check() -> float:
                started = time.perf_counter()
                bcrypt.checkpw(b"NuweTest1$", kept)
                return time.perf_counter() - started

            ours, bare = interleaved(ROUNDS, [sign_in, check])
        finally:
            hucha.close()
    return Row(
        "a login over one bcrypt check",
        f"{ours * 1e3:.0f} ms",
        f"{bare * 1e3:.0f} ms",
        ours / bare,
        1.10,
        at_least=False,
    )


def events_while_logins_run() -> Row:
    """`/event` with a crowd that signs in, over `/event` alone."""
    with running("crowd", CONNECTIONS) as bank:

        def alone() -> float:
            return requests_per_second(bank.port, 8, SECONDS)

        def crowded() -> float:
            crowd = threading.Thread(
                target=requests_per_second, args=(bank.port, 8, SECONDS + 1, LOGIN, bank.customers)
            )
            crowd.start()
            time.sleep(0.5)
            try:
                return alone()
            finally:
                crowd.join()

        alone()
        with_logins, without = interleaved(ROUNDS, [crowded, alone])
    return Row(
        "/event while logins run over /event alone",
        f"{with_logins:.0f}/s",
        f"{without:.0f}/s",
        with_logins / without,
        0.5,
    )
