"""The `Idempotency-Key` header: a request that comes twice counts once (contract G8)."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import attrs
import pytest
from falcon.testing import Result, TestClient

from adapters.memory.clock import SetClock
from adapters.memory.prices import FixedPrices
from entrypoints.composition import Hucha, build
from entrypoints.http.app import create_app
from entrypoints.http.idempotency import HEADER
from entrypoints.settings import Settings
from tests.customers import PIN
from tests.http.accounts import DEPOSIT, MONEY_ROUTES, TRANSFER, WITHDRAW, Customer, at_once, done, open_account, says
from tests.http.documented import OPERATIONS, Documented, everything

DEPOSITED = "Cash deposited successfully"
REUSED = "The idempotency key was used for another request."
LONGEST = "k" * 255


def reused(answer: Result) -> None:
    says(answer, 422, REUSED)


def test_the_same_request_again_has_the_same_answer_and_moves_nothing(ana: Customer, ben: Customer) -> None:
    # contract: G8
    for number, ask in enumerate((ana.deposit, ana.withdraw, lambda amount, key: ana.transfer(ben, amount, key))):
        first = ask(10, f"key {number}")
        again = [ask(10, f"key {number}") for _ in range(3)]
        assert first.status_code == 200
        assert {(one.status, one.content, one.headers["Content-Type"]) for one in again} == {
            (first.status, first.content, first.headers["Content-Type"])
        }
    assert (ana.balance(), ben.balance()) == (990, 1010)
    assert (len(ana.history()), len(ben.history())) == (4, 2)


def test_without_a_key_the_same_request_again_moves_again(ana: Customer) -> None:
    for _ in range(3):
        done(ana.deposit(10), DEPOSITED)
    assert ana.balance() == 1030


@pytest.mark.parametrize(
    "other",
    [
        {"pin": PIN, "amount": 11},
        {"pin": PIN, "amount": "10"},
        {"pin": PIN, "amount": 10.0},
        {"amount": 10, "pin": PIN},
        {"pin": PIN, "amount": 10, "reference": "x"},
        {"pin": "9999", "amount": 10},
        {"pin": PIN, "amount": -1},
        {},
        b"",
        b'{"pin":"1811","amount":10}',
        b'{"pin": "1811", "amount": 10} ',
        rb'{"pin": "181\u0031", "amount": 10}',
    ],
)
def test_another_body_with_the_same_key_is_422(ana: Customer, other: dict[str, object] | bytes) -> None:
    """The raw body counts: not even blanks may differ. The key comes before PIN and amount."""
    # contract: G8
    done(ana.ask(DEPOSIT, {"pin": PIN, "amount": 10}, "k"), DEPOSITED)
    reused(ana.ask(DEPOSIT, other, "k"))
    assert ana.balance() == 1010
    done(ana.ask(DEPOSIT, {"pin": PIN, "amount": 10}, "k"), DEPOSITED)


def test_another_route_with_the_same_key_and_body_is_422(ana: Customer, ben: Customer) -> None:
    # contract: G8
    body = {"pin": PIN, "amount": 10, "targetAccountNumber": ben.account_number}
    for number, first in enumerate(MONEY_ROUTES):
        assert ana.ask(first, body, str(number)).status_code == 200
        for other in MONEY_ROUTES:
            if other != first:
                reused(ana.ask(other, body, str(number)))
    assert (ana.balance(), ben.balance()) == (990, 1010)


def test_a_key_is_its_users_alone(ana: Customer, ben: Customer) -> None:
    # contract: G8
    for customer in (ana, ben, ana, ben):
        done(customer.deposit(10, "the same"), DEPOSITED)
    done(ben.deposit(7, "only ben's"), DEPOSITED)
    done(ana.deposit(8, "only ben's"), DEPOSITED)
    assert (ana.balance(), ben.balance()) == (1018, 1017)


def test_keys_are_compared_exactly(ana: Customer) -> None:
    # contract: G8
    keys = ["k", "K", "kk", "k k", "0", "00", LONGEST, LONGEST[:-1] + "l", "!~\"'%\\,;", "null"]
    for _ in range(2):
        for key in keys:
            done(ana.deposit(1, key), DEPOSITED)
    assert ana.balance() == 1000 + len(keys)


@pytest.mark.parametrize("key", ["", "k" * 256, "a\xf1o", "\x7f", "a\tb", "a\x01b", "\xa0"])
def test_an_invalid_key_is_400_and_named(ana: Customer, key: str) -> None:
    # contract: G8
    sentence = f"Invalid fields: {HEADER} must be 1 to 255 printable ASCII characters."
    says(ana.deposit(10, key), 400, sentence)
    assert (ana.balance(), len(ana.history())) == (1000, 1)


def test_the_key_is_checked_after_the_token_and_before_the_pin(ana: Customer, hucha: Hucha) -> None:
    # contract: G8, B7
    stranger = open_account(hucha, "cleo", pin=None)
    assert stranger.deposit(10, "").status_code == 400
    assert ana.deposit("x", "", pin="9999").status_code == 400
    for key in ("", "k"):
        headers = {HEADER: key, "Authorization": "Bearer x", "Content-Type": "application/json"}
        says(ana.client.simulate_post(DEPOSIT, body="{}", headers=headers), 401, "Access Denied")
    for _ in range(6):  # were the PIN compared, it would be locked then
        assert ana.deposit(1, "", pin="9999").status_code == 400
    done(ana.deposit(1), DEPOSITED)


def test_a_pin_can_not_be_guessed_by_replays(ana: Customer, clock: SetClock) -> None:
    """The body that a key compares holds the PIN: another one is a try, and a locked PIN is compared with nothing."""
    # contract: G8, B6
    done(ana.deposit(1, "k"), DEPOSITED)
    for _ in range(5):
        reused(ana.deposit(1, "k", pin="9999"))
    says(ana.deposit(1, "k", pin="9998"), 403, "PIN locked")
    says(ana.deposit(1, "k"), 403, "PIN locked")
    clock.advance(timedelta(minutes=15))
    done(ana.deposit(1, "k"), DEPOSITED)
    assert ana.balance() == 1001


def test_a_key_counts_for_24_hours(ana: Customer, clock: SetClock) -> None:
    # contract: G8
    done(ana.deposit(10, "k"), DEPOSITED)
    clock.advance(timedelta(hours=24, seconds=-1))
    ana = ana.signed_in_again()
    done(ana.deposit(10, "k"), DEPOSITED)
    reused(ana.deposit(11, "k"))
    assert ana.balance() == 1010
    clock.advance(timedelta(seconds=2))
    done(ana.deposit(11, "k"), DEPOSITED)
    assert ana.balance() == 1021
    reused(ana.deposit(10, "k"))
    done(ana.deposit(11, "k"), DEPOSITED)
    clock.advance(timedelta(hours=24, seconds=-1))
    done(ana.signed_in_again().deposit(11, "k"), DEPOSITED)
    assert ana.signed_in_again().balance() == 1021


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (WITHDRAW, {"pin": PIN, "amount": "1000.01"}, 400),
        (WITHDRAW, {"pin": PIN, "amount": "-1"}, 400),
        (DEPOSIT, {"pin": "9999", "amount": "1"}, 403),
        (TRANSFER, {"pin": PIN, "amount": "1", "targetAccountNumber": "nobody"}, 404),
        (DEPOSIT, b"nonsense", 400),
    ],
)
def test_refusals_are_not_kept(ana: Customer, path: str, body: dict[str, object] | bytes, status: int) -> None:
    # contract: G8
    for _ in range(2):
        assert ana.ask(path, body, "k").status_code == status
    done(ana.deposit(10, "k"), DEPOSITED)
    assert ana.balance() == 1010


def test_what_was_refused_may_succeed_with_the_same_key_and_body(ana: Customer) -> None:
    # contract: G8
    says(ana.withdraw(1500, "k"), 400, "Insufficient balance")
    done(ana.deposit(600), DEPOSITED)
    for _ in range(2):
        done(ana.withdraw(1500, "k"), "Cash withdrawn successfully")
    assert ana.balance() == 100


def test_only_a_digest_of_the_request_is_kept(stored: Hucha, database: Path) -> None:
    """It is keyed: who reads the database can't try the 10,000 PINs on it."""
    # contract: G8
    ana, ben = open_account(stored, "ana"), open_account(stored, "ben")
    for customer in (ana, ben):
        done(customer.deposit(10, "k"), DEPOSITED)
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT user_id, idempotency_key, fingerprint FROM idempotency_keys").fetchall()
    assert [row[:2] for row in rows] == [(ana.user_id, "k"), (ben.user_id, "k")]
    assert rows[0][2] != rows[1][2]
    assert "1811" not in json.dumps(rows)


