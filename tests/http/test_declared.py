"""No route can forget what it must declare: who may ask comes first."""  # contract: G3

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import falcon
import pytest

from entrypoints.composition import build_in_memory
from entrypoints.http.app import create_app
from entrypoints.http.notifying import alerts
from entrypoints.http.operations import Operation, Route, Tag


@attrs.frozen
class Forgetful:
    """A resource whose responder isn't declared."""

    tag = Tag("Forgetful", "Forgets")

    def on_get_secrets(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.text = "everything"


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
