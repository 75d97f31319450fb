"""One suite for every ledger: what `ports.stores.money.ledger` promises."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal, localcontext
from random import Random

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, delete, text
from sqlalchemy.exc import DBAPIError

from adapters.memory.storage import MemoryStorage
from adapters.sql.identity.users import users
from adapters.sql.opening import open_database
from domain.model.transactions import BookedMovement, Movement
from ports.storage import Storage, Transaction
from tests.contracts.stored_customers import customer
from tests.contracts.transactions import NOON, WRITERS, Mishap, in_parallel, run

TYPES = ("CASH_DEPOSIT", "CASH_WITHDRAWAL", "CASH_TRANSFER", "SUBSCRIPTION", "ASSET_PURCHASE", "ASSET_SELL")


def movement(user_id: int, amount: str = "10.00", type: str = "CASH_DEPOSIT", target: int | None = None) -> Movement:
    return Movement(type, user_id, Decimal(amount), NOON, NOON + timedelta(seconds=1), target_user_id=target)


def append(storage: Storage, *movements: Movement) -> list[int]:
    return run(storage, lambda tx: [tx.ledger.append(one) for one in movements])


def history(
    storage: Storage, user_id: int, limit: int | None = None, before: int | None = None
) -> list[BookedMovement]:
    return storage.read(lambda tx: tx.ledger.history(user_id, limit, before))


def sums(storage: Storage) -> list[tuple[int, str]]:
    return [(user_id, str(total)) for user_id, total in storage.read(lambda tx: tx.ledger.sums())]


def random_movements(random: Random, people: list[int], count: int) -> list[Movement]:
    movements = []
    for _ in range(count):
        user_id, other = random.sample(people, 2)
        type = random.choice(TYPES)
        amount = f"{random.randint(1, 100_000)}.{random.randint(10, 99)}"
        movements.append(movement(user_id, amount, type, other if type == "CASH_TRANSFER" else None))
    return movements


class TestHistory:
    def test_shows_everything_that_was_booked_with_the_account_numbers(self, storage):  # contract: B9
        ana, eva = customer(storage), customer(storage)
        numbers = {one: storage.read(lambda tx, one=one: tx.users.get(one)).account_number for one in (ana, eva)}
        first = Movement("CARD_PAYMENT", ana, Decimal("-0.07"), NOON, NOON, category="Fun & games", fraud=True)
        second = Movement("CASH_TRANSFER", ana, Decimal("5.00"), NOON, NOON, target_user_id=eva, reference="Añá 😀")
        third = attrs.evolve(first, fraud=False, timestamp=NOON - timedelta(days=400), amount=Decimal("0.10"))
        ids = append(storage, first, second, third)
        assert ids == sorted(set(ids))
        assert history(storage, ana) == [
            BookedMovement(ids[2], third, numbers[ana], None),
            BookedMovement(ids[1], second, numbers[ana], numbers[eva]),
            BookedMovement(ids[0], first, numbers[ana], None),
        ]
        assert [one.movement.fraud for one in history(storage, ana)] == [False, None, True]
        assert type(history(storage, ana)[0].movement.fraud) is bool

    def test_both_sides_see_a_transfer(self, storage):  # contract: B9
        ana, eva, leo = customer(storage), customer(storage), customer(storage)
        append(storage, movement(ana, "5.00", "CASH_TRANSFER", eva))
        assert history(storage, ana) == history(storage, eva)
        assert len(history(storage, ana)) == 1
        assert history(storage, leo) == []

    def test_newest_is_the_highest_id_whatever_the_instants_say(self, storage):  # contract: B9
        ana = customer(storage)
        hours = (3, 9, 1)
        append(storage, *(attrs.evolve(movement(ana), booked_at=NOON + timedelta(hours=hour)) for hour in hours))
        assert [one.movement.booked_at.hour - NOON.hour for one in history(storage, ana)] == [1, 9, 3]

    def test_pages_through_both_sides_without_a_gap_or_a_repetition(self, storage):  # contract: B9
        people = [customer(storage) for _ in range(3)]
        append(storage, *random_movements(Random(9), people, 60))
        for user_id in people:
            everything = history(storage, user_id)
            ids = [one.id for one in everything]
            assert ids == sorted(ids, reverse=True)
            for limit in (1, 4, 1000):
                paged: list[BookedMovement] = []
                while page := history(storage, user_id, limit, paged[-1].id if paged else None):
                    assert len(page) <= limit
                    paged += page
                assert paged == everything
            assert history(storage, user_id, before=ids[10]) == everything[11:]

    @pytest.mark.parametrize("amount", ["0.01", "0.10", "0.07", "4503599627370.49", "9999999999999.99"])
    def test_amounts_are_exact(self, storage, amount):  # contract: G5
        ana = customer(storage)
        append(storage, movement(ana, amount), movement(ana, f"-{amount}", "CARD_PAYMENT"))
        assert [str(one.movement.amount) for one in history(storage, ana)] == [f"-{amount}", amount]

    def test_what_was_rolled_back_was_never_booked(self, storage):
        ana, eva = customer(storage), customer(storage)

        def work(tx: Transaction) -> None:
            tx.ledger.append(movement(ana, "1.00", "CASH_TRANSFER", eva))
            raise Mishap

        with pytest.raises(Mishap):
            run(storage, work)
        append(storage, movement(ana, "2.00", "CASH_TRANSFER", eva))
        assert [str(one.movement.amount) for one in history(storage, ana)] == ["2.00"]
        assert history(storage, eva) == history(storage, ana)

    def test_ids_of_parallel_writers_are_unique(self, storage):
        ana = customer(storage)
        ids = in_parallel(lambda _: [append(storage, movement(ana))[0] for _ in range(5)])
        assert sorted(id for some in ids for id in some) == sorted(one.id for one in history(storage, ana))
        assert len(history(storage, ana)) == 5 * WRITERS

    @pytest.mark.parametrize("kind", ["sqlite", "mariadb"])
    def test_is_read_by_its_indexes(self, kind, request, open_storage):
        url = request.getfixturevalue(f"{kind}_url")
        storage = open_storage(url)
        people = [customer(storage) for _ in range(40)]
        append(storage, *random_movements(Random(1), people, 1500))
        if kind == "mariadb":
            rows_of(url, "ANALYZE TABLE transactions")
        for side in ("user_id", "target_user_id"):
            select = f"SELECT * FROM transactions WHERE {side} = {people[0]} AND id < 1000 ORDER BY id DESC LIMIT 5"
            explained = " ".join(map(str, rows_of(url, f"EXPLAIN {'QUERY PLAN ' * (kind == 'sqlite')}{select}")))
            assert f"ix_transactions_{side}_id" in explained or "PRIMARY" in explained
            assert "TEMP B-TREE" not in explained
            assert "filesort" not in explained


class TestSums:
    def test_add_up_what_each_type_does_to_the_accounts(self, storage):
        ana, eva = customer(storage), customer(storage)
        append(
            storage,
            movement(ana, "100.00", "CASH_DEPOSIT"),
            movement(ana, "0.01", "CASH_WITHDRAWAL"),
            movement(ana, "20.00", "CASH_TRANSFER", eva),
            movement(ana, "0.70", "CARD_PAYMENT"),
            movement(ana, "-0.20", "CARD_PAYMENT"),
            movement(ana, "3.00", "ASSET_PURCHASE"),
            movement(ana, "4.00", "ASSET_SELL"),
            movement(ana, "5.00", "SUBSCRIPTION"),
        )
        customer(storage)
        assert sums(storage) == [(ana, "75.49"), (eva, "20.00")]

    def test_nobody_moved_anything(self, storage):
        customer(storage)
        assert sums(storage) == []

    def test_are_exact_beyond_64_bits_and_the_caller_s_context(self, storage):
        ana, eva = customer(storage), customer(storage)
        largest = movement(ana, "9999999999999.99", "CASH_TRANSFER", eva)
        append(storage, *[largest] * 150, movement(ana, "0.07"))
        with localcontext(prec=6):
            assert sums(storage) == [(ana, "-1499999999999998.43"), (eva, "1499999999999998.50")]

    def test_equal_the_effects_of_the_movements(self, storage):
        people = [customer(storage) for _ in range(4)]
        movements = random_movements(Random(3), people, 80)
        append(storage, *movements)
        expected = dict.fromkeys(people, Decimal("0.00"))
        for one in movements:
            for user_id, by in one.effects().items():
                expected[user_id] += by
        assert sums(storage) == [(user_id, str(total)) for user_id, total in expected.items()]


class TestAppendOnly:
    @pytest.mark.parametrize("change", ["UPDATE transactions SET amount = 1", "DELETE FROM transactions"])
    def test_an_sqlite_file_refuses_to_change_what_was_booked(self, sqlite_url, open_storage, change):
        storage = open_storage(sqlite_url)
        ana = customer(storage)
        append(storage, movement(ana))
        before = history(storage, ana)
        with pytest.raises(DBAPIError, match="never changed or deleted"):
            rows_of(sqlite_url, change)
        assert history(storage, ana) == before

    def test_a_user_with_movements_can_not_be_deleted(self, url, open_storage):
        storage = open_storage(url)
        ana, eva = customer(storage), customer(storage)
        append(storage, movement(ana, "1.00", "CASH_TRANSFER", eva))
        for user_id in (ana, eva):
            with pytest.raises(DBAPIError, match=r"(?i)foreign key"):
                delete_user(url, user_id)
        assert len(history(storage, eva)) == 1


def delete_user(url: str, user_id: int) -> None:
    """Delete a user's row over a connection of Hucha's own."""
    database = open_database(url, 1)
    try:
        with database.writing() as connection:
            connection.execute(delete(users).where(users.c.id == user_id))
            connection.commit()
    finally:
        database.close()


steps = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1, 10**15 - 1), st.sampled_from(TYPES)))


@given(steps)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sqlite_keeps_what_memory_keeps(sqlite_url, open_storage, steps):
    storages = [MemoryStorage(), open_storage(sqlite_url)]
    shown = []
    for storage in storages:
        people = [customer(storage) for _ in range(3)]
        for who, other, amount, type in steps:
            target = people[other] if type == "CASH_TRANSFER" and who != other else None
            append(storage, movement(people[who], str(Decimal(amount).scaleb(-2)), type, target))
        place = {user_id: position for position, user_id in enumerate(people)}
        totals = [(place[user_id], total) for user_id, total in sums(storage) if user_id in place]
        amounts = [[str(one.movement.amount) for one in history(storage, user_id, 3)] for user_id in people]
        shown.append((totals, amounts))
    assert shown[0] == shown[1]


def rows_of(url: str, statement: str) -> list[tuple[object, ...]]:
    """Run raw SQL over a connection of its own and commit; gives the rows, if there are any."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()