def test_a_request_raced_by_eight_against_itself_moves_once(stored: Hucha) -> None:
    # contract: G8
    ana, ben = open_account(stored, "ana", "100.00"), open_account(stored, "ben")
    for number in range(5):
        answers = at_once(8, lambda _, key=f"key {number}": ana.transfer(ben, 10, key))
        assert {(one.status_code, one.text) for one in answers} == {(200, '{"msg":"Fund transferred successfully"}')}
    assert (ana.balance(), ben.balance()) == (50, 50)
    assert len(ben.history()) == 5
    assert stored.audit() == (2, [])


def test_of_eight_bodies_raced_with_one_key_one_wins(stored: Hucha) -> None:
    # contract: G8
    ana = open_account(stored, "ana")
    answers = at_once(8, lambda number: ana.deposit(number + 1, "k").status_code)
    assert Counter(answers) == {200: 1, 422: 7}
    assert ana.balance() == answers.index(200) + 1


@pytest.fixture
def impatient(database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hucha]:
    """A bank over SQLite that doesn't wait long for another process's lock."""
    monkeypatch.setattr("adapters.sql.sqlite.BUSY_TIMEOUT_SECONDS", 0.05)
    monkeypatch.setattr("adapters.sql.retries.MOST_SECONDS", 0.05)
    hucha = build(Settings(database_url=f"sqlite:///{database}", threads=4, bcrypt_rounds=4))
    yield hucha
    hucha.close()


