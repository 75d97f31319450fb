"""The server's own secrets, and what is derived from them. Source: contract G7; RFC 5869 (HKDF), section 3.2."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence

KEY_ID_BYTES = 4


class KeyRing:
    """Master keys, newest first; each gives a key of its own for every purpose.

    Whoever learns a derived key learns neither its master nor the key for another purpose. What was made with a key
    names it by the master's id, eight hexadecimal digits that give nothing of the master away.
    """

    def __init__(self, masters: Sequence[bytes]) -> None:
        if not masters:
            raise ValueError("a key ring needs a key")
        self._masters = tuple(dict.fromkeys(masters))
        self._ids: tuple[str, ...] = ()
        self._derived: dict[tuple[str, int], Mapping[str, bytes]] = {}

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of the masters, newest first."""
        if not self._ids:
            self._ids = tuple(_hkdf(master, b"hucha key id", KEY_ID_BYTES).hex() for master in self._masters)
        return self._ids

    def derive(self, purpose: str, length: int = 32) -> Mapping[str, bytes]:
        """A key of so many bytes from each master, by the master's id, newest first."""
        derived = self._derived.get((purpose, length))
        if derived is None:
            info = b"hucha key for " + purpose.encode()
            derived = {id: _hkdf(master, info, length) for id, master in zip(self.key_ids, self._masters, strict=True)}
            self._derived[purpose, length] = derived
        return derived


def proof_of(master: bytes) -> str:
    """What can be kept to tell later whether this is the same key: it gives nothing of the key away."""
    return hmac.digest(master, b"hucha proof of a key", hashlib.sha256).hex()


def _hkdf(master: bytes, info: bytes, length: int) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256  # here: a start that needs no key doesn't wait for it
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(master)
