"""Column types that keep money exact and instants in UTC on every database."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    DateTime,
    Dialect,
    Integer,
    Numeric,
    String,
    TypeDecorator,
    cast,
    func,
    literal_column,
    type_coerce,
)
from sqlalchemy.sql.type_api import TypeEngine

from domain.model.assets import PLACES, SMALLEST
from domain.model.money import EXACT

_PLACES = 4
_SCALE = 10**_PLACES
_EXACT = Context(prec=28, traps=[Inexact])
"""The caller's own context may be narrower than an amount."""

_PRECISE_DIGITS = 38
_PRECISE = Context(prec=_PRECISE_DIGITS, traps=[Inexact, InvalidOperation])

_PART = 10**9
"""Where `money_sum` cuts an amount in two: the sums of both parts have room for 10^9 rows."""


Id = BigInteger().with_variant(Integer, "sqlite")
"""A primary key that counts by itself (SQLite does so for INTEGER only, which has 64 bits there too)."""


class Money(TypeDecorator[Decimal]):
    """An exact amount with up to four decimals: DECIMAL(19,4), and on SQLite, whose NUMERIC is binary floating
    point, a BIGINT of ten-thousandths.

    It refuses floats and a fifth decimal. `money_check` makes SQLite refuse what another program may write.
    A literal or a bind without a column beside it must be given this type by hand; a product of money and
    money in SQL would be scaled twice, so there is none.
    """

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(Numeric(19, _PLACES))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        if not isinstance(value, Decimal) and (not isinstance(value, int) or isinstance(value, bool)):
            raise TypeError(f"money is a Decimal or an int, not {type(value).__name__}")
        try:
            ten_thousandths = _EXACT.multiply(value, _SCALE)
        except Inexact:
            raise ValueError("money has at most 28 digits") from None
        scaled = int(ten_thousandths)
        if scaled != ten_thousandths:
            raise ValueError("money has at most 4 decimals")
        return scaled if dialect.name == "sqlite" else Decimal(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        return Decimal(value).scaleb(-_PLACES, _EXACT) if dialect.name == "sqlite" else Decimal(value)

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        return self


class Precise(TypeDecorator[Decimal]):
    """An exact number with up to 12 decimals: DECIMAL(38,12), and on SQLite text with all twelve.

    It is kept and given back, and never calculated or compared with in SQL. It refuses floats and a thirteenth decimal.
    """

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(_PRECISE_DIGITS + 2))
        return dialect.type_descriptor(Numeric(_PRECISE_DIGITS, PLACES))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        if not isinstance(value, Decimal):
            raise TypeError(f"a precise number is a Decimal, not {type(value).__name__}")
        if not value.is_finite():
            raise ValueError("a precise number is finite")
        try:
            precise = value.quantize(SMALLEST, context=_PRECISE)
        except (Inexact, InvalidOperation):
            raise ValueError(f"it has at most {_PRECISE_DIGITS} digits, {PLACES} of them decimals") from None
        return f"{precise:f}" if dialect.name == "sqlite" else precise

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


def money_check(column: str) -> CheckConstraint:
    """Make SQLite refuse anything but an integer in a money column."""
    check = CheckConstraint(f"typeof({column}) in ('integer', 'null')", name=f"{column}_is_money")
    return check.ddl_if(dialect="sqlite")


class _MoneySum(TypeDecorator[Decimal]):
    """What `money_sum` gives: a DECIMAL, and on SQLite the text of two integers."""

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String() if dialect.name == "sqlite" else Numeric(41, _PLACES))

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None or dialect.name != "sqlite":
            return None if value is None else Decimal(value)
        high, low = map(int, value.split())
        return Decimal(high * _PART + low).scaleb(-_PLACES, EXACT)


def money_sum(amount: ColumnElement[Any], dialect: Dialect) -> ColumnElement[Decimal]:
    """The exact sum of a column of money, however many rows there are.

    SQLite's own sum ends at 2^63 ten-thousandths, some 92 of the largest amounts: it sums the high digits and the low
    ones apart.
    """
    if dialect.name != "sqlite":
        return type_coerce(func.sum(amount), _MoneySum)
    units, part = type_coerce(amount, BigInteger), literal_column(str(_PART), BigInteger)
    high, low = (cast(func.sum(part), String) for part in (units // part, units % part))
    return type_coerce(high.concat(literal_column("' '")).concat(low), _MoneySum)


class Instant(TypeDecorator[datetime]):
    """An aware instant, kept in UTC to the microsecond: DATETIME(6), and on SQLite, which has no such type, text."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(26))
        from sqlalchemy.dialects.mysql import DATETIME  # imported where it is spoken: start-up pays for one only

        return dialect.type_descriptor(DATETIME(fsp=6))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        instant = value if value.tzinfo is UTC else value.astimezone(UTC)
        if dialect.name == "sqlite":
            return instant.isoformat(" ", "microseconds")[:26]  # without the offset
        return instant.replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        instant = datetime.fromisoformat(value) if dialect.name == "sqlite" else value
        return instant.replace(tzinfo=UTC)
