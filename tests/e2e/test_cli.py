"""The `hucha` command, as people and scripts call it (contract R2, R3, R4)."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import pytest

from .processes import START_SECONDS, Serving, hucha

COMMANDS = ("serve", "worker", "migrate", "create-operator", "revoke-operator", "audit", "backup", "backtest-bot")
KEY = re.compile(r"hucha_[A-Za-z0-9_-]{43}\n")


def refused(finished: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a command that was refused, after whatever it had logged."""
    assert finished.returncode == 1, finished
    assert finished.stdout == ""
    assert "Traceback" not in finished.stderr
    *logged, line = finished.stderr.splitlines()
    assert all(" INFO hucha." in one for one in logged)
    assert line.startswith("hucha: ")
    return line.removeprefix("hucha: ")


def test_help_lists_and_explains_every_command(tmp_path: Path) -> None:
    # contract: R2
    finished = hucha("--help", cwd=tmp_path)
    assert (finished.returncode, finished.stderr) == (0, "")
    flat = " ".join(finished.stdout.split())
    for name in COMMANDS:
        assert re.search(rf" {name} [a-z]+ [a-z]+", flat), "the command, then what it does"
    assert not list(tmp_path.iterdir()), "help touches nothing"


def test_the_installed_command_is_the_same(tmp_path: Path) -> None:
    # contract: R2
    installed = Path(sys.executable).with_name("hucha")
    finished = subprocess.run(
        [installed, "--help"], cwd=tmp_path, capture_output=True, text=True, timeout=START_SECONDS, check=False
    )
    assert finished.stdout == hucha("--help", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    "words", [(), ("nonsense",), ("create-operator",), ("migrate", "more"), ("serve", "--port", "1")]
)
def test_a_wrong_call_is_status_2_with_the_usage(tmp_path: Path, words: tuple[str, ...]) -> None:
    finished = hucha(*words, cwd=tmp_path)
    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr.startswith("usage: hucha")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_of_its_own(tmp_path: Path, name: str) -> None:
    finished = hucha(name, "--help", cwd=tmp_path)
    assert finished.returncode == 0
    assert finished.stdout.startswith(f"usage: hucha {name}")


def test_an_operator_is_created_and_revoked(tmp_path: Path) -> None:
    # contract: C5
    created = hucha("create-operator", "ana", cwd=tmp_path)
    assert created.returncode == 0
    assert KEY.fullmatch(created.stdout), "the key, alone, on standard output"
    assert (tmp_path / "var" / "hucha.db").exists(), "the default place"
    again = hucha("create-operator", "ana", cwd=tmp_path)
    assert refused(again) == "An operator named ana exists already."
    other = hucha("create-operator", "ben", cwd=tmp_path)
    assert KEY.fullmatch(other.stdout)
    assert other.stdout != created.stdout
    revoked = hucha("revoke-operator", "ana", cwd=tmp_path)
    assert (revoked.returncode, revoked.stdout) == (0, "")
    assert refused(hucha("revoke-operator", "ana", cwd=tmp_path)) == "There is no operator named ana."
    assert hucha("create-operator", "ana", cwd=tmp_path).stdout not in ("", created.stdout)
    content = b"".join(path.read_bytes() for path in (tmp_path / "var").iterdir())
    assert created.stdout.strip().encode() not in content, "the key is kept nowhere"


def test_who_gives_and_takes_keys_learns_in_which_database(tmp_path: Path) -> None:
    place = f"the database is sqlite:///{tmp_path}/var/hucha.db"
    keys = f"made new keys in {tmp_path}/var/hucha.keys: keep a copy, but not beside one of the database"
    created = hucha("create-operator", "ana", cwd=tmp_path)
    assert messages(created) == [keys, place, "created the operator ana"]
    assert created.stdout.strip() not in created.stderr
    assert messages(hucha("revoke-operator", "ana", cwd=tmp_path)) == [place, "revoked the operator ana"]
    assert messages(hucha("revoke-operator", "ana", cwd=tmp_path))[0] == place, "where it looked in vain"


