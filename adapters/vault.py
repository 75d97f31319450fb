"""Encryption at rest by AES-256-GCM. Source: contract D10; NIST SP 800-38D."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from functools import cached_property
from typing import TYPE_CHECKING

from adapters.keyring import KeyRing

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
_FORM = "v1"


class AesGcmVault:
    """Texts as `v1.<key id>.<nonce, ciphertext and tag in base64url>`, bound to their place by the associated data.

    Nonces are random: one key is good for 2^32 texts.
    """

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def encrypt(self, text: str, context: str) -> str:
        key_id, cipher = next(iter(self._ciphers.items()))
        nonce = os.urandom(NONCE_BYTES)
        sealed = cipher.encrypt(nonce, text.encode(), context.encode())
        return f"{_FORM}.{key_id}.{_encoded(nonce + sealed)}"

    def decrypt(self, kept: str, context: str) -> str:
        from cryptography.exceptions import InvalidTag

        form, _, rest = kept.partition(".")
        key_id, _, body = rest.partition(".")
        if form != _FORM:
            raise ValueError("an encrypted text has a form that isn't known")
        if key_id not in self._ciphers:
            raise ValueError("an encrypted text needs a key that isn't in force")
        sealed = _decoded(body)
        try:
            text = self._ciphers[key_id].decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError):
            raise ValueError("an encrypted text was tampered with, or is in another's place") from None
        return text.decode()

    def blind_indexes(self, purpose: str, value: str) -> tuple[str, ...]:
        keys = self._keys.derive(f"blind index {purpose}")
        return tuple(hmac.digest(key, value.encode(), hashlib.sha256).hex() for key in keys.values())

    @cached_property
    def _ciphers(self) -> dict[str, AESGCM]:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return {id: AESGCM(key) for id, key in self._keys.derive("encryption at rest").items()}


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    """Read base64url in its one canonical spelling. Raises ValueError."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        data = b""
    if not data or _encoded(data) != text:
        raise ValueError("an encrypted text is spoilt")
    return data
