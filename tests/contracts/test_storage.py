"""One suite for every storage: what `ports.storage` promises, held against memory, SQLite and MariaDB."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import time as clock_time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import timedelta
from decimal import Decimal, localcontext
from pathlib import Path
from random import Random
from typing import TypeVar

import pymysql
import pytest
from pymysql.err import Error as PyMySQLError
from pymysql.err import InterfaceError, InternalError
from pymysql.err import OperationalError as PyMySQLOperationalError
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError

from adapters.memory.clock import SetClock
from adapters.memory.storage import MemoryStorage
from adapters.sql.errors import ErrorKind
from adapters.sql.every_table import metadata
from adapters.sql.opening import open_database
from adapters.sql.schema import migrate
from adapters.sql.sqlite import BUSY_TIMEOUT_SECONDS
from adapters.sql.unit_of_work import PURGE_EVERY, SqlStorage
from adapters.system_secrets import SystemSecrets
from domain.model.activity import LARGEST_INTEGER, Action, JudgedAction, NewJudgedAction, UserActivity
from domain.model.errors import OperatorNameTaken, OperatorNotFound, StorageUnavailable
from domain.model.operators import Operator
from domain.model.risk_profiles import RiskProfile
from domain.rules.activity import replay
from domain.use_cases.events.judge_events import JudgeEvents
from ports.storage import Storage, Transaction
from tests.conftest import LONG, VAULT
from tests.contracts.events.facts import facts
from tests.contracts.transactions import NOON, WRITERS, Mishap, in_parallel, run
from tests.flaky_proxy import FlakyProxy, Loss, Packet
from tests.mariadb import MariaDB
from tests.oracles import codes_of_all
from tests.patience import PATIENCE_SECONDS

T = TypeVar("T")
OpenStorage = Callable[..., SqlStorage]

ANNA = Operator("anna", "fingerprint of anna", NOON)
BERT = Operator("bert", "fingerprint of bert", NOON)
HIGH = RiskProfile("high", {30: 2, 1100: Decimal("250.00")})
LOW = RiskProfile("low")


class Interruption(BaseException):
    """Something that no `except Exception` catches."""


def new_id() -> str:
    return SystemSecrets().new_id()


def judged(
    user_id: int = 1, time: int = 0, amount: str = "10.00", type: str = "deposit", codes: tuple[int, ...] = ()
) -> NewJudgedAction:
    return NewJudgedAction(Action(type, Decimal(amount), user_id, time), codes, NOON)


def append(storage: Storage, *some: NewJudgedAction, stream: str = "event") -> None:
    run(storage, lambda tx: tx.activity.append(stream, some))


def history(storage: Storage, user_id: int = 1, stream: str = "event") -> list[Action]:
    return storage.read(lambda tx: tx.activity.history(stream, user_id))


def totals(storage: Storage, start: int, end: int, stream: str = "event") -> list[tuple[int, int, str]]:
    """The totals of user 1's seconds, with the sums as they are written."""
    found = storage.read(lambda tx: tx.activity.totals_between(stream, 1, start, end))
    return [(second, count, str(deposited)) for second, count, deposited in found]


def times(actions: Iterable[Action]) -> list[int]:
    return [action.time for action in actions]


def arrived(storage: Storage, user_id: int = 1, stream: str = "event") -> list[JudgedAction]:
    """Everything that is kept of a user, in the order of ids."""
    newest = storage.read(lambda tx: tx.activity.newest(stream, user_id, 1_000_000))
    return sorted(newest, key=lambda one: one.id)


def activity_of(storage: Storage, user_id: int = 1, stream: str = "event") -> UserActivity | None:
    return run(storage, lambda tx: tx.activity.load(stream, [user_id])).get(user_id)


def judging(storage: Storage, stream: str = "event") -> JudgeEvents:
    return JudgeEvents(storage, SetClock(NOON), stream)


def random_actions(random: Random, count: int, users: Sequence[int] = (1, 2, 3)) -> list[Action]:
    """Actions near each other in time: late ones, very late ones and ties among them."""
    start = random.randrange(500)
    return [
        Action(
            random.choice(["deposit", "withdraw"]),
            Decimal(random.randint(1, 25_000)).scaleb(-2),
            random.choice(users),
            max(0, start + 4 * number - random.choice([0, 0, 0, 4, 30, 61, 130, 400])),
        )
        for number in range(count)
    ]


def assert_judged_like_the_oracle(storage: Storage, user_ids: Iterable[int] = (1, 2, 3), stream: str = "event") -> None:
    """The codes kept of each user, and the activity kept beside them, follow from the actions in order of arrival."""
    for user_id in user_ids:
        kept = arrived(storage, user_id, stream)
        actions = [one.action for one in kept]
        assert [one.codes for one in kept] == codes_of_all(actions)
        assert facts(activity_of(storage, user_id, stream)) == facts(replay(actions))


