"""Keys and ids from the operating system's randomness."""

from __future__ import annotations

import hashlib
import secrets
import uuid


class SystemSecrets:
    """Makes keys of 256 random bits, kept as SHA-256: nothing slower is needed for what can't be guessed."""

    def new_key(self) -> str:
        return f"hucha_{secrets.token_urlsafe(32)}"

    def fingerprint(self, key: str) -> str:
        return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()

    def new_id(self) -> str:
        return uuid.uuid4().hex
