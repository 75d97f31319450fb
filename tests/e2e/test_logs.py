"""What `hucha serve` writes to its log: a request's id in every line that is about it, and never a secret (D12)."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from .processes import START_SECONDS, Answers, Serving, command, connect, hucha, request, until

JSON = {"Content-Type": "application/json"}
API_KEY = "k3y-of-events-Zq9"
DATABASE_NAME = "s3cret-database-Yp7"


Finishing = list["Future[subprocess.CompletedProcess[str]]"]


@pytest.fixture(scope="module", autouse=True)
def without_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finishing]:
    """Commands that look for a server that isn't there: they give up while the other tests run."""
    folder = tmp_path_factory.mktemp("nowhere")
    url = "mysql+pymysql://bank:s3cret-Tf4@127.0.0.1:1/hucha"
    environment = {"DATABASE_URL": url, "LOG_FORMAT": "json", "LOG_LEVEL": "DEBUG"}
    environment |= {"SECRET_KEY": "s3cret" * 6, "DATA_KEY": "s3cret" * 7}
    with ThreadPoolExecutor() as pool:
        calls = (("serve",), ("migrate",), ("create-operator", "ana"))
        yield [pool.submit(hucha, *words, cwd=folder, **environment) for words in calls]


@dataclass
class Told:
    """What was sent, and what the log said."""

    lines: list[str]
    secrets: list[str]

    def objects(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.lines]