class TestHistory:
    def test_gives_the_history_in_order_of_arrival(self, storage):
        append(storage, judged(time=30), judged(time=10), judged(user_id=2, time=5))
        append(storage, judged(time=20), judged(time=10, amount="11.00"))
        assert times(history(storage)) == [30, 10, 20, 10]
        assert history(storage)[-1] == judged(time=10, amount="11.00").action
        assert times(history(storage, user_id=2)) == [5]
        assert history(storage, user_id=3) == []

    def test_totals_the_seconds_between_two_times_both_included(self, storage):
        append(storage, *(judged(time=time) for time in (9, 20, 15, 10, 20, 21)), judged(user_id=2, time=15))
        append(storage, judged(time=20, type="withdraw", amount="7.00"), judged(time=12, type="withdraw"))
        assert totals(storage, 10, 20) == [(10, 1, "10.00"), (12, 1, "0.00"), (15, 1, "10.00"), (20, 3, "20.00")]
        assert totals(storage, 22, 30) == []

    def test_totals_the_ends_of_time(self, storage):
        append(storage, judged(time=LARGEST_INTEGER), judged(time=0))
        assert totals(storage, -60, LARGEST_INTEGER) == [(0, 1, "10.00"), (LARGEST_INTEGER, 1, "10.00")]

    def test_totals_are_exact_beyond_64_bits(self, storage):
        """SQLite keeps ten-thousandths: 93 of the largest deposits are more of them than 2^63."""
        largest = judged(time=1, amount="9999999999999.99")
        append(storage, *[largest] * 300, judged(time=1, amount="0.07"), judged(time=2, amount="0.10"))
        assert totals(storage, 0, 9) == [(1, 301, "2999999999999997.07"), (2, 1, "0.10")]

    @pytest.mark.parametrize("amounts", [["0.10"] * 3, ["99999.99", "0.01"], ["100000.00"] * 2, ["4503599627370.49"]])
    def test_totals_do_not_depend_on_the_caller_s_context(self, storage, amounts):
        append(storage, *(judged(time=1, amount=amount) for amount in amounts))
        with localcontext(prec=6):
            found = totals(storage, 1, 1)
        assert found == [(1, len(amounts), str(sum(map(Decimal, amounts))))]

    def test_keeps_the_largest_user_id(self, storage):
        judging(storage)([judged(user_id=LARGEST_INTEGER).action])
        assert history(storage, LARGEST_INTEGER) == [judged(user_id=LARGEST_INTEGER).action]

    def test_lists_the_newest_by_time_then_by_arrival(self, storage):
        append(storage, judged(time=10, amount="1.00"), judged(time=30, amount="2.00"))
        append(storage, judged(time=10, amount="3.00"), judged(time=20, amount="4.00"), judged(user_id=2, time=40))
        newest = storage.read(lambda tx: tx.activity.newest("event", 1, 10))
        assert [(one.action.time, str(one.action.amount)) for one in newest] == [
            (30, "2.00"),
            (20, "4.00"),
            (10, "3.00"),
            (10, "1.00"),
        ]
        assert storage.read(lambda tx: tx.activity.newest("event", 1, 2)) == newest[:2]

    def test_pages_through_the_newest_without_a_gap_or_a_repetition(self, storage):
        append(storage, *(judged(time=time) for time in (5, 5, 5, 1, 9, 5, 1, 7)))
        everything = storage.read(lambda tx: tx.activity.newest("event", 1, 100))
        paged: list[JudgedAction] = []
        before = None
        while page := storage.read(lambda tx, before=before: tx.activity.newest("event", 1, 3, before)):
            paged += page
            before = (page[-1].action.time, page[-1].id)
        assert paged == everything
        assert len(everything) == 8

    def test_a_late_arrival_does_not_disturb_the_pages_after_it(self, storage):
        append(storage, *(judged(time=time) for time in (10, 20, 30)))
        first = storage.read(lambda tx: tx.activity.newest("event", 1, 2))
        append(storage, judged(time=25), judged(time=40))
        rest = storage.read(lambda tx: tx.activity.newest("event", 1, 9, (20, first[-1].id)))
        assert [one.action.time for one in rest] == [10]

    def test_keeps_codes_and_the_instant_of_arrival(self, storage):
        append(storage, judged(codes=(30, 123, 1100)), judged(time=1))
        assert [(one.codes, one.received_at) for one in arrived(storage)] == [((30, 123, 1100), NOON), ((), NOON)]
        assert arrived(storage)[0].received_at.utcoffset() == timedelta(0)

    def test_ids_grow_with_the_order_of_arrival(self, storage):
        append(storage, *(judged(time=100 - number, user_id=1 + number % 2) for number in range(50)))
        append(storage, judged(time=7))
        ids = [one.id for one in arrived(storage)]
        assert len(set(ids)) == 26
        assert [one.action.time for one in arrived(storage)] == [*range(100, 50, -2), 7]

    def test_the_two_streams_do_not_mix(self, storage):  # contract: C7
        append(storage, judged(time=1), stream="event")
        append(storage, judged(time=2), stream="account")
        for stream, expected in (("event", [1]), ("account", [2])):
            assert times(history(storage, stream=stream)) == expected
            assert [second for second, *_ in totals(storage, 0, 9, stream)] == expected
            assert [one.action.time for one in arrived(storage, stream=stream)] == expected

    @pytest.mark.parametrize("amount", ["0.01", "0.10", "10.00", "0.07", "4503599627370.49", "9999999999999.99"])
    def test_amounts_come_back_exactly_with_two_decimals(self, storage, amount):
        append(storage, judged(amount=amount))
        found = [*history(storage), *[one.action for one in arrived(storage)]]
        assert [str(action.amount) for action in found] == [amount] * 2
        assert totals(storage, 0, 0) == [(0, 1, amount)]


class TestActivities:
    def test_who_has_no_actions_gets_a_fresh_activity(self, storage):
        loaded = run(storage, lambda tx: tx.activity.load("event", [7, 3, 5]))
        assert {user_id: facts(activity) for user_id, activity in loaded.items()} == dict.fromkeys(
            (3, 5, 7), facts(UserActivity())
        )

    def test_nobody_asked_for_nobody_loaded(self, storage):
        assert run(storage, lambda tx: tx.activity.load("event", [])) == {}
        run(storage, lambda tx: tx.activity.save("event", {}))
        append(storage)

    def test_what_is_saved_is_loaded(self, storage):
        activity = replay([judged(time=time).action for time in (10, 20, 15)])
        expected = facts(activity)
        run(storage, lambda tx: tx.activity.save("event", {1: activity.copy(), 2: UserActivity()}))
        assert facts(activity_of(storage)) == expected
        assert facts(activity_of(storage, user_id=2)) == facts(UserActivity())
        assert facts(activity_of(storage, stream="account")) == facts(UserActivity())

    def test_an_activity_that_was_loaded_but_not_saved_is_not_changed(self, storage):
        judging(storage)([judged().action])
        expected = facts(activity_of(storage))
        run(storage, lambda tx: tx.activity.load("event", [1])[1].record(judged(time=9).action, 120))
        assert facts(activity_of(storage)) == expected

    def test_judges_late_events_and_batches_like_the_oracle(self, storage):  # contract: C4
        random = Random(20)
        actions = random_actions(random, 150)
        codes = []
        while actions:
            size = random.randint(1, 9)
            batch, actions = actions[:size], actions[size:]
            codes.append([verdict.codes for verdict in judging(storage)(batch)])
        assert_judged_like_the_oracle(storage)

    def test_a_stream_is_judged_as_if_the_other_were_not_there(self, storage):  # contract: C7
        random = Random(7)
        for action in random_actions(random, 60, users=[1]):
            judging(storage, random.choice(["event", "account"]))([action])
        assert_judged_like_the_oracle(storage, [1], "event")
        assert_judged_like_the_oracle(storage, [1], "account")
        assert len(history(storage)) + len(history(storage, stream="account")) == 60

    def test_a_restart_changes_no_verdict(self, url, open_storage):  # contract: C6
        actions = random_actions(Random(6), 100)
        for start in range(0, 100, 10):
            storage = open_storage(url)
            for action in actions[start : start + 10]:
                judging(storage)([action])
            storage.close()
        storage = open_storage(url)
        assert_judged_like_the_oracle(storage)
        assert sum(len(history(storage, user_id)) for user_id in (1, 2, 3)) == 100

    @pytest.mark.parametrize("other", ["[0]", '[2,0,0,"0",0,0,[],[],[]]', ""])
    def test_leaves_out_an_activity_kept_by_another_version(self, url, open_storage, other):
        storage = open_storage(url)
        judging(storage)([judged(user_id=1).action, judged(user_id=2).action])
        keep_instead(url, other, user_id=1)
        assert run(storage, lambda tx: tx.activity.load("event", [1, 2, 3])).keys() == {2, 3}

    def test_goes_on_from_the_history_where_another_version_kept_the_activity(self, url, open_storage):  # contract: C6
        storage = open_storage(url)
        random = Random(60)
        for number, action in enumerate(random_actions(random, 90)):
            if number % 7 == 6:
                keep_instead(url, f"[{random.choice([0, 2, 10])}]", user_id=random.randint(1, 3))
            judging(storage)([action])
        assert_judged_like_the_oracle(storage)


