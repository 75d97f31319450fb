"""The servers that are measured, and those that they are measured against, each in a process of its own.

python -m tests.benchmarks.servers KIND PORT THREADS DATABASE
"""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import falcon

TRANSFER = "/api/account/fund-transfer"
TRANSACTION = "/api/transactions"
ANSWER = b'{"alert":false,"alert_codes":[],"user_id":1}'


@attrs.frozen
class Running:
    """A server and where it listens."""

    port: int
    process: subprocess.Popen[bytes]
    customers: Path
    """Where a bank with customers writes who they are: token, account number and email address, a line each."""


class ConstantResource:
    """Reads the body and always answers the same."""

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        req.bounded_stream.read()
        resp.data = ANSWER


def serve_bare(port: int, threads: int, database: str) -> None:
    """Falcon and waitress as they come."""
    import waitress

    app = falcon.App()
    for path in ("/event", TRANSFER, TRANSACTION):
        app.add_route(path, ConstantResource())
    waitress.serve(app, host="127.0.0.1", port=port, threads=threads, _quiet=True)


def serve_bare_on_own_server(port: int, threads: int, database: str) -> None:
    """The same constant answer, behind the server settings of Hucha."""
    app = falcon.App()
    app.add_route("/event", ConstantResource())
    _serve(app, port, threads)


def serve_constant(port: int, threads: int, database: str) -> None:
    """Hucha's whole app, envelope and all, over a handler that does nothing."""
    from entrypoints.composition import build_in_memory
    from entrypoints.http.app import create_falcon_app
    from entrypoints.http.envelope import Envelope
    from entrypoints.http.metrics import Metrics

    metrics = Metrics()
    app = create_falcon_app(build_in_memory(), metrics)
    app.add_route("/constant", ConstantResource())
    _serve(Envelope(app, metrics), port, threads)


def serve_memory(port: int, threads: int, database: str) -> None:
    """Hucha in memory."""
    from entrypoints.composition import build_in_memory
    from entrypoints.http.app import create_app

    _serve(create_app(build_in_memory()), port, threads)


def serve_durable(port: int, threads: int, database: str) -> None:
    """Hucha over SQLite, as `hucha serve` runs it."""
    from entrypoints.composition import build
    from entrypoints.http.app import create_app

    _serve(create_app(build(_settings(port, threads, database))), port, threads)


def serve_bank(port: int, threads: int, database: str) -> None:
    """Hucha over SQLite, with customers who have money, PINs and tokens; their passwords are hashed cheaply."""
    _serve_bank(port, threads, database, customers=200, bcrypt_rounds=4)


def serve_crowd(port: int, threads: int, database: str) -> None:
    """The same with few customers, whose passwords are hashed as a bank's are."""
    _serve_bank(port, threads, database, customers=6, bcrypt_rounds=12)


def serve_paying(port: int, threads: int, database: str) -> None:
    """The bank with its worker, and far more subscriptions due than it pays while it is measured."""
    from entrypoints.composition import build
    from entrypoints.http.app import create_app
    from entrypoints.worker import Worker
    from tests.benchmarks.subscriptions import DUE, make_due

    settings = _make_customers(port, threads, database, customers=200, bcrypt_rounds=4)
    hucha = build(settings)
    make_due(hucha, DUE)
    Worker(hucha.due_work, hucha.work_due).start()
    _serve(create_app(hucha), port, threads)


def _serve_bank(port: int, threads: int, database: str, customers: int, bcrypt_rounds: int) -> None:
    from entrypoints.composition import build
    from entrypoints.http.app import create_app

    settings = _make_customers(port, threads, database, customers, bcrypt_rounds)
    _serve(create_app(build(settings)), port, threads)


def _make_customers(port: int, threads: int, database: str, customers: int, bcrypt_rounds: int) -> Any:
    """The settings of a bank that has so many customers, who are told in a file beside the database."""
    from entrypoints.composition import build

    settings = attrs.evolve(_settings(port, threads, database), bcrypt_rounds=bcrypt_rounds, rate_limits=False)
    hucha = build(settings)
    lines = [" ".join(new_customer(hucha, number)) for number in range(customers)]
    hucha.close()
    Path(database).with_suffix(".customers").write_text("\n".join(lines))
    return settings


