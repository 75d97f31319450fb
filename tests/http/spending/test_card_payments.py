"""`/api/transactions`: what is booked, how it is judged, and what is refused. Source: seed A, task 5."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from falcon.testing import Result

from adapters.memory.clock import SetClock
from entrypoints.composition import Hucha
from tests.http.accounts import Customer, at_once, open_account
from tests.http.bodies import BAD_VALUES, MALFORMED, body_of
from tests.http.signing_in import BLANKS

PATH = "/api/transactions"
NOW = datetime(2024, 11, 20, 10, 30, tzinfo=UTC)
ADDED = "Transaction added and evaluated for fraud."
OUT_OF_RANGE = "A balance must stay nearer to zero than 10^13."
KEYS = ["id", "user_id", "amount", "category", "timestamp", "fraud"]

MAY_BE_NEGATIVE = {"-1", "-0.01", '"-1"', '"-42.00"'}
EMPTY = {None, "null", '""', '" "', r'"\t\n"'}
BAD_AMOUNTS = [raw for raw in BAD_VALUES["amount"] if raw not in MAY_BE_NEGATIVE | EMPTY]
BAD_AMOUNTS += ["-10000000000000", '"-10000000000000.00"', "-0.001", '"-0.00"', "-0", "-1e400"]

BAD_TIMESTAMPS: tuple[object, ...] = (
    *("2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-11-20T25:00:00Z"),
    *("2024-11-20T10:60:00Z", "2024-11-20T10:30:60Z", "2024-11-20T10:30:00+24:00", "2024-11-20T10:30:00ZZ"),
    *("0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "1899-12-31T23:59:59Z"),
    *("9999-12-31T23:59:59Z", "9999-12-31T23:59:59-01:00", "10000-01-01T00:00:00Z", "-2024-11-20T10:30:00Z"),
    *("yesterday", "1732098600", " 2024-11-20T10:30:00Z", "2024-11-20T10:30:00Z\n", "2024-11-20x10:30:00Z"),
    *("\u0662024-11-20T10:30:00Z", "20/11/2024", 1732098600, 1732098600000, 0, True, False, [], {}, ["2024-11-20"]),
)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


def says(answer: Result, status: int, sentence: str) -> None:
    """Whether A refuses with this sentence (contract G2)."""
    assert (answer.status_code, answer.json) == (status, {"msg": sentence})
    assert answer.headers["Content-Type"] == "application/json"


def refuses(answer: Result, *fields: str) -> None:
    """Whether exactly these fields are named as bad."""
    assert (answer.status_code, list(answer.json)) == (400, ["msg"])
    sentence = answer.json["msg"]
    assert sentence.startswith("Invalid fields: ") and sentence.endswith(".")
    assert [problem.split()[0] for problem in sentence.removeprefix("Invalid fields: ").split("; ")] == list(fields)


def pay(
    customer: Customer, amount: object = 1, category: object = "food", key: str | None = None, **more: object
) -> Any:
    """Record a payment; the object in the answer, its numbers exact."""
    answer = customer.ask(PATH, {"amount": amount, "category": category} | more, key)
    assert answer.status_code == 201, answer.text
    return json.loads(answer.text, parse_float=Decimal)["data"]


def get(customer: Customer, path: str = PATH, query: str = "") -> Result:
    return customer.client.simulate_get(path, query_string=query, headers=customer.bearer)


def listed(customer: Customer, query: str = "") -> list[Any]:
    answer = get(customer, query=query)
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_float=Decimal)


def ids(customer: Customer, query: str = "") -> list[int]:
    return [one["id"] for one in listed(customer, query)]


def explained(customer: Customer, payment: Any) -> Any:
    answer = get(customer, f"{PATH}/{payment['id']}/explanation")
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_float=Decimal)


def rules(customer: Customer, payment: Any) -> list[str]:
    """The rules that fired."""
    told = explained(customer, payment)
    assert told["fraud"] == payment["fraud"] == bool(told["reasons"])
    return [reason["rule"] for reason in told["reasons"]]


def iso(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def spent_on_days(
    customer: Customer, amounts: Iterable[object], before: datetime = NOW, category: str = "food"
) -> None:
    """So much on each of the days before this one, the last day first."""
    for number, amount in enumerate(amounts, 1):
        pay(customer, amount, category, timestamp=iso(before - timedelta(days=number)))


class TestBooking:
    def test_the_example_of_the_seed(self, ana: Customer) -> None:
        # contract: A9, A10, G6
        body = {
            "user_id": ana.user_id,
            "amount": 150.50,
            "category": "electronics",
            "timestamp": "2024-11-20T10:30:00Z",
        }
        answer = ana.ask(PATH, body)
        assert (answer.status_code, list(answer.json)) == (201, ["msg", "data"])
        data = answer.json["data"]
        assert answer.json["msg"] == ADDED
        assert list(data) == KEYS
        assert data == body | {"id": data["id"], "fraud": True}  # the very first payment
        assert answer.headers["Content-Type"] == "application/json"
        assert ana.balance() == Decimal("849.50")

    def test_a_positive_amount_is_spent_and_a_negative_one_received(self, ana: Customer) -> None:
        # contract: A10
        assert pay(ana, "0.01")["amount"] == Decimal("0.01")
        assert ana.balance() == Decimal("999.99")
        received = pay(ana, "-42.00")
        assert (received["amount"], received["fraud"]) == (-42, False)
        assert ana.balance() == Decimal("1041.99")

    @pytest.mark.parametrize("raw", ["150.50", '"150.5"', "1505e-1", "150.500000", '"0150.50"'])
    def test_an_amount_is_a_number_or_a_string_and_exact(self, ana: Customer, raw: str) -> None:
        # contract: G5
        answer = ana.ask(PATH, body_of({"amount": raw, "category": '"food"'}))
        assert '"amount":150.50,' in answer.text
        assert ana.balance() == Decimal("849.50")

    def test_no_funds_are_asked_for(self, ana: Customer) -> None:
        # contract: A10
        pay(ana, "1000.01")
        assert ana.balance() == Decimal("-0.01")
        pay(ana, "9999999999999.97")
        assert ana.balance() == Decimal("-9999999999999.98")

    @pytest.mark.parametrize("sign", [1, -1])
    def test_a_balance_never_reaches_10_to_the_13th(self, hucha: Hucha, sign: int) -> None:
        # contract: G5
        ana = open_account(hucha, "ana")
        most = sign * Decimal("9999999999999.99")
        pay(ana, str(most))
        says(ana.ask(PATH, {"amount": str(sign * Decimal("0.01")), "category": "food"}), 400, OUT_OF_RANGE)
        assert ana.balance() == -most
        assert len(listed(ana)) == 1
        pay(ana, str(-most))
        assert ana.balance() == 0

    def test_a_payment_is_in_the_history_with_its_sign_and_its_own_time(self, ana: Customer) -> None:
        # contract: B9
        pay(ana, "12.30", timestamp="2024-10-22T05:05:42.375Z")
        pay(ana, "-4.50")
        received, spent = ana.history()[:2]
        assert (spent["transactionType"], spent["amount"]) == ("CARD_PAYMENT", Decimal("12.30"))
        assert (spent["transactionDate"], received["transactionDate"]) == (1729573542375, NOW.timestamp() * 1000)
        assert (received["transactionType"], received["amount"]) == ("CARD_PAYMENT", Decimal("-4.50"))
        for one in (spent, received):
            assert (one["sourceAccountNumber"], one["targetAccountNumber"]) == (ana.account_number, "N/A")

    def test_a_payment_is_in_the_table_under_the_names_of_the_seed(self, stored: Hucha, database: Path) -> None:
        # contract: A12
        ana = open_account(stored, "ana")
        payment = pay(ana, "12.30", "Música", timestamp="2024-10-22T05:05:42Z")
        with closing(sqlite3.connect(database)) as connection:
            query = "SELECT id, user_id, amount, category, fraud FROM transactions"
            rows = connection.execute(query).fetchall()
        assert rows == [(payment["id"], ana.user_id, 123_000, "Música", 1)]  # ten-thousandths
        assert stored.audit() == (1, [])

    @pytest.mark.parametrize(
        "category", ["x", "x" * 255, "🐷" * 255, "Ñandú y café", "日本", "' OR 1=1 --", "<b>", " a "]
    )
    def test_a_category_is_kept_as_it_is(self, stored: Hucha, category: str) -> None:
        ana = open_account(stored, "ana")
        assert pay(ana, category=category)["category"] == category
        assert [one["category"] for one in listed(ana)] == [category]

    def test_the_users_own_id_is_no_news(self, ana: Customer) -> None:
        # contract: A10
        assert pay(ana, user_id=ana.user_id)["user_id"] == pay(ana)["user_id"] == ana.user_id


class TestTimestamps:
    def test_an_absent_one_is_now(self, ana: Customer, clock: SetClock) -> None:
        # contract: A10, G6
        assert pay(ana)["timestamp"] == "2024-11-20T10:30:00Z"
        clock.advance(timedelta(seconds=1, microseconds=500_000))
        assert datetime.fromisoformat(pay(ana)["timestamp"]) == clock.now()

    @pytest.mark.parametrize(
        ("sent", "utc"),
        [
            ("2024-11-20T10:30:00", "2024-11-20T10:30:00Z"),
            ("2024-11-20T10:30:00+00:00", "2024-11-20T10:30:00Z"),
            ("2024-11-20T10:30:00-00:00", "2024-11-20T10:30:00Z"),
            ("2024-11-20T10:30:00+05:30", "2024-11-20T05:00:00Z"),
            ("2024-11-20T10:30:00+14:00", "2024-11-19T20:30:00Z"),
            ("2024-11-19T22:30:00-12:00", "2024-11-20T10:30:00Z"),
            ("2024-11-20T10:30", "2024-11-20T10:30:00Z"),
            ("2024-02-29T23:59:59Z", "2024-02-29T23:59:59Z"),
            ("1900-01-01T00:00:00Z", "1900-01-01T00:00:00Z"),
        ],
    )
    def test_a_naive_one_is_utc_and_an_offset_is_taken_into_account(self, ana: Customer, sent: str, utc: str) -> None:
        # contract: G6
        payment = pay(ana, timestamp=sent)
        assert payment["timestamp"] == utc
        assert listed(ana) == [payment]

    def test_five_minutes_ahead_and_no_more(self, ana: Customer) -> None:
        # contract: A10
        assert pay(ana, timestamp="2024-11-20T10:35:00Z")["timestamp"] == "2024-11-20T10:35:00Z"
        assert pay(ana, timestamp="2024-11-20T12:35:00+02:00")["timestamp"] == "2024-11-20T10:35:00Z"
        for sent in ("2024-11-20T10:35:00.000001Z", "2024-11-20T10:35:01", "2024-11-20T10:35:00-00:01"):
            refuses(ana.ask(PATH, {"amount": 1, "category": "food", "timestamp": sent}), "timestamp")
        assert len(listed(ana)) == 2

    @pytest.mark.parametrize("sent", BAD_TIMESTAMPS)
    def test_a_bad_one_is_400_and_named(self, ana: Customer, sent: object) -> None:
        # contract: G6, A10
        refuses(ana.ask(PATH, {"amount": 1, "category": "food", "timestamp": sent}), "timestamp")
        assert (ana.balance(), listed(ana)) == (1000, [])


class TestRefusals:
    @pytest.mark.parametrize(
        "body", [b"", {}, {"amount": 1}, {"category": "food"}, {"amount": None}, {"category": "", "user_id": 999}]
    )
    def test_missing_keys(self, ana: Customer, body: dict[str, object] | bytes) -> None:
        # contract: A10
        says(ana.ask(PATH, body), 400, "No data provided.")

    @pytest.mark.parametrize("key", ["amount", "category", "timestamp"])
    @pytest.mark.parametrize("blank", BLANKS)
    def test_empty_values(self, ana: Customer, key: str, blank: object) -> None:
        # contract: A10, G4
        says(ana.ask(PATH, {"amount": 1, "category": "food", key: blank}), 400, "No empty fields allowed.")
        assert (ana.balance(), listed(ana)) == (1000, [])

    @pytest.mark.parametrize(
        "user_id", [0, -1, 999, 2**53, "1", "abc", 1.0, 1.5, True, False, [], [1], {}, None, "", " "]
    )
    def test_whatever_user_id_says_the_payment_is_the_callers(self, ana: Customer, user_id: object) -> None:
        # contract: A10, G3
        payment = pay(ana, user_id=user_id)
        assert payment["user_id"] == ana.user_id
        assert listed(ana) == [payment]

    def test_nor_is_it_another_customers(self, ana: Customer, ben: Customer) -> None:
        # contract: A10, G3
        assert pay(ana, user_id=ben.user_id)["user_id"] == ana.user_id
        assert (ana.balance(), ben.balance(), listed(ben)) == (999, 1000, [])

    @pytest.mark.parametrize("raw", BAD_AMOUNTS)
    def test_a_bad_amount_is_400_and_named(self, ana: Customer, raw: str) -> None:
        # contract: G5
        refuses(ana.ask(PATH, body_of({"amount": raw, "category": '"food"'})), "amount")
        assert (ana.balance(), listed(ana)) == (1000, [])

    @pytest.mark.parametrize("category", ["x" * 256, "🐷" * 256, 1, 0, 1.5, True, False, [], ["food"], {}])
    def test_a_bad_category_is_400_and_named(self, ana: Customer, category: object) -> None:
        refuses(ana.ask(PATH, {"amount": 1, "category": category}), "category")

    def test_every_bad_field_is_named_at_once(self, ana: Customer) -> None:
        body = {"amount": 0, "category": 1, "timestamp": "now", "user_id": ana.user_id}
        refuses(ana.ask(PATH, body), "amount", "category", "timestamp")

    @pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
    def test_a_malformed_body_is_400(self, ana: Customer, body: bytes) -> None:
        # contract: G2, G4
        answer = ana.ask(PATH, body)
        assert (answer.status_code, list(answer.json)) == (400, ["msg"])
        assert "Invalid fields" not in answer.json["msg"], "no field was read"

    def test_the_token_comes_first(self, ana: Customer) -> None:
        # contract: G3
        for method, path in (("POST", PATH), ("GET", PATH), ("GET", f"{PATH}/1/explanation")):
            answer = ana.client.simulate_request(method, path, body=b"nonsense" if method == "POST" else None)
            says(answer, 401, "Access Denied")
            assert answer.headers["WWW-Authenticate"] == "Bearer"


class OnEachStorage:
    """Where the facts come from must not matter."""

    @pytest.fixture(params=["memory", "sqlite"])
    def ana(self, request: pytest.FixtureRequest, clock: SetClock) -> Customer:
        if request.param == "memory":
            return open_account(request.getfixturevalue("hucha"), "ana", "1000.00")
        stored = request.getfixturevalue("stored")
        recording = attrs.evolve(stored.record_card_payment, clock=clock)
        return open_account(attrs.evolve(stored, record_card_payment=recording), "ana", "1000.00")

    @pytest.fixture
    def ben(self, ana: Customer) -> Customer:
        return open_account(ana.hucha, "ben", "1000.00")


class TestDeviation(OnEachStorage):
    """Days of 10.00 and 20.00 before: a mean of 15.00 and a deviation of 5.00, so that 30.00 is the most."""

    @pytest.mark.parametrize(("amount", "fires"), [("30.00", []), ("30.01", ["deviation"])])
    def test_three_deviations_above_the_mean(self, ana: Customer, amount: str, fires: list[str]) -> None:
        # contract: A9
        spent_on_days(ana, (10, 20))
        assert rules(ana, pay(ana, amount)) == fires

    def test_the_explanation(self, ana: Customer) -> None:
        # contract: A9
        spent_on_days(ana, (10, 20))
        payment = pay(ana, "30.01")
        reason = {
            "rule": "deviation",
            "sentence": "The amount is far above the average day",
            "observed": Decimal("30.01"),
            "threshold": Decimal("30.00"),
            "window": "90 days",
            "would_pass": "at 30.00 or less",
        }
        assert explained(ana, payment) == {"id": payment["id"], "fraud": True, "reasons": [reason]}

    def test_it_needs_two_days_with_spending(self, ana: Customer) -> None:
        # contract: A9
        spent_on_days(ana, (10,))
        pay(ana, 10, timestamp=iso(NOW - timedelta(days=1)))
        assert rules(ana, pay(ana, 1000)) == []

    def test_days_are_totalled(self, ana: Customer) -> None:
        # contract: A9
        spent_on_days(ana, (4, 20))
        spent_on_days(ana, (6,))
        assert rules(ana, pay(ana, 30)) == []
        assert rules(ana, pay(ana, "30.01")) == ["deviation"]

    @pytest.mark.parametrize(
        ("first", "fires"), [("2024-08-22T00:00:00Z", ["deviation"]), ("2024-08-21T23:59:59.999999Z", [])]
    )
    def test_90_whole_days_of_utc_before_the_day(self, ana: Customer, first: str, fires: list[str]) -> None:
        # contract: A9
        pay(ana, 10, timestamp=first)
        pay(ana, 20, timestamp="2024-11-19T23:59:59.999999Z")
        assert rules(ana, pay(ana, "30.01")) == fires

    def test_the_day_itself_and_what_was_received_do_not_count(self, ana: Customer) -> None:
        # contract: A9
        spent_on_days(ana, (10, 20, -500))
        pay(ana, -1000)
        pay(ana, 30, timestamp="2024-11-20T00:00:00Z")
        assert rules(ana, pay(ana, "30.01")) == ["deviation"]

    def test_what_is_received_is_never_flagged(self, ana: Customer) -> None:
        # contract: A9
        spent_on_days(ana, (10, 20))
        for amount in ("-0.01", -1_000_000):
            assert rules(ana, pay(ana, amount, "never used")) == []


class TestCategory(OnEachStorage):
    def test_the_very_first_payment_is_flagged(self, ana: Customer) -> None:
        # contract: A9
        first = pay(ana)
        assert rules(ana, first) == ["category"]
        (reason,) = explained(ana, first)["reasons"]
        assert (reason["observed"], reason["threshold"], reason["window"]) == (0, 1, "6 months")
        assert rules(ana, pay(ana, timestamp=iso(NOW + timedelta(seconds=1)))) == []

    @pytest.mark.parametrize(
        ("used", "at", "fires"),
        [
            ("2024-05-20T10:30:00Z", "2024-11-20T10:30:00Z", []),
            ("2024-05-20T10:29:59.999999Z", "2024-11-20T10:30:00Z", ["category"]),
            ("2024-11-20T10:29:59.999999Z", "2024-11-20T10:30:00Z", []),
            ("2024-11-20T10:30:00Z", "2024-11-20T10:30:00Z", ["category"]),
            ("2024-11-20T10:31:00Z", "2024-11-20T10:30:00Z", ["category"]),
            ("2024-02-29T12:00:00Z", "2024-08-31T12:00:00Z", []),
            ("2024-02-29T11:59:59Z", "2024-08-31T12:00:00Z", ["category"]),
        ],
    )
    def test_six_calendar_months(self, ana: Customer, used: str, at: str, fires: list[str]) -> None:
        """From the same instant six months before, itself included, to the payment's own, itself excluded."""
        # contract: A9
        pay(ana, timestamp=used)
        assert rules(ana, pay(ana, timestamp=at)) == fires

    @pytest.mark.parametrize(
        ("used", "now", "fires"),
        [
            ("food", "FOOD", []),
            ("Música", "mÚSICA", []),
            ("straße", "STRASSE", []),
            ("food", "foods", ["category"]),
            ("musica", "música", ["category"]),
            ("food", "food ", ["category"]),
        ],
    )
    def test_categories_are_compared_without_case(self, ana: Customer, used: str, now: str, fires: list[str]) -> None:
        # contract: A9
        pay(ana, category=used, timestamp=iso(NOW - timedelta(days=1)))
        assert rules(ana, pay(ana, category=now)) == fires

    def test_what_was_received_or_spent_by_others_uses_no_category(self, ana: Customer, ben: Customer) -> None:
        # contract: A9
        then = iso(NOW - timedelta(days=1))
        pay(ana, -1, timestamp=then)
        pay(ben, 1, timestamp=then)
        ana.deposit(1)
        assert rules(ana, pay(ana)) == ["category"]


