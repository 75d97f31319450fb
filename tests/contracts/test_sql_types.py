"""Exact money and instants in SQL, on SQLite and MariaDB, and the traps beside them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, localcontext
from random import Random

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    bindparam,
    create_engine,
    func,
    insert,
    literal,
    make_url,
    select,
    text,
    type_coerce,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from adapters.sql.types import Id, Instant, Money, Precise, money_check, money_sum

metadata = MetaData()
purses = Table(
    "purses",
    metadata,
    Column("id", Id, primary_key=True),
    Column("amount", Money),
    Column("count", Integer),
    money_check("amount"),
)
heaps = Table("heaps", metadata, Column("id", Id, primary_key=True), Column("size", Precise))
moments = Table("moments", metadata, Column("id", Id, primary_key=True), Column("at", Instant))

amount = purses.c.amount

LARGEST = Decimal("99999999999999.9999")
"""Fourteen digits before the point: ten times what an amount may be; binary floating point has no such number."""


@pytest.fixture
def connection(empty_url: str) -> Iterator[Connection]:
    engine = create_engine(empty_url)
    metadata.create_all(engine)
    with engine.connect() as connection:
        yield connection
    metadata.drop_all(engine)
    engine.dispose()


def keep(connection: Connection, *amounts: Decimal | int | None) -> None:
    connection.execute(insert(purses), [{"amount": one} for one in amounts])


def kept(connection: Connection) -> list[Decimal]:
    return list(connection.execute(select(amount).order_by(purses.c.id)).scalars())


class TestMoney:
    @pytest.mark.parametrize(
        "given",
        ["0", "0.0001", "0.01", "0.1", "-0.07", "-12.3456", "9999999999999.99", str(LARGEST), str(-LARGEST), "1E+3"],
    )
    def test_comes_back_exactly(self, connection, given):
        keep(connection, Decimal(given))
        (found,) = kept(connection)
        assert found == Decimal(given)
        assert type(found) is Decimal

    def test_takes_integers_and_nothing(self, connection):
        keep(connection, 7, None, -3)
        assert kept(connection) == [Decimal(7), None, Decimal(-3)]

    @pytest.mark.parametrize("given", [0.5, 1.0, True, False, "1.00", "abc", b"1"])
    def test_refuses_what_is_no_decimal(self, connection, given):
        with pytest.raises(StatementError) as refusal:
            keep(connection, given)
        assert isinstance(refusal.value.orig, TypeError)
        assert kept(connection) == []

    @pytest.mark.parametrize("given", ["0.00001", "1.00005", "-99999999999999.99999", "1." + "0" * 30 + "1"])
    def test_refuses_a_fifth_decimal(self, connection, given):
        with pytest.raises(StatementError) as refusal:
            keep(connection, Decimal(given))
        assert isinstance(refusal.value.orig, ValueError)

    def test_takes_trailing_zeros_for_no_decimals(self, connection):
        keep(connection, Decimal("1.500000000"))
        assert kept(connection) == [Decimal("1.5")]

    @pytest.mark.parametrize("given", ["NaN", "sNaN", "Infinity", "-Infinity"])
    def test_refuses_what_is_no_number(self, connection, given):
        with pytest.raises((StatementError, ArithmeticError)):
            keep(connection, Decimal(given))
        assert kept(connection) == []

    def test_refuses_what_its_column_can_not_hold(self, connection):
        with pytest.raises((DBAPIError, OverflowError)):
            keep(connection, Decimal(10) ** 16)
        connection.rollback()
        assert kept(connection) == []

    def test_does_not_depend_on_the_caller_s_context(self, connection):
        """A context of few digits rounds every sum and product; what is kept must not be rounded."""
        with localcontext(prec=6):
            keep(connection, Decimal("1234567.89"), LARGEST)
            assert kept(connection) == [Decimal("1234567.89"), LARGEST]
            with pytest.raises(StatementError):
                keep(connection, Decimal("1234567.00001"))

    def test_compares_exactly(self, connection):
        nearly = LARGEST - Decimal("0.0001")
        keep(connection, Decimal("0.1") + Decimal("0.2"), nearly, LARGEST, Decimal(-1))

        def found(condition: object) -> list[Decimal]:
            return list(connection.execute(select(amount).where(condition).order_by(amount)).scalars())

        assert found(amount == Decimal("0.3")) == [Decimal("0.3")]
        assert found(amount == LARGEST) == [LARGEST]
        assert found(amount > nearly) == [LARGEST]
        assert found(amount >= nearly) == [nearly, LARGEST]
        assert found(amount < Decimal("0.3")) == [Decimal(-1)]
        assert found(amount.between(Decimal("0.3"), nearly)) == [Decimal("0.3"), nearly]
        assert found(amount.in_([Decimal("0.3"), LARGEST])) == [Decimal("0.3"), LARGEST]
        assert found(amount != LARGEST) == [Decimal(-1), Decimal("0.3"), nearly]

    def test_a_comparison_refuses_floats_too(self, connection):
        with pytest.raises(StatementError):
            connection.execute(select(amount).where(amount > 0.3))

    def test_sorts_exactly(self, connection):
        neighbours = [LARGEST - Decimal(step).scaleb(-4) for step in range(50)]
        others = [Decimal(step).scaleb(-2) for step in (-1000, -999, -1, 0, 1, 2, 10, 99, 100)]
        shuffled = neighbours + others
        Random(4).shuffle(shuffled)
        keep(connection, *shuffled)
        assert list(connection.execute(select(amount).order_by(amount)).scalars()) == sorted(shuffled)
        assert list(connection.execute(select(amount).order_by(amount.desc())).scalars()) == sorted(shuffled)[::-1]
        assert connection.execute(select(func.max(amount), func.min(amount))).one() == (LARGEST, Decimal(-10))

    def test_sums_exactly_where_the_sum_has_its_type(self, connection):
        keep(connection, *[Decimal("0.1")] * 10, Decimal("9999999999999.99"), Decimal("0.0001"))
        total = connection.execute(select(type_coerce(func.sum(amount), Money))).scalar_one()
        assert total == Decimal("10000000000000.9901")

    @pytest.mark.parametrize(("count", "sign"), [(1, 1), (93, 1), (1_000, 1), (1_000, -1)])
    def test_money_sum_is_exact_beyond_64_bits(self, connection, count, sign):
        keep(connection, *[sign * LARGEST] * count, Decimal("0.0001"))
        total = connection.execute(select(money_sum(amount, connection.dialect))).scalar_one()
        assert total == sign * LARGEST * count + Decimal("0.0001")
        assert type(total) is Decimal

    def test_money_sum_of_nothing_is_none(self, connection):
        assert connection.execute(select(money_sum(amount, connection.dialect))).scalar_one() is None

    def test_adds_exactly_in_an_update(self, connection):
        keep(connection, Decimal("0.1"))
        connection.execute(purses.update().values(amount=amount + Decimal("0.2")))
        connection.execute(purses.update().values(amount=amount - Decimal("0.0001")))
        assert kept(connection) == [Decimal("0.2999")]


class TestTrapsOfMoney:
    """Not what one wishes, but how it is: queries must go around these."""

    def test_a_literal_needs_its_type(self, connection):
        keep(connection, Decimal("0.30"))
        right = select(func.count()).where(literal(Decimal("0.30"), Money) == amount)
        wrong = select(func.count()).where(literal(Decimal("0.30")) == amount)
        assert connection.execute(right).scalar_one() == 1
        assert connection.execute(wrong).scalar_one() == (0 if on_sqlite(connection) else 1)

    def test_a_bind_with_a_value_needs_its_type(self, connection):
        keep(connection, Decimal("0.30"))
        right = select(func.count()).where(amount == bindparam("x", Decimal("0.30"), type_=Money))
        wrong = select(func.count()).where(amount == bindparam("x", Decimal("0.30")))
        assert connection.execute(right).scalar_one() == 1
        assert connection.execute(wrong).scalar_one() == (0 if on_sqlite(connection) else 1)

    def test_a_bind_without_a_value_takes_the_type_of_its_column(self, connection):
        keep(connection, Decimal("0.30"))
        query = select(func.count()).where(amount == bindparam("x"))
        assert connection.execute(query, {"x": Decimal("0.30")}).scalar_one() == 1

    def test_an_average_comes_back_in_the_units_of_the_column(self, connection):
        keep(connection, Decimal("0.10"), Decimal("0.20"))
        average = connection.execute(select(func.avg(amount))).scalar_one()
        assert average == (1500 if on_sqlite(connection) else Decimal("0.15"))


def on_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


class TestMoneyFromOtherPrograms:
    """SQLite takes any value in any column; a check makes it refuse what isn't ten-thousandths."""

    @pytest.mark.parametrize("given", [1.5, 0.1, "abc", "1.5", b"\x01", 1e30])
    def test_sqlite_refuses_what_is_no_integer(self, tmp_path, given):
        engine = create_engine(f"sqlite:///{tmp_path}/types.db")
        metadata.create_all(engine)
        engine.dispose()
        with sqlite3.connect(tmp_path / "types.db") as raw:
            raw.execute("INSERT INTO purses (amount) VALUES (15000)")
            with pytest.raises(sqlite3.IntegrityError, match="CHECK constraint failed: amount_is_money"):
                raw.execute("INSERT INTO purses (amount) VALUES (?)", (given,))
            with pytest.raises(sqlite3.IntegrityError):
                raw.execute("UPDATE purses SET amount = ?", (given,))
            assert raw.execute("SELECT amount FROM purses").fetchall() == [(15000,)]
        raw.close()

    @pytest.mark.parametrize("given", ["1.5", "'abc'"])
    def test_the_migrated_table_refuses_it_as_well(self, sqlite_url, given):
        engine = create_engine(sqlite_url)
        event = "INSERT INTO events (stream, user_id, type, amount, time, alert_codes, received_at) VALUES "
        with engine.connect() as connection:
            connection.execute(text(event + "('event', 1, 'deposit', 15000, 0, '', '2024-11-20 12:00:00.000000')"))
            with pytest.raises(IntegrityError, match="ck_events_amount_is_money"):
                connection.execute(text(event + f"('event', 1, 'deposit', {given}, 0, '', '2024-11-20 12:00:00')"))
        engine.dispose()

    def test_mariadb_keeps_a_decimal_column(self, mariadb, mariadb_url):
        query = (
            "SELECT column_type FROM information_schema.columns "
            "WHERE table_schema = %s AND column_name IN ('amount', 'balance')"
        )
        assert set(mariadb.ask(query, make_url(mariadb_url).database)) == {("decimal(19,4)",)}


