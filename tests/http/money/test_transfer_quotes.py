"""`/api/transfers`: what an international transfer would cost and bring (contract A7)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from falcon.testing import Result

from entrypoints.composition import Hucha
from tests.http.accounts import Customer, open_account
from tests.http.signing_in import BLANKS

SIMULATE = "/api/transfers/simulate"
FEES = "/api/transfers/fees"
RATES = "/api/transfers/rates"
QUERIES = (FEES, RATES)
CURRENCIES = ("source_currency", "target_currency")
FIELDS = ("amount", *CURRENCIES)
EMPTY = "No empty fields allowed."
UNKNOWN = {
    SIMULATE: "Invalid currencies or no exchange data available.",
    FEES: "No fee information available for these currencies.",
    RATES: "No exchange rate available for these currencies.",
}
NO_PAIRS = [
    ("USD", "USD"),
    ("USD", "XXX"),
    ("XXX", "USD"),
    ("USD", "Euro"),
    ("USD", " EUR"),
    ("U\u017fD", "EUR"),  # a long s, whose capital letter is S
    ("$", "\u20ac"),
    ("x" * 5000, "EUR"),
]
"""Pairs of codes that are in no file."""


@pytest.fixture
def nuwe(hucha: Hucha) -> Customer:
    return open_account(hucha, balance="100.00")


def body(amount: object = 100, source: object = "USD", target: object = "EUR") -> dict[str, object]:
    return {"amount": amount, "source_currency": source, "target_currency": target}


def asked(customer: Customer, path: str, **query: Any) -> Result:
    return customer.client.simulate_get(path, params=query, headers=customer.bearer)


def says(answer: Result, status: int, sentence: str) -> None:
    """Whether A answers with this sentence and nothing else."""
    assert (answer.status_code, answer.text) == (status, json.dumps({"msg": sentence}, separators=(",", ":")))
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("amount", "source", "target", "arrives"),
    [
        (100, "USD", "EUR", "83.3"),
        (100, "USD", "JPY", "10890.0"),
        ("100.00", "USD", "EUR", "83.3"),
        (100.0, "usd", "Eur", "83.3"),
        (0.01, "JPY", "EUR", "0.0"),
        (0.01, "USD", "EUR", "0.01"),
        (1234.56, "GBP", "EUR", "1379.25"),
        ("9999999999999.99", "GBP", "JPY", "1500906399999998.5"),
    ],
)
def test_a_simulation_says_what_would_arrive(
    nuwe: Customer, amount: object, source: str, target: str, arrives: str
) -> None:
    # contract: A7, G5
    answer = nuwe.ask(SIMULATE, body(amount, source, target))
    says(answer, 201, f"Amount in target currency: {arrives}.")


def test_a_simulation_moves_no_money(nuwe: Customer) -> None:
    # contract: A7
    before = nuwe.history()
    assert nuwe.ask(SIMULATE, body(50)).status_code == 201
    assert nuwe.balance() == Decimal("100.00")
    assert nuwe.history() == before


@pytest.mark.parametrize(
    ("path", "source", "target", "value"),
    [
        (FEES, "USD", "EUR", '{"fee":0.02}'),
        (FEES, "usd", "gBP", '{"fee":0.015}'),
        (RATES, "USD", "EUR", '{"rate":0.85}'),
        (RATES, "jpy", "eur", '{"rate":0.0077}'),
    ],
)
def test_fees_and_rates_are_shown_exactly(nuwe: Customer, path: str, source: str, target: str, value: str) -> None:
    # contract: A7, G5
    answer = asked(nuwe, path, source_currency=source, target_currency=target)
    assert (answer.status_code, answer.text) == (200, value)
    assert answer.headers["Content-Type"] == "application/json"


def test_a_whole_rate_is_a_number(nuwe: Customer) -> None:
    # contract: A7
    assert asked(nuwe, RATES, source_currency="USD", target_currency="JPY").json == {"rate": 110.0}


@pytest.mark.parametrize("name", FIELDS)
def test_no_field_of_a_simulation_may_be_missing_or_empty(nuwe: Customer, name: str) -> None:
    # contract: A7, G4
    without = {key: value for key, value in body().items() if key != name}
    says(nuwe.ask(SIMULATE, without), 400, EMPTY)
    for blank in BLANKS:
        says(nuwe.ask(SIMULATE, body() | {name: blank}), 400, EMPTY)


@pytest.mark.parametrize("raw", [b"", b"{}"])
def test_nothing_at_all_is_as_empty(nuwe: Customer, raw: bytes) -> None:
    # contract: A7, G4
    says(nuwe.ask(SIMULATE, raw), 400, EMPTY)


@pytest.mark.parametrize("path", QUERIES)
@pytest.mark.parametrize("name", CURRENCIES)
def test_no_currency_of_a_query_may_be_missing_or_empty(nuwe: Customer, path: str, name: str) -> None:
    # contract: A7
    pair = {"source_currency": "USD", "target_currency": "EUR"}
    says(asked(nuwe, path), 400, EMPTY)
    says(asked(nuwe, path, **{key: value for key, value in pair.items() if key != name}), 400, EMPTY)
    for query in (f"{name}=", f"{name}", f"{name}=%20", f"{name}=%E3%80%80"):
        (other,) = {*CURRENCIES} - {name}
        answer = nuwe.client.simulate_get(path, query_string=f"{other}=USD&{query}", headers=nuwe.bearer)
        says(answer, 400, EMPTY)


@pytest.mark.parametrize(("source", "target"), NO_PAIRS)
def test_an_unknown_pair_is_not_found(nuwe: Customer, source: str, target: str) -> None:
    # contract: A7
    says(nuwe.ask(SIMULATE, body(100, source, target)), 404, UNKNOWN[SIMULATE])
    for path in QUERIES:
        says(asked(nuwe, path, source_currency=source, target_currency=target), 404, UNKNOWN[path])


@pytest.mark.parametrize(
    ("amount", "problem"),
    [
        (0, "must be greater than 0"),
        (-1, "must be greater than 0"),
        ("-0.01", "must be greater than 0"),
        (0.001, "must have at most 2 decimals"),
        (10**13, "must be nearer to zero than 10^13"),
        ("1e2", "must be a number such as 42.00"),
        ("x", "must be a number such as 42.00"),
        (True, "must be a number such as 42.00"),
        ([1], "must be a number such as 42.00"),
        ({}, "must be a number such as 42.00"),
    ],
)
def test_an_amount_that_is_none_is_refused(nuwe: Customer, amount: object, problem: str) -> None:
    # contract: A7, G5
    says(nuwe.ask(SIMULATE, body(amount)), 400, f"Invalid fields: amount {problem}.")


@pytest.mark.parametrize("raw", [b'{"amount": NaN}', b'{"amount": 1', b"[]", b"null", b'{"amount": 1, "amount": 2}'])
def test_a_body_that_is_no_json_object_is_refused_with_a_sentence(nuwe: Customer, raw: bytes) -> None:
    # contract: G4
    answer = nuwe.ask(SIMULATE, raw)
    assert answer.status_code == 400
    assert set(answer.json) == {"msg"}
    assert answer.json["msg"].endswith(".")


@pytest.mark.parametrize("amount", [b"1e400", b"1e2147483647", b"1e-400", b"1" * 30])
def test_a_monstrous_amount_is_refused(nuwe: Customer, amount: bytes) -> None:
    # contract: G5
    raw = b'{"amount": %s, "source_currency": "USD", "target_currency": "EUR"}' % amount
    assert nuwe.ask(SIMULATE, raw).status_code == 400


@pytest.mark.parametrize("value", [5, 1.5, True, ["USD"], {"code": "USD"}])
def test_a_currency_that_is_no_string_is_refused(nuwe: Customer, value: object) -> None:
    # contract: A7, G4
    says(nuwe.ask(SIMULATE, body(100, value)), 400, "Invalid fields: source_currency must be a string.")
    says(nuwe.ask(SIMULATE, body(100, "USD", value)), 400, "Invalid fields: target_currency must be a string.")


def test_every_bad_field_is_named_at_once(nuwe: Customer) -> None:
    # contract: G4
    sentence = (
        "Invalid fields: amount must be greater than 0; source_currency must be a string; "
        "target_currency must be a string."
    )
    says(nuwe.ask(SIMULATE, body(0, 1, 2)), 400, sentence)


def test_what_is_empty_is_told_before_what_is_wrong_and_that_before_what_is_unknown(nuwe: Customer) -> None:
    # contract: A7
    says(nuwe.ask(SIMULATE, body(0, "", 5)), 400, EMPTY)
    says(nuwe.ask(SIMULATE, body(0, "XXX")), 400, "Invalid fields: amount must be greater than 0.")


def test_who_is_not_signed_in_learns_nothing(nuwe: Customer) -> None:
    # contract: G3
    for path in QUERIES:
        says(nuwe.client.simulate_get(path), 401, "Access Denied")
    says(nuwe.client.simulate_post(SIMULATE, json={}), 401, "Access Denied")
    says(nuwe.client.simulate_post(SIMULATE, body=b"nonsense"), 401, "Access Denied")


def test_an_operators_key_is_not_a_customers_token(nuwe: Customer, operator: dict[str, str]) -> None:
    # contract: G3
    for path in QUERIES:
        says(nuwe.client.simulate_get(path, headers=operator), 401, "Access Denied")
