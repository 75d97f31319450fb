"""Passwords behind bcrypt. Source: contract A3."""

from __future__ import annotations

import base64
import hashlib
import hmac

from adapters.heavy.threads import HeavyThreads
from adapters.keyring import KeyRing
from domain.model.errors import KeyMissing, PasswordsBusy
from domain.model.users import HashedPassword


class BcryptPasswords:
    """bcrypt over `base64(HMAC-SHA-256(pepper, password))`, where the pepper comes from the server's secret.

    bcrypt reads 72 bytes: the HMAC takes in the whole password. `slots` hashes are made at once, in threads of their
    own, while at most `waiting` callers more wait for them.
    """

    def __init__(self, keys: KeyRing, rounds: int, slots: int, waiting: int) -> None:
        self._keys = keys
        self._rounds = rounds
        self._threads = HeavyThreads("passwords", slots, waiting, PasswordsBusy)

    def hash(self, password: str) -> HashedPassword:
        key_id, pepper = next(iter(self._peppers().items()))
        return HashedPassword(self._threads.run(lambda: _hash(_peppered(pepper, password), self._rounds)), key_id)

    def matches(self, password: str, kept: HashedPassword) -> bool:
        pepper = self._peppers().get(kept.key_id)
        if pepper is None:
            raise KeyMissing(kept.key_id)
        return self._threads.run(lambda: _matches(_peppered(pepper, password), kept.hash))

    def is_current(self, kept: HashedPassword) -> bool:
        return kept.key_id == self._keys.key_ids[0] and f"${self._rounds:02}$" in kept.hash

    def _peppers(self) -> dict[str, bytes]:
        return dict(self._keys.derive("password pepper"))


def _peppered(pepper: bytes, password: str) -> bytes:
    return base64.b64encode(hmac.digest(pepper, password.encode(), hashlib.sha256))


def _hash(text: bytes, rounds: int) -> str:
    import bcrypt

    return bcrypt.hashpw(text, bcrypt.gensalt(rounds)).decode()


def _matches(text: bytes, kept: str) -> bool:
    import bcrypt

    try:
        return bcrypt.checkpw(text, kept.encode())
    except ValueError:  # what is kept is no hash: an account that was closed, for example
        return False
