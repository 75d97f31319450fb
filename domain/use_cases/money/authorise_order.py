"""What every order passes before it is looked at: its idempotency key, then its PIN. Source: contract B6, B7, G8."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from domain.model.errors import KeyInFlight, KeyReused, PinLocked, Refusal, StorageBusy
from domain.model.idempotency import KEYS_KEPT, IdempotencyKey, KeptOutcome
from domain.model.users import Account
from domain.use_cases.identity.manage_pin import try_pin
from ports.security import KeyedHashes
from ports.storage import Transaction

Outcome = int | Refusal
"""The id of what an order made, or why it made nothing."""


def settled_already(
    tx: Transaction, hashes: KeyedHashes, account: Account, pin: object, key: IdempotencyKey | None, now: datetime
) -> Outcome | None:
    """What comes of an order before it is looked at: the outcome that its key guards, or a refusal; None: go on.

    The account is locked. A refusal is to be returned from the transaction's work, so that a wrong PIN counts.
    """
    kept = key and tx.idempotency.find(account.user_id, key.key, now - KEYS_KEPT)
    if key and kept:
        return _replay(tx, hashes, account, pin, key, kept, now)
    return try_pin(tx, hashes, account, pin, now)


def keep_outcome(tx: Transaction, user_id: int, key: IdempotencyKey | None, outcome: int, now: datetime) -> None:
    """Have the order's key, if it has one, guard what came of it."""
    if key:
        tx.idempotency.keep(user_id, key.key, KeptOutcome(key.fingerprints[0], outcome, now))


@contextmanager
def in_flight(key: IdempotencyKey | None) -> Iterator[None]:
    """Around the transaction of a guarded order: one that waited too long raises KeyInFlight."""
    try:
        yield
    except StorageBusy:
        if key is not None:
            raise KeyInFlight from None
        raise


def _replay(
    tx: Transaction,
    hashes: KeyedHashes,
    account: Account,
    pin: object,
    key: IdempotencyKey,
    kept: KeptOutcome,
    now: datetime,
) -> Outcome:
    """The outcome of the order that the key guarded, or a refusal where it guarded another.

    The PIN is part of what is compared, so an order that differs counts as a try of its PIN, and none is compared
    while the PIN is locked: nobody learns a PIN by replays.
    """
    if account.pin is not None and account.pin.is_locked(now):
        return PinLocked()
    if kept.fingerprint in key.fingerprints:
        return kept.outcome
    try_pin(tx, hashes, account, pin, now)
    return KeyReused()