def test_409_where_the_wait_for_the_lock_runs_out(impatient: Hucha, database: Path) -> None:
    # contract: G8, G11
    ana = open_account(impatient, "ana")
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        in_flight, unguarded = ana.deposit(10, "k"), ana.deposit(10)
    says(in_flight, 409, "The request with this idempotency key is still running.")
    assert unguarded.status_code == 503
    assert int(in_flight.headers["Retry-After"]) >= 1
    assert int(unguarded.headers["Retry-After"]) >= 1
    done(ana.deposit(10, "k"), DEPOSITED)
    assert ana.balance() == 10


def test_a_request_that_meets_its_key_in_flight_waits_for_the_answer(stored: Hucha, database: Path) -> None:
    # contract: G8
    ana = open_account(stored, "ana")
    with closing(sqlite3.connect(database, isolation_level=None)) as other, ThreadPoolExecutor(2) as pool:
        other.execute("BEGIN IMMEDIATE")
        asked = [pool.submit(ana.deposit, 10, "k") for _ in range(2)]
        assert not wait(asked, timeout=0.2).done
        other.execute("ROLLBACK")
        for answer in asked:
            done(answer.result(30), DEPOSITED)
    assert ana.balance() == 10


def test_keys_outlive_a_restart_and_a_change_of_the_servers_key(database: Path) -> None:
    # contract: G7, G8, R5
    old, new = b"o" * 32, b"n" * 32
    balances = []
    token = ""
    for secrets in ((old,), (new, old), (new, old)):
        settings = Settings(
            database_url=f"sqlite:///{database}", threads=4, bcrypt_rounds=4, secret_key=secrets, data_key=(old,)
        )
        with closing(build(settings)) as hucha:
            if not token:
                ana = open_account(hucha, "ana")
                token = ana.token
            ana = attrs.evolve(ana, hucha=hucha, client=TestClient(create_app(hucha)))
            done(ana.deposit(10, "k"), DEPOSITED)
            reused(ana.deposit(11, "k"))
            balances.append(ana.balance())
    assert balances == [10, 10, 10]


GUARDED = [pytest.param(one, id=str(one)) for one in OPERATIONS if one.moves_money]


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hucha, Path]]:
    """A bank over SQLite, for every operation, with its file; prices stand still."""
    database = tmp_path_factory.mktemp("idempotency") / "hucha.db"
    hucha = build(Settings(database_url=f"sqlite:///{database}", threads=10, bcrypt_rounds=4, rate_limits=False))
    trade_assets = attrs.evolve(hucha.trade_assets, prices=FixedPrices({"GOLD": "1162.48"}))
    yield attrs.evolve(hucha, trade_assets=trade_assets), database
    hucha.close()


def sizes(database: Path) -> Counter[str]:
    """How many rows each table of ours has."""
    return Counter({name: len(rows) for name, rows in everything(database).items() if name != "sqlite_sequence"})


@pytest.mark.parametrize("operation", GUARDED)
def test_every_operation_with_a_key_can_be_retried_and_raced(bank: tuple[Hucha, Path], operation: Documented) -> None:
    """Raced, it leaves as many rows behind as asked once; retried or with another body, none at all."""
    # contract: G8
    hucha, database = bank
    once, raced, target = (
        open_account(hucha, f"{name}.{operation.path[5:].replace('/', '.')}", "1000000.00")
        for name in ("once", "raced", "target")
    )
    body = operation.example(pin=PIN, targetAccountNumber=target.account_number)
    assert body is not None
    for customer in (once, raced):  # so that there is something to sell
        assert customer.buy("GOLD", "1000.00").status_code == 200

    before = sizes(database)
    first = once.ask(operation.path, body, "k")
    assert first.status_code // 100 == 2, first.text
    after = sizes(database)
    left, kept = after - before, everything(database)
    assert left["idempotency_keys"] == 1

    again = once.ask(operation.path, body, "k")
    assert (again.status, again.content) == (first.status, first.content)
    for other in (body | {"unknown": 1}, {}, b""):
        assert once.ask(operation.path, other, "k").status_code == 422
    assert once.ask(operation.path, body, "").status_code == 400
    assert everything(database) == kept

    answers = at_once(8, lambda _: raced.ask(operation.path, body, "k"))
    ((status, _),) = {(one.status, one.content) for one in answers}
    assert status == first.status
    assert sizes(database) - after == left
    assert raced.balance() == once.balance()
    assert hucha.audit()[1] == []


ONLY_TALK = {"/api/transfers/simulate", "/api/recurring-expenses"}
"""Routes that take an amount and move nothing."""


def test_every_route_that_moves_money_by_a_pin_takes_a_key() -> None:
    # contract: G8
    assert {one.path for one in OPERATIONS if one.moves_money} >= set(MONEY_ROUTES)
    for one in OPERATIONS:
        amount = (one.example() or {}).keys() & {"amount", "quantity"}
        if one.method == "post" and amount and "accessToken" in one.schemes and one.path not in ONLY_TALK:
            assert one.moves_money, one