def keep_instead(url: str, state: str, user_id: int) -> None:
    """Write the text of an activity, as another version of Hucha may have done."""
    with execute(url, "UPDATE activities SET state = :state WHERE user_id = :id", state=state, id=user_id):
        pass


@contextmanager
def execute(url: str, statement: str, **values: object) -> Iterator[list[tuple[object, ...]]]:
    """Run raw SQL over a connection of its own and commit; gives the rows, if there are any."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            rows = [tuple(row) for row in result] if result.returns_rows else []
        yield rows
    finally:
        engine.dispose()


class TestProfilesAndOperators:
    def test_keeps_profiles_exactly(self, storage):
        run(storage, lambda tx: tx.risk_profiles.put(1, HIGH))
        run(storage, lambda tx: tx.risk_profiles.put(2, LOW))
        found = storage.read(lambda tx: tx.risk_profiles.find([1, 2, 3]))
        assert found == {1: HIGH, 2: LOW}
        assert {code: type(limit) for code, limit in found[1].thresholds.items()} == {30: int, 1100: Decimal}
        assert storage.read(lambda tx: tx.risk_profiles.find([])) == {}

    def test_a_profile_replaces_the_one_before(self, storage):
        run(storage, lambda tx: tx.risk_profiles.put(1, HIGH))
        run(storage, lambda tx: tx.risk_profiles.put(1, LOW))
        assert storage.read(lambda tx: tx.risk_profiles.find([1])) == {1: LOW}

    def test_knows_an_operator_by_the_fingerprint(self, storage):
        run(storage, lambda tx: tx.operators.add(ANNA))
        assert storage.read(lambda tx: tx.operators.by_fingerprint(ANNA.key_fingerprint)) == ANNA
        assert storage.read(lambda tx: tx.operators.by_fingerprint(ANNA.key_fingerprint.upper())) is None

    def test_refuses_a_second_operator_of_the_same_name_and_keeps_the_first(self, storage):
        run(storage, lambda tx: tx.operators.add(ANNA))
        second = Operator("anna", "another fingerprint", NOON)

        def work(tx: Transaction) -> None:
            tx.activity.append("event", [judged()])
            tx.operators.add(second)

        with pytest.raises(OperatorNameTaken) as refusal:
            run(storage, work)
        assert refusal.value.name == "anna"
        assert history(storage) == []
        assert storage.read(lambda tx: tx.operators.by_fingerprint("another fingerprint")) is None
        assert storage.read(lambda tx: tx.operators.by_fingerprint(ANNA.key_fingerprint)) == ANNA

    def test_refuses_to_remove_an_operator_who_is_not_there(self, storage):
        run(storage, lambda tx: tx.operators.add(BERT))

        def work(tx: Transaction) -> None:
            tx.operators.remove("bert")
            tx.operators.remove("anna")

        with pytest.raises(OperatorNotFound) as refusal:
            run(storage, work)
        assert refusal.value.name == "anna"
        assert storage.read(lambda tx: tx.operators.by_fingerprint(BERT.key_fingerprint)) == BERT

    def test_a_removed_operator_is_forgotten_and_the_name_is_free(self, storage):
        run(storage, lambda tx: tx.operators.add(ANNA))
        run(storage, lambda tx: tx.operators.remove("anna"))
        assert storage.read(lambda tx: tx.operators.by_fingerprint(ANNA.key_fingerprint)) is None
        run(storage, lambda tx: tx.operators.add(ANNA))

    def test_a_work_may_go_on_after_a_refusal_that_it_caught(self, storage):
        run(storage, lambda tx: tx.operators.add(ANNA))

        def work(tx: Transaction) -> None:
            tx.activity.append("event", [judged(time=1)])
            with pytest.raises(OperatorNameTaken):
                tx.operators.add(ANNA)
            tx.activity.append("event", [judged(time=2)])

        run(storage, work)
        assert times(history(storage)) == [1, 2]

    @pytest.mark.parametrize("name", ["Anna", "ánna", " anna", "ann", "安娜", "anna😀"])
    def test_names_that_look_alike_are_not_the_same(self, storage, name):
        other = Operator(name, "fingerprint of another", NOON)
        run(storage, lambda tx: tx.operators.add(ANNA))
        run(storage, lambda tx: tx.operators.add(other))
        assert storage.read(lambda tx: tx.operators.by_fingerprint("fingerprint of another")) == other
        run(storage, lambda tx: tx.operators.remove("anna"))
        assert storage.read(lambda tx: tx.operators.by_fingerprint("fingerprint of another")) == other

    def test_parallel_claims_of_one_name_are_granted_once(self, storage):
        def claim(number: int) -> bool:
            try:
                run(storage, lambda tx: tx.operators.add(Operator("anna", f"fingerprint {number}", NOON)))
            except OperatorNameTaken:
                return False
            return True

        assert sum(in_parallel(claim)) == 1


STEPS: dict[str, Callable[[Transaction], object]] = {
    "append": lambda tx: tx.activity.append("event", [judged(time=50), judged(user_id=2, time=50)]),
    "save": lambda tx: tx.activity.save("event", {1: UserActivity(), 2: replay([judged().action])}),
    "put a new profile": lambda tx: tx.risk_profiles.put(2, HIGH),
    "replace a profile": lambda tx: tx.risk_profiles.put(1, LOW),
    "add an operator": lambda tx: tx.operators.add(BERT),
    "remove an operator": lambda tx: tx.operators.remove("anna"),
}
STEPS["everything twice"] = lambda tx: [
    step(tx)
    for name in ("append", "save", "put a new profile", "replace a profile", "add an operator", "remove an operator")
    for step in [STEPS[name]] * (1 if "operator" in name else 2)
]


def everything(storage: Storage) -> object:
    """All that the stores keep in the tests of this section."""

    def work(tx: Transaction) -> object:
        activities = tx.activity.load("event", [1, 2])
        return (
            {user_id: facts(activity) for user_id, activity in sorted(activities.items())},
            [tx.activity.newest("event", user_id, 100) for user_id in (1, 2)],
            [tx.activity.history("event", user_id) for user_id in (1, 2)],
            tx.risk_profiles.find([1, 2]),
            [tx.operators.by_fingerprint(one.key_fingerprint) for one in (ANNA, BERT)],
        )

    return run(storage, work)


class TestRollback:
    @pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
    @pytest.mark.parametrize("mishap", [Mishap, Interruption])
    def test_rolls_back_what_a_failed_work_wrote(self, storage, step, mishap):
        judging(storage)([judged(time=1).action, judged(time=2).action])
        run(storage, lambda tx: tx.risk_profiles.put(1, HIGH))
        run(storage, lambda tx: tx.operators.add(ANNA))
        before = everything(storage)

        def work(tx: Transaction) -> None:
            tx.activity.load("event", [1, 2])
            step(tx)
            raise mishap

        with pytest.raises(mishap):
            run(storage, work)
        assert everything(storage) == before
        judging(storage)([judged(time=3).action])
        assert times(history(storage)) == [1, 2, 3]

    def test_a_work_sees_its_own_writes(self, storage):
        def work(tx: Transaction) -> object:
            for step in STEPS.values():
                if step is not STEPS["everything twice"]:
                    step(tx)
            return len(tx.activity.history("event", 1)), tx.operators.by_fingerprint(ANNA.key_fingerprint)

        run(storage, lambda tx: tx.operators.add(ANNA))
        assert run(storage, work) == (1, None)

    def test_failures_beside_successes_leave_only_the_successes(self, storage):
        def write(number: int) -> None:
            for round_number in range(10):
                fails = (number + round_number) % 2 == 0

                def work(tx: Transaction, fails: bool = fails, round_number: int = round_number) -> None:
                    tx.activity.append("event", [judged(user_id=number, time=round_number)])
                    tx.activity.append("event", [judged(user_id=99, time=round_number)])
                    if fails:
                        raise Mishap

                with suppress(Mishap):
                    run(storage, work)

        in_parallel(write)
        for number in range(WRITERS):
            assert times(history(storage, number)) == [n for n in range(10) if (number + n) % 2]
        assert len(history(storage, 99)) == WRITERS * 5

    def test_keeps_nothing_that_a_read_wrote(self, storage):
        run(storage, lambda tx: tx.operators.add(ANNA))
        with suppress(StorageUnavailable):  # refusing is fine too
            storage.read(lambda tx: tx.risk_profiles.put(1, HIGH))
        assert storage.read(lambda tx: tx.risk_profiles.find([1])) == {}
        with suppress(Mishap):
            run(storage, fail)
        assert storage.read(lambda tx: tx.operators.by_fingerprint(ANNA.key_fingerprint)) == ANNA


def fail(tx: Transaction) -> None:
    raise Mishap


class TestParallelWriters:
    def test_writers_to_the_same_users_lose_nothing(self, storage):
        def write(number: int) -> int:
            random = Random(number)
            judge_events = judging(storage)
            actions = random_actions(random, 40)
            done = 0
            while done < len(actions):
                done += len(judge_events(actions[done : done + random.randint(1, 3)]))
            return done

        written = in_parallel(write)
        assert sum(len(history(storage, user_id)) for user_id in (1, 2, 3)) == sum(written)
        assert_judged_like_the_oracle(storage)

    def test_writers_that_meet_new_users_in_any_order_lose_nothing(self, storage):
        """Rows that don't exist yet can't be locked one by one: the first writers of a user create them together."""
        rounds = 8

        def write(number: int) -> None:
            random = Random(number)
            for round_number in range(rounds):
                user_ids = list(range(round_number * 5, round_number * 5 + 5))
                random.shuffle(user_ids)
                judging(storage)([judged(user_id=user_id, time=number).action for user_id in user_ids])

        in_parallel(write)
        assert [len(history(storage, user_id)) for user_id in range(rounds * 5)] == [WRITERS] * rounds * 5
        assert_judged_like_the_oracle(storage, range(rounds * 5))

    def test_writers_that_load_one_user_after_the_other_in_opposite_order_lose_nothing(self, storage):
        """Their deadlocks are the storage's own affair."""

        def write(number: int) -> None:
            for round_number in range(10):

                def work(tx: Transaction, round_number: int = round_number) -> None:
                    for user_id in (1, 2) if number % 2 else (2, 1):
                        action = judged(user_id=user_id, time=round_number)
                        activity = tx.activity.load("event", [user_id])[user_id]
                        activity.record(action.action, 120)
                        tx.activity.append("event", [action])
                        tx.activity.save("event", {user_id: activity})

                run(storage, work)

        in_parallel(write, threads=4)
        for user_id in (1, 2):
            actions = history(storage, user_id)
            assert len(actions) == 40
            assert facts(activity_of(storage, user_id)) == facts(replay(actions))

    def test_writers_of_two_nodes_lose_nothing(self, url, open_storage):
        nodes = [open_storage(url), open_storage(url)]

        def write(number: int) -> None:
            for action in random_actions(Random(number), 25):
                judging(nodes[number % 2])([action])

        in_parallel(write)
        assert sum(len(history(nodes[0], user_id)) for user_id in (1, 2, 3)) == WRITERS * 25
        assert_judged_like_the_oracle(nodes[0])

    @pytest.mark.parametrize("known", [True, False], ids=["a known user", "a new user"])
    def test_a_loaded_user_is_locked_until_the_transaction_ends(self, storage, known):
        if known:
            judging(storage)([judged(time=1).action])
        with ThreadPoolExecutor(1) as pool:

            def work(tx: Transaction) -> object:
                activity = tx.activity.load("event", [1])[1]
                other = pool.submit(activity_of, storage)
                wait([other], timeout=0.2)
                assert not other.done()
                activity.record(judged(time=2).action, 120)
                tx.activity.save("event", {1: activity})
                return other

            other = run(storage, work)
            assert other.result(PATIENCE_SECONDS).latest_time == 2