class TestRapid(OnEachStorage):
    @pytest.fixture
    def used(self, ana: Customer) -> Customer:
        """Who spent 40.00 on the day before, and nothing else."""
        spent_on_days(ana, (40,))
        return ana

    @pytest.mark.parametrize(("last", "fires"), [("10.00", []), ("10.01", ["rapid"])])
    def test_more_than_three_above_the_average_day(self, used: Customer, last: str, fires: list[str]) -> None:
        # contract: A9
        for _ in range(3):
            assert rules(used, pay(used, 10)) == []
        payment = pay(used, last)
        assert rules(used, payment) == fires
        for reason in explained(used, payment)["reasons"]:
            assert (reason["observed"], reason["threshold"]) == (Decimal("40.01"), 40)
            assert (reason["window"], reason["would_pass"]) == ("5 minutes", "at 10.00 or less")

    def test_three_are_not_too_many(self, used: Customer) -> None:
        # contract: A9
        for _ in range(3):
            assert rules(used, pay(used, 1000)) == []

    @pytest.mark.parametrize(
        ("first", "fires"), [("2024-11-20T10:25:00Z", ["rapid"]), ("2024-11-20T10:24:59.999999Z", [])]
    )
    def test_five_minutes_with_both_ends(self, used: Customer, first: str, fires: list[str]) -> None:
        # contract: A9
        for then in (first, "2024-11-20T10:27:00Z", "2024-11-20T10:30:00Z"):
            pay(used, 1000, timestamp=then)
        assert rules(used, pay(used, 1000)) == fires

    def test_what_is_later_or_received_does_not_count(self, used: Customer) -> None:
        # contract: A9
        for amount, then in ((1000, NOW), (1000, NOW), (-1000, NOW), (1000, NOW + timedelta(seconds=1))):
            pay(used, amount, timestamp=iso(then))
        assert rules(used, pay(used, 1000)) == []

    def test_without_days_before_the_average_is_nothing(self, ana: Customer) -> None:
        # contract: A9
        payments = [pay(ana, "0.01", timestamp=iso(NOW + timedelta(seconds=second))) for second in range(4)]
        assert [rules(ana, one) for one in payments] == [["category"], [], [], ["rapid"]]

    def test_the_average_is_over_the_days_with_spending(self, ana: Customer) -> None:
        # contract: A9
        spent_on_days(ana, (30, 50))  # 40.00 on the average
        for _ in range(3):
            pay(ana, 10)
        assert rules(ana, pay(ana, "10.00")) == []
        assert rules(ana, pay(ana, "0.01")) == ["rapid"]

    def test_every_rule_may_fire_at_once(self, ana: Customer) -> None:
        # contract: A9
        spent_on_days(ana, (10, 20))
        for _ in range(3):
            pay(ana, 10)
        flagged = pay(ana, "30.01", "jewels")
        assert rules(ana, flagged) == ["deviation", "category", "rapid"]
        (told,) = [one for one in ana.told() if one.data["transaction_id"] == flagged["id"]]
        assert (told.kind, told.data["rules"]) == ("fraud_flag", ["deviation", "category", "rapid"])


