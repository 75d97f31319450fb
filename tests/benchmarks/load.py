"""A load generator: keep-alive connections that each send the next request when the answer to the last is in.

Run as a process of its own (`python -m tests.benchmarks.load PORT CONNECTIONS SECONDS PATH [CUSTOMERS]`), so that it
takes no time from the server's interpreter. It prints the answers per second. With a file of customers it sends
transfers between them, or their logins; without, events.
"""

from __future__ import annotations

import itertools
import random
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

USERS = 1000


def requests_per_second(
    port: int, connections: int, seconds: float, path: str = "/event", customers: Path | None = None
) -> float:
    """Run the generator against a server on this machine."""
    command = [sys.executable, "-m", "tests.benchmarks.load", str(port), str(connections), str(seconds), path]
    command += [] if customers is None else [str(customers)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def bodies(seed: int) -> Iterator[bytes]:
    """Plausible events without end: many users, time going on, twenty events a second."""
    dice = random.Random(seed)
    plans = [
        (dice.choice(("deposit", "withdraw")), dice.randrange(1, 200), dice.randrange(100), dice.randrange(USERS))
        for _ in range(4001)
    ]
    start = int(time.time() * 1000)  # so that a run never goes back behind the one before
    for number, (kind, units, cents, user_id) in enumerate(itertools.cycle(plans)):
        body = '{"type": "%s", "amount": "%d.%02d", "user_id": %d, "time": %d}'
        yield (body % (kind, units, cents, user_id, start + number // 20)).encode()


def transfers(customers: Path, seed: int) -> Iterator[tuple[bytes, str]]:
    """Small transfers between random customers, each with the bearer token that it needs."""
    dice = random.Random(seed)
    known = [line.split() for line in customers.read_text().splitlines()]
    while True:
        (token, _, _), (_, target, _) = dice.sample(known, 2)
        body = '{"amount": %d.%02d, "pin": "1811", "targetAccountNumber": "%s"}'
        yield (body % (dice.randrange(1, 9), dice.randrange(100), target)).encode(), token


def payments(customers: Path, seed: int) -> Iterator[tuple[bytes, str]]:
    """Card payments of random customers."""
    dice = random.Random(seed)
    known = [line.split() for line in customers.read_text().splitlines()]
    while True:
        token, _, _ = dice.choice(known)
        yield b'{"amount": %d.50, "category": "food %d"}' % (dice.randrange(1, 99), dice.randrange(20)), token


def logins(customers: Path, seed: int) -> Iterator[tuple[bytes, str]]:
    """Logins of random customers."""
    dice = random.Random(seed)
    known = [line.split() for line in customers.read_text().splitlines()]
    while True:
        _, _, email = dice.choice(known)
        yield b'{"identifier": "%s", "password": "NuweTest1$"}' % email.encode(), "none"


PLANS = {"login": logins, "fund-transfer": transfers, "transactions": payments}
"""What is sent to a path, by its last part."""


def _requests(path: str, seed: int, customers: Path | None) -> Iterator[bytes]:
    if customers is not None:
        plan = PLANS[path.rpartition("/")[2]](customers, seed)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nAuthorization: Bearer ".encode()
        )
        return (
            b"%s%s\r\nContent-Length: %d\r\n\r\n%s" % (head, token.encode(), len(body), body) for body, token in plan
        )
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: ".encode()
    return (b"%s%d\r\n\r\n%s" % (head, len(body), body) for body in bodies(seed))


def _run(port: int, connections: int, seconds: float, path: str, customers: Path | None = None) -> float:
    requests = _requests(path, connections, customers)
    selector = selectors.DefaultSelector()
    for _ in range(connections):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ)
        connection.sendall(next(requests))
    answers = 0
    started = time.perf_counter()
    deadline = started + seconds
    while time.perf_counter() < deadline:
        for key, _ in selector.select(1):
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            answer = connection.recv(65536)
            while answer and not answer.endswith(b"}"):  # every body is a JSON object
                answer += connection.recv(65536)
            if not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
                raise SystemExit(f"not an answer: {answer[:200]!r}")
            answers += 1
            connection.sendall(next(requests))
    return answers / (time.perf_counter() - started)


if __name__ == "__main__":
    print(_run(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4], *map(Path, sys.argv[5:])))