class TestReading:
    def test_a_reader_never_sees_half_a_transaction(self, storage):
        done = threading.Event()

        def write() -> None:
            for number in range(60):
                append(storage, judged(user_id=1, time=number), judged(user_id=2, time=number))
                run(storage, lambda tx, number=number: both(tx, number))
            done.set()

        def both(tx: Transaction, number: int) -> None:
            tx.activity.append("event", [judged(user_id=1, time=number)])
            tx.activity.append("event", [judged(user_id=2, time=number)])

        def watch() -> int:
            seen = 0
            while not done.is_set():
                one, two = storage.read(lambda tx: [tx.activity.history("event", user_id) for user_id in (1, 2)])
                assert times(one) == times(two)
                seen += 1
            return seen

        with ThreadPoolExecutor(4) as pool:
            watchers = [pool.submit(watch) for _ in range(3)]
            try:
                pool.submit(write).result(PATIENCE_SECONDS)
            finally:
                done.set()
            assert all(watcher.result(PATIENCE_SECONDS) for watcher in watchers)
        assert len(history(storage)) == 120

    def test_a_read_sees_one_snapshot_through_all_its_queries(self, storage):
        """In memory the writer waits for the reader; in SQL it doesn't, and the reader must not see it."""
        append(storage, judged(time=1))
        with ThreadPoolExecutor(1) as pool:

            def work(tx: Transaction) -> list[object]:
                seen = [tx.activity.history("event", 1)]
                writer = pool.submit(append, storage, judged(time=2), judged(user_id=2))
                wait([writer], timeout=0.2 if isinstance(storage, MemoryStorage) else PATIENCE_SECONDS)
                assert writer.done() is not isinstance(storage, MemoryStorage)
                seen.append(tx.activity.history("event", 1))
                seen.append([one.action for one in tx.activity.newest("event", 1, 10)])
                return [*seen, tx.activity.history("event", 2)]

            first, *later, others = storage.read(work)
        assert times(first) == [1]
        assert later == [first, first]
        assert others == []
        assert times(history(storage)) == [1, 2]

    def test_a_read_does_not_wait_for_a_writer(self, sql_storage):
        judging(sql_storage)([judged(time=1).action])
        run(sql_storage, lambda tx: tx.operators.add(ANNA))

        def work(tx: Transaction) -> list[Action]:
            tx.activity.load("event", [1])
            for step in STEPS.values():
                if step is not STEPS["everything twice"]:
                    step(tx)
            assert sql_storage.read(lambda other: other.risk_profiles.find([1, 2])) == {}
            assert sql_storage.read(lambda other: other.operators.by_fingerprint(ANNA.key_fingerprint)) == ANNA
            return history(sql_storage)

        assert times(run(sql_storage, work)) == [1]
        assert times(history(sql_storage)) == [1, 50]

    def test_a_read_sees_what_was_committed_before_it(self, storage):
        def write_and_look(number: int) -> None:
            for round_number in range(20):
                append(storage, judged(user_id=number, time=round_number))
                assert times(history(storage, number)) == list(range(round_number + 1))

        in_parallel(write_and_look, threads=4)

    def test_a_mishap_in_a_read_reaches_the_caller(self, storage):
        with pytest.raises(Mishap):
            storage.read(fail)
        storage.check()
        assert history(storage) == []


