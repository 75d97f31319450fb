"""How Hucha says no over HTTP: the one table from errors to statuses, and the forms they are written in.

The same refusal leaves a route in the form of the family that the route belongs to. Source: contract G2, G3, G4, G11.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from enum import Enum
from http import HTTPStatus

import attrs
import falcon
import msgspec

from domain.model.errors import FieldProblem, InvalidFields, NotFound, Unauthenticated, Unavailable
from entrypoints.http.payloads import BodyRefused

RETRY_AFTER_SECONDS = 1
MOST_PROBLEMS = 100
"""So many bad fields are named; of the others only the number is told."""

_log = logging.getLogger("hucha.http")


class Dialect(Enum):
    """The families of routes, by the form of their errors."""

    EVENT = "event"
    """C and E: `{"error": sentence}`."""

    PROBLEM = "problem"
    """D and every new prefix, unknown paths too: RFC 9457 `application/problem+json`."""


@attrs.frozen
class Failure:
    """A refusal on its way out. `sentence` is for people; `problems` name fields."""

    status: int
    sentence: str
    problems: tuple[FieldProblem, ...] = ()
    headers: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen
class ErrorObject:
    """What `/event` answers instead of a verdict."""

    error: str


@attrs.frozen(slots=False)  # written in this order
class FieldDetail:
    """One bad field."""

    field: str
    detail: str


@attrs.frozen(slots=False)  # written in this order
class Problem:
    """An error by RFC 9457; `errors` is there for bad fields."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldDetail] | msgspec.UnsetType = msgspec.UNSET


def _invalid_fields(error: InvalidFields) -> Failure:
    named, rest = error.problems[:MOST_PROBLEMS], len(error.problems) - MOST_PROBLEMS
    if rest > 0:
        named += (FieldProblem(f"{rest} more", "is wrong too" if rest == 1 else "are wrong too"),)
    return Failure(400, f"Invalid fields: {InvalidFields(named)}.", named)


def _unauthenticated(error: Unauthenticated) -> Failure:
    return Failure(401, "Access Denied", headers={"WWW-Authenticate": "Bearer"})


def _not_found(error: NotFound) -> Failure:
    return Failure(404, str(error) or "There is nothing here.")


def _body_refused(error: BodyRefused) -> Failure:
    return Failure(error.status, error.sentence)


def _unavailable(error: Unavailable) -> Failure:
    _log.error("unavailable", extra={"reason": str(error)})
    retry = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return Failure(503, "The service is unavailable now; try again later.", headers=retry)


def _falcon(error: falcon.HTTPError) -> Failure:
    phrase = HTTPStatus(error.status_code).phrase
    return Failure(
        error.status_code, _SENTENCES.get(error.status_code, f"{phrase}."), headers=dict(error.headers or {})
    )


def _crash(error: Exception) -> Failure:
    _log.error("a request failed", exc_info=error)
    return Failure(500, "Something went wrong on our side.")


_SENTENCES = {404: "There is nothing here.", 405: "This method is not for this resource."}

TABLE: Mapping[type[Exception], Callable[..., Failure]] = {
    InvalidFields: _invalid_fields,
    Unauthenticated: _unauthenticated,
    NotFound: _not_found,
    BodyRefused: _body_refused,
    Unavailable: _unavailable,
    falcon.HTTPError: _falcon,
    Exception: _crash,
}
"""Every error that may reach a route's edge; a subclass is found by its nearest ancestor."""


def failure_of(error: Exception) -> Failure:
    """What the table says of an error."""
    return next(TABLE[kind] for kind in type(error).__mro__ if kind in TABLE)(error)


def dialect_of(path: str) -> Dialect:
    """The dialect of the family that a path belongs to."""
    return Dialect.EVENT if path == "/event" else Dialect.PROBLEM


def form_of(failure: Failure, dialect: Dialect) -> tuple[str, bytes]:
    """The content type and the body of a failure, in the words of a dialect."""
    if dialect is Dialect.EVENT:
        return "application/json", msgspec.json.encode(ErrorObject(failure.sentence))
    problem = Problem(
        type="about:blank",
        title=HTTPStatus(failure.status).phrase,
        status=failure.status,
        detail=failure.sentence,
        errors=[FieldDetail(one.field, one.detail) for one in failure.problems] or msgspec.UNSET,
    )
    return "application/problem+json", msgspec.json.encode(problem)


def write(failure: Failure, dialect: Dialect, resp: falcon.Response) -> None:
    """Put a failure into a response, in the words of a dialect."""
    resp.status = failure.status
    for name, value in failure.headers.items():
        resp.set_header(name, value)
    resp.content_type, resp.data = form_of(failure, dialect)
