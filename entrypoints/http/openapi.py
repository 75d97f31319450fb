"""The description of the API: OpenAPI 3.1, read from what the operations declare (`operations.py`).

Schemas come from the classes that operations read and write, refusals and their examples from the one table of
`dialects.py`. Source: contract G9; OpenAPI Specification 3.1.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from inspect import getdoc
from typing import Annotated, Any, get_type_hints

import attrs
import msgspec
from msgspec import Meta

from domain.model import errors
from domain.model.errors import FieldProblem, InvalidFields
from entrypoints.http.bodies import BodyRefused, too_large
from entrypoints.http.dialects import (
    Dialect,
    ErrorObject,
    MessageObject,
    Problem,
    dialect_of,
    failure_of,
    form_of,
)
from entrypoints.http.fields import Pin
from entrypoints.http.operations import Access, Operation, Route

INTRODUCTION = """\
**To sign in**, register with `POST /api/users/register` (or `POST /api/auth/register`), then trade email and password
for an access token with `POST /api/users/login`. Send it with every private request: `Authorization: Bearer TOKEN`.
It lives for a day; `POST /api/auth/refresh` trades the refresh token, which came in a cookie, for new ones. Orders of
money want the PIN of `POST /api/account/pin/create` in their body. Here, press *Authorize* and paste the token.

Operators have keys instead: `hucha create-operator NAME` prints one.

**Money** is exact: numbers or numeric strings with at most two decimals. **A request that moves money** may carry an
`Idempotency-Key`: sent again with the same key and body, it has the same answer and moves nothing.
"""

_REF = "#/components/schemas/{name}"

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
_KEY = Annotated[str, Meta(min_length=1, max_length=255)]

Schemas = Callable[[Any], dict[str, Any]]
"""The schema of a type that some operation names."""


def build(routes: Sequence[Route]) -> dict[str, Any]:
    """The OpenAPI document of these routes."""
    from importlib.metadata import version  # with the first question for the document, not at the start

    schemas, components = _schemas(routes)
    paths: dict[str, Any] = {}
    for route in routes:
        described = {method: _operation(route, method, one, schemas) for method, one in route.operations()}
        if described:
            paths[route.path] = described
    tags = {route.resource.tag.name: route.resource.tag.description for route in routes}
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Hucha",
            "version": version("hucha"),
            "description": INTRODUCTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": description} for name, description in tags.items()],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _SCHEMES},
    }


def _schemas(routes: Sequence[Route]) -> tuple[Schemas, dict[str, Any]]:
    types: list[Any] = [str, MessageObject, ErrorObject, Problem, _KEY, Pin]
    guarded = set()
    for route in routes:
        for _, operation in route.operations():
            types += [operation.body, operation.response]
            types += [parameter.type for parameter in operation.path]
            types += [type for _, type, _, _ in _query(operation)]
            types += [type for _, type in operation.others.values()]
            if operation.access is Access.PIN and operation.body is not None:
                guarded.add(operation.body.__name__)
    types = [type for type in types if type is not None]
    found, components = msgspec.json.schema_components(types, ref_template=_REF)
    for schema in (*found, *components.values()):
        _as_written(schema)
    by_type = {str(type): schema for type, schema in zip(types, found, strict=True)}
    for name in guarded:
        _add_pin(components[name], by_type[str(Pin)])
    return lambda described: by_type[str(described)], components


def _add_pin(schema: dict[str, Any], pin: dict[str, Any]) -> None:
    schema["properties"] = {"pin": pin, **schema.get("properties", {})}
    schema["required"] = ["pin", *schema.get("required", [])]


def _as_written(schema: Any) -> None:
    """Decimals are JSON numbers, where msgspec supposes strings, or what their own schema says."""
    if isinstance(schema, dict):
        if schema.get("format") == "decimal":
            if "oneOf" in schema:
                del schema["type"], schema["format"]
            else:
                schema["type"] = "number"
        if isinstance(schema.get("title"), str):  # a class's name, which its key says; not a property of that name
            del schema["title"]
        for inner in schema.values():
            _as_written(inner)
    elif isinstance(schema, list):
        for inner in schema:
            _as_written(inner)


def _operation(route: Route, method: str, operation: Operation, schemas: Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": _id(route.path, method),
        "tags": [route.resource.tag.name],
        "summary": operation.summary,
        "security": _SECURITY[operation.access],
        "responses": _responses(route, operation, schemas),
    }
    if operation.description:
        described["description"] = operation.description
    parameters = list(_parameters(operation, schemas))
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        content = {"schema": schemas(operation.body), "example": operation.example}
        described["requestBody"] = {
            "required": operation.body_required,
            "content": {"application/json": content},
        }
    return described


def _parameters(operation: Operation, schemas: Schemas) -> Iterator[dict[str, Any]]:
    for parameter in operation.path:
        yield _parameter(parameter.name, "path", True, parameter.description, schemas(parameter.type))
    for name, type, required, description in _query(operation):
        yield _parameter(name, "query", required, description, schemas(type))
    if operation.moves_money:
        meaning = (
            "With the same key and the same body, within 24 hours, the answer is the same and nothing is done again"
        )
        yield _parameter("Idempotency-Key", "header", False, meaning, schemas(_KEY))


def _parameter(name: str, place: str, required: bool, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    shown = {key: value for key, value in schema.items() if key != "description"}
    return {"name": name, "in": place, "required": required, "description": description, "schema": shown}


def _query(operation: Operation) -> Iterator[tuple[str, Any, bool, str]]:
    """Name, type, whether it is required, and the description of each parameter of the query."""
    if operation.query is None:
        return
    hints = get_type_hints(operation.query, include_extras=True)
    for attribute in attrs.fields(operation.query):
        type, description = _described(hints[attribute.name])
        yield attribute.name.rstrip("_"), type, attribute.default is attrs.NOTHING, description


def _described(hint: Any) -> tuple[Any, str]:
    """A parameter's type without the None of one that isn't there, and what the outermost description says."""
    members = [one for one in getattr(hint, "__args__", ()) if one is not type(None)]
    is_optional = len(members) < len(getattr(hint, "__args__", ())) and not hasattr(hint, "__metadata__")
    inner = members[0] if is_optional else hint
    told = [one.description for one in getattr(inner, "__metadata__", ()) if isinstance(one, Meta) and one.description]
    return inner, told[-1] if told else ""


def _responses(route: Route, operation: Operation, schemas: Schemas) -> dict[str, Any]:
    def answer(meaning: str, type: Any) -> dict[str, Any]:
        if type is None:
            return {"description": meaning}
        content = {media_type: {"schema": schemas(type)} for media_type in operation.media_types}
        return {"description": meaning, "content": content}

    dialect = dialect_of(route.path)
    responses = {str(operation.status): answer(operation.answer, operation.response)}
    if operation.answer_example is not None:
        for content in responses[str(operation.status)]["content"].values():
            content["example"] = operation.answer_example
    for status, examples in sorted(_refusals(operation, dialect).items()):
        responses[str(status)] = _refusal(examples, dialect, schemas)
    for status, (meaning, type) in operation.others.items():
        responses[str(status)] = answer(meaning, type)
    responses["default"] = _refusal([_UNFORESEEN], dialect, schemas) | {"description": "Any other refusal"}
    return responses


def _refusal(examples: Sequence[Exception], dialect: Dialect, schemas: Schemas) -> dict[str, Any]:
    """What one status means: the first sentence of each error's docstring, and the error as it is told."""
    media_type, type = _ERRORS[dialect]
    shown = {}
    for error in examples:
        _, body = form_of(failure_of(error, dialect), dialect)
        told = body.decode() if media_type == "text/plain" else msgspec.json.decode(body)
        shown[error.__class__.__name__] = {"summary": _meaning(error), "value": told}
    content = {"schema": schemas(type), "examples": shown}
    return {"description": " ".join(dict.fromkeys(map(_meaning, examples))), "content": {media_type: content}}


