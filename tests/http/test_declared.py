"""No route can forget what it must declare: who may ask comes first."""  # contract: G3

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import falcon
import pytest
from falcon.testing import TestClient

from entrypoints.composition import build_in_memory
from entrypoints.http.app import create_app
from entrypoints.http.fields import Credential
from entrypoints.http.notifying import alerts
from entrypoints.http.operations import Access, Operation, Route, Tag
from entrypoints.http.reading import wire


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
