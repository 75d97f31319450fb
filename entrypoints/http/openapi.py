"""The description of the API: OpenAPI 3.1, built from the routes and the attrs classes that they read and write.

A responder says what it does by `@describe(Operation(...))`, next to its code; a test walks the router and fails
on one that doesn't. Source: contract G9; OpenAPI Specification 3.1.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import attrs
import msgspec
from msgspec import Meta

from entrypoints.http.dialects import Dialect, ErrorObject, MessageObject, Problem, dialect_of

F = TypeVar("F", bound=Callable[..., None])

METHODS = ("get", "post", "put", "patch", "delete")
_REF = "#/components/schemas/{name}"
_ATTRIBUTE = "__operation__"


class Access(Enum):
    """Who may call an operation."""

    ANYONE = "anyone"
    EVENT_KEY = "whoever has the key of EVENT_API_KEY, where one is set"
    USER = "signed-in customers"
    PIN = "signed-in customers who give their PIN"
    OPERATOR = "operators"
    OPERATOR_OR_LOOPBACK = "operators, and anyone on this machine"


_SECURITY: Mapping[Access, list[dict[str, list[str]]]] = {
    Access.ANYONE: [],
    Access.EVENT_KEY: [{"eventKey": []}, {}],
    Access.USER: [{"accessToken": []}],
    Access.PIN: [{"accessToken": []}],
    Access.OPERATOR: [{"operatorKey": []}],
    Access.OPERATOR_OR_LOOPBACK: [{"operatorKey": []}, {}],
}
_SCHEMES = {
    "accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "Given by a login"},
    "eventKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "operatorKey": {"type": "http", "scheme": "bearer", "description": "Printed by `hucha create-operator NAME`"},
}
_ERRORS: Mapping[Dialect, tuple[str, Any]] = {
    Dialect.AUTH: ("text/plain", str),
    Dialect.A: ("application/json", MessageObject),
    Dialect.B: ("text/plain", str),
    Dialect.EVENT: ("application/json", ErrorObject),
    Dialect.PROBLEM: ("application/problem+json", Problem),
}


@attrs.frozen
class Parameter:
    """A value in the path or the query."""

    name: str
    place: str
    type: Any
    description: str
    required: bool = False


IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    "header",
    Annotated[str, Meta(min_length=1, max_length=255)],
    "With the same key and the same body, within 24 hours, the answer is the same and nothing is done again",
)


@attrs.frozen
class Operation:
    """What one method of one route does."""

    summary: str
    response: Any
    """The type of the answer; None where it has no body."""

    answer: str
    description: str = ""
    status: int = 200
    media_types: tuple[str, ...] = ("application/json",)
    parameters: tuple[Parameter, ...] = ()
    request: Any = None
    example: Any = None
    answer_example: Any = None
    access: Access = Access.ANYONE
    others: Mapping[int, tuple[str, Any]] = attrs.field(factory=dict)
    """Further answers in the form of `response`: status -> (what it means, its type)."""

    refusals: Mapping[int, str] = attrs.field(factory=dict)
    """Refusals that don't follow from the rest: status -> what it means."""

    limited: bool = False
    """Whether it refuses whoever asks too often."""

    moves_money: bool = False
    """Whether it honours `Idempotency-Key`."""


@attrs.frozen
class Route:
    """A path as it is described, the resource that serves it, and the path as Falcon matches it."""

    path: str
    resource: object
    template: str = attrs.field(default=attrs.Factory(lambda route: route.path, takes_self=True))


def describe(operation: Operation) -> Callable[[F], F]:
    """Attach a description to a responder."""

    def attach(responder: F) -> F:
        setattr(responder, _ATTRIBUTE, operation)
        return responder

    return attach


def operations(route: Route) -> Iterable[tuple[str, Operation]]:
    """The described methods of a route."""
    for method in METHODS:
        operation = getattr(getattr(route.resource, f"on_{method}", None), _ATTRIBUTE, None)
        if operation is not None:
            yield method, operation


