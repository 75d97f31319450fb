"""Keys and ids from the operating system's randomness."""

from __future__ import annotations

import hashlib
import itertools
import secrets
import uuid


class SystemSecrets:
    """Makes keys of 256 random bits, kept as SHA-256: nothing slower is needed for what can't be guessed.

    Ids are 80 random bits of this process's own and a count: asking the system for randomness lets go of the
    interpreter's lock, which costs a request more than judging its event does.
    """

    def __init__(self) -> None:
        self._process = secrets.token_hex(10)
        self._numbers = itertools.count()

    def new_key(self) -> str:
        return f"hucha_{secrets.token_urlsafe(32)}"

    def fingerprint(self, key: str) -> str:
        return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()

    def new_id(self) -> str:
        return f"{self._process}{next(self._numbers):012x}"

    def new_uuid(self) -> str:
        return str(uuid.uuid4())

    def new_otp(self) -> str:
        return f"{secrets.randbelow(10**6):06d}"
