"""From the command to the first answer."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks.servers import free_port
from tests.benchmarks.table import Row, interleaved

ROUNDS = 7


def rows() -> Iterator[Row]:
    """`hucha serve` on a migrated database over a bare server."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        environment = {"DATABASE_URL": f"sqlite:///{Path(folder) / 'bench.db'}", "PYTHONDONTWRITEBYTECODE": ""}
        hucha = [str(Path(sys.executable).with_name("hucha"))]
        subprocess.run([*hucha, "migrate"], env=os.environ | environment, check=True, stdout=subprocess.DEVNULL)

        def bare() -> float:
            port = free_port()
            return _first_answer(port, [sys.executable, "-c", _BARE.format(port=port)], {})

        def whole() -> float:
            port = free_port()
            return _first_answer(port, [*hucha, "serve"], environment | {"PORT": str(port)})

        whole()  # leaves the modules' byte code behind, as a user's first start does
        reference, subject = interleaved(ROUNDS, [bare, whole])
    yield Row(
        "start to first answer over a bare server's",
        f"{subject * 1000:.0f} ms",
        f"{reference * 1000:.0f} ms",
        subject / reference,
        wanted=3.0,
        at_least=False,
    )


_BARE = """
import falcon, waitress
class Resource:
    def on_get(self, req, resp):
        resp.data = b"{{}}"
app = falcon.App()
app.add_route("/healthz", Resource())
waitress.serve(app, host="127.0.0.1", port={port}, _quiet=True)
"""


def _first_answer(port: int, command: Sequence[str], environment: dict[str, str]) -> float:
    started = time.perf_counter()
    process = subprocess.Popen(command, env=os.environ | environment, stderr=subprocess.DEVNULL)
    try:
        while time.perf_counter() < started + 30:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                    return time.perf_counter() - started
            except OSError:
                time.sleep(0.002)
        raise TimeoutError("no answer")
    finally:
        process.kill()
        process.wait()
