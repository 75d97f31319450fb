"""Switch the bot on and off, and show what it does. Source: seed B, task 8; contract B13."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import attrs

from domain.model.assets import BookedTrade
from domain.model.auto_investing import AutoInvesting
from domain.model.errors import EmptyPin
from domain.model.fields import is_empty
from domain.model.sessions import Identity
from domain.model.users import Account
from domain.use_cases.money.guarded_orders import Guard, GuardedOrder, run_order
from ports.clock import Clock
from ports.security import KeyedHashes
from ports.storage import Storage, Transaction

AUTO_INVEST: Final = "auto-invest"
"""The kind of the jobs; their subject is the user's id."""

ShownBot = tuple[AutoInvesting, list[BookedTrade]]
"""The bot's state and its trades, latest first."""


@attrs.frozen(eq=False, repr=False)
class ManageAutoInvest:
    """The bot of a signed-in user. It looks at the market every `interval`."""

    storage: Storage
    clock: Clock
    hashes: KeyedHashes
    interval: timedelta

    def enable(self, identity: Identity, pin: object) -> None:
        """Have the bot trade, from one interval after now on; nothing changes where it does.

        Raises EmptyPin, InvalidPin, PinLocked, StorageUnavailable.
        """
        if is_empty(pin):
            raise EmptyPin
        now = self.clock.now()

        def book(tx: Transaction, account: Account) -> int:
            _switch(tx, account.user_id, on=True, now=now)
            tx.due_work.add(AUTO_INVEST, account.user_id, now + self.interval)
            return account.user_id

        order = GuardedOrder(Guard(pin), self.hashes, lambda tx, account: account, book)
        run_order(self.storage, identity.user_id, order, now)

    def disable(self, identity: Identity) -> None:
        """Have the bot stop. Its job finds it stopped and is forgotten. Raises StorageUnavailable."""
        now = self.clock.now()

        def work(tx: Transaction) -> None:
            tx.users.lock({identity.user_id})
            _switch(tx, identity.user_id, on=False, now=now)

        self.storage.run(work)

    def show(
        self, identity: Identity, limit: int, before: int | None = None
    ) -> tuple[AutoInvesting, list[BookedTrade]]:
        """Whether it trades, and its trades, latest first, at most `limit`, with ids below `before`.

        Raises StorageUnavailable.
        """

        def work(tx: Transaction) -> ShownBot:
            user_id = identity.user_id
            return tx.auto_investing.load({user_id})[user_id], tx.assets.trades(user_id, limit, before, by_bot=True)

        return self.storage.read(work)


def _switch(tx: Transaction, user_id: int, *, on: bool, now: datetime) -> None:
    state = tx.auto_investing.load({user_id})[user_id]
    if state.enabled is not on:
        tx.auto_investing.save(attrs.evolve(state, enabled=on, changed_at=now))