def messages(finished: subprocess.CompletedProcess[str]) -> list[str]:
    """What a command logged: date, time, level, logger and request's id stand before it."""
    return [line.split(" ", 5)[5] for line in finished.stderr.splitlines() if not line.startswith("hucha: ")]


def test_a_log_level_silences_the_commands_too(tmp_path: Path) -> None:
    # contract: R3
    created = hucha("create-operator", "ana", cwd=tmp_path, LOG_LEVEL="WARNING")
    assert (created.returncode, created.stderr) == (0, "")


def test_the_version_is_told(tmp_path: Path) -> None:
    finished = hucha("--version", cwd=tmp_path)
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, f"hucha {version('hucha')}\n", "")


@pytest.mark.parametrize("name", ["", "x" * 129, "a\x1bb"])
def test_an_operators_name_is_printable_and_not_too_long(tmp_path: Path, name: str) -> None:
    assert "name" in refused(hucha("create-operator", name, cwd=tmp_path))


def test_a_key_works_at_once_and_a_revoked_one_no_more_while_the_server_runs(tmp_path: Path) -> None:
    # contract: C5, G3
    with Serving(tmp_path) as server:
        key = hucha("create-operator", "ana", cwd=tmp_path).stdout.strip()
        connection = server.http()

        def status() -> int:
            connection.request("GET", "/api/events?user_id=1", headers={"Authorization": f"Bearer {key}"})
            answer = connection.getresponse()
            answer.read()
            return answer.status

        assert status() == 200
        assert hucha("revoke-operator", "ana", cwd=tmp_path).returncode == 0
        assert status() == 401
        connection.close()


def test_migrate_makes_the_schema_once(tmp_path: Path) -> None:
    # contract: R4
    first, second = hucha("migrate", cwd=tmp_path), hucha("migrate", cwd=tmp_path)
    assert (first.returncode, first.stdout, first.stderr) == (0, "The schema is up to date now.\n", "")
    assert (second.returncode, second.stdout, second.stderr) == (0, "The schema was up to date.\n", "")
    with closing(sqlite3.connect(tmp_path / "var" / "hucha.db")) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables >= {"events", "activities", "risk_profiles", "operators"}


def test_processes_that_start_together_are_safe(tmp_path: Path) -> None:
    # contract: R4
    with ThreadPoolExecutor() as pool:
        finished = list(pool.map(lambda name: hucha("create-operator", name, cwd=tmp_path), "abcd"))
    assert [one.returncode for one in finished] == [0] * 4
    assert "WARNING" not in "".join(one.stderr for one in finished)
    assert len({one.stdout for one in finished}) == 4


def test_wrong_settings_stop_every_command_with_one_sentence(tmp_path: Path) -> None:
    # contract: R3
    (tmp_path / "file").write_text("this is no database at all\n" * 100)
    cases = [
        (("serve",), {"PORT": "x"}, "PORT "),
        (("migrate",), {"LOG_LEVEL": "LOUD"}, "LOG_LEVEL "),
        (("create-operator", "ana"), {"DATABASE_URL": "nonsense"}, "DATABASE_URL "),
        (("serve",), {"DATABASE_URL": "postgresql://u:s3cret@h/d"}, "DATABASE_URL "),
        (("migrate",), {"DATABASE_URL": "sqlite://"}, "DATABASE_URL "),
        (("migrate",), {"DATABASE_URL": f"sqlite:///{tmp_path}"}, "DATABASE_URL names a database that can't be used: "),
        (
            ("migrate",),
            {"DATABASE_URL": f"sqlite:///{tmp_path}/file"},
            "DATABASE_URL names a database that can't be used: ",
        ),
    ]
    with ThreadPoolExecutor(4) as pool:
        finished = list(pool.map(lambda case: hucha(*case[0], cwd=tmp_path, **case[1]), cases))
    for (_, _, begin), one in zip(cases, finished, strict=True):
        sentence = refused(one)
        assert sentence.startswith(begin)
        assert "s3cret" not in sentence


