"""`GET /api/account/transactions`: the whole history, newest first. Source: seed B, task 4; contract B9."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory.clock import SetClock
from domain.model.transactions import Movement, MovementType
from domain.use_cases.money.book_movement import book_movement
from entrypoints.composition import Hucha, build_in_memory
from entrypoints.settings import Settings
from tests.http.accounts import HISTORY, Customer, open_account, says

pytestmark = pytest.mark.money(ana="0", ben="0")

KEYS = ["id", "amount", "transactionType", "transactionDate", "sourceAccountNumber", "targetAccountNumber"]


def pages(customer: Customer, limit: int) -> Iterator[list[dict[str, Any]]]:
    """Every page, each from the `Link` of the one before (RFC 8288)."""
    query: str | None = f"limit={limit}"
    while query is not None:
        yield customer.history(query)
        answer = customer.client.simulate_get(HISTORY, query_string=query, headers=customer.bearer)
        query = None
        if "Link" in answer.headers:
            match = re.fullmatch(r'<([^>]+)>; rel="?next"?', answer.headers["Link"])
            assert match, answer.headers["Link"]
            target = urlsplit(match[1])
            assert (target.scheme, target.netloc, target.path) == ("", "", HISTORY)
            query = target.query


def test_the_history_of_the_seed(hucha: Hucha, clock: SetClock) -> None:
    # contract: B9, G5, G6
    clock.set(datetime(2024, 10, 22, 5, 0, 25, 112_000, tzinfo=UTC))
    ana, ben = open_account(hucha, "ana"), open_account(hucha, "ben")
    ana.deposit("100000.0")
    clock.set(datetime(2024, 10, 22, 5, 2, 36, 164_000, tzinfo=UTC))
    ana.withdraw(20000.0)
    clock.set(datetime(2024, 10, 22, 5, 5, 42, 375_999, tzinfo=UTC))
    ana.transfer(ben, 1000.0)
    third, second, first = ana.history()
    assert list(third) == list(second) == list(first) == KEYS
    assert third == {
        "id": third["id"],
        "amount": Decimal("1000.00"),
        "transactionType": "CASH_TRANSFER",
        "transactionDate": 1729573542375,
        "sourceAccountNumber": ana.account_number,
        "targetAccountNumber": ben.account_number,
    }
    assert (second["amount"], second["transactionType"]) == (20000, "CASH_WITHDRAWAL")
    assert (first["amount"], first["transactionType"]) == (100000, "CASH_DEPOSIT")
    assert (second["transactionDate"], first["transactionDate"]) == (1729573356164, 1729573225112)
    for entry in (second, first):
        assert (entry["sourceAccountNumber"], entry["targetAccountNumber"]) == (ana.account_number, "N/A")
    assert third["id"] > second["id"] > first["id"]


def test_both_sides_see_a_transfer_and_the_very_same(ana: Customer, ben: Customer, hucha: Hucha) -> None:
    # contract: B9
    ana.deposit(10)
    ana.transfer(ben, 4, reference="Rent")
    ben.transfer(ana, 1)
    assert ben.history() == ana.history()[:2]
    back, there = ben.history()
    assert (back["sourceAccountNumber"], back["targetAccountNumber"]) == (ben.account_number, ana.account_number)
    assert there["reference"] == "Rent"
    assert "reference" not in back
    assert open_account(hucha, "cleo").history() == []


def test_amounts_are_json_numbers_with_exact_cents(ana: Customer) -> None:
    # contract: G5
    for amount in ("0.1", "9007199254740.93"):
        ana.deposit(amount)
    answer = ana.client.simulate_get(HISTORY, headers=ana.bearer)
    assert answer.headers["Content-Type"] == "application/json"
    assert re.findall(r'"amount":([^,]+),', answer.text) == ["9007199254740.93", "0.10"]
    assert all(isinstance(entry["transactionDate"], int) for entry in answer.json)


def test_refused_orders_leave_no_entry(ana: Customer, ben: Customer) -> None:
    # contract: B9
    ana.deposit(10)
    for answer in (ana.withdraw(11), ana.deposit(-1), ana.transfer("x", 1), ana.withdraw(1, pin="0000")):
        assert answer.status_code >= 400
    assert [len(one.history()) for one in (ana, ben)] == [1, 0]


@pytest.mark.parametrize(
    ("type", "amount"),
    [
        ("SUBSCRIPTION", "12.30"),
        ("ASSET_PURCHASE", "12.30"),
        ("ASSET_SELL", "12.30"),
        ("CARD_PAYMENT", "12.30"),
        ("CARD_PAYMENT", "-12.30"),
    ],
)
def test_every_type_is_shown_and_a_card_payment_keeps_its_sign(
    ana: Customer, hucha: Hucha, clock: SetClock, type: MovementType, amount: str
) -> None:
    """A card payment shows when it happened, every other movement when it was booked."""
    # contract: B9, A10
    ana.deposit(100)
    happened = clock.now() - timedelta(days=3) if type == "CARD_PAYMENT" else clock.now()
    movement = Movement(type, ana.user_id, Decimal(amount), happened, clock.now())
    hucha.storage.run(lambda tx: book_movement(tx, movement))
    entry = ana.history()[0]
    assert (entry["transactionType"], str(entry["amount"])) == (type, amount)
    assert entry["transactionDate"] == int(happened.timestamp() * 1000)
    assert entry["targetAccountNumber"] == "N/A"


@settings(max_examples=15)
@given(st.integers(0, 12), st.integers(1, 14))
def test_pages_put_together_are_the_whole_history(movements: int, limit: int) -> None:
    # contract: B9
    hucha = build_in_memory(Settings(bcrypt_rounds=4), SetClock())
    ana, ben = open_account(hucha, "ana", "100.00"), open_account(hucha, "ben", "100.00")
    for number in range(movements):
        (ana, ben)[number % 2].transfer((ben, ana)[number % 2], number + 1)
        (ana.deposit if number % 3 else ben.deposit)(1)
    found = list(pages(ana, limit))
    assert [entry for page in found for entry in page] == ana.history()
    assert all(len(page) == limit for page in found[:-1])
    assert 1 <= len(found[-1]) <= limit, "no Link leads to an empty page"


def test_before_leaves_out_what_is_newer(ana: Customer) -> None:
    # contract: B9
    for amount in (1, 2, 3):
        ana.deposit(amount)
    third, second, first = ana.history()
    assert ana.history(f"before={third['id']}") == [second, first]
    assert ana.history(f"before={first['id']}") == ana.history("before=0") == []
    assert ana.history(f"before={third['id'] + 1}&limit=1") == [third]
    assert ana.history(f"before={2**53 - 1}&limit=1000") == [third, second, first]


def test_without_a_limit_there_is_no_link(ana: Customer) -> None:
    # contract: B9
    for amount in (1, 2, 3):
        ana.deposit(amount)
    for query in ("", "limit=3", "limit=1000"):
        answer = ana.client.simulate_get(HISTORY, query_string=query, headers=ana.bearer)
        assert "Link" not in answer.headers
        assert len(answer.json) == 3


def test_a_history_of_more_than_a_thousand_is_complete(ana: Customer, hucha: Hucha, clock: SetClock) -> None:
    # contract: B9
    movement = Movement("CASH_DEPOSIT", ana.user_id, Decimal("0.01"), clock.now(), clock.now())
    hucha.storage.run(lambda tx: [book_movement(tx, movement) for _ in range(1001)])
    assert len(ana.history()) == 1001
    assert [len(page) for page in pages(ana, 1000)] == [1000, 1]


BAD = ["", "0x1", "x", "1.0", "-1", "1e2", " 1", "1 ", "+1", "１", "9007199254740992", "99999999999999999999", "%00"]


@pytest.mark.parametrize(
    "query", [f"limit={value}" for value in [*BAD, "0", "1001"]] + [f"before={value}" for value in BAD]
)
def test_a_bad_query_is_400_and_named(ana: Customer, query: str) -> None:
    # contract: B9, G2
    answer = ana.client.simulate_get(HISTORY, query_string=query, headers=ana.bearer)
    name = query.partition("=")[0]
    assert answer.status_code == 400
    assert re.fullmatch(rf"Invalid fields: {name} [^;]+\.", answer.text)
    assert answer.headers["Content-Type"].partition(";")[0] == "text/plain"


def test_all_that_is_bad_is_named_at_once(ana: Customer) -> None:
    answer = ana.client.simulate_get(HISTORY, query_string="before=x&limit=0", headers=ana.bearer)
    assert answer.status_code == 400
    assert re.fullmatch(r"Invalid fields: limit .+; before .+\.", answer.text)


def test_a_stranger_sees_nothing(ana: Customer) -> None:
    # contract: G3
    ana.deposit(1)
    says(ana.client.simulate_get(HISTORY, query_string="limit=x"), 401, "Access Denied")
