"""How far a request walks: the files of ours of which it enters a function, from the envelope to SQLite and back.

Each further file is one more that a reader has to open who follows a request.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any
from wsgiref.util import setup_testing_defaults

from tests.benchmarks.table import Row

ROOT = Path(__file__).parents[2]
FLOORS = ("domain", "ports", "adapters", "entrypoints")
MOST = {"/event": 35, "/api/account/fund-transfer": 49, "/api/account/buy-asset": 55}

App = Callable[..., Any]


def rows() -> Iterator[Row]:
    """An event, a transfer and a trade, each after one like it."""
    for path, passed in walks().items():
        name, most = f"files that POST {path} passes", MOST[path]
        yield Row(name, f"{len(passed)}", f"at most {most}", len(passed) / most, 1.0, at_least=False)


def walks() -> dict[str, list[str]]:
    """The files that each request passes, below the root, in order of their names."""
    from entrypoints.composition import build
    from entrypoints.http.app import create_app
    from entrypoints.settings import Settings
    from tests.benchmarks.servers import new_customer

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            database_url=f"sqlite:///{folder}/hucha.db", mail_dir=Path(folder), bcrypt_rounds=4, rate_limits=False
        )
        hucha = build(settings)
        try:
            token, _, _ = new_customer(hucha, 1)
            _, other, _ = new_customer(hucha, 2)
            bodies = {
                "/event": {"type": "deposit", "amount": "42.00", "user_id": 1, "time": 10},
                "/api/account/fund-transfer": {"amount": 1, "pin": "1811", "targetAccountNumber": other},
                "/api/account/buy-asset": {"assetSymbol": "GOLD", "pin": "1811", "amount": 10},
            }
            app = create_app(hucha)
            return {path: _walk(app, path, token, json.dumps(body).encode()) for path, body in bodies.items()}
        finally:
            hucha.close()


def _walk(app: App, path: str, token: str, body: bytes) -> list[str]:
    """The second of two requests: the first imports, compiles and connects what is needed."""
    entered: set[str] = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            entered.add(frame.f_code.co_filename)

    _post(app, path, token, body)
    sys.setprofile(note)
    try:
        _post(app, path, token, body)
    finally:
        sys.setprofile(None)
    ours = (Path(name).relative_to(ROOT) for name in entered if Path(name).is_relative_to(ROOT))
    return sorted(str(name) for name in ours if name.parts[0] in FLOORS)


def _post(app: App, path: str, token: str, body: bytes) -> None:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": io.BytesIO(body),
    }
    setup_testing_defaults(environ)
    told: list[str] = []
    answer = b"".join(app(environ, lambda status, headers, error=None: told.append(status)))
    if told != ["200 OK"]:
        raise RuntimeError(f"{path}: {told} {answer!r}")