def _meaning(error: Exception) -> str:
    if isinstance(error, BodyRefused):
        return f"{HTTPStatus(error.status).phrase}."
    paragraph = (getdoc(type(error)) or "").partition("\n\n")[0]
    return " ".join(paragraph.split())


_UNFORESEEN = RuntimeError()


def _refusals(operation: Operation, dialect: Dialect) -> dict[int, list[Exception]]:
    """Examples of what the operation refuses, by status; of each class one."""
    found: dict[int, dict[type[Exception], Exception]] = {}
    for error in (*operation.raises, *_implied(operation)):
        found.setdefault(failure_of(error, dialect).status, {}).setdefault(type(error), error)
    return {status: list(errors.values()) for status, errors in found.items()}


def _implied(operation: Operation) -> Iterable[Exception]:
    if operation.body is not None:
        names = list(get_type_hints(operation.body))
        yield (
            InvalidFields((FieldProblem(names[0], "is required"),))
            if names
            else BodyRefused(400, "The body is not valid JSON.")
        )
        yield too_large(operation.largest_body_bytes)
        yield BodyRefused(415, "The content type must be application/json.")
    elif operation.query is not None:
        name = attrs.fields(operation.query)[0].name.rstrip("_")
        yield InvalidFields((FieldProblem(name, "is required"),))
    for parameter in operation.path:
        yield parameter.otherwise()
    if operation.access is not Access.ANYONE:
        yield errors.Unauthenticated()
    if operation.access is Access.PIN:
        yield errors.InvalidPin()
        yield errors.PinLocked()
    if operation.access in (Access.OPERATOR, Access.OPERATOR_OR_LOOPBACK):
        yield errors.Forbidden()
    if operation.moves_money:
        yield errors.KeyInFlight()
        yield errors.KeyReused()
    if operation.limited or operation.counted_as:
        yield errors.TooManyRequests(30)


def _id(path: str, method: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", path)
    return method + "".join(word.capitalize() for word in words)