class TestExplanations(OnEachStorage):
    def test_what_arrives_later_changes_nothing(self, ana: Customer) -> None:
        # contract: A9
        flagged = pay(ana, 100)
        before = explained(ana, flagged)
        spent_on_days(ana, (100, 500))
        pay(ana, 1000, timestamp=iso(NOW - timedelta(minutes=1)))
        assert explained(ana, flagged) == before
        assert next(one for one in listed(ana) if one["id"] == flagged["id"]) == flagged

    def test_only_ones_own_can_be_asked_for(self, ana: Customer, ben: Customer) -> None:
        # contract: G3
        payment = pay(ana)
        deposit = ben.history()[0]["id"]
        for id in (payment["id"], deposit, 0, 999, 2**53 - 1, 2**53, 2**64, "-1", "abc", "1.0", "%00"):
            answer = get(ben, f"{PATH}/{id}/explanation")
            assert (answer.status_code, list(answer.json)) == (404, ["msg"]), id


class TestListing:
    @pytest.fixture(params=["memory", "sqlite"])
    def cleo(self, request: pytest.FixtureRequest) -> Customer:
        return open_account(
            request.getfixturevalue("hucha" if request.param == "memory" else "stored"), "cleo", "100.00"
        )

    def test_newest_first_and_only_ones_own_card_payments(self, cleo: Customer) -> None:
        assert listed(cleo) == []
        dora = open_account(cleo.hucha, "dora", "100.00")
        payments = [pay(cleo, amount, timestamp="2024-01-0" + str(amount)) for amount in (3, 1, 2)]
        pay(dora)
        cleo.deposit(1)
        dora.transfer(cleo, 1)
        assert listed(cleo) == payments[::-1]

    def test_filters(self, cleo: Customer) -> None:
        # contract: G6
        days = [
            pay(cleo, 1, category, timestamp=f"2024-01-0{day}T00:00:00Z")["id"]
            for day, category in enumerate(("food", "Food", "tv", "FOOD", "fóod"), 1)
        ]
        assert ids(cleo, "category=fOOd") == [days[3], days[1], days[0]]
        assert ids(cleo, "from=2024-01-02T00:00:00Z&to=2024-01-04T00:00:00Z") == [days[2], days[1]]
        assert ids(cleo, "from=2024-01-02T01:00:00%2B01:00&to=2024-01-02T00:00:00.000001") == [days[1]]
        assert ids(cleo, "from=2024-01-02T01:00:00+01:00&category=food") == [days[3], days[1]]
        assert ids(cleo, "category=nothing") == ids(cleo, "from=2024-02-01") == ids(cleo, "to=2024-01-01") == []

    def test_the_link_leads_through_every_page(self, cleo: Customer) -> None:
        for number in range(5):
            pay(cleo, 1, "a&b=ñ", timestamp=f"2024-01-01T00:00:0{number}+02:00")
            pay(cleo, 1, "other", timestamp="2024-01-01")
        wanted = ids(cleo, "category=a%26b=%C3%B1")
        assert len(wanted) == 5
        query, pages = "limit=2&category=a%26b=%C3%B1&from=2023-12-31T23:59:00%2B02:00&to=2024-01-01", []
        while query:
            answer = get(cleo, query=query)
            pages.append([one["id"] for one in answer.json])
            link = re.fullmatch(rf"<{PATH}\?([^>]*)>; rel=\"?next\"?", answer.headers.get("Link", ""))
            query = link[1] if link else ""
        assert pages == [wanted[:2], wanted[2:4], wanted[4:]]

    def test_a_full_last_page_has_no_link(self, cleo: Customer) -> None:
        for _ in range(2):
            pay(cleo)
        assert "Link" not in get(cleo, query="limit=2").headers
        assert "Link" in get(cleo, query="limit=1").headers

    @pytest.mark.parametrize(
        ("query", "fields"),
        [
            *[(f"limit={bad}", ["limit"]) for bad in ("0", "-1", "1001", "abc", "1.5", "", "%D9%A1", str(2**64))],
            *[(f"cursor={bad}", ["cursor"]) for bad in ("-1", "abc", "1-2", "", str(2**53))],
            *[
                (f"{name}={bad}", [name])
                for name in ("from", "to")
                for bad in ("abc", "", "2024-02-30", "1732098600000")
            ],
            ("limit=0&cursor=x&from=y&to=z", ["limit", "cursor", "from", "to"]),
        ],
    )
    def test_bad_questions_are_400_and_name_every_field(self, ana: Customer, query: str, fields: list[str]) -> None:
        refuses(get(ana, query=query), *fields)


