"""How much of each thing one customer may have, so that nobody takes the bank from the others. Source: contract G12."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

import attrs

Noun = Literal[
    "alerts",
    "subscriptions",
    "recurring",
    "budgets",
    "budget_alerts",
    "category_rules",
    "categories",
    "expenses",
    "receipts_mib",
    "sockets",
    "sessions",
]

NOUNS: Final[Mapping[str, Noun]] = {noun: noun for noun in get_args(Noun)}

DEFAULT_QUOTAS: Final[Mapping[Noun, int]] = {
    "alerts": 100,
    "subscriptions": 100,
    "recurring": 1_000,
    "budgets": 100,
    "budget_alerts": 100,
    "category_rules": 100,
    "categories": 100,
    "expenses": 1_000_000,
    "receipts_mib": 1_024,
    "sockets": 20,
    "sessions": 20,
}
"""Subscriptions are the active ones, sessions the live ones; receipts count by their size."""


def _with_defaults(changed: Mapping[Noun, int]) -> Mapping[Noun, int]:
    return {**DEFAULT_QUOTAS, **changed}


@attrs.frozen
class Quotas:
    """The most that one customer may have of each noun. What isn't given has its default."""

    by_noun: Mapping[Noun, int] = attrs.field(factory=dict, converter=_with_defaults)

    def most(self, noun: Noun) -> int:
        """The most of this noun."""
        return self.by_noun[noun]


STANDARD_QUOTAS: Final = Quotas()
