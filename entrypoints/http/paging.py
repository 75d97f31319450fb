"""Lists in pages: `limit`, a place to go on from, and a `Link` header to the next page. Source: contract D1."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Final, TypeVar
from urllib.parse import urlencode

import falcon
from msgspec import Meta

from entrypoints.http.openapi import Parameter
from entrypoints.http.payloads import query_integer

T = TypeVar("T")

MOST_ROWS: Final = 1000
USUAL_ROWS: Final = 100

Limit = Annotated[int, Meta(ge=1, le=MOST_ROWS)]
LIMIT = Parameter("limit", "query", Limit, f"How many at most; {USUAL_ROWS} unless told")


def query_limit(req: falcon.Request) -> int:
    """How many rows a page may have. Raises InvalidFields."""
    return query_integer(req, "limit", largest=MOST_ROWS, default=USUAL_ROWS)


def query_place(req: falcon.Request, name: str) -> int | None:
    """The id to go on from; None where the list begins. Raises InvalidFields."""
    return query_integer(req, name) if req.get_param(name) is not None else None


def page(
    found: Sequence[T],
    limit: int,
    req: falcon.Request,
    resp: falcon.Response,
    next_from: Callable[[T], Mapping[str, object]],
) -> Sequence[T]:
    """The first `limit` of what was found. Where there is more, a `Link` header leads to the page after.

    `next_from` gives the query, but for the limit, that goes on after a page's last row.
    """
    if len(found) <= limit:
        return found
    query = urlencode({"limit": limit, **next_from(found[limit - 1])})
    resp.append_link(f"{req.path}?{query}", rel="next")
    return found[:limit]