class TestRetries:
    def test_a_retry_has_the_identical_answer_and_moves_nothing(self, ana: Customer, stored: Hucha) -> None:
        # contract: G8
        for one in (ana, open_account(stored, "ana", "1000.00")):
            body = {"amount": "150.5", "category": "food"}
            first = one.ask(PATH, body, "k")
            spent_on_days(one, (10, 20), category="other")
            balance = one.balance()
            again = one.ask(PATH, body, "k")
            assert (first.status_code, again.status_code) == (201, 201)
            assert again.content == first.content
            assert (one.balance(), len(listed(one))) == (balance, 3)
            assert len([told for told in one.told() if told.data["transaction_id"] == first.json["data"]["id"]]) == 1

    def test_a_retry_of_a_payment_without_a_timestamp_keeps_its_time(self, ana: Customer, clock: SetClock) -> None:
        # contract: G8
        first = pay(ana, key="k")
        clock.advance(timedelta(hours=24))
        ana = ana.signed_in_again()
        assert pay(ana, key="k") == first
        clock.advance(timedelta(microseconds=1))
        assert pay(ana, key="k")["id"] != first["id"]

    @pytest.mark.parametrize(
        "other",
        [
            {"amount": 2, "category": "food"},
            {"amount": 1.0, "category": "food"},
            {},
            {"amount": 0, "category": "food"},
            {"amount": 1, "category": ""},
            {"amount": 1, "category": "food", "user_id": 999},
            {"amount": 1, "category": "food", "timestamp": "2025-01-01"},
        ],
    )
    def test_another_body_with_the_same_key_is_422(self, ana: Customer, other: dict[str, object]) -> None:
        """Whatever is wrong with that body: the key is checked first."""
        # contract: G8
        pay(ana, 1, key="k")
        says(ana.ask(PATH, other, "k"), 422, "The idempotency key was used for another request.")
        assert (ana.balance(), len(listed(ana))) == (999, 1)

    def test_refusals_are_not_kept(self, ana: Customer, clock: SetClock) -> None:
        # contract: G8
        body = {"amount": 1, "category": "food", "timestamp": "2024-11-20T10:36:00Z"}
        refuses(ana.ask(PATH, body, "k"), "timestamp")
        clock.advance(timedelta(minutes=1))
        assert ana.ask(PATH, body, "k").status_code == 201

    def test_raced_by_eight_each_is_booked_and_the_balance_is_right(self, stored: Hucha) -> None:
        # contract: G8
        ana = open_account(stored, "ana", "100.00")
        at_once(8, lambda number: pay(ana, 30))
        assert (ana.balance(), len(listed(ana))) == (-140, 8)
        assert stored.audit() == (1, [])
