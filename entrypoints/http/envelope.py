"""Around every answer: a request id, security headers, the time it took.

Source: contract D11, G9; OWASP ASVS 5, chapter 3.4.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from random import getrandbits
from typing import Any

from entrypoints.http.metrics import Metrics

ROUTE_KEY = "hucha.route"
"""Where the app leaves the template of the route that matched, for the metrics."""

CSP_KEY = "hucha.content_security_policy"
"""Where a route leaves a policy of its own, in place of the one that allows nothing."""

request_id: ContextVar[str] = ContextVar("request_id", default="-")
"""The id of the request that this thread serves, for the logs."""

NOTHING_ALLOWED = "default-src 'none'; frame-ancestors 'none'"
_HEADERS = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ("Cache-Control", "no-store"),
]


def new_request_id() -> str:
    """An id that tells requests apart in the logs; nobody needs to be unable to guess it."""
    return f"{getrandbits(64):016x}"


def headers_of_every_answer(id: str, policy: str = NOTHING_ALLOWED) -> list[tuple[str, str]]:
    """The request's id and the security headers."""
    return [("X-Request-ID", id), ("Content-Security-Policy", policy), *_HEADERS]


_SOUND_ID = re.compile(r"[A-Za-z0-9._-]{1,64}").fullmatch

Environ = dict[str, Any]
App = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class Envelope:
    """A WSGI app around the app."""

    def __init__(self, app: App, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID")
        id = given if given and _SOUND_ID(given) else new_request_id()
        request_id.set(id)
        started = time.perf_counter()
        answered_with = "500"

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal answered_with
            answered_with = status[:3]
            policy = environ.get(CSP_KEY, NOTHING_ALLOWED)
            return start_response(status, headers + headers_of_every_answer(id, policy), exc_info)

        method = environ["REQUEST_METHOD"]
        without_body = method == "HEAD"
        if without_body:
            environ["REQUEST_METHOD"] = "GET"  # the same answer, of which the head is sent (RFC 9110, 9.3.2)
        try:
            body = self._app(environ, start)
            return [] if without_body else body
        finally:
            route = environ.get(ROUTE_KEY, "unmatched")
            self._metrics.answered(method, route, answered_with, time.perf_counter() - started)