class TestTrying:
    """What happens where the database says: not now."""

    def test_a_deadlock_is_run_again_and_takes_effect_once(self, mariadb_url, open_storage):
        storage = open_storage(mariadb_url)
        judging(storage)([judged(user_id=1).action, judged(user_id=2).action])
        met = threading.Barrier(2)
        attempts: list[int] = []

        def write(number: int) -> None:
            first, second = (1, 2) if number else (2, 1)

            def work(tx: Transaction) -> None:
                attempts.append(number)
                tx.activity.load("event", [first])
                tx.activity.append("event", [judged(user_id=first, time=10 + number)])
                if attempts.count(number) == 1:
                    met.wait(PATIENCE_SECONDS)  # each holds what the other needs next
                tx.activity.load("event", [second])
                tx.activity.append("event", [judged(user_id=second, time=10 + number)])

            run(storage, work)

        in_parallel(write, threads=2)
        assert len(attempts) == 3
        assert sorted(times(history(storage, 1))) == [0, 10, 11]
        assert sorted(times(history(storage, 2))) == [0, 10, 11]

    def test_waits_for_another_process_that_writes_to_the_file(self, sqlite_url, open_storage):
        storage = open_storage(sqlite_url)
        with locked(sqlite_url) as other, ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(append, storage, judged(time=1))
            wait([waiting], timeout=0.3)
            assert not waiting.done()
            assert history(storage) == []
            other.rollback()
            waiting.result(PATIENCE_SECONDS)
        assert times(history(storage)) == [1]

    def test_keeps_other_processes_from_writing_to_the_file_from_the_first_query_on(self, sqlite_url, open_storage):
        def work(tx: Transaction) -> None:
            tx.activity.load("event", [1])
            with pytest.raises(OperationalError, match="database is locked"):
                meet_a_locked_file(sqlite_url)

        run(open_storage(sqlite_url), work)

    def test_a_locked_file_is_tried_again(self, sqlite_url, open_storage):
        """The error is SQLite's own, met by a second connection that doesn't wait."""
        storage = open_storage(sqlite_url)
        attempts: list[None] = []

        def work(tx: Transaction) -> int:
            attempts.append(None)
            tx.activity.append("event", [judged(time=len(attempts))])
            if len(attempts) < 4:
                meet_a_locked_file(sqlite_url)
            return len(attempts)

        assert run(storage, work) == 4
        assert times(history(storage)) == [4]

    def test_outlasts_a_process_that_writes_for_longer_than_sqlite_waits(self, sqlite_url, open_storage):
        storage = open_storage(sqlite_url)
        with locked(sqlite_url) as other, ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(append, storage, judged(time=1))
            wait([waiting], timeout=BUSY_TIMEOUT_SECONDS + 0.5)
            was_waiting = not waiting.done()
            other.rollback()
            waiting.result(PATIENCE_SECONDS)
            assert was_waiting
        assert times(history(storage)) == [1]

    @pytest.mark.proof
    def test_gives_up_on_a_process_that_never_ends_its_write(  # contract: G11
        self, sqlite_url, open_storage, monkeypatch
    ):
        """In its short form it gives up after a second, in full after the half minute that it really is."""
        if not LONG:
            monkeypatch.setattr("adapters.sql.retries.MOST_SECONDS", 1)
            monkeypatch.setattr("adapters.sql.sqlite.BUSY_TIMEOUT_SECONDS", 0.2)
        storage = open_storage(sqlite_url)
        with locked(sqlite_url), pytest.raises(StorageUnavailable, match="database is locked"):
            append(storage, judged())
        append(storage, judged(time=1))
        assert times(history(storage)) == [1]

    def test_gives_up_on_a_row_that_stays_locked(  # contract: G11
        self, mariadb, mariadb_url, open_storage, monkeypatch
    ):
        monkeypatch.setattr("adapters.sql.retries.MOST_SECONDS", 2)
        judging(open_storage(mariadb_url))([judged().action])
        (seconds,) = mariadb.ask("SELECT @@GLOBAL.innodb_lock_wait_timeout")[0]
        mariadb.ask("SET GLOBAL innodb_lock_wait_timeout = 0")
        try:
            impatient = open_storage(mariadb_url)

            def work(tx: Transaction) -> None:
                tx.activity.load("event", [1])
                with pytest.raises(StorageUnavailable, match="Lock wait timeout"):
                    judging(impatient)([judged(time=5).action])

            run(open_storage(mariadb_url), work)
            judging(impatient)([judged(time=6).action])
        finally:
            mariadb.ask(f"SET GLOBAL innodb_lock_wait_timeout = {seconds}")
        assert times(history(impatient)) == [0, 6]

    def test_says_that_the_database_can_not_be_reached(
        self, tmp_path: Path, mariadb: MariaDB, mariadb_url: str, open_storage: OpenStorage
    ):  # contract: G11
        with FlakyProxy(mariadb.port) as proxy:
            storage = open_storage(through(proxy, mariadb_url))
            append(storage, judged(time=1))
            proxy.shut()
            gone = [storage, open_storage(f"sqlite:///{tmp_path}")]

            def refused(number: int) -> str:
                one, ask = gone[number % 2], ASKING[number // 2]
                with pytest.raises(StorageUnavailable) as refusal:
                    ask(one)
                return refusal.value.reason

            reasons = in_parallel(refused, len(gone) * len(ASKING))
            assert all("MySQL server" in reason for reason in reasons[0::2])
            assert all("unable to open database file" in reason for reason in reasons[1::2])
            proxy.open()
            storage.check()
            append(storage, judged(time=2))
            assert times(history(storage)) == [1, 2]

    def test_is_alive(self, storage):
        storage.check()

    def test_a_closed_storage_lets_go_of_the_database(self, url, open_storage):
        storage = open_storage(url)
        append(storage, judged())
        history(storage)
        storage.close()
        if url.startswith("mysql"):
            database = make_url(url).database
            with execute(
                url, "SELECT count(*) FROM information_schema.processlist WHERE db = :db", db=database
            ) as rows:
                assert rows == [(1,)]  # the one that asks
        else:
            with closing(sqlite3.connect(make_url(url).database)) as alone:
                alone.execute("PRAGMA journal_mode = DELETE")  # needs every other connection to be gone


ASKING: list[Callable[[Storage], object]] = [lambda storage: append(storage, judged(time=9)), history, SqlStorage.check]


@contextmanager
def locked(url: str) -> Iterator[sqlite3.Connection]:
    """Hold the write lock of an SQLite file, as another process may."""
    with closing(sqlite3.connect(make_url(url).database, isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


def meet_a_locked_file(url: str) -> None:
    """Raise what SQLAlchemy raises where another connection is writing."""
    engine = create_engine(url, connect_args={"timeout": 0, "isolation_level": None})
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        engine.dispose()


def through(proxy: FlakyProxy, url: str) -> str:
    """The same database, by way of the proxy."""
    return make_url(url).set(port=proxy.port).render_as_string()


def is_commit(packet: Packet) -> bool:
    return packet.sql == "COMMIT"


class TestOutages:
    """What a server says that has no place for us, or none left."""

    @pytest.mark.parametrize(
        ("error", "meaning"),
        [
            *((PyMySQLOperationalError(code, "?"), ErrorKind.ROLLED_BACK) for code in (1020, 1205, 1213)),
            *((PyMySQLOperationalError(code, "?"), ErrorKind.STOPPED) for code in (1206, 1317, 1969, 3024)),
            *(
                (PyMySQLOperationalError(code, "?"), ErrorKind.LOST)
                for code in (1040, 1203, 1158, 1159, 1160, 1161, 2006)
            ),
            *(
                (PyMySQLOperationalError(code, "?"), ErrorKind.UNFIT)
                for code in (1045, 1129, 1130, 1142, 1146, 1226, 1290, 1698, 1792, 2026)
            ),
            (InterfaceError(0, ""), ErrorKind.LOST),
            (InternalError("Packet sequence number wrong - got 3 expected 1"), ErrorKind.LOST),
            (InternalError(1815, "Internal error"), ErrorKind.OTHER),
            (PyMySQLOperationalError(1064, "You have an error in your SQL syntax"), ErrorKind.OTHER),
        ],
        ids=repr,
    )
    def test_means_what_the_server_s_manual_says(self, error, meaning):
        database = open_database("mysql+pymysql://root@127.0.0.1:1/none", 1)
        assert database.classify(DBAPIError("SELECT 1", None, error)) is meaning

    def test_waits_until_the_server_has_a_connection_free(self, mariadb, mariadb_url, open_storage):
        """Root has a connection of its own there: what is crowded is everybody else."""
        database = make_url(mariadb_url).database
        mariadb.ask("CREATE OR REPLACE USER crowded@'127.0.0.1'")
        mariadb.ask(f"GRANT ALL ON {database}.* TO crowded@'127.0.0.1'")
        storage = open_storage(make_url(mariadb_url).set(username="crowded").render_as_string())
        (most,) = mariadb.ask("SELECT @@GLOBAL.max_connections")[0]
        mariadb.ask("SET GLOBAL max_connections = 10")
        with ExitStack() as taken, ThreadPoolExecutor(1) as pool:
            taken.callback(mariadb.ask, f"SET GLOBAL max_connections = {most}")
            with suppress(PyMySQLOperationalError):  # too many connections
                for _ in range(11):
                    taken.enter_context(pymysql.connect(host="127.0.0.1", port=mariadb.port, user="crowded"))
            waiting = pool.submit(append, storage, judged(time=1))
            wait([waiting], timeout=0.3)
            assert not waiting.done()
            taken.close()
            waiting.result(PATIENCE_SECONDS)
        assert times(history(storage)) == [1]

    @pytest.mark.parametrize("error", [9999, 1129, 1040, "odd"], ids=str)
    def test_no_connection_is_never_our_own_mistake(self, mariadb_url, open_storage, monkeypatch, error):
        monkeypatch.setattr("adapters.sql.retries.MOST_SECONDS", 0.1)

        def refuse(*_: object) -> None:
            raise PyMySQLOperationalError(*([error] if error == "odd" else [error, "no place for you"]))

        storage = open_storage(mariadb_url)
        monkeypatch.setattr(pymysql.Connection, "connect", refuse)
        for ask in ASKING:
            with pytest.raises(StorageUnavailable):
                ask(storage)

    def test_a_sign_of_life_fails_for_whatever_is_wrong(self, url, open_storage):
        storage = open_storage(url)
        with execute(url, "DROP TABLE operations"):
            pass
        try:
            with pytest.raises(StorageUnavailable, match="operations"):
                storage.check()
        finally:
            metadata.tables["operations"].create(create_engine(url))

    def test_a_read_on_mariadb_can_not_write(self, mariadb_url, open_storage):
        with pytest.raises(StorageUnavailable, match="READ ONLY"):
            open_storage(mariadb_url).read(lambda tx: tx.risk_profiles.put(1, HIGH))

    def test_a_statement_that_is_killed_is_run_again(self, mariadb, mariadb_url, open_storage):
        storage = open_storage(mariadb_url)
        judging(storage)([judged(time=1).action])
        database = make_url(mariadb_url).database
        waits = "SELECT id FROM information_schema.processlist WHERE db = %s AND info LIKE 'SELECT%%FOR UPDATE'"

        def work(tx: Transaction) -> object:
            tx.activity.load("event", [1])
            other = pool.submit(judging(open_storage(mariadb_url)), [judged(time=3).action])
            while not (waiting := mariadb.ask(waits, database)):
                clock_time.sleep(0.01)
            mariadb.ask(f"KILL QUERY {waiting[0][0]}")
            wait([other], timeout=0.1)
            assert not other.done()
            return other

        with ThreadPoolExecutor(1) as pool:
            run(storage, work).result(PATIENCE_SECONDS)
        assert times(history(storage)) == [1, 3]


class TestFiles:
    """An SQLite database is a file, and a file may go away under its name."""

    @pytest.mark.parametrize("ask", ["judge", "list the history", "check"])
    @pytest.mark.parametrize("replaced", [False, True], ids=["deleted", "replaced"])
    def test_nothing_is_written_to_a_file_that_is_gone(self, sqlite_url, open_storage, tmp_path, ask, replaced):
        storage = open_storage(sqlite_url)
        append(storage, judged(time=1))
        path = Path(str(make_url(sqlite_url).database))
        away = tmp_path / "away.db"
        path.rename(away)
        if replaced:
            path.write_bytes(b"")
        asking = {"judge": ASKING[0], "list the history": ASKING[1], "check": ASKING[2]}[ask]
        with pytest.raises(StorageUnavailable, match="deleted or replaced"):
            asking(storage)
        assert path.exists() is replaced  # and none is made in its place
        away.rename(path)
        asking(storage)
        assert times(history(storage))[0] == 1

    def test_a_file_that_was_gone_before_a_reader_s_first_connection_is_noticed(self, sqlite_url, open_storage):
        storage = open_storage(sqlite_url)
        append(storage, judged(time=1))
        Path(str(make_url(sqlite_url).database)).unlink()
        with pytest.raises(StorageUnavailable, match="deleted or replaced"):
            storage.check()

    def test_a_new_file_is_for_its_owner_alone(self, tmp_path, open_storage):
        url = f"sqlite:///{tmp_path}/private.db"
        before = os.umask(0)
        try:
            database = open_database(url, 1)
            migrate(database)
            storage = open_storage(url)
            append(storage, judged())
            files = sorted(tmp_path.iterdir())
            assert [file.name for file in files] == ["private.db", "private.db-shm", "private.db-wal"]
            assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
            database.close()
        finally:
            os.umask(before)

    def test_a_file_that_is_there_keeps_its_mode(self, tmp_path):
        path = tmp_path / "shared.db"
        path.touch()
        path.chmod(0o640)
        database = open_database(f"sqlite:///{path}", 1)
        migrate(database)
        database.close()
        assert stat.S_IMODE(path.stat().st_mode) == 0o640


class TestLostConnections:
    """A line to the server that breaks, at every moment at which it can."""

    @pytest.mark.parametrize(
        ("loss", "attempts_needed"),
        [(Loss.ANSWER, 1), (Loss.DELAY, 1), (Loss.QUESTION, 2)],
        ids=lambda value: str(value),
    )
    def test_a_lost_commit_takes_effect_once(
        self, mariadb: MariaDB, mariadb_url: str, open_storage: OpenStorage, loss: Loss, attempts_needed: int
    ):
        with FlakyProxy(mariadb.port) as proxy:
            ids: list[str] = []

            def remembered() -> str:
                ids.append(new_id())
                return ids[-1]

            storage = open_storage(through(proxy, mariadb_url), new_id=remembered)
            append(storage, judged(time=1))
            attempts: list[None] = []

            def work(tx: Transaction) -> str:
                attempts.append(None)
                tx.activity.append("event", [judged(time=2)])
                return f"what attempt {len(attempts)} found"

            proxy.break_at(is_commit, loss)
            assert storage.run(work) == f"what attempt {attempts_needed} found"
            assert len(attempts) == attempts_needed
            assert times(history(storage)) == [1, 2]
        with execute(mariadb_url, "SELECT count(*) FROM operations WHERE id = :id", id=ids[-1]) as rows:
            assert rows == [(1,)]

    @pytest.mark.parametrize("arrives", [True, False], ids=["the commit arrives", "the commit is lost"])
    @pytest.mark.parametrize(
        "answer",
        [
            InterfaceError(0, ""),
            InternalError("Packet sequence number wrong - got 3 expected 1"),
            PyMySQLError("Already closed"),
            PyMySQLOperationalError(1317, "Query execution was interrupted"),
            PyMySQLOperationalError(1290, "The server is running with the --read-only option"),
            PyMySQLOperationalError(9999, "Something that nobody has heard of"),
        ],
        ids=repr,
    )
    def test_whatever_answers_a_commit_it_takes_effect_once(
        self,
        mariadb_url: str,
        open_storage: OpenStorage,
        monkeypatch: pytest.MonkeyPatch,
        answer: Exception,
        arrives: bool,
    ):
        storage = open_storage(mariadb_url)
        append(storage, judged(time=1))
        commit = pymysql.Connection.commit
        left = [answer]

        def answered(connection: pymysql.Connection) -> None:
            if arrives or not left:
                commit(connection)
            if left:
                raise left.pop()

        monkeypatch.setattr(pymysql.Connection, "commit", answered)
        attempts: list[None] = []

        def work(tx: Transaction) -> int:
            attempts.append(None)
            tx.activity.append("event", [judged(time=2)])
            return len(attempts)

        assert run(storage, work) == (1 if arrives else 2)
        assert times(history(storage)) == [1, 2]

    def test_commits_lost_one_after_the_other_take_effect_once(self, mariadb, mariadb_url, open_storage):
        with FlakyProxy(mariadb.port) as proxy:
            storage = open_storage(through(proxy, mariadb_url))
            attempts: list[None] = []

            def work(tx: Transaction) -> int:
                attempts.append(None)
                proxy.break_at(is_commit, Loss.QUESTION if len(attempts) < 3 else Loss.ANSWER)
                tx.activity.append("event", [judged(time=len(attempts))])
                return len(attempts)

            assert run(storage, work) == 3
            assert times(history(storage)) == [3]

    def test_a_refusal_after_a_lost_commit_that_never_arrived_is_the_work_s_answer(
        self, mariadb, mariadb_url, open_storage
    ):
        with FlakyProxy(mariadb.port) as proxy:
            storage = open_storage(through(proxy, mariadb_url))
            direct = open_storage(mariadb_url)

            def work(tx: Transaction) -> None:
                if not proxy_was_broken:
                    proxy_was_broken.append(None)
                    proxy.break_at(is_commit, Loss.QUESTION)
                else:
                    run(direct, lambda other: other.operators.add(ANNA))
                tx.operators.add(Operator("anna", "another", NOON))

            proxy_was_broken: list[None] = []
            with pytest.raises(OperatorNameTaken):
                run(storage, work)
            assert storage.read(lambda tx: tx.operators.by_fingerprint("another")) is None

    @pytest.mark.parametrize("loss", [Loss.QUESTION, Loss.ANSWER])
    def test_wherever_the_line_breaks_an_event_is_judged_once(self, mariadb, mariadb_url, loss):
        """From the first packet of the log-in to the last of the transaction, one after the other."""
        number = 0
        broke = True
        while broke:
            number += 1
            with FlakyProxy(mariadb.port) as proxy:
                storage = SqlStorage(open_database(through(proxy, mariadb_url), 1), VAULT)
                proxy.break_at(lambda packet, at=number: packet.number == at, loss)
                judging(storage)([judged(time=number, amount="90.00").action])
                broke = len(proxy.packets) >= number
                if broke:
                    assert times(storage.read(lambda tx: tx.activity.history("event", 1))) == [*range(1, number + 1)]
                storage.close()
        assert number > 10
        storage = SqlStorage(open_database(mariadb_url, 1), VAULT)
        try:
            assert times(history(storage)) == [*range(1, number + 1)]
            assert_judged_like_the_oracle(storage, [1])
        finally:
            storage.close()

    @pytest.mark.parametrize("ask", ["judge", "find a profile", "list the history", "check"])
    def test_lines_that_broke_while_they_were_idle_are_not_noticed(self, mariadb, mariadb_url, ask):
        """As after a restart of the server: more broken lines than there are attempts."""
        threads = 16
        met = threading.Barrier(threads)
        with FlakyProxy(mariadb.port) as proxy:
            storage = SqlStorage(open_database(through(proxy, mariadb_url), threads), VAULT)
            try:
                use = run if ask == "judge" else SqlStorage.read
                in_parallel(lambda _: use(storage, lambda tx: met.wait(PATIENCE_SECONDS)), threads)
                proxy.cut()
                if ask == "judge":
                    judging(storage)([judged(time=1).action])
                    assert times(history(storage)) == [1]
                elif ask == "find a profile":
                    assert storage.read(lambda tx: tx.risk_profiles.find([1])) == {}
                elif ask == "list the history":
                    assert history(storage) == []
                else:
                    storage.check()
            finally:
                storage.close()

    def test_a_line_that_breaks_in_a_read_is_not_noticed(self, mariadb, mariadb_url, open_storage):
        with FlakyProxy(mariadb.port) as proxy:
            storage = open_storage(through(proxy, mariadb_url))
            append(storage, judged(time=1))
            proxy.break_at(lambda packet: packet.sql.startswith("SELECT"), Loss.ANSWER)
            assert times(history(storage)) == [1]

    def test_waits_out_a_short_outage(self, mariadb, mariadb_url, open_storage):
        with FlakyProxy(mariadb.port) as proxy, ThreadPoolExecutor(1) as pool:
            storage = open_storage(through(proxy, mariadb_url))
            append(storage, judged(time=1))
            proxy.shut()
            waiting = pool.submit(append, storage, judged(time=2))
            clock_time.sleep(0.2)
            assert not waiting.done()
            proxy.open()
            waiting.result(PATIENCE_SECONDS)
            assert times(history(storage)) == [1, 2]

    def test_writers_whose_lines_keep_breaking_lose_nothing(self, mariadb, mariadb_url, open_storage):
        losses = [Loss.QUESTION, Loss.ANSWER]
        with FlakyProxy(mariadb.port) as proxy:
            storage = open_storage(through(proxy, mariadb_url))
            proxy.keep_breaking(lambda packet: losses[packet.number % 2] if packet.number % 61 == 0 else None)

            def write(number: int) -> None:
                for action in random_actions(Random(number), 20):
                    judging(storage)([action])

            in_parallel(write)
            assert len(proxy.packets) > 20 * 61
            proxy.keep_breaking(lambda packet: None)
            assert sum(len(history(storage, user_id)) for user_id in (1, 2, 3)) == WRITERS * 20
            assert_judged_like_the_oracle(storage)

    def test_forgets_operations_that_nobody_can_ask_about_any_more(self, mariadb_url, open_storage):
        add = "INSERT INTO operations (id, created_at) VALUES ('long ago', UTC_TIMESTAMP() - INTERVAL 1 DAY), "
        with execute(mariadb_url, add + "('just now', UTC_TIMESTAMP())"):
            storage = open_storage(mariadb_url)
        in_parallel(lambda _: [run(storage, lambda tx: None) for _ in range(PURGE_EVERY // WRITERS)])
        with execute(mariadb_url, "SELECT id FROM operations WHERE id LIKE '% %'") as rows:
            assert rows == [("just now",)]
        with execute(mariadb_url, "SELECT count(*) FROM operations") as rows:
            assert rows == [(PURGE_EVERY + 1,)]
