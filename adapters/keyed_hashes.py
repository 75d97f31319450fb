"""HMACs of PINs, one-time codes and fingerprints. Source: contract B6, G8."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from adapters.keyring import KeyRing
from domain.model.errors import KeyMissing

SALT_BYTES = 16


class HmacHashes:
    """`<key id>$<salt>$<hex>`, an HMAC-SHA-256 over purpose, owner, salt and value."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def hash(self, purpose: str, owner: str, value: str) -> str:
        salt = secrets.token_hex(SALT_BYTES)
        key_id, key = next(iter(self._keys.derive("keyed hashes").items()))
        return f"{key_id}${salt}${_digest(key, purpose, owner, salt, value)}"

    def matches(self, kept: str, purpose: str, owner: str, value: str) -> bool:
        key_id, _, rest = kept.partition("$")
        salt, _, digest = rest.partition("$")
        key = self._keys.derive("keyed hashes").get(key_id)
        if key is None:
            raise KeyMissing(key_id)
        return hmac.compare_digest(digest.encode(), _digest(key, purpose, owner, salt, value).encode())

    def is_current(self, kept: str) -> bool:
        return kept.partition("$")[0] == self._keys.key_ids[0]

    def digests(self, purpose: str, value: bytes) -> tuple[str, ...]:
        text = framed(purpose.encode(), value)
        return tuple(hmac.digest(key, text, hashlib.sha256).hex() for key in self._keys.derive("digests").values())


def framed(*parts: bytes) -> bytes:
    """The parts in one text, each behind its length, so that no other parts make the same text."""
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def _digest(key: bytes, *parts: str) -> str:
    return hmac.digest(key, framed(*(part.encode() for part in parts)), hashlib.sha256).hex()
