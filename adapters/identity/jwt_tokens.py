"""Access tokens as JWTs. Source: contract G7; RFC 7519, RFC 8725."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final

from adapters.keyring import KeyRing
from domain.model.errors import Unauthenticated
from domain.model.sessions import Claims

if TYPE_CHECKING:
    from collections.abc import Mapping

ALGORITHM: Final = "HS512"
KEY_BYTES: Final = 64
LONGEST_TOKEN: Final = 1024
TOKENS_REMEMBERED: Final = 4096
"""Whether a token's signature holds never changes while the process runs; checking it again costs 40 µs."""

_FORMS: Final = {"sub": str, "iat": int, "exp": int, "jti": str}
"""The claims of a token, all of them, with their types."""


class JwtTokens:
    """JWTs signed with HMAC-SHA-512, whose `kid` names the key. Nothing else is accepted."""

    def __init__(self, keys: KeyRing) -> None:
        self._ring = keys
        self._verified = lru_cache(TOKENS_REMEMBERED)(self._verify)  # what raises isn't remembered

    def issue(self, claims: Claims) -> str:
        import jwt

        key_id, key = next(iter(self._keys.items()))
        payload = {
            "sub": claims.account_number,
            "iat": int(claims.issued_at.timestamp()),
            "exp": int(claims.expires_at.timestamp()),
            "jti": claims.session_id,
        }
        return jwt.encode(payload, key, ALGORITHM, headers={"kid": key_id})

    def read(self, token: str) -> Claims:
        if len(token) > LONGEST_TOKEN or "=" in token:  # PyJWT would take padding, RFC 7515 doesn't
            raise Unauthenticated
        return self._verified(token)

    def _verify(self, token: str) -> Claims:
        import jwt

        try:
            payload = jwt.decode(token, self._key_of(token), [ALGORITHM], _OPTIONS)
            return _claims(payload)
        except (jwt.PyJWTError, ValueError, OverflowError, OSError):
            raise Unauthenticated from None

    def _key_of(self, token: str) -> bytes:
        import jwt

        key_id = jwt.get_unverified_header(token).get("kid")
        key = self._keys.get(key_id) if isinstance(key_id, str) else None
        if key is None:
            raise Unauthenticated
        return key

    @cached_property
    def _keys(self) -> Mapping[str, bytes]:
        return self._ring.derive("access tokens", KEY_BYTES)


_OPTIONS: Final[Any] = {
    f"verify_{name}": False for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")
}  # the claims are looked at below, the clock is the use case's


def _claims(payload: dict[str, Any]) -> Claims:
    if {name: type(value) for name, value in payload.items()} != _FORMS:
        raise Unauthenticated
    return Claims(
        account_number=payload["sub"],
        session_id=payload["jti"],
        issued_at=datetime.fromtimestamp(payload["iat"], UTC),
        expires_at=datetime.fromtimestamp(payload["exp"], UTC),
    )
