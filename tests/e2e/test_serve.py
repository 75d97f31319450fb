"""`hucha serve` as a process: how it stops, and what it costs while it idles (contract R5)."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.patience import PATIENCE_SECONDS

from .conftest import Lock
from .processes import Answers, Serving, command, patient_serve, request, until

BUSY_SECONDS = 5
"""How long SQLite waits for a lock (adapters/sql/sqlite.py)."""

JSON = {"Content-Type": "application/json"}
EVENT = json.dumps({"type": "withdraw", "amount": "150.00", "user_id": 7, "time": 1}).encode()
STOP_SECONDS = 10
"""Contract R5: running requests have so long to finish."""


@dataclass
class Held:
    """What becomes of servers that are held up."""

    unread: Future[tuple[int, float]]
    """A client doesn't read its answer: the exit status after SIGTERM, and how many seconds the end took."""

    locked: Future[tuple[int, float]]
    """Another process keeps the database locked: the same."""

    unlocked: Future[int]
    """Another process keeps the database locked for longer than SQLite waits by itself: the status of the answer."""


@pytest.fixture(scope="module", autouse=True)
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    """Servers that are held up for many seconds: that happens while the other tests run."""
    with ExitStack() as stack:
        folders = [tmp_path_factory.mktemp("held") for _ in range(3)]
        unread, locked, unlocked = (stack.enter_context(Serving(folder)) for folder in folders)
        locks = [stack.enter_context(closing(locked_database(folder))) for folder in folders[1:]]
        waiting = [send_event(locked), send_event(unlocked)]
        client = stack.enter_context(unread.connect(receive_buffer=5_000))
        client.sendall(request("GET", "/api/docs/swagger_bundle.js") * 20)
        has_read_all_that_was_sent(unread)
        pool = stack.enter_context(ThreadPoolExecutor())
        threading.Timer(BUSY_SECONDS + 1, locks[1].close).start()
        yield Held(
            unread=pool.submit(stopped, unread),
            locked=pool.submit(stopped, locked, after=2),
            unlocked=pool.submit(lambda: waiting[1].read()[0]),
        )
        for answers in waiting:
            answers.close()


