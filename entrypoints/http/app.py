"""The HTTP API: joins what each capability offers. `create_app` makes it whole; nothing is global."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import falcon

from domain.model.errors import (
    BadCredentials,
    Forbidden,
    InvalidOtp,
    InvalidPin,
    InvalidResetToken,
    TooManyRequests,
    Unauthenticated,
    UnknownUser,
)
from entrypoints.composition import Hucha
from entrypoints.http.auth import Authentication, log_denial
from entrypoints.http.cors import Cors
from entrypoints.http.dialects import Dialect, dialect_of, write
from entrypoints.http.enforcement import Enforcement
from entrypoints.http.envelope import Envelope
from entrypoints.http.events import events, risk_profiles
from entrypoints.http.identity import passwords, pins, profile, registration, signing_in
from entrypoints.http.market import auto_invest, prices, trading
from entrypoints.http.metrics import Metrics
from entrypoints.http.money import cash, transfer_quotes
from entrypoints.http.notifying import alerts
from entrypoints.http.operating import docs, health
from entrypoints.http.operations import Route
from entrypoints.http.planning import recurring_expenses, subscriptions
from entrypoints.http.spending import card_payments
from entrypoints.settings import Network

CAPABILITIES: Final = (
    *(registration, signing_in, passwords, pins, profile),
    *(cash, transfer_quotes),
    *(alerts, card_payments),
    *(recurring_expenses, subscriptions),
    *(prices, trading, auto_invest),
    *(events, risk_profiles),
    health,
)
"""Every module that offers routes, in the order of the documentation."""

DENIALS: Final = (
    *(Unauthenticated, Forbidden, BadCredentials, UnknownUser, InvalidPin),
    *(InvalidOtp, InvalidResetToken, TooManyRequests),
)
"""Refusals that leave a line in the log: somebody tried to be, or to do, what they may not."""


def create_app(hucha: Hucha) -> Envelope:
    """The WSGI app over these use cases."""
    metrics = Metrics()
    metrics.watch_prices(hucha.prices.state)
    return Envelope(create_falcon_app(hucha, metrics), metrics)


def create_falcon_app(hucha: Hucha, metrics: Metrics) -> falcon.App[falcon.Request, falcon.Response]:
    """The Falcon app inside: `create_app` without what surrounds every answer."""
    settings, routes = hucha.settings, routes_of(hucha, metrics)
    authentication = Authentication(hucha.sign_in, hucha.operators, settings.trusted_proxies)
    middleware: list[Any] = [Enforcement(routes, authentication, hucha.limits, hucha.digests, settings.event_api_key)]
    if settings.cors_origins:
        middleware.append(Cors(settings.cors_origins))
    app = falcon.App(middleware=middleware)
    app.resp_options.secure_cookies_by_default = True
    for route in routes:
        app.add_route(route.template, route.resource, suffix=route.suffix)
    for kind in (falcon.HTTPError, Exception):  # Falcon has handlers of its own for both
        app.add_error_handler(kind, _write_failure)
    for denial in DENIALS:
        app.add_error_handler(denial, partial(_deny, settings.trusted_proxies))
    return app


def routes_of(hucha: Hucha, metrics: Metrics) -> list[Route]:
    """Every route, in the order of the documentation."""
    found = [route for capability in CAPABILITIES for route in capability.routes(hucha, metrics)]
    return [*found, *docs.routes(found)]


def _deny(
    trusted_proxies: Sequence[Network], req: falcon.Request, resp: falcon.Response, error: Exception, params: Any
) -> None:
    log_denial(req, trusted_proxies, error)
    _write_failure(req, resp, error, params)


def _write_failure(req: falcon.Request, resp: falcon.Response, error: Exception, params: Any) -> None:
    resp.text = None
    resp.media = None
    write(error, dialect_of(req.path) if req.uri_template else Dialect.PROBLEM, resp)  # no route: an unknown path
