"""The API's own description, for programs and for people.

Swagger UI comes with Hucha: no internet is needed. Source: contract G9.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import falcon

from domain.model.errors import NotFound
from entrypoints.http.answers import encode
from entrypoints.http.envelope import CSP_KEY
from entrypoints.http.operating.health import HealthResource
from entrypoints.http.operations import Access, Operation, PathParameter, Route, resource

_PAGE: Final = b"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Hucha's API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/api/docs/swagger_style.css">
</head>
<body>
<div id="api"></div>
<script src="/api/docs/swagger_bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
"""
_START: Final = b'SwaggerUIBundle({url: "/api/openapi.json", dom_id: "#api", deepLinking: true});\n'
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'"
)
_FILES: Final = {"swagger_style.css": "text/css", "swagger_bundle.js": "text/javascript"}


@resource
class DocsResource:
    """Serves the description of the API, for programs and for people."""

    tag = HealthResource.tag
    document: Callable[[], bytes]

    @Operation(
        summary="This description, by OpenAPI 3.1",
        access=Access.ANYONE,
        response=dict[str, Any],
        answer="The document",
    )
    def on_get_document(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.data = self.document()

    @Operation(
        summary="This description, for people",
        access=Access.ANYONE,
        response=str,
        media_types=("text/html",),
        answer="A page",
    )
    def on_get_page(self, req: falcon.Request, resp: falcon.Response) -> None:
        req.env[CSP_KEY] = _POLICY
        resp.data = _PAGE

    @Operation(
        summary="A script or a style sheet of the page for people",
        access=Access.ANYONE,
        path=(PathParameter("name", "The file's name", str),),
        response=str,
        media_types=("text/javascript", "text/css"),
        answer="The file",
    )
    def on_get_file(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        if name == "start.js":
            resp.data = _START
            return
        if name not in _FILES:
            raise NotFound
        resp.content_type = f"{_FILES[name]}; charset=utf-8"
        resp.data = _file(name)


def routes(every: Sequence[Route]) -> list[Route]:
    """The routes of the description of these routes, and of its own."""

    @cache
    def document() -> bytes:
        from entrypoints.http import openapi  # with the first question for the document, not at the start

        return encode(openapi.build([*every, *own]))

    docs = DocsResource(document)
    own = [
        Route("/api/openapi.json", docs, "document"),
        Route("/api/docs", docs, "page"),
        Route("/api/docs/{name}", docs, "file"),
    ]
    return own


@cache
def _file(name: str) -> bytes:
    package = find_spec("offapi")  # found, not imported: its import reads every file that it has
    assert package is not None and package.submodule_search_locations
    return (Path(package.submodule_search_locations[0]) / name).read_bytes()
