"""Recompute every balance from the movements, and every holding from the trades. Source: contract B9, B10, R2."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import attrs

from domain.model.assets import NOTHING, Holding
from ports.storage import Storage, Transaction


@attrs.frozen
class Difference:
    """Something that isn't what was booked adds up to: `what` is the balance, or a number of a holding."""

    user_id: int
    what: str
    kept: Decimal
    booked: Decimal


@attrs.frozen(eq=False, repr=False)
class Audit:
    """Compares what is kept with the sums of what was booked, over one snapshot."""

    storage: Storage

    def __call__(
        self, begin: Callable[[int], object] = lambda total: None, step: Callable[[], object] = lambda: None
    ) -> tuple[int, list[Difference]]:
        """How many accounts there are, and what doesn't add up: balances first, then holdings.

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
                    differences.append(Difference(user_id, "balance", balance, booked))
                step()
            differences += [
                Difference(user_id, "balance", NOTHING, booked) for user_id, booked in sums.items() if booked
            ]
            return len(balances), [*differences, *_in_holdings(tx)]

        return self.storage.read(work)


def _in_holdings(tx: Transaction) -> Iterator[Difference]:
    kept = {(one.user_id, one.symbol): one for one in tx.assets.kept()}
    booked = {(one.user_id, one.symbol): one for one in tx.assets.summed()}
    for key in sorted(kept.keys() | booked.keys()):
        ours, theirs = kept.get(key, Holding(*key)), booked.get(key, Holding(*key))
        for name in ("quantity", "cost", "realised"):
            if getattr(ours, name) != getattr(theirs, name):
                user_id, symbol = key
                yield Difference(user_id, f"{name} of {symbol}", getattr(ours, name), getattr(theirs, name))
