"""For those who run Hucha: is it up, is it ready, what has it done. Source: contract G9, G11."""

from __future__ import annotations

import logging
from typing import Literal

import falcon

from domain.model.errors import Unavailable
from entrypoints.composition import Hucha
from entrypoints.http.answers import Answer, encode
from entrypoints.http.metrics import CONTENT_TYPE, Metrics
from entrypoints.http.operations import Access, Operation, Route, Tag, resource
from ports.prices import Prices
from ports.storage import Storage

_log = logging.getLogger("hucha.http")


class Health(Answer):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(Answer):
    """Whether Hucha can do its work, and what each thing that it needs says."""

    status: Literal["ready", "not ready"]
    checks: dict[str, str]


@resource
class HealthResource:
    """Tells how Hucha is doing."""

    tag = Tag("Operating", "Health, metrics and this description")
    storage: Storage
    prices: Prices
    metrics: Metrics

    @Operation(summary="Is the process up?", access=Access.ANYONE, response=Health, answer="It is")
    def on_get_health(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.data = encode(Health())

    @Operation(
        summary="Can it work: is the database reachable?",
        description="`prices` tells where they come from; without them all but trading goes on.",
        access=Access.ANYONE,
        response=Readiness,
        answer="It can",
        others={503: ("It can't now", Readiness)},
    )
    def on_get_readiness(self, req: falcon.Request, resp: falcon.Response) -> None:
        try:
            self.storage.check()
            readiness = Readiness("ready", {"database": "reachable", **self._market()})
        except Unavailable as error:
            _log.error("not ready", extra={"reason": str(error)})
            readiness = Readiness("not ready", {"database": "unreachable", **self._market()})
            resp.status = 503
        resp.data = encode(readiness)

    @Operation(
        summary="Prometheus metrics",
        description="From loopback without a token; from elsewhere with an operator's.",
        access=Access.OPERATOR_OR_LOOPBACK,
        response=str,
        media_types=("text/plain",),
        answer="The metrics",
    )
    def on_get_metrics(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.content_type = CONTENT_TYPE
        resp.data = self.metrics.render()

    def _market(self) -> dict[str, str]:
        state = self.prices.state()
        return {"prices": f"{state.source}, given up for the moment" if state.given_up else state.source}


def routes(hucha: Hucha, metrics: Metrics) -> list[Route]:
    """The routes of health."""
    health = HealthResource(hucha.storage, hucha.prices, metrics)
    return [
        Route("/healthz", health, "health"),
        Route("/readyz", health, "readiness"),
        Route("/metrics", health, "metrics"),
    ]
