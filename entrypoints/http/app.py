"""The HTTP API: which resource serves which path. `create_app` makes it whole; nothing is global."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import falcon

from domain.model.errors import Unauthenticated
from entrypoints.composition import Hucha
from entrypoints.http import openapi
from entrypoints.http.auth import log_denial
from entrypoints.http.dialects import dialect_of, failure_of, write
from entrypoints.http.docs import DocsFileResource, DocsResource, OpenApiResource
from entrypoints.http.envelope import ROUTE_KEY, Envelope
from entrypoints.http.events import EventResource, EventsResource
from entrypoints.http.health import HealthResource, MetricsResource, ReadinessResource
from entrypoints.http.metrics import Metrics
from entrypoints.http.openapi import Route
from entrypoints.http.risk_profiles import RiskProfileResource
from entrypoints.settings import Network


def create_app(hucha: Hucha) -> Envelope:
    """The WSGI app over these use cases."""
    metrics = Metrics()
    return Envelope(create_falcon_app(hucha, metrics), metrics)


def create_falcon_app(hucha: Hucha, metrics: Metrics) -> falcon.App[falcon.Request, falcon.Response]:
    """The Falcon app inside: `create_app` without what surrounds every answer."""
    routes = routes_of(hucha, metrics)
    app = falcon.App(middleware=[_RouteForMetrics()])
    app.resp_options.secure_cookies_by_default = True
    for route in routes:
        app.add_route(route.path, route.resource)
    for kind in (falcon.HTTPError, Exception):  # Falcon has handlers of its own for both
        app.add_error_handler(kind, _write_failure)
    app.add_error_handler(Unauthenticated, partial(_deny, hucha.settings.trusted_proxies))
    return app


def routes_of(hucha: Hucha, metrics: Metrics) -> list[Route]:
    """Every route, in the order of the documentation."""
    settings, operators = hucha.settings, hucha.operators
    routes = [
        Route("/event", EventResource(hucha.judge_event, settings.event_api_key, metrics)),
        Route("/api/events", EventsResource(hucha.list_events, operators)),
        Route("/api/risk-profiles/{user_id}", RiskProfileResource(hucha.risk_profiles, operators)),
        Route("/healthz", HealthResource()),
        Route("/readyz", ReadinessResource(hucha.storage)),
        Route("/metrics", MetricsResource(metrics, operators, settings)),
        Route("/api/openapi.json", OpenApiResource(lambda: openapi.build(routes))),
        Route("/api/docs", DocsResource()),
        Route("/api/docs/{name}", DocsFileResource()),
    ]
    return routes


class _RouteForMetrics:
    """Tells the envelope which route matched: after the answer Falcon has forgotten it."""

    def process_resource(self, req: falcon.Request, resp: falcon.Response, resource: object, params: object) -> None:
        req.env[ROUTE_KEY] = req.uri_template


def _deny(
    trusted_proxies: Sequence[Network], req: falcon.Request, resp: falcon.Response, error: Exception, params: Any
) -> None:
    log_denial(req, trusted_proxies)
    _write_failure(req, resp, error, params)


def _write_failure(req: falcon.Request, resp: falcon.Response, error: Exception, params: Any) -> None:
    resp.text = None
    resp.media = None
    write(failure_of(error), dialect_of(req.path), resp)
