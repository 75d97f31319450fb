"""`/api/account/deposit` and `/withdraw`: the answers, and the order of checks. Source: seed B, tasks 4 and 7."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.memory.clock import SetClock
from entrypoints.composition import Hucha
from tests.customers import PIN
from tests.http.accounts import DEPOSIT, MONEY_ROUTES, TRANSFER, WITHDRAW, Customer, at_once, done, open_account, says
from tests.http.bodies import BAD_VALUES, MALFORMED, body_of

DEPOSITED = "Cash deposited successfully"
WITHDRAWN = "Cash withdrawn successfully"
BAD_AMOUNTS = BAD_VALUES["amount"]


@pytest.fixture
def nuwe(hucha: Hucha) -> Customer:
    return open_account(hucha)


@pytest.fixture
def rich(hucha: Hucha) -> Customer:
    return open_account(hucha, "rich", "5000.00")


def raw_order(amount: str | None, pin: str = f'"{PIN}"') -> bytes:
    """A body whose amount is written just so."""
    return body_of({"amount": amount, "pin": pin, "targetAccountNumber": '"nobody"'})


def test_the_examples_of_the_seed_one_after_the_other(nuwe: Customer) -> None:
    # contract: B7
    done(nuwe.ask(DEPOSIT, b'{"pin":"1811", "amount":"100000.0"}'), DEPOSITED)
    assert nuwe.balance() == 100000
    done(nuwe.ask(WITHDRAW, b'{"amount":20000.0, "pin":"1811"}'), WITHDRAWN)
    assert nuwe.balance() == 80000


def test_the_answer_is_in_the_database(stored: Hucha, database: Path) -> None:
    # contract: G5
    nuwe = open_account(stored)
    done(nuwe.deposit("100000.10"), DEPOSITED)
    done(nuwe.withdraw("0.01"), WITHDRAWN)
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT balance FROM users").fetchall() == [(1_000_000_900,)]  # ten-thousandths
        booked = connection.execute("SELECT type, amount FROM transactions ORDER BY id").fetchall()
    assert booked == [("CASH_DEPOSIT", 1_000_001_000), ("CASH_WITHDRAWAL", 100)]
    assert stored.audit() == (1, [])


@pytest.mark.parametrize(
    ("raw", "amount"),
    [
        ("0.01", "0.01"),
        ('"0.01"', "0.01"),
        ("0.1", "0.10"),
        ("7", "7.00"),
        ('"7"', "7.00"),
        ('"0100"', "100.00"),
        ("1e2", "100.00"),
        ("100.000000000000000000", "100.00"),
        ('"42.10000000000000000000000000"', "42.10"),
        ("1.1", "1.10"),
        ("9007199254740.93", "9007199254740.93"),
        ('"9999999999999.99"', "9999999999999.99"),
        ("9999999999999.99", "9999999999999.99"),
    ],
)
def test_an_amount_is_a_number_or_a_string_and_exact(nuwe: Customer, raw: str, amount: str) -> None:
    # contract: G5
    done(nuwe.ask(DEPOSIT, raw_order(raw)), DEPOSITED)
    assert str(nuwe.balance()) == amount
    (entry,) = nuwe.history()
    assert str(entry["amount"]) == amount
    done(nuwe.ask(WITHDRAW, raw_order(raw)), WITHDRAWN)
    assert nuwe.balance() == 0


def test_a_balance_is_a_json_number_with_exact_cents(nuwe: Customer) -> None:
    # contract: G5
    for _ in range(3):
        nuwe.deposit(0.1)
    answer = nuwe.client.simulate_get("/api/dashboard/account", headers=nuwe.bearer)
    assert re.search(r'"balance":0\.30?[,}]', answer.text)
    assert list(json.loads(answer.text)) == ["accountNumber", "balance"]


@pytest.mark.parametrize("path", MONEY_ROUTES)
@pytest.mark.parametrize("raw", BAD_AMOUNTS)
def test_a_bad_amount_is_400_and_named(rich: Customer, path: str, raw: str | None) -> None:
    """Before the target and the funds are looked at."""
    # contract: G5, B7, B8
    answer = rich.ask(path, raw_order(raw))
    assert answer.status_code == 400
    assert re.fullmatch(r"Invalid fields: amount [^;]+\.", answer.text)
    assert answer.headers["Content-Type"].partition(";")[0] == "text/plain"
    assert (rich.balance(), len(rich.history())) == (5000, 1)


@pytest.mark.parametrize("path", MONEY_ROUTES)
def test_a_wrong_pin_wins_over_a_bad_amount(hucha: Hucha, path: str) -> None:
    # contract: B7
    rich = open_account(hucha, "rich", "5000.00")
    for raw in BAD_AMOUNTS:
        says(rich.ask(path, raw_order(raw, '"9999"')), 403, "Invalid PIN")
        done(rich.deposit("0.01"), DEPOSITED)  # else the PIN would be locked


@pytest.mark.parametrize("path", MONEY_ROUTES)
@pytest.mark.parametrize(
    "pin", [None, "null", '""', '" "', "1811", '"0000"', '"181"', '"18110"', '" 1811"', '"1811 "', '"１８１１"', "[]"]
)
def test_a_wrong_or_missing_pin_is_403(rich: Customer, path: str, pin: str | None) -> None:
    # contract: B7
    body = body_of({"amount": "1", "pin": pin, "targetAccountNumber": '"nobody"'})
    says(rich.ask(path, body), 403, "Invalid PIN")
    assert (rich.balance(), len(rich.history())) == (5000, 1)


@pytest.mark.parametrize("path", MONEY_ROUTES)
def test_without_a_pin_no_pin_is_right(hucha: Hucha, path: str) -> None:
    # contract: B7
    nuwe = open_account(hucha, pin=None)
    for pin in ('"1811"', '"0000"', "null", '""'):
        says(nuwe.ask(path, raw_order("1", pin)), 403, "Invalid PIN")


@pytest.mark.parametrize("path", MONEY_ROUTES)
def test_an_empty_body_has_no_pin(rich: Customer, path: str) -> None:
    # contract: B7, G4
    for body in (b"", b"{}"):
        says(rich.ask(path, body), 403, "Invalid PIN")


def test_five_wrong_pins_in_a_row_lock_every_money_route(hucha: Hucha, clock: SetClock) -> None:
    # contract: B6
    rich = open_account(hucha, "rich", "5000.00")
    for path in (DEPOSIT, WITHDRAW, TRANSFER, WITHDRAW, DEPOSIT):
        says(rich.ask(path, raw_order("1", '"9999"')), 403, "Invalid PIN")
    for path in MONEY_ROUTES:
        says(rich.ask(path, raw_order("1")), 403, "PIN locked")
    clock.advance(timedelta(minutes=15, seconds=-1))
    says(rich.deposit(1), 403, "PIN locked")
    clock.advance(timedelta(seconds=1))
    done(rich.deposit(1), DEPOSITED)


@pytest.mark.parametrize("path", MONEY_ROUTES)
def test_the_token_comes_first(rich: Customer, path: str) -> None:
    # contract: B7, G3
    headers = {"Content-Type": "application/json", "Idempotency-Key": ""}
    for body in (b"", b"nonsense", raw_order("1", '"9999"'), raw_order("-1")):
        answer = rich.client.simulate_post(path, body=body, headers=headers)
        says(answer, 401, "Access Denied")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_body_is_400(rich: Customer, body: bytes) -> None:
    # contract: G2, G4
    for path in MONEY_ROUTES:
        answer = rich.ask(path, body)
        assert answer.status_code == 400
        assert answer.headers["Content-Type"].partition(";")[0] == "text/plain"
        assert "Invalid fields" not in answer.text, "no field was read"
    assert rich.balance() == 5000


def test_unknown_keys_are_ignored(nuwe: Customer) -> None:
    # contract: G4
    body = {"pin": PIN, "amount": 1, "id": 7, "targetAccountNumber": [], "reference": {}, "user_id": 2}
    done(nuwe.ask(DEPOSIT, body), DEPOSITED)


def test_the_balance_can_be_withdrawn_and_not_a_cent_more(hucha: Hucha) -> None:
    # contract: B7
    nuwe = open_account(hucha, balance="100.00")
    says(nuwe.withdraw("100.01"), 400, "Insufficient balance")
    assert (nuwe.balance(), len(nuwe.history())) == (100, 1)
    done(nuwe.withdraw("100.00"), WITHDRAWN)
    says(nuwe.withdraw("0.01"), 400, "Insufficient balance")
    assert nuwe.balance() == 0


def test_a_wrong_pin_wins_over_missing_funds(nuwe: Customer) -> None:
    # contract: B7
    says(nuwe.withdraw(1, pin="9999"), 403, "Invalid PIN")
    says(nuwe.withdraw(1), 400, "Insufficient balance")


def test_a_balance_never_reaches_10_to_the_13th(nuwe: Customer) -> None:
    # contract: G5
    done(nuwe.deposit("9999999999999.99"), DEPOSITED)
    says(nuwe.deposit("0.01"), 400, "A balance must stay nearer to zero than 10^13.")
    assert (nuwe.balance(), len(nuwe.history())) == (Decimal("9999999999999.99"), 1)
    done(nuwe.withdraw("0.01"), WITHDRAWN)
    done(nuwe.deposit("0.01"), DEPOSITED)


def test_customers_do_not_disturb_each_other(nuwe: Customer, rich: Customer) -> None:
    done(nuwe.deposit(1), DEPOSITED)
    done(rich.withdraw(1), WITHDRAWN)
    assert (nuwe.balance(), rich.balance()) == (1, 4999)


@pytest.mark.parametrize("route", ["/api/auth/register", "/api/users/register"])
def test_either_registration_makes_an_account_of_the_same_kind(hucha: Hucha, rich: Customer, route: str) -> None:
    # contract: G1
    someone = {"name": "Nuwe Test", "email": "some@one.com", "password": "NuweTest1$"}
    home = {"address": "Main St", "phoneNumber": "666888116"} if "users" in route else {}
    assert rich.client.simulate_post(route, json=someone | home).status_code in (200, 201)
    login = {"identifier": "some@one.com", "password": "NuweTest1$"}
    token = rich.client.simulate_post("/api/users/login", json=login).json["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    info = rich.client.simulate_get("/api/dashboard/account", headers=bearer).json
    assert info["balance"] == 0
    pin = {"pin": PIN, "password": "NuweTest1$"}
    assert rich.client.simulate_post("/api/account/pin/create", json=pin, headers=bearer).status_code == 200
    order = {"pin": PIN, "amount": 10}
    assert rich.client.simulate_post(DEPOSIT, json=order, headers=bearer).status_code == 200
    done(rich.transfer(info["accountNumber"], 5), "Fund transferred successfully")
    assert rich.client.simulate_get("/api/dashboard/account", headers=bearer).json["balance"] == 15


def test_what_many_withdraw_at_once_is_never_more_than_there_is(stored: Hucha) -> None:
    # contract: B7
    nuwe = open_account(stored, balance="100.00")
    answers = at_once(8, lambda number: nuwe.withdraw(30).text)
    assert Counter(answers) == {'{"msg":"Cash withdrawn successfully"}': 3, "Insufficient balance": 5}
    assert (nuwe.balance(), len(nuwe.history())) == (10, 4)
    assert stored.audit() == (1, [])


@pytest.mark.parametrize("table", ["users", "transactions"])
def test_a_deposit_that_fails_half_way_leaves_nothing(stored: Hucha, database: Path, table: str) -> None:
    # contract: B8
    nuwe = open_account(stored, balance="100.00")
    event = {"users": "UPDATE OF balance ON users", "transactions": "INSERT ON transactions"}[table]
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(f"CREATE TRIGGER no AFTER {event} BEGIN SELECT RAISE(ABORT, 'no'); END")
    answer = nuwe.deposit(1, key="k")
    assert answer.status_code == 500
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("DROP TRIGGER no")
    assert (nuwe.balance(), len(nuwe.history())) == (100, 1)
    done(nuwe.deposit(1, key="k"), DEPOSITED)