def drive(server: Serving, database: Path, operator_key: str) -> list[str]:
    """Every kind of request, then failures of the database; returns what must be in no log."""
    amounts = ["7771.31", "7772.32", "7773.33"]
    client = server.connect()
    answers = Answers(client)

    def ask(method: str, path: str, body: bytes = b"", **headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        client.sendall(request(method, path, body, named))
        return answers.read()[0]

    def event(amount: str, **headers: str) -> int:
        body = json.dumps({"type": "deposit", "amount": amount, "user_id": 6660001, "time": 5550001}).encode()
        return ask("POST", "/event", body, **{"Content-Type": "application/json", **headers})

    key = {"X_API_Key": API_KEY}
    bearer = {"Authorization": f"Bearer {operator_key}"}
    assert event(amounts[0], **key, X_Request_ID="good-1") == 200
    assert event(amounts[0], X_API_Key="wrong-key-Xk3") == 401
    assert (
        ask("POST", "/event", b'{"amount": "7774.34", "secret-key-Wm1": 1', **key, Content_Type="application/json")
        == 400
    )
    assert ask("GET", "/api/events?user_id=6660001", **bearer) == 200
    assert ask("GET", "/api/events?user_id=6660001", Authorization="Bearer hucha_wrong-token-Vn5") == 401
    assert ask("PUT", "/api/risk-profiles/6660002", b'{"rating": "low"}', **bearer, **JSON) == 200
    assert ask("GET", "/nothing/secret-path-Ub8") == 404

    # A mistake of ours: what the code expects isn't there.
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("ALTER TABLE events RENAME TO elsewhere")
    assert event(amounts[1], **key, X_Request_ID="broken-1") == 500
    assert ask("GET", "/api/events?user_id=6660001", **bearer, X_Request_ID="broken-2") == 500
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("ALTER TABLE elsewhere RENAME TO events")
        # The database fails: it takes no more rows, whatever is tried.
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no more rows'); END")
    assert event(amounts[2], **key, X_Request_ID="broken-3") in (500, 503)
    client.close()
    ids = ["6660001", "6660002", "5550001"]
    others = ["wrong-key-Xk3", "7774.34", "secret-key-Wm1", "hucha_wrong-token-Vn5", "secret-path-Ub8"]
    return [API_KEY, operator_key, *amounts, *(amount.replace(".", "") for amount in amounts), *ids, *others]


@pytest.fixture(scope="module", params=["json", "console"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The whole log of a process, at its most talkative."""
    folder = tmp_path_factory.mktemp("logs")
    database = folder / f"{DATABASE_NAME}.db"
    environment = {
        "DATABASE_URL": f"sqlite:///{database}",
        "EVENT_API_KEY": API_KEY,
        "LOG_FORMAT": request.param,
        "LOG_LEVEL": "DEBUG",
    }
    operator_key = hucha("create-operator", "ana", cwd=folder, DATABASE_URL=environment["DATABASE_URL"]).stdout.strip()
    with Serving(folder, **environment) as server:
        secrets = drive(server, database, operator_key)
        server.terminate()
        assert server.finish(START_SECONDS) == 0
        told = Told(server.lines, secrets)
    told.lines = [line for line in told.lines if line.strip()]
    yield told
    shutil.rmtree(folder)


def test_the_start_and_the_end_are_told(told: Told) -> None:
    assert "the database is sqlite:///" in told.lines[0]
    assert "prices: simulated, seed 1" in told.lines[1], "contract: B11"
    assert re.search(r"serving http://127\.0\.0\.1:\d+", told.lines[2])
    assert "stopped" in told.lines[-1]


def test_every_denial_is_told(told: Told) -> None:
    log = "".join(told.lines)
    assert "access denied: POST /event from 127.0.0.1" in log
    assert "access denied: GET /api/events from 127.0.0.1" in log


def test_every_failure_is_told_with_the_id_of_its_request(told: Told) -> None:
    # contract: D12
    log = "".join(told.lines)
    for id in ("broken-1", "broken-2", "broken-3"):
        assert id in log
    assert "no such table: events" in log, "those who run Hucha learn why"
    assert "no more rows" in log


@pytest.mark.parametrize("kind", ["keys", "bodies and queries"])
def test_no_secret_is_told_even_when_something_fails(told: Told, kind: str) -> None:
    # contract: D12
    log = "".join(told.lines)
    keys = [secret for secret in told.secrets if not secret.isdigit() and "." not in secret]
    wanted = keys if kind == "keys" else [secret for secret in told.secrets if secret not in keys]
    assert wanted
    assert not [secret for secret in wanted if secret in log]


def test_each_line_of_the_json_form_is_an_object(told: Told, request: pytest.FixtureRequest) -> None:
    # contract: R3, D12
    if request.node.callspec.params["told"] != "json":
        for line in told.lines:
            if re.match(r"\d{4}-\d\d-\d\d ", line):
                assert re.match(r"\S+ \S+ (DEBUG|INFO|WARNING|ERROR) \S+ \S+ \S", line)
        return
    for line in told.objects():
        assert line.keys() >= {"time", "level", "logger", "request_id", "message"}
        assert line["level"] in ("DEBUG", "INFO", "WARNING", "ERROR")
    by_id = {line["request_id"]: line for line in told.objects()}
    assert "no such table" in str(by_id["broken-1"])
    assert by_id["broken-1"]["level"] == "ERROR"


def test_a_log_level_silences_what_is_below_it(tmp_path: Path) -> None:
    # contract: R3
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]  # free a moment later; the process won't tell which one it took
    environment = {"PORT": str(port), "LOG_LEVEL": "ERROR", "PATH": os.environ["PATH"]}
    process = subprocess.Popen(command("serve"), cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        until(lambda: answers_at(port))
        process.terminate()
        _, log = process.communicate(timeout=START_SECONDS)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, log) == (0, "")


def answers_at(port: int) -> bool:
    try:
        client = connect("127.0.0.1", port)
    except OSError:
        return False
    with client:
        client.sendall(request("GET", "/healthz", headers={"Connection": "close"}))
        return Answers(client).read()[0] == 200


def test_a_database_password_is_told_nowhere(without_database: Finishing) -> None:
    # contract: D12
    for future in without_database:
        finished = future.result(START_SECONDS)
        assert finished.returncode == 1
        assert "s3cret" not in finished.stdout + finished.stderr
        assert "Traceback" not in finished.stderr
        assert "127.0.0.1" in finished.stderr, "those who run Hucha learn which server"
