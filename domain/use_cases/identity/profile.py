"""What users see of themselves and of their account, and what they change.

Sources: seed B, task 1; contract B1, D1.
"""

from __future__ import annotations

from decimal import Decimal

import attrs

from domain.model.errors import Unauthenticated
from domain.model.sessions import Identity
from domain.model.users import DetailChanges, User
from ports.limits import RateLimits
from ports.storage import Storage, Transaction


@attrs.frozen(eq=False, repr=False)
class Profile:
    """Shows and changes a signed-in user's own details."""

    storage: Storage
    limits: RateLimits

    def show(self, identity: Identity) -> User:
        """The user. Raises Unauthenticated where there is none any more, StorageUnavailable."""
        return self.storage.read(lambda tx: _user(tx, identity))

    def balance(self, identity: Identity) -> Decimal:
        """The balance of the account, with two decimals. Raises StorageUnavailable."""
        return self.storage.read(lambda tx: tx.users.balance(identity.user_id))

    def change(self, identity: Identity, changes: DetailChanges, address: str) -> User:
        """Change these details; the rest stays.

        Raises TooManyRequests (who looks for taken phone numbers), PhoneTaken, StorageUnavailable.
        """
        if "phone_number" in changes or "country_code" in changes:
            self.limits.hit("register", address)

        def work(tx: Transaction) -> User:
            tx.users.lock({identity.user_id})
            user = _user(tx, identity)
            details = attrs.evolve(user.details, **changes)
            if details != user.details:
                tx.users.set_details(user.id, details)
            return attrs.evolve(user, details=details)

        return self.storage.run(work)


def _user(tx: Transaction, identity: Identity) -> User:
    user = tx.users.get(identity.user_id)
    if user is None:
        raise Unauthenticated
    return user