def build(routes: Sequence[Route]) -> dict[str, Any]:
    """The OpenAPI document of these routes."""
    from importlib.metadata import version  # with the first question for the document, not at the start

    schemas, components = _schemas(routes)
    paths: dict[str, Any] = {}
    for route in routes:
        described = {method: _operation(route, method, one, schemas) for method, one in operations(route)}
        if described:
            paths[route.path] = described
    return {
        "openapi": "3.1.1",
        "info": {"title": "Hucha", "version": version("hucha"), "license": {"name": "MIT", "identifier": "MIT"}},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _SCHEMES},
    }


Schemas = Callable[[Any], dict[str, Any]]


def _schemas(routes: Sequence[Route]) -> tuple[Schemas, dict[str, Any]]:
    types: list[Any] = [str, MessageObject, ErrorObject, Problem]
    for route in routes:
        for _, operation in operations(route):
            types += [operation.request, operation.response, IDEMPOTENCY_KEY.type]
            types += [parameter.type for parameter in operation.parameters]
            types += [type for _, type in operation.others.values()]
    types = [type for type in types if type is not None]
    found, components = msgspec.json.schema_components(types, ref_template=_REF)
    for schema in (*found, *components.values()):
        _as_answered(schema)
    by_type = {str(type): schema for type, schema in zip(types, found, strict=True)}
    return lambda described: by_type[str(described)], components


def _as_answered(schema: Any) -> None:
    """Decimals leave as JSON numbers, where msgspec supposes strings."""
    if isinstance(schema, dict):
        if schema.get("format") == "decimal":
            schema["type"] = "number"
        if isinstance(schema.get("title"), str):  # a class's name, which its key says; not a property of that name
            del schema["title"]
        for inner in schema.values():
            _as_answered(inner)
    elif isinstance(schema, list):
        for inner in schema:
            _as_answered(inner)


def _operation(route: Route, method: str, operation: Operation, schemas: Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": _id(route.path, method),
        "summary": operation.summary,
        "security": _SECURITY[operation.access],
        "responses": _responses(route, operation, schemas),
    }
    if operation.description:
        described["description"] = operation.description
    parameters = operation.parameters + ((IDEMPOTENCY_KEY,) if operation.moves_money else ())
    if parameters:
        described["parameters"] = [
            {
                "name": parameter.name,
                "in": parameter.place,
                "required": parameter.required,
                "description": parameter.description,
                "schema": schemas(parameter.type),
            }
            for parameter in parameters
        ]
    if operation.request is not None:
        content = {"schema": schemas(operation.request), "example": operation.example}
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    return described


def _responses(route: Route, operation: Operation, schemas: Schemas) -> dict[str, Any]:
    def answer(meaning: str, type: Any) -> dict[str, Any]:
        if type is None:
            return {"description": meaning}
        content = {media_type: {"schema": schemas(type)} for media_type in operation.media_types}
        return {"description": meaning, "content": content}

    media_type, error = _ERRORS[dialect_of(route.path)]
    refusal = {media_type: {"schema": schemas(error)}}
    responses = {str(operation.status): answer(operation.answer, operation.response)}
    if operation.answer_example is not None:
        for content in responses[str(operation.status)]["content"].values():
            content["example"] = operation.answer_example
    refusals = {status: HTTPStatus(status).phrase for status in _refusals(operation)} | dict(operation.refusals)
    for status, meaning in sorted(refusals.items()):
        responses[str(status)] = {"description": meaning, "content": refusal}
    for status, (meaning, type) in operation.others.items():
        responses[str(status)] = answer(meaning, type)
    responses["default"] = {"description": "Any other refusal", "content": refusal}
    return responses


def _refusals(operation: Operation) -> Iterable[int]:
    if operation.request is not None:
        yield from (400, 413, 415)
    elif any(parameter.place == "query" for parameter in operation.parameters):
        yield 400
    if any(parameter.place == "path" for parameter in operation.parameters):
        yield 404
    if operation.access is not Access.ANYONE:
        yield 401
    if operation.access in (Access.PIN, Access.OPERATOR, Access.OPERATOR_OR_LOOPBACK):
        yield 403
    if operation.moves_money:
        yield from (409, 422)
    if operation.limited:
        yield 429


def _id(path: str, method: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", path)
    return method + "".join(word.capitalize() for word in words)
