"""A price feed of the test's own, which misbehaves when it is told to."""

from __future__ import annotations

import gzip
import json
import os
import socket
import ssl
import stat
import struct
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from adapters.market.http_prices import HttpPrices
from tests.patience import PATIENCE_SECONDS

PRICES = '{"GOLD": 1162.48, "BTC": 8304.25, "BRK.B": 4.1e2, "XRP": 0.000000000001}'
SECRET_URL = "/feed/prices?key=s3cret"
DRIP_SECONDS = 0.02

Line = socket.socket
Manner = Callable[["PriceFeed", Line], None]
"""What is done with a connection when its request has come; afterwards it is closed."""


class PriceFeed:
    """Listens on a free port of 127.0.0.1, each connection in a thread of its own.

    The manners are used up one by one; the last one stays.
    """

    def __init__(self, *manners: Manner, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[str] = []
        """The head of each request."""

        self.released = threading.Event()
        """Ends every stall."""

        self._context = context
        self._lock = threading.Lock()
        self._manners: deque[Manner] = deque()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.behaves(*(manners or (tells(PRICES),)))

    def __enter__(self) -> PriceFeed:
        threading.Thread(target=self._take_connections, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    @property
    def hits(self) -> int:
        """How many requests came."""
        return len(self.requests)

    def lines(self) -> int:
        """How many connections to here this process holds open."""
        return sum(_peer_of(int(number)) == ("127.0.0.1", self.port) for number in os.listdir("/dev/fd"))

    @property
    def url(self) -> str:
        scheme = "https" if self._context else "http"
        return f"{scheme}://127.0.0.1:{self.port}{SECRET_URL}"

    def behaves(self, *manners: Manner) -> None:
        """From the next connection on."""
        with self._lock:
            self._manners = deque(manners)

    def prices(self, deadline_seconds: float = 5.0, **options: Any) -> HttpPrices:
        """An adapter that asks here, and doesn't give up unless it is told to."""
        return HttpPrices(self.url, **{"deadline_seconds": deadline_seconds, "failures_in_a_row": 1000} | options)

    def _take_connections(self) -> None:
        while True:
            try:
                plain, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: Line) -> None:
        with suppress(OSError), plain, self._speaking(plain) as line:
            self._answer(line)

    def _speaking(self, plain: Line) -> Line:
        return self._context.wrap_socket(plain, server_side=True) if self._context else plain

    def _answer(self, line: Line) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            received = line.recv(65536)
            if not received:
                return
            head += received
        with self._lock:
            self.requests.append(head.decode())
            manner = self._manners[0] if len(self._manners) == 1 else self._manners.popleft()
        manner(self, line)


def tells(body: str | bytes, status: str = "200 OK", **headers: str) -> Manner:
    """This answer, as it should be; headers are written with `_` for `-`."""
    content = body.encode() if isinstance(body, str) else body
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    answer = f"HTTP/1.1 {status}\r\n{head}Content-Length: {len(content)}\r\n\r\n".encode() + content
    return says(answer)


def tells_prices(prices: Mapping[str, float | int]) -> Manner:
    """These prices."""
    return tells(json.dumps(prices))


def says(answer: bytes) -> Manner:
    """These bytes, and then it hangs up."""

    def manner(feed: PriceFeed, line: Line) -> None:
        line.sendall(answer)

    return manner


def repeats(begin: bytes, again: bytes) -> Manner:
    """These bytes, and then others over and over, as fast as they are taken."""

    def manner(feed: PriceFeed, line: Line) -> None:
        line.sendall(begin)
        while not feed.released.is_set():
            line.sendall(again)

    return manner


def drips(begin: bytes, again: bytes) -> Manner:
    """These bytes at once, then others one by one, each well within any time-out, without end."""

    def manner(feed: PriceFeed, line: Line) -> None:
        line.sendall(begin)
        while not feed.released.is_set():
            for number in range(len(again)):
                line.sendall(again[number : number + 1])
                feed.released.wait(DRIP_SECONDS)

    return manner


def hangs(begin: bytes = b"") -> Manner:
    """These bytes, and then nothing, for as long as the other side stays."""

    def manner(feed: PriceFeed, line: Line) -> None:
        line.sendall(begin)
        while not feed.released.is_set() and line.recv(1):
            pass

    return manner


def resets(begin: bytes = b"") -> Manner:
    """These bytes, and then it breaks the connection."""

    def manner(feed: PriceFeed, line: Line) -> None:
        line.sendall(begin)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return manner


def waits_for(event: threading.Event, then: Manner) -> Manner:
    """Nothing until the event, for as long as a test waits for anything."""

    def manner(feed: PriceFeed, line: Line) -> None:
        event.wait(PATIENCE_SECONDS)
        then(feed, line)

    return manner


def _peer_of(number: int) -> object:
    """Where this open file leads to, if it is a connected socket."""
    with suppress(OSError):
        if stat.S_ISSOCK(os.fstat(number).st_mode):
            with socket.socket(fileno=os.dup(number)) as copy:
                return copy.getpeername()
    return None


@cache
def bomb() -> bytes:
    """64 MiB of blanks, in 64 KiB."""
    return gzip.compress(b" " * (64 << 20), 9)
