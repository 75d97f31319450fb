"""`/event` over HTTP, against the same server without the work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

from tests.benchmarks.load import requests_per_second
from tests.benchmarks.servers import running
from tests.benchmarks.table import Row, interleaved

ROUNDS = 5
SECONDS = 2.0
PATHS = {"constant": "/constant"}

WANTED = {("memory", "constant"): 0.90, ("durable", "bare"): 0.60, ("durable", "raw"): 0.80}


def rows() -> Iterator[Row]:
    """In memory and durable, at 4 and at 32 connections, on all cores and kept on one."""
    cores = sorted(os.sched_getaffinity(0))
    for connections in (4, 32):
        for cpus, where in ((None, ""), ({cores[0]}, ", CPUS=one")):
            speeds = _speeds(connections, cpus)
            for (subject, reference), wanted in {**WANTED, ("durable", "bare on own server"): None}.items():
                yield Row(
                    f"/event {subject} over {reference}, {connections} connections{where}",
                    f"{speeds[subject]:.0f}/s",
                    f"{speeds[reference]:.0f}/s",
                    speeds[subject] / speeds[reference],
                    wanted,
                )


def _speeds(connections: int, cpus: set[int] | None) -> dict[str, float]:
    """Answers per second of every kind. The bare reference is never pinned: it is waitress as it comes."""
    kinds = ("bare", "bare on own server", "constant", "memory", "durable", "raw")
    with ExitStack() as stack:
        ports = {
            kind: stack.enter_context(running(kind, connections, None if kind == "bare" else cpus)).port
            for kind in kinds
        }

        def measure(kind: str, seconds: float = SECONDS) -> float:
            return requests_per_second(ports[kind], connections, seconds, PATHS.get(kind, "/event"))

        for kind in kinds:
            measure(kind, 0.5)
        medians = interleaved(ROUNDS, [lambda kind=kind: measure(kind) for kind in kinds])
    return dict(zip(kinds, medians, strict=True))
