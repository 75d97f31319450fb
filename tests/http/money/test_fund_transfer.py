"""`/api/account/fund-transfer`: both sides or neither. Source: seed B, task 4; contract B7, B8."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory.clock import SetClock
from domain.model.users import Details
from domain.rules.registration import Registration
from entrypoints.composition import Hucha, build_in_memory
from entrypoints.settings import Settings
from tests.http.accounts import TRANSFER, Customer, at_once, done, open_account, says

pytestmark = pytest.mark.money(ben="0")

DONE = "Fund transferred successfully"
NOBODY = "0b0c4b4e-6c1f-4d1c-9a5e-0a3a8f3b7a11"


def test_the_example_of_the_seed(ana: Customer, ben: Customer) -> None:
    # contract: B8
    done(
        ana.ask(TRANSFER, {"amount": 1000.0, "pin": "1811", "targetAccountNumber": ben.account_number}),
        DONE,
    )
    assert (ana.balance(), ben.balance()) == (0, 1000)


@pytest.mark.parametrize(("amount", "moved"), [("0.01", "0.01"), (0.1, "0.10"), ("7.10", "7.10"), (1000, "1000")])
def test_what_leaves_one_account_comes_into_the_other(ana: Customer, ben: Customer, amount: object, moved: str) -> None:
    # contract: B8, G5
    done(ana.transfer(ben, amount), DONE)
    assert (ana.balance(), ben.balance()) == (1000 - Decimal(moved), Decimal(moved))


def test_the_one_who_gets_money_needs_no_pin(ana: Customer, hucha: Hucha) -> None:
    # contract: B8
    ben = hucha.register(Registration("Ben", "ben@nuwe.com", "NuweTest1$", Details()))
    done(ana.transfer(ben.account_number, 10), DONE)
    assert hucha.audit() == (2, [])


@pytest.mark.parametrize(
    "target", [NOBODY, "ed9050", "1", "ana@nuwe.com", "x' OR '1'='1", "<b>año</b>", "N/A", "%s{0}"]
)
def test_an_unknown_target_is_404_and_named(ana: Customer, target: str) -> None:
    # contract: B8
    says(ana.transfer(target, 10), 404, f"Account not found: {target}")
    assert (ana.balance(), len(ana.history())) == (1000, 1)


def test_an_account_number_is_compared_exactly(ana: Customer, ben: Customer) -> None:
    for number in (f"{ben.account_number} ", f" {ben.account_number}", ben.account_number[:-1]):
        says(ana.transfer(number, 10), 404, f"Account not found: {number}")


@pytest.mark.parametrize("given", [{"targetAccountNumber": empty} for empty in (None, "", " \t")] + [{}])
def test_a_missing_or_empty_target_is_400(ana: Customer, given: dict[str, object]) -> None:
    # contract: G4, B8
    says(ana.ask(TRANSFER, {"amount": 10, "pin": "1811"} | given), 400, "No empty fields allowed.")


@pytest.mark.parametrize("target", [1, True, [], {}, 1.5, "x" * 141])
def test_a_target_that_can_be_no_account_number_is_400(ana: Customer, target: object) -> None:
    # contract: G4
    answer = ana.transfer(target, 10)
    assert answer.status_code == 400
    assert answer.text.startswith("Invalid fields: targetAccountNumber ")


def test_nobody_transfers_to_themselves(ana: Customer) -> None:
    # contract: B8
    says(ana.transfer(ana, 10), 400, "Cannot transfer to the same account")
    assert (ana.balance(), len(ana.history())) == (1000, 1)


def test_pin_then_amount_then_target_then_funds(ana: Customer, ben: Customer) -> None:
    """`ben` is poor, so every order of his lacks the funds too."""
    # contract: B7, B8
    for target in (NOBODY, ben, ana, None):
        says(ben.transfer(target, "-1", pin="9999"), 403, "Invalid PIN")
        answer = ben.transfer(target, "-1")
        says(answer, 400, "Invalid fields: amount must be greater than 0.")
    says(ben.transfer(NOBODY, 1), 404, f"Account not found: {NOBODY}")
    says(ben.transfer(ben, 1), 400, "Cannot transfer to the same account")
    says(ben.transfer(ana, 1), 400, "Insufficient balance")


def test_a_cent_too_much_moves_nothing(ana: Customer, ben: Customer) -> None:
    # contract: B7, B8
    says(ana.transfer(ben, "1000.01"), 400, "Insufficient balance")
    assert (ana.balance(), ben.balance()) == (1000, 0)
    assert (len(ana.history()), ben.history()) == (1, [])


def test_a_transfer_that_would_take_the_target_to_10_to_the_13th_moves_nothing(ana: Customer, hucha: Hucha) -> None:
    # contract: G5, B8
    vault = open_account(hucha, "vault", "9999999999999.00")
    says(ana.transfer(vault, "1.00"), 400, "A balance must stay nearer to zero than 10^13.")
    assert (ana.balance(), vault.balance()) == (1000, Decimal("9999999999999.00"))
    done(ana.transfer(vault, "0.99"), DONE)


def test_both_see_the_reference(ana: Customer, ben: Customer) -> None:
    # contract: B9
    for reference in ("Rent, March", "café ☕ 日本", "<script>", "x" * 140, " as it came "):
        done(ana.transfer(ben, 1, reference=reference), DONE)
        assert [one.history("limit=1")[0]["reference"] for one in (ana, ben)] == [reference, reference]


@pytest.mark.parametrize("reference", [None, "", "  "])
def test_an_empty_reference_is_none(ana: Customer, ben: Customer, reference: object) -> None:
    # contract: B9, G4
    done(ana.transfer(ben, 1, reference=reference), DONE)
    assert "reference" not in ana.history()[0]


@pytest.mark.parametrize("reference", ["x" * 141, 1, True, [], {}])
def test_a_bad_reference_is_400(ana: Customer, ben: Customer, reference: object) -> None:
    # contract: B9
    answer = ana.transfer(ben, 1, reference=reference)
    assert answer.status_code == 400
    assert answer.text.startswith("Invalid fields: reference ")
    assert (ana.balance(), ben.balance()) == (1000, 0)


orders = st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 2_000).map(lambda cents: Decimal(cents) / 100))


@settings(max_examples=20)
@given(st.lists(orders, max_size=15))
def test_no_money_comes_from_nowhere_and_none_is_lost(plan: list[tuple[int, int, Decimal]]) -> None:
    # contract: B8
    hucha = build_in_memory(Settings(bcrypt_rounds=4), SetClock())
    people = [open_account(hucha, name, "20.00") for name in ("ana", "ben", "cleo")]
    expected = [Decimal(20)] * 3
    for payer, payee, amount in plan:
        answer = people[payer].transfer(NOBODY if payee == len(people) else people[payee], str(amount))
        fits = payee < len(people) and payee != payer and 0 < amount <= expected[payer]
        assert (answer.status_code == 200) is fits
        if fits:
            expected[payer] -= amount
            expected[payee] += amount
        assert [one.balance() for one in people] == expected
    assert hucha.audit() == (3, [])


def test_transfers_that_cross_each_other_neither_deadlock_nor_lose_a_cent(stored: Hucha) -> None:
    # contract: B8
    people = [open_account(stored, name, "10.00") for name in ("ana", "ben", "cleo", "dora")]

    def one(number: int) -> list[str]:
        payer = people[number % 4]
        return [payer.transfer(people[(number + step) % 4], "3.33").text for step in (1, 2, 3)]

    answers = Counter(text for texts in at_once(8, one) for text in texts)
    assert set(answers) <= {'{"msg":"Fund transferred successfully"}', "Insufficient balance"}
    balances = [person.balance() for person in people]
    assert (sum(balances), min(balances) >= 0) == (40, True)
    assert stored.audit() == (4, [])


@pytest.mark.parametrize("failing", ["payer", "target", "booking"])
def test_a_transfer_that_fails_half_way_leaves_both_sides_alone(stored: Hucha, database: Path, failing: str) -> None:
    # contract: B8
    ana, ben = open_account(stored, "ana", "100.00"), open_account(stored, "ben", "50.00")
    event = {
        "payer": f"UPDATE OF balance ON users WHEN new.id = {ana.user_id}",
        "target": f"UPDATE OF balance ON users WHEN new.id = {ben.user_id}",
        "booking": "INSERT ON transactions",
    }[failing]
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(f"CREATE TRIGGER no AFTER {event} BEGIN SELECT RAISE(ABORT, 'no'); END")
    for payer, target in ((ana, ben), (ben, ana)):
        says(payer.transfer(target, 10), 500, "Something went wrong on our side.")
    assert (ana.balance(), ben.balance()) == (100, 50)
    assert (len(ana.history()), len(ben.history())) == (1, 1)
    assert stored.audit() == (2, [])
