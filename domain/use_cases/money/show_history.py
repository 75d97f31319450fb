"""The history of an account. Source: seed B, task 4; contract B9."""

from __future__ import annotations

import attrs

from domain.model.sessions import Identity
from domain.model.transactions import BookedMovement
from ports.storage import Storage


@attrs.frozen(eq=False, repr=False)
class ShowHistory:
    """Shows users what moved their money."""

    storage: Storage

    def __call__(self, identity: Identity, limit: int | None = None, before: int | None = None) -> list[BookedMovement]:
        """The account's movements, newest first: all of them, or at most `limit` with ids below `before`."""
        return self.storage.read(lambda tx: tx.ledger.history(identity.user_id, limit, before))
