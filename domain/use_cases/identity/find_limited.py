"""Find who is meant by an identifier, and count the try. Source: contract G10, B3."""

from __future__ import annotations

from domain.model.errors import UnknownUser
from domain.model.users import User
from ports.limits import RateLimits
from ports.storage import Storage, Transaction


def find_limited(
    storage: Storage, limits: RateLimits, kind: str, identifier: str, address: str, *what: str, by_account: bool = True
) -> User:
    """The user with this email address or, where that may be, account number, whose try is counted.

    A user's tries count together, by whichever identifier. Raises TooManyRequests, UnknownUser, StorageUnavailable.
    """

    def work(tx: Transaction) -> User | None:
        if "@" in identifier or not by_account:
            return tx.users.by_email(identifier)
        return tx.users.by_account_number(identifier)

    user = storage.read(work)
    limits.hit(kind, *what, address, identifier.casefold() if user is None else str(user.id))
    if user is None:
        raise UnknownUser(identifier)
    return user