def locked_database(folder: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / "var" / "hucha.db", isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    return connection


def stopped(server: Serving, after: float = 0) -> tuple[int, float]:
    """Send SIGTERM, some seconds from now, and wait for the end."""
    time.sleep(after)
    started = time.monotonic()
    server.terminate()
    return server.finish(3 * STOP_SECONDS), time.monotonic() - started


def has_read_all_that_was_sent(server: Serving) -> None:
    """The server's loop is one thread: when it answers this, it has read what came before."""
    with server.connect() as later:
        later.sendall(request("GET", "/healthz"))
        assert Answers(later).read()[0] == 200


def stored(database: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return connection.execute("SELECT user_id, alert_codes FROM events ORDER BY id").fetchall()


def send_event(server: Serving) -> Answers:
    """Send an event over a new connection; when this returns, the server has read it."""
    client = server.connect()
    client.sendall(request("POST", "/event", EVENT, JSON))
    has_read_all_that_was_sent(server)
    answers = Answers(client)
    client.close()  # it stays open for as long as the answers are read from it
    return answers


def test_sigterm_lets_a_running_request_finish_and_exits_0(tmp_path: Path, database: Path, lock: Lock) -> None:
    # contract: R5
    with Serving(tmp_path) as server:
        unlock = lock()
        answers = send_event(server)
        server.terminate()
        until(server.refuses)
        assert server.process.poll() is None, "it waits for the request"
        unlock()
        status, _, body = answers.read()
        assert (status, json.loads(body)["alert_codes"]) == (200, [1100])
        assert answers.is_closed()
        assert server.finish(STOP_SECONDS) == 0
        assert server.log.rstrip().endswith("stopped")
        assert "Traceback" not in server.log
    assert stored(database) == [(7, "1100")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_idle_and_half_open_connections_dont_keep_it(tmp_path: Path, number: signal.Signals) -> None:
    # contract: R5
    with (
        Serving(tmp_path, program=patient_serve()) as server,
        server.connect() as idle,
        server.connect() as silent,
        server.connect() as half,
    ):
        idle.sendall(request("GET", "/healthz"))
        answers = Answers(idle)
        assert answers.read()[0] == 200
        half.sendall(request("POST", "/event", headers={"Content-Length": "100"}) + b"{")
        server.process.send_signal(number)
        assert answers.is_closed()
        assert Answers(silent).is_closed()
        assert Answers(half).is_closed()
        assert server.finish(PATIENCE_SECONDS) == 0
        assert "Traceback" not in server.log


def test_a_second_sigterm_changes_nothing(tmp_path: Path, lock: Lock) -> None:
    # contract: R5
    with Serving(tmp_path) as server:
        unlock = lock()
        answers = send_event(server)
        for _ in range(3):
            server.terminate()
            time.sleep(0.05)
        unlock()
        assert answers.read()[0] == 200
        assert server.finish(STOP_SECONDS) == 0


def test_large_answers_are_the_files_that_they_should_be(tmp_path: Path) -> None:
    package = find_spec("offapi")
    assert package and package.submodule_search_locations
    with Serving(tmp_path) as server, server.connect(receive_buffer=20_000) as client:
        names = ["swagger_bundle.js", "swagger_style.css"] * 2
        client.sendall(b"".join(request("GET", f"/api/docs/{name}") for name in names))
        answers = Answers(client)
        for name in names:
            assert answers.read()[2] == (Path(package.submodule_search_locations[0]) / name).read_bytes()


def test_it_rests_while_nobody_asks(tmp_path: Path) -> None:
    with Serving(tmp_path) as server, server.connect() as client:
        client.sendall(request("GET", "/healthz"))
        assert Answers(client).read()[0] == 200

        def ticks() -> int:
            fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
            return int(fields[11]) + int(fields[12])

        def rests() -> bool:
            """Whether half a second takes no more than so many hundredths of CPU time; it may still do what is due."""
            before = ticks()
            time.sleep(0.5)
            return ticks() - before <= 5

        until(rests)


def test_it_can_stay_on_one_core(tmp_path: Path) -> None:
    # contract: R3
    core = min(os.sched_getaffinity(0))
    with Serving(tmp_path, CPUS=str(core)) as server:
        assert os.sched_getaffinity(server.process.pid) == {core}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_right_after_it_told_its_address_stops_it_in_good_order(
    tmp_path: Path, number: signal.Signals
) -> None:
    """Who waits for that line may send one at once: the handlers must be there before it."""
    # contract: R5
    for _ in range(3):
        with Serving(tmp_path) as server:
            server.process.send_signal(number)
            assert server.finish(STOP_SECONDS) == 0
            assert "Traceback" not in server.log


def test_a_client_that_doesnt_read_cant_hold_it_over_10_seconds(held: Held) -> None:
    # contract: R5
    status, seconds = held.unread.result(3 * STOP_SECONDS)  # the client reads nothing before that
    assert status == 0
    assert seconds > STOP_SECONDS - 1, "the client had its time"


def test_a_database_that_another_process_keeps_locked_cant_hold_it_over_10_seconds(held: Held) -> None:
    # contract: R5
    status, _ = held.locked.result(3 * STOP_SECONDS)  # the lock stays before that
    assert status == 0


def test_an_event_outlasts_a_lock_that_is_longer_than_sqlites_patience(held: Held) -> None:
    """The transaction is run again (ports.storage), so nobody hears of the lock."""
    assert held.unlocked.result(3 * STOP_SECONDS) == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_the_start_stops_it_at_once_in_good_order(
    tmp_path: Path, database: Path, lock: Lock, number: signal.Signals
) -> None:
    """The start waits for the schema here: another process keeps the database locked."""
    # contract: R5
    database.parent.mkdir()
    unlock = lock()
    environment = {"PATH": os.environ["PATH"], "PORT": "0"}
    process = subprocess.Popen(
        command("serve"), cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL
    )
    try:
        until(lambda: listens(process.pid))
        process.send_signal(number)
        _, log = process.communicate(timeout=STOP_SECONDS)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, log) == (0, "")
    unlock()


def listens(pid: int) -> bool:
    """Whether the process has a socket: that is the last thing before the database."""
    try:
        return any(os.readlink(path).startswith("socket:") for path in Path(f"/proc/{pid}/fd").iterdir())
    except FileNotFoundError:  # it closed a file meanwhile
        return False
