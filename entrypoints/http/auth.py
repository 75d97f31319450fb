"""Who is asking, and from where. Source: contract C1, C5, G3, G11."""

from __future__ import annotations

import hmac
import ipaddress
import logging
from collections.abc import Sequence

import falcon

from domain.model.errors import Forbidden, Unauthenticated
from domain.model.operators import Operator
from domain.model.sessions import Claims, Identity
from domain.use_cases.identity.manage_operators import Operators
from domain.use_cases.identity.sign_in import SignIn
from entrypoints.settings import Network

_SIGNS_OF_A_PROXY = ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP")
_log = logging.getLogger("hucha.http")


class Authentication:
    """Tells who asks by the bearer token of a request."""

    def __init__(self, sign_in: SignIn, operators: Operators, trusted_proxies: Sequence[Network]) -> None:
        self._sign_in = sign_in
        self._operators = operators
        self._trusted_proxies = trusted_proxies

    def user(self, req: falcon.Request) -> Identity:
        """The signed-in customer. Raises Unauthenticated."""
        return self._sign_in.identify(_bearer_token(req))

    def claims(self, req: falcon.Request) -> Claims:
        """What the customer's token says, where it is ours and hasn't expired: its session may have ended.

        Raises Unauthenticated.
        """
        return self._sign_in.claims(_bearer_token(req))

    def operator(self, req: falcon.Request) -> Operator:
        """The operator. Raises Unauthenticated, or Forbidden for a customer."""
        token = _bearer_token(req)
        try:
            return self._operators.identify(token)
        except Unauthenticated:
            self._sign_in.identify(token)
            raise Forbidden from None

    def address(self, req: falcon.Request) -> str:
        """Whose tries are counted together; see `counted_address`."""
        return counted_address(req, self._trusted_proxies)

    def log_success(self, req: falcon.Request, what: str) -> None:
        """Tell the log what the customer was let do."""
        log_success(req, self._trusted_proxies, what)

    def is_from_loopback(self, req: falcon.Request) -> bool:
        """Whether the request began on this machine."""
        return is_from_loopback(req, self._trusted_proxies)


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


def counted_address(req: falcon.Request, trusted_proxies: Sequence[Network]) -> str:
    """The address whose tries are counted: of IPv6 the /64, which is one customer's, of an IPv4 in IPv6 the IPv4."""
    text = client_address(req, trusted_proxies).partition("%")[0]
    address = _parsed(text)
    if not isinstance(address, ipaddress.IPv6Address):
        return text
    return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))


def is_from_loopback(req: falcon.Request, trusted_proxies: Sequence[Network]) -> bool:
    """Whether the request began on this machine.

    One that passed a proxy did only where that proxy is trusted and names a client on loopback by `X-Forwarded-For`.
    """
    remote = req.remote_addr or ""
    if any(req.get_header(sign) is not None for sign in _SIGNS_OF_A_PROXY):
        told = _forwarded_for(req) and _within(remote, trusted_proxies)
        return bool(told) and _is_loopback(client_address(req, trusted_proxies))
    return _is_loopback(remote)


def log_denial(req: falcon.Request, trusted_proxies: Sequence[Network], error: Exception) -> None:
    """Tell the log which route was denied to which address, and why; no key, name or code. Source: ASVS 5, 16.3.1."""
    _log.warning("access denied: %s", _asked(req, trusted_proxies), extra={"reason": type(error).__name__})


def log_success(req: falcon.Request, trusted_proxies: Sequence[Network], what: str) -> None:
    """Tell the log what somebody was let do. Source: ASVS 5, 16.3.1."""
    _log.info("%s: %s", what, _asked(req, trusted_proxies))


def _asked(req: falcon.Request, trusted_proxies: Sequence[Network]) -> str:
    address = _parsed(client_address(req, trusted_proxies).partition("%")[0])  # a zone may hold any character
    return f"{req.method} {req.uri_template} from {address or 'an unknown address'}"


def _bearer_token(req: falcon.Request) -> str:
    scheme, _, token = (req.auth or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated
    return token.strip()


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