def test_a_place_where_no_database_can_be_is_told_in_one_sentence(tmp_path: Path) -> None:
    # contract: R3
    (tmp_path / "file").write_text("this is no folder")
    refused(hucha("migrate", cwd=tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/file/hucha.db"))


@pytest.mark.parametrize("host", ["no such host", "256.1.1.1", "203.0.113.1"])
def test_a_host_that_isnt_here_is_told_in_one_sentence(tmp_path: Path, host: str) -> None:
    # contract: R3
    assert re.match("(HOST|PORT) ", refused(hucha("serve", cwd=tmp_path, HOST=host, PORT="0")))


def test_localhost_is_one_address(tmp_path: Path) -> None:
    # contract: R3
    with Serving(tmp_path, HOST="localhost") as server:
        assert server.host == "127.0.0.1"


def test_a_start_that_fails_lets_go_of_its_socket(tmp_path: Path) -> None:
    finished = hucha(
        "serve", cwd=tmp_path, PORT="0", DATABASE_URL=f"sqlite:///{tmp_path}", PYTHONWARNINGS="always::ResourceWarning"
    )
    assert "unclosed" not in finished.stderr
    refused(finished)


def test_a_port_in_use_is_told_in_one_sentence(tmp_path: Path) -> None:
    # contract: R3
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        sentence = refused(hucha("serve", cwd=tmp_path, PORT=str(port)))
    assert sentence == f"PORT {port} on 127.0.0.1 can't be listened on: Address already in use."


def test_a_database_of_another_version_is_left_alone(tmp_path: Path) -> None:
    # contract: R4
    hucha("migrate", cwd=tmp_path)
    with closing(sqlite3.connect(tmp_path / "var" / "hucha.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    sentence = refused(hucha("migrate", cwd=tmp_path))
    assert sentence.startswith(
        "DATABASE_URL names a database that can't be used: its schema isn't one that this version of Hucha knows"
    )


def test_serve_listens_where_it_is_told_and_answers(tmp_path: Path) -> None:
    # contract: R3
    with Serving(tmp_path, HOST="127.0.0.2", THREADS="2", DATABASE_URL=f"sqlite:///{tmp_path}/other.db") as server:
        assert server.host == "127.0.0.2"
        connection = server.http()
        body = json.dumps({"type": "deposit", "amount": "217.00", "user_id": 11, "time": 35})
        connection.request("POST", "/event", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())) == (
            200,
            {"alert": True, "alert_codes": [123], "user_id": 11},
        )
        connection.close()
    assert (tmp_path / "other.db").exists()
    assert not (tmp_path / "var").exists()


def test_serve_keeps_everything_over_a_restart(tmp_path: Path) -> None:
    # contract: C6
    codes = []
    for time in (1, 2, 3):
        with Serving(tmp_path) as server:
            connection = server.http()
            body = json.dumps({"type": "withdraw", "amount": "1.00", "user_id": 1, "time": time})
            connection.request("POST", "/event", body, {"Content-Type": "application/json"})
            codes.append(json.loads(connection.getresponse().read())["alert_codes"])
            connection.close()
            server.terminate()
            assert server.finish(START_SECONDS) == 0
    assert codes == [[], [], [30]]


def test_two_servers_over_one_database_judge_as_one(tmp_path: Path) -> None:
    # contract: C6, R2
    with Serving(tmp_path) as first, Serving(tmp_path) as second:
        codes = []
        for time, server in enumerate((first, second, first, second)):
            connection = server.http()
            body = json.dumps({"type": "withdraw", "amount": "1.00", "user_id": 1, "time": time})
            connection.request("POST", "/event", body, {"Content-Type": "application/json"})
            codes.append(json.loads(connection.getresponse().read())["alert_codes"])
            connection.close()
    assert codes == [[], [], [30], [30]]
