"""No route can forget what it must declare: who may ask comes first."""  # contract: G3

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import falcon
import pytest
from falcon.testing import TestClient

from entrypoints.composition import build_in_memory
from entrypoints.http.app import create_app, routes_of
from entrypoints.http.fields import Credential
from entrypoints.http.metrics import Metrics
from entrypoints.http.notifying import alerts
from entrypoints.http.operations import Access, Operation, Route, Tag
from entrypoints.http.reading import wire
from entrypoints.server import LARGEST, LARGEST_REQUEST_BYTES


@attrs.frozen
class Forgetful:
    """A resource whose responder isn't declared."""

    tag = Tag("Forgetful", "Forgets")

    def on_get_secrets(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.text = "everything"


@wire()
class Proof:
    """Why it may go."""

    password: Credential


@attrs.frozen
class Careful:
    """A resource that asks before it deletes."""

    tag = Tag("Careful", "Asks")

    @Operation("Delete", Access.ANYONE, str, "Gone", body=Proof, example={"password": "x"}, media_types=("text/plain",))
    def on_delete_secrets(self, req: falcon.Request, resp: falcon.Response, body: Proof) -> None:
        resp.text = body.password


def test_an_operation_without_access_is_none() -> None:
    declare: Callable[..., Any] = Operation
    with pytest.raises(TypeError, match="access"):
        declare(summary="Show everything", response=str, answer="Everything")


def test_a_responder_that_is_not_declared_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    real = alerts.routes
    monkeypatch.setattr(
        alerts, "routes", lambda hucha, metrics: [*real(hucha, metrics), Route("/api/secrets", Forgetful(), "secrets")]
    )
    with pytest.raises(TypeError, match=r"Forgetful.on_get_secrets isn't declared"):
        create_app(build_in_memory())


def test_a_body_that_is_declared_is_read_whatever_the_method(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "routes", lambda hucha, metrics: [Route("/api/secrets", Careful(), "secrets")])
    client = TestClient(create_app(build_in_memory()))
    assert client.simulate_delete("/api/secrets", json={"password": "sesame"}).text == "sesame"
    assert client.simulate_delete("/api/secrets").status_code == 400
    assert "requestBody" in client.simulate_get("/api/openapi.json").json["paths"]["/api/secrets"]["delete"]


def test_the_server_keeps_little_more_than_the_routes_take() -> None:
    """Whoever has no token may send so much, on each connection."""  # contract: G4, G12
    routes = routes_of(build_in_memory(), Metrics())
    largest = max(operation.largest_body_bytes for route in routes for _, operation in route.operations())
    assert largest < LARGEST_REQUEST_BYTES <= largest + 2**20
    assert LARGEST.sentence == f"The body is larger than {largest // 2**20} MiB."
