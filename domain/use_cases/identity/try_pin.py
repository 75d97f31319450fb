"""Compare a PIN, and count a wrong one. Source: seed B, task 3; contract B6."""

from __future__ import annotations

from datetime import datetime

from domain.model.errors import InvalidPin, PinLocked
from domain.model.users import Account, Pin
from domain.rules.pins import is_pin
from ports.security import KeyedHashes
from ports.storage import Transaction


def try_pin(tx: Transaction, hashes: KeyedHashes, account: Account, pin: object, now: datetime) -> InvalidPin | None:
    """Compare a PIN with the one of a locked account; a refusal is to be returned, so that the try counts.

    What can't be a PIN isn't compared, and is no try.
    """
    kept = account.pin
    if kept is None:
        return InvalidPin()
    if kept.is_locked(now):
        return PinLocked()
    if not is_pin(pin):
        return InvalidPin()
    if not hashes.matches(kept.keyed_hash, "pin", str(account.user_id), pin):
        tx.users.set_pin(account.user_id, kept.after_wrong(now))
        return InvalidPin()
    right = kept.after_right()
    if not hashes.is_current(kept.keyed_hash):
        right = Pin(hashes.hash("pin", str(account.user_id), pin))
    if kept != right:
        tx.users.set_pin(account.user_id, right)
    return None
