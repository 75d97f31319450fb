"""Requests to commands: what is read from a body, a path or a query, and what is refused; and how instants leave.

Source: contract G4, G6.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

import attrs
import falcon
import msgspec
from msgspec import Meta

from domain.model.activity import LARGEST_INTEGER
from domain.model.errors import FieldProblem, InvalidFields, NotFound, Refusal
from entrypoints.http.strict_json import parse_object

T = TypeVar("T")

LARGEST_BODY_BYTES: Final = 1024 * 1024
TOO_LARGE: Final = "The body is larger than 1 MiB."
_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00Z")
Count = Annotated[int, Meta(ge=0, le=LARGEST_INTEGER)]
"""An id or a time, wherever in a request it stands."""

SignedAmountIn = Annotated[
    msgspec.Raw,
    Meta(
        description=(
            "Positive: paid; negative: received. At most 2 decimals, nearer to zero than 10^13; "
            "a number or a numeric string"
        ),
        extra_json_schema={
            "oneOf": [{"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}, {"type": "number"}],
            "examples": [12.99],
        },
    ),
]

_POSITIVE = {
    "oneOf": [
        {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"},
        {"type": "number", "exclusiveMinimum": 0},
    ],
}

AmountIn = Annotated[
    msgspec.Raw,
    Meta(
        description="Positive, at most 2 decimals, below 10^13; a number or a numeric string",
        extra_json_schema=_POSITIVE | {"examples": ["42.00"]},
    ),
]
"""An amount of money in a body, as it is written there."""

QuantityIn = Annotated[
    msgspec.Raw,
    Meta(
        description="Positive, at most 12 decimals, below 10^20; a number or a numeric string",
        extra_json_schema=_POSITIVE | {"examples": [0.3]},
    ),
]
"""A quantity of an asset in a body, as it is written there."""


@attrs.define
class BodyRefused(Exception):
    """The body can't be read as what this route takes; `status` is 400, 413 or 415."""

    status: int
    sentence: str


def read_body(req: falcon.Request) -> bytes:
    """The body of a JSON route; empty where there is none. Raises BodyRefused."""
    length = req.content_length or 0
    if length > LARGEST_BODY_BYTES:
        raise BodyRefused(413, TOO_LARGE)
    data: bytes = req.bounded_stream.read() if length else b""
    if data and req.get_header("Content-Encoding", default="identity") != "identity":
        raise BodyRefused(415, "The body must not be encoded.")
    if data and not _is_json(req.content_type):
        raise BodyRefused(415, "The content type must be application/json.")
    return data


def parse_body(data: bytes) -> dict[str, Any]:
    """The object in a body; an empty body is an empty object. Raises BodyRefused."""
    if not data:
        return {}
    try:
        return parse_object(data)
    except ValueError as problem:
        raise BodyRefused(400, str(problem)) from None


def all_of(*reads: Callable[[], Any]) -> list[Any]:
    """What each of these reads gives. Raises InvalidFields that names the bad fields of all of them at once."""
    values, problems = [], []
    for read in reads:
        try:
            values.append(read())
        except InvalidFields as error:
            problems += error.problems
    if problems:
        raise InvalidFields(tuple(problems))
    return values


def or_refusal(read: Callable[[], T]) -> T | Refusal:
    """What is read, or why it couldn't be: the idempotency key and the PIN are checked before that is told."""
    try:
        return read()
    except Refusal as refusal:
        return refusal


def path_integer(text: str) -> int:
    """An id in a path. Raises NotFound for anything but an integer from 0 to 2^53 - 1."""
    number = _integer(text)
    if number is None:
        raise NotFound
    return number


def query_integer(req: falcon.Request, name: str, largest: int = LARGEST_INTEGER, default: int | None = None) -> int:
    """An integer in the query, from 0 on, or from 1 where there is a default; else it is required.

    Raises InvalidFields.
    """
    text = req.get_param(name)
    if text is None and default is not None:
        return default
    number = _integer(text or "")
    smallest = 0 if default is None else 1
    if number is None or not smallest <= number <= largest:
        required = not text and default is None
        detail = "is required" if required else f"must be an integer from {smallest} to {largest}"
        raise InvalidFields((FieldProblem(name, detail),))
    return number


def milliseconds(instant: datetime) -> int:
    """Whole milliseconds since 1970, as B writes an instant (contract G6)."""
    passed = instant - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1000 + passed.microseconds // 1000


def query_cursor(req: falcon.Request) -> tuple[int, int] | None:
    """Where a page of a list goes on: two integers, as the `Link` header gave them. Raises InvalidFields."""
    text = req.get_param("cursor")
    if text is None:
        return None
    first, _, second = text.partition("-")
    position = _integer(first), _integer(second)
    if None in position:
        raise InvalidFields((FieldProblem("cursor", "must be one that a Link header gave"),))
    return position  # type: ignore[return-value]  # no None in it


def _integer(text: str) -> int | None:
    if text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_INTEGER)):
        number = int(text)
        return number if number <= LARGEST_INTEGER else None
    return None


def _is_json(content_type: str | None) -> bool:
    if content_type == "application/json":
        return True
    kind, options = falcon.parse_header(content_type or "")
    charset = options.get("charset", "utf-8").lower()
    return kind.strip().lower() == "application/json" and charset in ("utf-8", "utf8", "us-ascii")