def new_customer(hucha: Any, number: int) -> tuple[str, str, str]:
    """Register a customer, with a PIN and money; the token, the account number and the email address."""
    from decimal import Decimal

    from domain.model.users import Details
    from domain.rules.registration import Registration
    from domain.use_cases.money.guarded_orders import Guard
    from domain.use_cases.money.move_money import Cash, Order

    email = f"customer{number}@bench.org"
    user = hucha.register(Registration("Customer", email, "NuweTest1$", Details()))
    token = hucha.sign_in(email, "NuweTest1$", "127.0.0.1").access_token
    identity = hucha.sign_in.identify(token)
    hucha.manage_pin.create(identity, "1811", "NuweTest1$", "127.0.0.1")
    hucha.move_money(Order("CASH_DEPOSIT", user.id, Guard("1811"), Cash(Decimal("1000000.00"))))
    return token, user.account_number, email


def serve_raw(port: int, threads: int, database: str) -> None:
    """Hucha's app and batches over raw sqlite3: the same reads and writes per batch, and no judging."""
    from entrypoints.batcher import Batcher
    from entrypoints.composition import build_in_memory
    from entrypoints.http.app import create_app

    hucha = attrs.evolve(build_in_memory(), judge_event=Batcher(RawBatches(database)))
    _serve(create_app(hucha), port, threads)


class RawBatches:
    """What the database must do for a batch of events, and nothing else."""

    STATE = '[1,0,1,"120.00",1700000020,1699999900,[1700000010,1700000020],[1,1],["100.00","120.00"]]'

    def __init__(self, database: str) -> None:
        self._connection = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
        for statement in (
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            "CREATE TABLE events (id INTEGER PRIMARY KEY, stream TEXT, user_id INTEGER, type TEXT, amount INTEGER, "
            "time INTEGER, alert_codes TEXT, received_at TEXT)",
            "CREATE INDEX ix_events ON events (stream, user_id, time)",
            "CREATE TABLE activities (stream TEXT, user_id INTEGER, state TEXT, PRIMARY KEY (stream, user_id))",
            "CREATE TABLE risk_profiles (user_id INTEGER PRIMARY KEY, rating TEXT, thresholds TEXT)",
        ):
            self._connection.execute(statement)

    def __call__(self, actions: Sequence[Any]) -> list[Any]:
        from domain.rules.activity import Verdict

        run, many = self._connection.execute, self._connection.executemany
        users = sorted({action.user_id for action in actions})
        marks = ",".join("?" * len(users))
        run("BEGIN IMMEDIATE")
        run(f"SELECT user_id, state FROM activities WHERE stream = 'event' AND user_id IN ({marks})", users).fetchall()
        run(f"SELECT user_id, rating, thresholds FROM risk_profiles WHERE user_id IN ({marks})", users).fetchall()
        many(
            "INSERT INTO events (stream, user_id, type, amount, time, alert_codes, received_at) VALUES (?,?,?,?,?,?,?)",
            [("event", a.user_id, a.type, 100, a.time, "", "2024-01-01 00:00:00.000000") for a in actions],
        )
        many(
            "INSERT INTO activities VALUES ('event', ?, ?) ON CONFLICT DO UPDATE SET state = excluded.state",
            [(user, self.STATE) for user in users],
        )
        run("COMMIT")
        return [Verdict(action, (), (), None) for action in actions]


KINDS = {
    "bare": serve_bare,
    "bare on own server": serve_bare_on_own_server,
    "constant": serve_constant,
    "memory": serve_memory,
    "durable": serve_durable,
    "raw": serve_raw,
    "bank": serve_bank,
    "crowd": serve_crowd,
    "paying": serve_paying,
}


def _settings(port: int, threads: int, database: str) -> Any:
    from entrypoints.settings import Settings

    return Settings(port=port, threads=threads, database_url=f"sqlite:///{database}")


def _serve(app: Any, port: int, threads: int) -> None:
    import logging

    from entrypoints.server import make_server, serve

    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    serve(make_server(app, _settings(port, threads, "")))


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(kind: str, threads: int, cpus: set[int] | None = None) -> Iterator[Running]:
    """A server of a kind, on a fresh database, until the block ends; `cpus` keeps it on those cores."""
    port = free_port()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [sys.executable, "-m", "tests.benchmarks.servers", kind, str(port), str(threads)]
        pin = None if cpus is None else lambda: os.sched_setaffinity(0, cpus)
        process = subprocess.Popen(
            [*command, str(Path(folder) / "bench.db")], preexec_fn=pin, stderr=subprocess.DEVNULL
        )
        try:
            wait_for(port)
            yield Running(port, process, Path(folder) / "bench.customers")
        finally:
            process.kill()
            process.wait()


def wait_for(port: int, seconds: float = 60) -> None:
    """Return as soon as someone listens."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.005)
    raise TimeoutError(f"nobody listens on {port}")


if __name__ == "__main__":
    KINDS[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
