"""The same bank in memory, for a notebook.

>>> from entrypoints.notebook import open_bank
>>> bank = open_bank()
>>> bank.judge("deposit", "150.00", user_id=1, time=10).codes
()
>>> verdict = bank.judge("withdraw", "187.40", user_id=1, time=20)
>>> verdict.codes
(1100,)
>>> print(verdict.reasons()[0])
A withdrawal amount over 100: observed 187.40; would not have fired at 100.00 or less
>>> bank.watch(1, "low")
>>> bank.judge("withdraw", "187.40", user_id=1, time=30).codes
()
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from domain.model.activity import Action, JudgedAction, parse_user_id
from domain.model.errors import FieldProblem, InvalidFields
from domain.rules.activity import Verdict
from domain.rules.ratings import parse_profile
from entrypoints.composition import Hucha, build_in_memory


@attrs.frozen
class Bank:
    """A bank of your own. `hucha` holds every use case; the methods are shortcuts to the common ones."""

    hucha: Hucha

    def judge(self, type: str, amount: Decimal | int | str, user_id: int, time: int) -> Verdict:
        """Judge one action and keep it, as `POST /event` does. Raises InvalidFields."""
        return self.hucha.judge_event(Action.parse({"type": type, "amount": amount, "user_id": user_id, "time": time}))

    def watch(self, user_id: int, rating: str = "medium", thresholds: Mapping[int, object] | None = None) -> None:
        """Set a user's risk rating and personal thresholds by alert code. Raises InvalidFields."""
        own = {str(code): limit for code, limit in (thresholds or {}).items()}
        self.hucha.risk_profiles.put(_user(user_id), parse_profile({"rating": rating, "thresholds": own}))

    def events(self, user_id: int, limit: int = 100) -> list[JudgedAction]:
        """The user's latest actions with the codes they raised, latest first. Raises InvalidFields."""
        return self.hucha.list_events(_user(user_id), limit)


def _user(user_id: int) -> int:
    try:
        return parse_user_id(user_id)
    except ValueError as problem:
        raise InvalidFields((FieldProblem("user_id", str(problem)),)) from None


def open_bank() -> Bank:
    """A new, empty bank in this process's memory."""
    return Bank(build_in_memory())
