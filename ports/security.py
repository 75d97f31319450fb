"""Randomness that nobody can guess, what is kept of a secret instead of it, and the tokens that prove who asks."""

from __future__ import annotations

from typing import Protocol

from domain.model.sessions import Claims
from domain.model.users import HashedPassword


class Secrets(Protocol):
    """Makes keys and ids."""

    def new_key(self) -> str:
        """A fresh bearer key: printable ASCII with at least 256 bits of randomness."""
        ...

    def fingerprint(self, key: str) -> str:
        """A digest that names the key and doesn't give it away; the same for the same key, at most 128 characters."""
        ...

    def new_id(self) -> str:
        """An id of at most 36 characters that was never given before, anywhere."""
        ...

    def new_uuid(self) -> str:
        """A random UUID (RFC 9562, version 4) in its canonical form, which nobody can guess."""
        ...

    def new_otp(self) -> str:
        """Six random digits."""
        ...


class Passwords(Protocol):
    """Slow hashes of passwords. Safe to call from many threads; no transaction may be open meanwhile."""

    def hash(self, password: str) -> HashedPassword:
        """A salted bcrypt hash of the whole password. Raises PasswordsBusy."""
        ...

    def matches(self, password: str, kept: HashedPassword) -> bool:
        """Whether this is the password behind the hash. Raises PasswordsBusy, KeyMissing."""
        ...

    def is_current(self, kept: HashedPassword) -> bool:
        """Whether a hash made now would be made with the same key and the same cost."""
        ...


class KeyedHashes(Protocol):
    """Fast hashes with a server's secret: for what has too few values for any hash without one."""

    def hash(self, purpose: str, owner: str, value: str) -> str:
        """A salted hash of `value`, for this purpose and this row only; printable ASCII, at most 160 characters."""
        ...

    def matches(self, kept: str, purpose: str, owner: str, value: str) -> bool:
        """Whether `kept` was made of these; compared in constant time. Raises KeyMissing."""
        ...

    def is_current(self, kept: str) -> bool:
        """Whether `kept` was made with the newest key."""
        ...

    def digests(self, purpose: str, value: bytes) -> tuple[str, ...]:
        """Hashes without a salt, one per key in force, newest first; the same for the same value."""
        ...


class Tokens(Protocol):
    """Signed access tokens."""

    def issue(self, claims: Claims) -> str:
        """A JWT that says this (RFC 7519), signed HS512 with the newest key."""
        ...

    def read(self, token: str) -> Claims:
        """What a token says, if one of the keys in force signed it by the one algorithm that is allowed.

        Raises Unauthenticated for any other text. Whether it has expired is the caller's to see.
        """
        ...


class Vault(Protocol):
    """Encryption at rest, for storage adapters."""

    def encrypt(self, text: str, context: str) -> str:
        """The text under the newest key, bound to a context (a column and a row); printable ASCII."""
        ...

    def decrypt(self, kept: str, context: str) -> str:
        """The text again, by whichever key in force it was encrypted. Raises ValueError where it was tampered with."""
        ...

    def blind_indexes(self, purpose: str, value: str) -> tuple[str, ...]:
        """Keyed digests of at most 128 characters, by which equal values can be found; newest key first."""
        ...
