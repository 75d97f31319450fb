"""Who is asking, and from where. Source: contract C1, C5, G3, G11."""

from __future__ import annotations

import hmac
import ipaddress
import logging
from collections.abc import Sequence

import falcon

from domain.model.errors import Unauthenticated
from domain.model.operators import Operator
from domain.use_cases.manage_operators import Operators
from entrypoints.settings import Network

_SIGNS_OF_A_PROXY = ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP")
_log = logging.getLogger("hucha.http")


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
    forwarded = _forwarded_for(req)
    while forwarded and _within(address, trusted_proxies):
        address = forwarded.pop()
    return address


def is_from_loopback(req: falcon.Request, trusted_proxies: Sequence[Network]) -> bool:
    """Whether the request began on this machine.

    One that passed a proxy did only where that proxy is trusted and names a client on loopback by `X-Forwarded-For`.
    """
    remote = req.remote_addr or ""
    if any(req.get_header(sign) is not None for sign in _SIGNS_OF_A_PROXY):
        told = _forwarded_for(req) and _within(remote, trusted_proxies)
        return bool(told) and _is_loopback(client_address(req, trusted_proxies))
    return _is_loopback(remote)


def log_denial(req: falcon.Request, trusted_proxies: Sequence[Network]) -> None:
    """Tell the log which route was denied to which address. The key isn't told. Source: OWASP ASVS 5, 16.3.1."""
    address = _parsed(client_address(req, trusted_proxies).partition("%")[0])  # a zone may hold any character
    _log.warning("access denied: %s %s from %s", req.method, req.uri_template, address or "an unknown address")


def _forwarded_for(req: falcon.Request) -> list[str]:
    return [part.strip() for part in (req.get_header("X-Forwarded-For") or "").split(",") if part.strip()]


def _within(address: str, networks: Sequence[Network]) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)


def _is_loopback(address: str) -> bool:
    parsed = _parsed(address)
    return parsed is not None and parsed.is_loopback


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None