class TestPrecise:
    """Quantities and prices: exact to the twelfth decimal (contract B10)."""

    @pytest.mark.parametrize(
        "given",
        ["0", "0.000000000001", "-0.000000000001", "0.1", "1E+3", "99999999999999999999999999.999999999999"],
    )
    def test_comes_back_exactly(self, connection, given):
        with localcontext(prec=6):
            connection.execute(insert(heaps), {"size": Decimal(given)})
            (found,) = connection.execute(select(heaps.c.size)).scalars()
        assert found == Decimal(given)
        assert type(found) is Decimal

    def test_nothing_comes_back_as_nothing(self, connection):
        connection.execute(insert(heaps), {"size": None})
        assert list(connection.execute(select(heaps.c.size)).scalars()) == [None]

    @pytest.mark.parametrize("given", [0.5, 1, True, "1.00"])
    def test_refuses_what_is_no_decimal(self, connection, given):
        with pytest.raises(StatementError) as refusal:
            connection.execute(insert(heaps), {"size": given})
        assert isinstance(refusal.value.orig, TypeError)

    @pytest.mark.parametrize("given", ["0.0000000000001", "1E+26", "NaN", "Infinity", "1.1234567890123"])
    def test_refuses_a_thirteenth_decimal_and_what_has_no_room(self, connection, given):
        with pytest.raises(StatementError) as refusal:
            connection.execute(insert(heaps), {"size": Decimal(given)})
        assert isinstance(refusal.value.orig, ValueError)
        assert list(connection.execute(select(heaps.c.size)).scalars()) == []


