"""How much of each thing one customer may have, so that nobody takes the bank from the others. Source: contract G12.

The quota of a noun stands beside the noun, in its file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs


@attrs.frozen
class Quota:
    """The most of a noun that one customer may have, where the setting `QUOTAS` doesn't say another number for it."""

    noun: str
    most: int


@attrs.frozen
class Quotas:
    """What the setting says: the most of some nouns, by their names."""

    changed: Mapping[str, int] = attrs.field(factory=dict)

    def most(self, quota: Quota) -> int:
        """The most of this quota's noun."""
        return self.changed.get(quota.noun, quota.most)


STANDARD_QUOTAS: Final = Quotas()

BUDGETS: Final = Quota("budgets", 100)
BUDGET_ALERTS: Final = Quota("budget_alerts", 100)
CATEGORY_RULES: Final = Quota("category_rules", 100)
CATEGORIES: Final = Quota("categories", 100)
EXPENSES: Final = Quota("expenses", 1_000_000)
RECEIPTS_MIB: Final = Quota("receipts_mib", 1_024)
SOCKETS: Final = Quota("sockets", 20)
"""Of nouns that have no file yet; receipts count by their size."""
