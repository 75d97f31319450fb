"""Who is asking, and from where. Source: contract C1, C5, G3, G11."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Sequence

import falcon

from domain.model.errors import Unauthenticated
from domain.model.operators import Operator
from domain.use_cases.manage_operators import Operators
from entrypoints.settings import Network


def require_operator(req: falcon.Request, operators: Operators) -> Operator:
    """The operator whose bearer key the request carries. Raises Unauthenticated."""
    scheme, _, key = (req.auth or "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Unauthenticated
    return operators.identify(key.strip())


def require_event_key(req: falcon.Request, expected: str) -> None:
    """Compare `X-API-Key` in constant time. Raises Unauthenticated."""
    given = req.get_header("X-API-Key") or ""
    if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode()):
        raise Unauthenticated


def client_address(req: falcon.Request, trusted_proxies: Sequence[Network]) -> str:
    """The address that the request came from: behind trusted proxies, the right-most that isn't one of them."""
    address = req.remote_addr or ""
    forwarded = [part.strip() for part in (req.get_header("X-Forwarded-For") or "").split(",") if part.strip()]
    while forwarded and _within(address, trusted_proxies):
        address = forwarded.pop()
    return address


def is_from_loopback(req: falcon.Request, trusted_proxies: Sequence[Network]) -> bool:
    """Whether the request began on this machine, and didn't merely pass a proxy here that nobody told us of."""
    if req.get_header("X-Forwarded-For") and not _within(req.remote_addr or "", trusted_proxies):
        return False
    try:
        return ipaddress.ip_address(client_address(req, trusted_proxies)).is_loopback
    except ValueError:
        return False


def _within(address: str, networks: Sequence[Network]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
