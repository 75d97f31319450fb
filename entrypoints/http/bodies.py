"""The bytes of a body to a JSON object, strictly. Source: contract G4."""

from __future__ import annotations

from typing import Any, Final

import attrs
import falcon

from entrypoints.http.strict_json import parse_object

_MIB: Final = 1024 * 1024


@attrs.define
class BodyRefused(Exception):
    """The body can't be read as what this route takes; `status` is 400, 413 or 415."""

    status: int
    sentence: str


def too_large(most_bytes: int) -> BodyRefused:
    """The refusal of a body beyond so many bytes."""
    return BodyRefused(413, f"The body is larger than {most_bytes // _MIB} MiB.")


def read_body(req: falcon.Request, most_bytes: int) -> bytes:
    """The body of a JSON route; empty where there is none. Raises BodyRefused."""
    length = req.content_length or 0
    if length > most_bytes:
        raise too_large(most_bytes)
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


def _is_json(content_type: str | None) -> bool:
    if content_type == "application/json":
        return True
    kind, options = falcon.parse_header(content_type or "")
    charset = options.get("charset", "utf-8").lower()
    return kind.strip().lower() == "application/json" and charset in ("utf-8", "utf8", "us-ascii")
