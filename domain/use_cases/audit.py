"""Recompute every balance from the movements. Source: contract B9, R2."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import attrs

from ports.storage import Storage, Transaction

NOTHING = Decimal("0.00")


@attrs.frozen
class Difference:
    """An account whose balance isn't what its movements add up to."""

    user_id: int
    balance: Decimal
    movements: Decimal


@attrs.frozen
class Audit:
    """Compares every balance with the sum of its account's movements, over one snapshot."""

    storage: Storage

    def __call__(
        self, begin: Callable[[int], object] = lambda total: None, step: Callable[[], object] = lambda: None
    ) -> tuple[int, list[Difference]]:
        """How many accounts there are, and those that don't add up.

        `begin` is told the number of accounts, and `step` is called after each.

        Raises StorageUnavailable.
        """

        def work(tx: Transaction) -> tuple[int, list[Difference]]:
            sums = dict(tx.ledger.sums())
            balances = list(tx.users.balances())
            begin(len(balances))
            differences = []
            for user_id, balance in balances:
                booked = sums.pop(user_id, NOTHING)
                if booked != balance:
                    differences.append(Difference(user_id, balance, booked))
                step()
            differences += [Difference(user_id, NOTHING, booked) for user_id, booked in sums.items() if booked]
            return len(balances), differences

        return self.storage.read(work)
