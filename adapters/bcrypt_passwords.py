"""Passwords behind bcrypt. Source: contract A3."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

from adapters.keyring import KeyRing
from domain.model.errors import KeyMissing, PasswordsBusy
from domain.model.users import HashedPassword

T = TypeVar("T")

NICENESS = 10
"""How far the threads that hash stand back behind those that answer other requests."""


class BcryptPasswords:
    """bcrypt over `base64(HMAC-SHA-256(pepper, password))`, where the pepper comes from the server's secret.

    bcrypt reads 72 bytes: the HMAC takes in the whole password. `slots` hashes are made at once, in threads of their
    own, while at most `waiting` callers more wait for them.
    """

    def __init__(self, keys: KeyRing, rounds: int, slots: int, waiting: int) -> None:
        self._keys = keys
        self._rounds = rounds
        self._workers = _Workers(slots, waiting)

    def hash(self, password: str) -> HashedPassword:
        key_id, pepper = next(iter(self._peppers().items()))
        return HashedPassword(self._workers.run(lambda: _hash(_peppered(pepper, password), self._rounds)), key_id)

    def matches(self, password: str, kept: HashedPassword) -> bool:
        pepper = self._peppers().get(kept.key_id)
        if pepper is None:
            raise KeyMissing(kept.key_id)
        return self._workers.run(lambda: _matches(_peppered(pepper, password), kept.hash))

    def is_current(self, kept: HashedPassword) -> bool:
        return kept.key_id == self._keys.key_ids[0] and f"${self._rounds:02}$" in kept.hash

    def _peppers(self) -> dict[str, bytes]:
        return dict(self._keys.derive("password pepper"))


class _Workers:
    """Threads that do what others wait for; they end with the process."""

    def __init__(self, slots: int, waiting: int) -> None:
        self._slots = slots
        self._places = threading.BoundedSemaphore(slots + waiting)
        self._tasks: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._lock = threading.Lock()
        self._started = False

    def run(self, work: Callable[[], T]) -> T:
        """Do it in one of the threads. Raises PasswordsBusy at once where too many wait already."""
        if not self._places.acquire(blocking=False):
            raise PasswordsBusy
        try:
            self._start()
            future: Future[T] = Future()
            self._tasks.put((future, work))
            return future.result()
        finally:
            self._places.release()

    def _start(self) -> None:
        with self._lock:
            if not self._started:
                self._started = True
                for number in range(self._slots):
                    threading.Thread(target=self._serve, name=f"passwords-{number}", daemon=True).start()

    def _serve(self) -> None:
        _stand_back()
        while True:
            future, work = self._tasks.get()
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)
            del future, work  # no password stays here until the next one comes


def _stand_back() -> None:
    """Take less of a busy processor than other threads, where the system knows threads by their own ids."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


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
