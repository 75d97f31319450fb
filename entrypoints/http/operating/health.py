"""For those who run Hucha: is it up, is it ready, what has it done. Source: contract G9, G11."""

from __future__ import annotations

import logging
from typing import Literal

import attrs
import falcon
import msgspec

from domain.model.errors import Unavailable
from entrypoints.http.auth import Authentication, is_from_loopback
from entrypoints.http.metrics import CONTENT_TYPE, Metrics
from entrypoints.http.openapi import Access, Operation, describe
from entrypoints.settings import Settings
from ports.prices import Prices
from ports.storage import Storage

_log = logging.getLogger("hucha.http")


@attrs.frozen
class Health:
    """The process answers."""

    status: Literal["ok"] = "ok"


@attrs.frozen(slots=False)  # written in this order
class Readiness:
    """Whether Hucha can do its work, and what each thing that it needs says."""

    status: Literal["ready", "not ready"]
    checks: dict[str, str]


class HealthResource:
    """`GET /healthz`."""

    @describe(Operation(summary="Is the process up?", response=Health, answer="It is"))
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.data = msgspec.json.encode(Health())


class ReadinessResource:
    """`GET /readyz`."""

    def __init__(self, storage: Storage, prices: Prices) -> None:
        self._storage = storage
        self._prices = prices

    @describe(
        Operation(
            summary="Can it work: is the database reachable?",
            description="`prices` tells where they come from; without them all but trading goes on.",
            response=Readiness,
            answer="It can",
            others={503: ("It can't now", Readiness)},
        )
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        try:
            self._storage.check()
            readiness = Readiness("ready", {"database": "reachable", **self._market()})
        except Unavailable as error:
            _log.error("not ready", extra={"reason": str(error)})
            readiness = Readiness("not ready", {"database": "unreachable", **self._market()})
            resp.status = 503
        resp.data = msgspec.json.encode(readiness)

    def _market(self) -> dict[str, str]:
        state = self._prices.state()
        return {"prices": f"{state.source}, given up for the moment" if state.given_up else state.source}


class MetricsResource:
    """`GET /metrics`."""

    def __init__(self, metrics: Metrics, authentication: Authentication, settings: Settings) -> None:
        self._metrics = metrics
        self._authentication = authentication
        self._settings = settings

    @describe(
        Operation(
            summary="Prometheus metrics",
            description="From loopback without a token; from elsewhere with an operator's.",
            response=str,
            media_types=("text/plain",),
            answer="The metrics",
            access=Access.OPERATOR_OR_LOOPBACK,
        )
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        if not is_from_loopback(req, self._settings.trusted_proxies):
            self._authentication.operator(req)
        resp.content_type = CONTENT_TYPE
        resp.data = self._metrics.render()
