"""A Redis server of the tests' own: started on a free port, keeping nothing, gone when they end."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import redis

from tests.private_servers import die_with_parent, free_port

START_SECONDS = 10
STOP_SECONDS = 10
PORTS = range(11_000, 21_000)
"""Below those of MariaDB, and of the ports that the system hands out by itself."""


@attrs.define
class RedisServer:
    """A server that can be stopped and started again, empty, at the same address."""

    port: int
    folder: str
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port)

    def start(self) -> None:
        """Start it, from the main thread: it dies with its thread."""
        program = shutil.which("redis-server")
        options = ["--port", f"{self.port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            [program, *options, "--dir", self.folder],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with self.client() as client:
                    client.ping()
                return
            except redis.ConnectionError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("redis-server didn't start") from None
                time.sleep(0.01)

    def freeze(self) -> None:
        """Let it neither answer nor refuse."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it; it is no error where it doesn't run."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def why_no_redis() -> str | None:
    """Why no server can be started here; None where one can."""
    if shutil.which("redis-server") is None:
        return "Redis isn't installed: there is no redis-server (Debian: apt-get install redis-server)"
    return None


@contextmanager
def private_server() -> Iterator[RedisServer]:
    """Start a server and stop it at the end. To be called from the main thread."""
    with tempfile.TemporaryDirectory(prefix="hucha-redis-") as folder:
        server = RedisServer(free_port(PORTS), folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
