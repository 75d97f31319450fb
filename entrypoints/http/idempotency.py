"""The `Idempotency-Key` header. Source: contract G8."""

from __future__ import annotations

from collections.abc import Callable

import falcon

from domain.model.errors import FieldProblem, InvalidFields
from domain.model.idempotency import LONGEST_KEY, IdempotencyKey

HEADER = "Idempotency-Key"

Digests = Callable[[str, bytes], tuple[str, ...]]
"""Keyed digests of a value for a purpose, as `ports.security.KeyedHashes` makes them."""


def idempotency_key(req: falcon.Request, account_number: str, body: bytes, digests: Digests) -> IdempotencyKey | None:
    """The key of a request, with the fingerprints of what is asked; None without the header. Raises InvalidFields."""
    key = req.get_header(HEADER)
    if key is None:
        return None
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        detail = f"must be 1 to {LONGEST_KEY} printable ASCII characters"
        raise InvalidFields((FieldProblem(HEADER, detail),))
    parts = (account_number.encode(), req.method.encode(), req.path.encode(), body)
    asked = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return IdempotencyKey(key, digests("idempotency", asked))
