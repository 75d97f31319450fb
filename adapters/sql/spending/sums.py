"""Sums of what was spent and received, kept while entries come in, in SQL.

`spending_categories` has them by day, source and category. `spending_spans` has them over all categories by spans of
time: every day; and where a span holds more than a few entries, the shorter spans within it too, down to the
microsecond. So any stretch of time is some whole spans and a few entries at its ends, however many entries there are
and however they crowd; and customers whose days hold a few entries, as most do, have one row a day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, get_args

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Executable,
    SmallInteger,
    String,
    Table,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)

from adapters.sql.prepared import Prepared
from adapters.sql.schema_metadata import metadata
from adapters.sql.upserts import add_on_conflict
from domain.model.money import EXACT
from domain.model.spending import NOTHING, DayTotal, Source, SpendingTotal, folded

SPANS: Final = (86_400_000_000, 900_000_000, 10_000_000, 100_000, 1_000, 1)
"""Microseconds: a day, then each a part of the one before. Spans of one length are numbered from 1970 on."""

FEW: Final = 64
"""The parts of a span with more entries are summed too."""

PORTION: Final = 1_000
"""So many rows are fetched at once."""

NO_OFFSET: Final[ColumnElement[int]] = literal_column("0")
"""SQLAlchemy adds one for SQLite, and by a value of its own."""

_SOURCES: Final[tuple[Source, ...]] = get_args(Source)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = _EPOCH.toordinal()
_MICROSECOND = timedelta(microseconds=1)
_SUMS = ("times_spent", "spent_whole", "spent_cents", "times_received", "received_whole", "received_cents")
NO_SUMS: Final = (0,) * len(_SUMS)

Amounts = Iterable[tuple[datetime, Decimal]]
"""Entries, each as its instant and its amount."""

ReadAmounts = Callable[[datetime, datetime, int], list[tuple[datetime, Decimal]]]
"""Reads the entries of one user and source from an instant up to, not with, another; so many at most."""

SumUp = Callable[[datetime, datetime], Sequence[int]]
"""Sums such entries up, as `NO_SUMS` does none; asked only where there are few."""


def _sums() -> list[Column[int]]:
    """An amount takes two columns, before and behind the point: the cents of many are more than 64 bits hold."""
    return [Column(name, BigInteger, nullable=False) for name in _SUMS]


spending_categories = Table(
    "spending_categories",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("day", String(10), primary_key=True, comment="UTC, YYYY-MM-DD"),
    Column("source", String(8), primary_key=True),
    Column("category_key", String(64), primary_key=True, comment="a digest of the category, case folded"),
    Column("category", String(765), nullable=False, comment="case folded, which may make it longer"),
    *_sums(),
)

spending_spans = Table(
    "spending_spans",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("source", String(8), primary_key=True),
    Column("level", SmallInteger, primary_key=True, autoincrement=False, comment="of its length: 0 is a day"),
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="from 1970 on"),
    *_sums(),
)


class SqlSpendingSums:
    """Takes entries in, and sums them. Callers that add hold the lock of the user's account."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self, user_id: int, source: Source, category: str, timestamp: datetime, amount: Decimal, read: ReadAmounts
    ) -> None:
        """Take one entry in, which can be read already."""
        sums = _as_sums(amount)
        day = timestamp.date().isoformat()
        _ADD_TO_CATEGORY.execute(
            self._connection, (user_id, day, source, category_key(category), folded(category), *sums)
        )
        at = _microseconds(timestamp)
        path = [(level, at // span) for level, span in enumerate(SPANS)]
        counts = self._counts(user_id, source, path[:1])
        if counts and counts[path[0]] > FEW:
            counts |= self._counts(user_id, source, path[1:])
        deepest = next((level for level, _ in path if counts.get(path[level], 0) <= FEW), len(path) - 1)
        self._add_to_spans(user_id, source, [(one, sums) for one in path[: deepest + 1]])
        if counts.get(path[deepest], 0) == FEW and deepest < len(path) - 1:
            begin = _EPOCH + path[deepest][1] * SPANS[deepest] * _MICROSECOND
            entries = read(begin, begin + SPANS[deepest] * _MICROSECOND, FEW + 1)
            self._add_to_spans(user_id, source, list(_parts(deepest + 1, entries)))

    def total(self, user_id: int, source: Source, since: datetime, until: datetime, sum_up: SumUp) -> SpendingTotal:
        """The sums from an instant up to, not with, another."""
        low, high = _microseconds(since), _microseconds(until)
        crowded = self._crowded(user_id, source, (low, high), range(1))
        if crowded:
            crowded |= self._crowded(user_id, source, (low, high), range(1, len(SPANS)))
        spans, gaps = _cover(low, high, crowded)
        sums = [sum_up(_EPOCH + begin * _MICROSECOND, _EPOCH + end * _MICROSECOND) for begin, end in gaps]
        if spans:
            values = [value for span in spans for value in (user_id, source, *span)]
            sums += _SPANS.all(self._connection, values, size=len(spans))
        return _total([sum(int(one or 0) for one in column) for column in zip(*sums, strict=True)] or NO_SUMS)

    def spent_by_day(self, user_id: int, source: Source, first: date, last: date) -> list[tuple[date, Decimal]]:
        rows = _DAYS.all(self._connection, (user_id, source, first.toordinal() - _FIRST, last.toordinal() - _FIRST))
        return [(date.fromordinal(_FIRST + number), _amount(whole, cents)) for number, whole, cents in rows]

    def daily_totals(self, user_id: int, first: date, last: date, source: Source | None) -> Iterator[DayTotal]:
        sources = _SOURCES if source is None else (source,) * len(_SOURCES)
        after = (first.isoformat(), "", "")
        while True:
            values = (user_id, *sources, *after, last.isoformat())
            rows = _CATEGORIES.all(self._connection, values)
            for day, found, _, category, *sums in rows:
                yield DayTotal(date.fromisoformat(day), found, category, _total(sums))
            if len(rows) < PORTION:
                return
            after = rows[-1][:3]

    def _crowded(
        self, user_id: int, source: Source, instants: Sequence[int], levels: Iterable[int]
    ) -> set[tuple[int, int]]:
        """Those of the spans around some instants that hold more than a few entries."""
        spans = {(level, instant // SPANS[level]) for level in levels for instant in instants}
        return {span for span, count in self._counts(user_id, source, list(spans)).items() if count > FEW}

    def _counts(self, user_id: int, source: Source, spans: Sequence[tuple[int, int]]) -> dict[tuple[int, int], int]:
        """How many entries these spans hold; those that hold none are left out."""
        values = [value for span in spans for value in (user_id, source, *span)]
        rows = _COUNTS.all(self._connection, values, size=len(spans))
        return {(level, number): count for level, number, count in rows}

    def _add_to_spans(
        self, user_id: int, source: Source, sums: Sequence[tuple[tuple[int, int], Sequence[int]]]
    ) -> None:
        _ADD_TO_SPAN.many(self._connection, [(user_id, source, *span, *more) for span, more in sums])


def category_key(category: str) -> str:
    """What is equal for two spellings of one category, and of one length for all."""
    return hashlib.sha256(folded(category).encode("utf-8", "surrogatepass")).hexdigest()


def rows_after(
    dialect: Dialect, columns: Sequence[ColumnElement[Any]], after: Sequence[ColumnElement[Any]]
) -> ColumnElement[bool]:
    """What comes behind a row in the order of these columns, so that an index that has them finds it at once.

    MySQL and MariaDB find no ranges in a comparison of rows, and SQLite none in the alternatives that it stands for.
    """
    if dialect.name == "sqlite":
        return tuple_(*columns) > tuple_(*after)
    pairs = list(zip(columns, after, strict=True))
    return or_(*(and_(*(a == b for a, b in pairs[:n]), pairs[n][0] > pairs[n][1]) for n in range(len(pairs))))


def _cover(
    low: int, high: int, crowded: set[tuple[int, int]]
) -> tuple[list[tuple[int, int, int]], list[tuple[int, int]]]:
    """The whole spans in a stretch of time, each as its level, the first number and the last; and what they leave.

    What they leave holds a few entries only: where there are more, which is in crowded spans, shorter ones are taken.
    """
    spans: list[tuple[int, int, int]] = []
    gaps: list[tuple[int, int]] = []
    left = [(low, high)]
    for level, span in enumerate(SPANS):
        shorter: list[tuple[int, int]] = []
        for begin, end in left:
            first, behind = -(-begin // span), end // span
            if first < behind:
                spans.append((level, first, behind - 1))
            ends = [(begin, first * span), (behind * span, end)] if first <= behind else [(begin, end)]
            for one in ends:
                if one[0] < one[1]:
                    (shorter if (level, one[0] // span) in crowded else gaps).append(one)
        left = shorter
    return spans, gaps


def _parts(level: int, entries: Amounts) -> Iterator[tuple[tuple[int, int], Sequence[int]]]:
    """The sums of the spans of this level that entries are in, and of shorter ones where they crowd."""
    parts: dict[int, list[tuple[datetime, Decimal]]] = {}
    for one in entries:
        parts.setdefault(_microseconds(one[0]) // SPANS[level], []).append(one)
    for number, own in parts.items():
        yield (level, number), _sum_up(own)
        if len(own) > FEW and level < len(SPANS) - 1:
            yield from _parts(level + 1, own)


def _sum_up(entries: Amounts) -> Sequence[int]:
    sums = [_as_sums(amount) for _, amount in entries]
    return [sum(column) for column in zip(*sums, strict=True)] if sums else NO_SUMS


def _as_sums(amount: Decimal) -> tuple[int, ...]:
    whole, cents = divmod(abs(int(amount.scaleb(2, EXACT))), 100)
    return (1, whole, cents, 0, 0, 0) if amount > 0 else (0, 0, 0, 1, whole, cents)


def _total(sums: Sequence[int]) -> SpendingTotal:
    times_spent, spent_whole, spent_cents, times_received, received_whole, received_cents = sums
    spent = _amount(spent_whole, spent_cents) if times_spent else NOTHING
    received = _amount(received_whole, received_cents) if times_received else NOTHING
    return SpendingTotal(spent, received, times_spent, times_received)


def _amount(whole: int, cents: int) -> Decimal:
    return Decimal(whole * 100 + cents).scaleb(-2, EXACT) if cents > 99 else Decimal(f"{whole}.{cents:02}")


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


def _counts(dialect: Dialect, size: int) -> Executable:
    span = spending_spans.c
    count = select(span.level, span.number, span.times_spent + span.times_received)
    return union_all(
        *(
            count.where(*_own(n), span.level == bindparam(f"level{n}"), span.number == bindparam(f"number{n}"))
            for n in range(size)
        )
    )


def _spans(dialect: Dialect, size: int) -> Executable:
    span = spending_spans.c
    sums = select(*(func.sum(span[name]) for name in _SUMS))
    return union_all(
        *(
            sums.where(
                *_own(n),
                span.level == bindparam(f"level{n}"),
                span.number.between(bindparam(f"first{n}"), bindparam(f"last{n}")),
            )
            for n in range(size)
        )
    )


def _own(n: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Not OR: SQLite looks each SELECT up by the index, and would read all the user's spans for alternatives."""
    return spending_spans.c.user_id == bindparam(f"user_id{n}"), spending_spans.c.source == bindparam(f"source{n}")


def _days(dialect: Dialect, size: int) -> Executable:
    span = spending_spans.c
    return (
        select(span.number, span.spent_whole, span.spent_cents)
        .where(
            span.user_id == bindparam("user_id"),
            span.source == bindparam("source"),
            span.level == literal_column("0"),
            span.number.between(bindparam("first"), bindparam("last")),
            span.times_spent > literal_column("0"),
        )
        .order_by(span.number)
    )


def _categories(dialect: Dialect, size: int) -> Executable:
    row = spending_categories.c
    order = (row.day, row.source, row.category_key)
    after = [bindparam(f"after_{column.name}", type_=column.type) for column in order]
    return (
        select(*order, row.category, *(row[name] for name in _SUMS))
        .where(
            row.user_id == bindparam("user_id"),
            row.source.in_([bindparam(one) for one in _SOURCES]),
            rows_after(dialect, order, after),
            row.day <= bindparam("last"),
        )
        .order_by(*order)
        .limit(literal_column(str(PORTION)))
        .offset(NO_OFFSET)
    )


def _add_to_category(dialect: Dialect, size: int) -> Executable:
    return add_on_conflict(dialect, spending_categories, _SUMS)


def _add_to_span(dialect: Dialect, size: int) -> Executable:
    return add_on_conflict(dialect, spending_spans, _SUMS)


_COUNTS = Prepared(_counts)
_SPANS = Prepared(_spans)
_DAYS = Prepared(_days)
_CATEGORIES = Prepared(_categories, ("user_id", *_SOURCES, "after_day", "after_source", "after_category_key", "last"))
_ADD_TO_CATEGORY = Prepared(_add_to_category, [column.name for column in spending_categories.c])
_ADD_TO_SPAN = Prepared(_add_to_span, [column.name for column in spending_spans.c])
