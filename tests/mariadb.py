"""A MariaDB server of the tests' own: started in a temporary folder, gone when they end."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import attrs
import pymysql
from sqlalchemy import make_url

from tests.private_servers import die_with_parent, free_port

START_SECONDS = 30
STOP_SECONDS = 10
PORTS = range(21_000, 32_000)
"""Below the ports that the system hands out by itself, so that none is taken between the choice and the start."""

_LOG_SIZE = "--innodb-log-file-size=16M"  # of the usual 96 MB each server would write every one
_SBIN = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/usr/libexec"])


@attrs.define
class MariaDB:
    """A running server; root has no password and may come from this machine only."""

    port: int
    _numbers: Iterator[int] = attrs.field(factory=lambda: count(1))

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"hucha_{next(self._numbers)}"
        self.ask(f"CREATE DATABASE {name}")
        return self.url(name)

    def empty(self, url: str) -> None:
        """Delete every row of a database, after breaking the connections that an earlier test may have left to it."""
        database = make_url(url).database
        with self._connected() as cursor:
            cursor.execute("SELECT id FROM information_schema.processlist WHERE db = %s", (database,))
            for (id,) in cursor.fetchall():
                with suppress(pymysql.OperationalError):  # gone by itself
                    cursor.execute(f"KILL {id}")
            cursor.execute("SET foreign_key_checks = 0")  # the tables come in any order
            cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (database,))
            for (table,) in cursor.fetchall():
                if table not in ("alembic_version", "schema_lock"):
                    cursor.execute(f"DELETE FROM {database}.{table}")

    def url(self, database: str, port: int | None = None) -> str:
        """The URL of a database, by the server's own port or by that of a proxy before it."""
        return f"mysql+pymysql://root@127.0.0.1:{port or self.port}/{database}"

    def ask(self, statement: str, *values: object) -> tuple[Any, ...]:
        """Run a statement over a connection of its own, commit it, and return its rows."""
        with self._connected() as cursor:
            cursor.execute(statement, values or None)
            return tuple(cursor.fetchall())

    @contextmanager
    def _connected(self) -> Iterator[pymysql.cursors.Cursor]:
        connection = pymysql.connect(host="127.0.0.1", port=self.port, user="root")
        with closing(connection), connection.cursor() as cursor:
            yield cursor
            connection.commit()


def why_no_mariadb() -> str | None:
    """Why no server can be started here; None where one can."""
    for program in ("mariadbd", "mariadb-install-db"):
        if shutil.which(program, path=_SBIN) is None:
            return f"MariaDB isn't installed: there is no {program} (Debian: apt-get install mariadb-server)"
    if os.geteuid() == 0 and _mysql_user() is None:
        return "MariaDB doesn't run as root, and there is no user mysql for it"
    return None


@contextmanager
def private_server() -> Iterator[MariaDB]:
    """Start a server and stop it at the end. To be called from the main thread: the server dies with its thread."""
    folder = Path(tempfile.mkdtemp(prefix="hucha-mariadb-"))  # short enough for the path of a socket
    folder.chmod(0o755)
    data, temporary = folder / "data", folder / "tmp"
    for own in (data, temporary):  # a server that starts throws away what others have in a folder that they share
        own.mkdir()
        if os.geteuid() == 0:
            shutil.chown(own, "mysql", "mysql")
    try:
        _install(data, temporary)
        port = free_port(PORTS)
        server = _start(data, temporary, port)
        try:
            _wait_until_ready(server, data)
            yield MariaDB(port)
        finally:
            server.terminate()
            try:
                server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _install(data: Path, temporary: Path) -> None:
    program = shutil.which("mariadb-install-db", path=_SBIN)
    options = [
        "--no-defaults",
        f"--datadir={data}",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        _LOG_SIZE,
    ]
    user = ["--user=mysql"] if os.geteuid() == 0 else []
    environment = os.environ | {"TMPDIR": str(temporary)}
    done = subprocess.run([program, *options, *user], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"mariadb-install-db failed: {done.stdout}{done.stderr}")


def _start(data: Path, temporary: Path, port: int) -> subprocess.Popen[bytes]:
    options = {
        "datadir": data,
        "tmpdir": temporary,
        "socket": data / "s.sock",
        "port": port,
        "pid-file": data / "pid",
        "log-error": data / "err.log",
        "bind-address": "127.0.0.1",
        "innodb-buffer-pool-size": "64M",
        "performance-schema": "OFF",
        "character-set-server": "utf8mb4",
        "collation-server": "utf8mb4_bin",
        "transaction-isolation": "READ-COMMITTED",
        "innodb-rollback-on-timeout": "ON",
        "innodb-lock-wait-timeout": 5,
        "innodb-flush-log-at-trx-commit": 1,
    }
    as_mysql: dict[str, Any] = {"user": "mysql", "group": "mysql", "extra_groups": []} if os.geteuid() == 0 else {}
    return subprocess.Popen(
        [
            shutil.which("mariadbd", path=_SBIN),
            "--no-defaults",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--skip-ssl",  # the flaky proxy reads along
            _LOG_SIZE,
            *(f"--{name}={value}" for name, value in options.items()),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent,
        **as_mysql,
    )


def _wait_until_ready(server: subprocess.Popen[bytes], data: Path) -> None:
    """By its socket, which is surely its own: another run's server may have been quicker at the port."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(f"{data}/s.sock")
            return
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                log = data / "err.log"
                raise RuntimeError(f"mariadbd didn't start: {log.read_text() if log.exists() else ''}") from None
            time.sleep(0.02)


def _mysql_user() -> object | None:
    try:
        return pwd.getpwnam("mysql")
    except KeyError:
        return None