class TestInstant:
    @pytest.mark.parametrize(
        "given",
        [
            datetime(2024, 11, 20, 10, 30, tzinfo=UTC),
            datetime(2024, 11, 20, 10, 30, 0, 1, tzinfo=UTC),
            datetime(2024, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            datetime(1970, 1, 1, tzinfo=UTC),
            datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        ],
        ids=str,
    )
    def test_comes_back_to_the_microsecond_in_utc(self, connection, given):
        connection.execute(insert(moments), {"at": given})
        found = connection.execute(select(moments.c.at)).scalar_one()
        assert found == given
        assert found.utcoffset() == timedelta(0)

    def test_comes_back_in_utc_whatever_zone_it_came_in(self, connection):
        there = timezone(timedelta(hours=5, minutes=45))
        connection.execute(insert(moments), {"at": datetime(2024, 11, 20, 1, 0, 0, 5, tzinfo=there)})
        found = connection.execute(select(moments.c.at)).scalar_one()
        assert found.isoformat() == "2024-11-19T19:15:00.000005+00:00"

    def test_refuses_a_naive_one(self, connection):
        with pytest.raises(StatementError) as refusal:
            connection.execute(insert(moments), {"at": datetime(2024, 11, 20)})  # noqa: DTZ001
        assert isinstance(refusal.value.orig, ValueError)
        with pytest.raises(StatementError):
            connection.execute(select(moments).where(moments.c.at < datetime(2024, 11, 20)))  # noqa: DTZ001

    def test_may_be_nothing(self, connection):
        connection.execute(insert(moments), {"at": None})
        assert connection.execute(select(moments.c.at)).scalar_one() is None

    def test_compares_and_sorts_to_the_microsecond(self, connection):
        noon = datetime(2024, 11, 20, 12, tzinfo=UTC)
        instants = [noon + timedelta(microseconds=step) for step in (-1, 0, 1, 10, 100_000, 999_999, 1_000_000)]
        shuffled = instants[:]
        Random(9).shuffle(shuffled)
        connection.execute(insert(moments), [{"at": instant} for instant in shuffled])
        at = moments.c.at
        assert list(connection.execute(select(at).order_by(at)).scalars()) == instants
        assert list(connection.execute(select(at).where(at <= noon).order_by(at)).scalars()) == instants[:2]
        elsewhere = noon.astimezone(timezone(timedelta(hours=-8)))
        assert connection.execute(select(at).where(at == elsewhere)).scalar_one() == noon
