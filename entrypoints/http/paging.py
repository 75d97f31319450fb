"""Lists in pages: `limit`, a place to go on from, and a `Link` header to the next page. Source: contract D1."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlencode

import falcon

T = TypeVar("T")


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
