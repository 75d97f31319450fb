"""Card payments on the edges of every window by which spending is judged."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import attrs
from hypothesis import strategies as st

from tests.strategies import small_amounts

LARGEST = Decimal("9999999999999.99")
TICK = timedelta(microseconds=1)
FIVE_MINUTES = timedelta(minutes=5)

ANCHORS = [
    datetime(2024, 8, 31, 10, 30, 0, 1, tzinfo=UTC),
    datetime(2024, 3, 1, tzinfo=UTC),
    datetime(2023, 5, 31, 23, 59, 59, 999999, tzinfo=UTC),
]

SPELLINGS = [
    ["food", "FOOD", "fOOd"],
    ["food "],
    [" food"],
    ["straße", "STRASSE", "Strasse"],
    ["σας", "ΣΑΣ"],
    ["caf\u00e9", "CAF\u00c9"],
    ["cafe\u0301"],
    ["x" * 255, "X" * 255],
    ["x" * 254 + "y"],
    ["ß" * 255],
    ["😀" * 255],
    ["' \\ % _"],
]
"""Categories; those on one line are one category, in several spellings."""


@attrs.frozen
class Arrival:
    """A card payment as it arrives, of the customer in this place."""

    who: int
    amount: Decimal
    category: str
    timestamp: datetime


def six_months_before(instant: datetime) -> datetime:
    """The same day and time six calendar months earlier, or the nearest earlier day that exists."""
    year, month = (instant.year, instant.month - 6) if instant.month > 6 else (instant.year - 1, instant.month + 6)
    for day in range(instant.day, 0, -1):
        try:
            return instant.replace(year=year, month=month, day=day)
        except ValueError:
            continue
    raise AssertionError("every month has a first day")


def edges(anchor: datetime) -> list[datetime]:
    """The instants at which a payment enters or leaves a window of one that is made at `anchor`."""
    midnight = datetime.combine(anchor.date(), time(), UTC)
    starts = [anchor, anchor - FIVE_MINUTES, six_months_before(anchor), midnight]
    starts += [midnight - timedelta(days=days) for days in (1, 45, 89, 90)]
    return [start + by for start in starts for by in (-TICK, timedelta(0), TICK)]


amounts = st.one_of(
    small_amounts,
    small_amounts,
    small_amounts.map(Decimal.copy_negate),
    st.sampled_from([Decimal("0.01"), Decimal("-0.01"), LARGEST, -LARGEST, Decimal("4503599627370.49")]),
)
common_categories = st.sampled_from(SPELLINGS[0] + SPELLINGS[1])
categories = st.one_of(common_categories, st.sampled_from([one for same in SPELLINGS for one in same]))


def arrivals_around(anchor: datetime, users: int = 2, most: int = 25) -> st.SearchStrategy[list[Arrival]]:
    """Payments of a few customers in any order of arrival, most of them where a window of `anchor` begins or ends."""
    moments = st.one_of(
        st.sampled_from(edges(anchor)),
        st.sampled_from([anchor, anchor - FIVE_MINUTES, anchor - timedelta(days=1)]),
        st.integers(-600, 600).map(lambda seconds: anchor + timedelta(seconds=seconds)),
        st.integers(0, 200).map(lambda days: anchor - timedelta(days=days)),
    )
    one = st.builds(Arrival, who=st.integers(0, users - 1), amount=amounts, category=categories, timestamp=moments)
    return st.lists(one, max_size=most)
