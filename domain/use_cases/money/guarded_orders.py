"""The one way of every order that an idempotency key, a PIN or both guard. Source: contract B6, B7, G8.

The key comes first, then the PIN, then what the order's own fields hold, then all the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Generic, TypeVar

import attrs

from domain.model.errors import (
    HuchaError,
    KeyInFlight,
    KeyReused,
    PinLocked,
    PricesUnavailable,
    Refusal,
    StorageBusy,
    Unauthenticated,
)
from domain.model.idempotency import KEYS_KEPT, IdempotencyKey, KeptOutcome
from domain.model.users import Account
from domain.use_cases.identity.try_pin import try_pin
from domain.use_cases.refusals import or_raise
from ports.security import KeyedHashes
from ports.storage import Storage, Transaction

P = TypeVar("P")

Outcome = int | HuchaError
"""The id of what an order made, or why it made nothing."""


@attrs.frozen
class Guard:
    """What guards an order: the PIN as it came, which may be any JSON value, and the idempotency key."""

    pin: object = attrs.field(repr=False)
    key: IdempotencyKey | None = None


@attrs.frozen(eq=False, repr=False)
class GuardedOrder(Generic[P]):
    """An order in two steps: the plan of what it will do, and the doing of it, which nothing but a mistake stops."""

    guard: Guard
    hashes: KeyedHashes | None
    """What the PIN is compared by; None for an order that needs no PIN."""

    plan: Callable[[Transaction, Account], P]
    """Reads and writes nothing. Raises what the order is refused for; a PIN that was counted stays so."""

    book: Callable[[Transaction, P], int]
    """The id of what the order makes. What this raises rolls the transaction back."""


def carry_out(tx: Transaction, account: Account | None, order: GuardedOrder[P], now: datetime) -> Outcome:
    """What comes of an order on an account that is locked, or None where there is no such account any more.

    An order whose key was used before has the outcome of then. Refusals, in order: Unauthenticated, PinLocked (a key
    that was used before), KeyReused, InvalidPin, PinLocked, then the plan's. They are to be returned from the
    transaction's work, so that a wrong PIN counts. Raises what `book` raises.
    """
    if account is None:
        return Unauthenticated()
    settled = _settled(tx, account, order, now)
    if settled is not None:
        return settled
    try:
        planned = order.plan(tx, account)
    except (Refusal, PricesUnavailable) as refused:
        return refused
    id, key = order.book(tx, planned), order.guard.key
    if key is not None:
        tx.idempotency.keep(account.user_id, key.key, KeptOutcome(key.fingerprints[0], id, now))
    return id


def run_order(storage: Storage, user_id: int, order: GuardedOrder[P], now: datetime) -> int:
    """Carry out one user's order in a transaction of its own; the id of what it made.

    Raises what `carry_out` refuses it for, KeyInFlight, StorageUnavailable.
    """

    def work(tx: Transaction) -> Outcome:
        return carry_out(tx, tx.users.lock({user_id}).get(user_id), order, now)

    with in_flight(order.guard.key):
        return or_raise(storage.run(work))


@contextmanager
def in_flight(key: IdempotencyKey | None) -> Iterator[None]:
    """Around the transaction of a guarded order: one that waited too long raises KeyInFlight."""
    try:
        yield
    except StorageBusy:
        if key is not None:
            raise KeyInFlight from None
        raise


def _settled(tx: Transaction, account: Account, order: GuardedOrder[P], now: datetime) -> Outcome | None:
    """What comes of an order before it is looked at: an outcome that its key guards, or a refusal; None: go on."""
    key = order.guard.key
    kept = None if key is None else tx.idempotency.find(account.user_id, key.key, now - KEYS_KEPT)
    if key is not None and kept is not None:
        return _replayed(tx, account, order, key, kept, now)
    return _try_pin(tx, account, order, now)


def _replayed(
    tx: Transaction, account: Account, order: GuardedOrder[P], key: IdempotencyKey, kept: KeptOutcome, now: datetime
) -> Outcome:
    """The outcome of the order that the key guarded, or a refusal where it guarded another.

    The PIN is part of what is compared, so an order that differs counts as a try of its PIN, and none is compared
    while the PIN is locked: nobody learns a PIN by replays.
    """
    if order.hashes is not None and account.pin is not None and account.pin.is_locked(now):
        return PinLocked()
    if kept.fingerprint in key.fingerprints:
        return kept.outcome
    _try_pin(tx, account, order, now)
    return KeyReused()


def _try_pin(tx: Transaction, account: Account, order: GuardedOrder[P], now: datetime) -> Refusal | None:
    return None if order.hashes is None else try_pin(tx, order.hashes, account, order.guard.pin, now)
