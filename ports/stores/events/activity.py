"""Judged actions, and the activity of each user that follows from them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from domain.model.activity import Action, JudgedAction, NewJudgedAction, Stream, UserActivity


class ActivityStore(Protocol):
    """Judged actions, and the activity of each user that follows from them."""

    def load(self, stream: Stream, user_ids: Collection[int]) -> dict[int, UserActivity]:
        """The activity of each of these users, a fresh one for who has none.

        Who has actions, but an activity kept in a form of another version, is left out: replay the history.
        Until the transaction ends, nobody else can load these users' activities for writing. Rows are locked in
        the order of user ids.
        """
        ...

    def save(self, stream: Stream, activities: Mapping[int, UserActivity]) -> None:
        """Keep the activities of users that this transaction has loaded; the caller gives them away."""
        ...

    def append(self, stream: Stream, judged: Sequence[NewJudgedAction]) -> None:
        """Add judged actions to the end of the history, in this order."""
        ...

    def totals_between(self, stream: Stream, user_id: int, start: int, end: int) -> list[tuple[int, int, Decimal]]:
        """The totals of each second with actions of the user's in it, `start <= second <= end`, earliest first:
        (second, number of actions, sum of the deposits). The sums are exact, however large, and have two decimals."""
        ...

    def history(self, stream: Stream, user_id: int) -> list[Action]:
        """All of the user's actions, in order of arrival."""
        ...

    def newest(
        self, stream: Stream, user_id: int, limit: int, before: tuple[int, int] | None = None
    ) -> list[JudgedAction]:
        """The user's latest actions by (time, id), latest first, at most `limit`; with `before`, only earlier ones."""
        ...
