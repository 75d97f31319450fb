"""What customers spend and receive: card payments, and what reports and rules read of every source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from domain.model.spending import DayTotal, Source, SpendingEntry, SpendingReason, SpendingTotal
from domain.model.transactions import BookedMovement, Movement


class SpendingStore(Protocol):
    """Entries by user and time, and their sums. Callers that write hold the lock of the user's account.

    Card payments are the one source so far. Expenses will be others: their store keeps them, and hands each on to the
    sums that are given here in the transaction that keeps, changes or forgets it. What is no spending (`excluded`), or
    is of another currency than the user's, is no entry.

    A **day** is a UTC day. A card payment has an instant, and may be of another day where its customer lives. An
    expense has a date and no time: its instant is that date's midnight UTC, and it is of that date in every zone. So a
    report by months, weeks or any period in a user's time zone is the sums of the whole UTC days inside the period, by
    `daily_totals`, and of cards the `entries` of the hours at its two ends that are no whole day;
    one by the user's own days takes cards from `entries` alone. Either is for a pure rule to put together.
    """

    def entries(
        self,
        user_id: int,
        since: datetime,
        until: datetime,
        *,
        source: Source | None = None,
        category: str | None = None,
        spent_only: bool = False,
        limit: int | None = None,
    ) -> Iterator[SpendingEntry]:
        """Entries at or after `since` and before `until`, earliest first, then by source and id; at most `limit`.

        Of one source, of one category (case doesn't count), without what was received, where asked for. They are
        fetched in portions as they are read, which is within the transaction; what it writes meanwhile may be missing.
        The first is found by an index, whatever else there is.
        """
        ...

    def spent_by_day(self, user_id: int, first: date, last: date, *, source: Source) -> list[tuple[date, Decimal]]:
        """What was spent on each of the days from `first` to `last` on which anything was, earliest first.

        At most a row a day, however many entries and categories there are.
        """
        ...

    def daily_totals(
        self, user_id: int, first: date, last: date, *, source: Source | None = None
    ) -> Iterator[DayTotal]:
        """The sums of the days from `first` to `last`: a row per day, source and category that has entries.

        Earliest day first, a day's rows in any order; in portions, as `entries` are. A customer may have so many
        categories that there are no fewer rows than entries.
        """
        ...

    def total(self, user_id: int, since: datetime, until: datetime, *, source: Source) -> SpendingTotal:
        """The sums of the entries at or after `since` and before `until`, by the database.

        Its cost has a bound, whatever the number of entries and however they lie in time.
        """
        ...

    def record(self, transaction_id: int, payment: Movement, reasons: Sequence[SpendingReason]) -> None:
        """Take a card payment in that is booked in the same transaction, with why it was judged as it was."""
        ...

    def reasons(self, transaction_id: int) -> list[SpendingReason]:
        """Why a payment was judged as it was; empty where no rule fired."""
        ...

    def payments(
        self,
        user_id: int,
        limit: int,
        *,
        before: int | None = None,
        category: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[BookedMovement]:
        """The user's card payments of either sign, highest id first, at most `limit`; where given, with ids below
        `before`, of a category, with timestamps at or after `since` and before `until`.
        """
        ...
