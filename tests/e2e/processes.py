"""`hucha` in real processes, and HTTP by hand over sockets."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

START_SECONDS = 30
"""How long a process may take to start; far longer than it needs, for busy machines."""

_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "COVERAGE_PROCESS_CONFIG")
_PLAIN = {name: os.environ[name] for name in _KEPT if name in os.environ}
_SERVING = re.compile(r"serving http://([0-9.]+):(\d+)")


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "entrypoints.cli", *words]


def patient_serve() -> list[str]:
    """A `hucha serve` that would wait for an hour, not for ten seconds, for what isn't finished when it stops."""
    program = (
        "import sys, entrypoints.cli, entrypoints.server as s; s.STOP_SECONDS = 3600; sys.exit(entrypoints.cli.main())"
    )
    return [sys.executable, "-c", program, "serve"]


def hucha(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end, in an environment of nothing but these variables."""
    return subprocess.run(
        command(*words),
        cwd=cwd,
        env=_PLAIN | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )


class Serving:
    """A `hucha serve` that answers; `lines` are what it has said on standard error."""

    def __init__(self, cwd: Path, *, program: list[str] | None = None, **environment: str) -> None:
        self.lines: list[str] = []
        self._told = threading.Event()
        self.host, self.port = "", 0
        self.process = subprocess.Popen(
            program or command("serve"),
            cwd=cwd,
            env=_PLAIN | {"PORT": "0"} | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._told.wait(START_SECONDS) or not self.port:
            self.kill()
            raise AssertionError(f"hucha serve doesn't serve: {self.log}")

    def __enter__(self) -> Serving:
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    @property
    def log(self) -> str:
        return "".join(self.lines)

    def connect(self, timeout: float = START_SECONDS, receive_buffer: int | None = None) -> socket.socket:
        """A socket to it."""
        return connect(self.host, self.port, timeout, receive_buffer)

    def http(self) -> http.client.HTTPConnection:
        """A keep-alive connection to it."""
        return http.client.HTTPConnection(self.host, self.port, timeout=START_SECONDS)

    def refuses(self) -> bool:
        """Whether nobody listens at its address any more."""
        try:
            socket.create_connection((self.host, self.port), timeout=1).close()
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
        return False

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def finish(self, timeout: float) -> int:
        """Wait for its end; the exit status."""
        status = self.process.wait(timeout)
        self._reader.join(START_SECONDS)
        return status

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()
        self._reader.join(START_SECONDS)
        if self.process.stdout:
            self.process.stdout.close()
        if self.process.stderr:
            self.process.stderr.close()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            match = _SERVING.search(line)
            if match:
                self.host, self.port = match[1], int(match[2])
                self._told.set()
        self._told.set()


def connect(host: str, port: int, timeout: float = START_SECONDS, receive_buffer: int | None = None) -> socket.socket:
    """A socket to a server; a small receive buffer makes a reader whom large answers wait for."""
    client = socket.socket()
    if receive_buffer is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.settimeout(timeout)
    try:
        client.connect((host, port))
    except OSError:
        client.close()
        raise
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def request(method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """The bytes of an HTTP/1.1 request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


class Answers:
    """Reads one answer after the other from a socket, over which several requests may have been sent at once."""

    def __init__(self, client: socket.socket) -> None:
        self._file = client.makefile("rb")

    def read(self) -> tuple[int, dict[str, str], bytes]:
        """(status, headers in lower case, body) of the next answer."""
        first = self._file.readline()
        if not first:
            raise ConnectionError("the connection was closed")
        status = int(first.split()[1])
        headers: dict[str, str] = {}
        while (line := self._file.readline().strip()) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = b""
        if headers.get("transfer-encoding") == "chunked":
            while size := int(self._file.readline(), 16):
                body += self._file.read(size)
                assert self._file.readline() == b"\r\n"
            assert self._file.readline() == b"\r\n"
        elif status >= 200:
            length = int(headers.get("content-length", "0"))
            body = self._file.read(length)
            if len(body) < length:
                raise ConnectionError("the connection was closed in the middle of an answer")
        return status, headers, body

    def beginning(self, length: int) -> bytes:
        """The first bytes of the body of the next answer."""
        while self._file.readline().strip():
            pass
        return self._file.read(length)

    def rest(self, length: int) -> bytes:
        """The bytes that follow."""
        return self._file.read(length)

    def close(self) -> None:
        """Let go of the socket: it stays open while this reads from it."""
        self._file.close()

    def is_closed(self) -> bool:
        """Wait until the server says or does something: whether it closed the connection."""
        try:
            return self._file.read(1) == b""
        except ConnectionError:
            return True


def until(condition: Callable[[], object], seconds: float = START_SECONDS) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)
