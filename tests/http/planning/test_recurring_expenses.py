"""`/api/recurring-expenses` and its projection. Source: seed A, task 2; contract A4 to A6, A12."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from falcon.testing import Result

from adapters.memory.clock import SetClock
from entrypoints.composition import Hucha
from tests.http.accounts import Customer, open_account
from tests.http.signing_in import BLANKS

pytestmark = pytest.mark.money(ana="2000.00", ben="1.00")

PATH = "/api/recurring-expenses"
PROJECTION = f"{PATH}/projection"
BREAKDOWN = f"{PROJECTION}/breakdown"
TV = {"expense_name": "TV Subscription", "amount": 12.99, "frequency": "monthly", "start_date": "2024-01-01"}
MUSIC = {"expense_name": "Music Subscription", "amount": 15.99, "frequency": "monthly", "start_date": "2024-01-01"}
KEYS = list(TV)
NOW = datetime(2024, 11, 20, 10, 30, tzinfo=UTC)

BAD: dict[str, tuple[object, ...]] = {
    "expense_name": (1, True, [], {}, "x" * 256),
    "amount": (
        *("abc", "1e3", "+1", "1,5", " 1", "1.005", 1.005, "\u0661", "NaN", "Infinity", True, [], {}),
        *(10**13, "-10000000000000", "10000000000000.00", -(10**13)),
    ),
    "frequency": ("Monthly", "monthly ", "hourly", "fortnightly", 1, True, [], {}),
    "start_date": (
        *("2024-02-30", "2023-02-29", "2024-13-01", "0000-01-01", "10000-01-01", "2024-1-1", "20240101"),
        *("2024-01-01T00:00:00Z", "2024-W01-1", " 2024-01-01", "\u0662024-01-01", "01/01/2024", 20240101, True, [], {}),
    ),
}
EACH_BAD = [(field, value) for field, values in BAD.items() for value in values]


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


def ask(customer: Customer, method: str, path: str, body: object = None, query: str = "") -> Result:
    """Ask as this customer; a body of bytes is sent as it is."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    headers = customer.bearer | ({"Content-Type": "application/json"} if data is not None else {})
    return customer.client.simulate_request(method, path, body=data, query_string=query, headers=headers)


def add(customer: Customer, **changes: object) -> int:
    """Add seed A's expense, but for these changes; its id."""
    answer = ask(customer, "POST", PATH, TV | changes)
    assert answer.status_code == 201, answer.text
    return answer.json["data"]["id"]


def got(customer: Customer, path: str = PATH, query: str = "") -> Any:
    """What a GET answers, its numbers as they are written."""
    answer = ask(customer, "GET", path, query=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    return json.loads(answer.text, parse_float=Decimal)


def says(answer: Result, status: int, sentence: str) -> None:
    """Whether A refuses with this sentence (contract G2)."""
    assert (answer.status_code, answer.json) == (status, {"msg": sentence})
    assert answer.headers["Content-Type"] == "application/json"


def to_add(customer: Customer) -> Callable[[object], Result]:
    return lambda body: ask(customer, "POST", PATH, body)


def to_change(customer: Customer) -> Callable[[object], Result]:
    path = f"{PATH}/{add(customer)}"
    return lambda body: ask(customer, "PUT", path, body)


BOTH = pytest.mark.parametrize(
    ("way", "empty"),
    [(to_add, "No empty fields allowed"), (to_change, "No empty fields allowed.")],
    ids=["POST", "PUT"],
)


class TestKeeping:
    def test_an_expense_is_added(self, ana: Customer) -> None:
        # contract: A4
        answer = ask(ana, "POST", PATH, TV)
        assert (answer.status_code, answer.json) == (
            201,
            {"msg": "Recurring expense added successfully.", "data": {"id": 1, **TV}},
        )
        assert list(answer.json["data"]) == ["id", *KEYS]
        assert '"amount":12.99,' in answer.text

    def test_the_list_is_bare_and_oldest_first(self, ana: Customer) -> None:
        # contract: A4
        assert got(ana) == []
        first, second = add(ana), add(ana, **MUSIC)
        assert ask(ana, "GET", PATH).json == [{"id": first, **TV}, {"id": second, **MUSIC}]

    def test_an_expense_is_changed(self, ana: Customer) -> None:
        # contract: A4
        first, second = add(ana), add(ana)
        answer = ask(ana, "PUT", f"{PATH}/{first}", MUSIC)
        changed = {"id": first, **MUSIC}
        assert (answer.status_code, answer.json) == (
            200,
            {"msg": "Recurring expense updated successfully.", "data": changed},
        )
        assert ask(ana, "GET", PATH).json == [changed, {"id": second, **TV}]

    def test_an_expense_is_deleted(self, ana: Customer) -> None:
        # contract: A4
        first, second = add(ana), add(ana)
        answer = ask(ana, "DELETE", f"{PATH}/{first}")
        assert (answer.status_code, answer.json) == (200, {"msg": "Recurring expense deleted successfully."})
        assert [one["id"] for one in got(ana)] == [second]
        says(ask(ana, "DELETE", f"{PATH}/{first}"), 404, "Expense not found.")
        assert add(ana) > second

    @pytest.mark.parametrize("method", ["PUT", "DELETE"])
    @pytest.mark.parametrize(
        "id", ["2", "0", "-1", "1.0", "x", "9007199254740992", "9" * 30, "%C2%B9", "%D9%A1", "1%20", "{expense_id}"]
    )
    def test_an_id_that_is_none_is_not_found(self, ana: Customer, method: str, id: str) -> None:
        # contract: A4
        add(ana)
        says(ask(ana, method, f"{PATH}/{id}", MUSIC if method == "PUT" else None), 404, "Expense not found.")
        assert ask(ana, "GET", PATH).json == [{"id": 1, **TV}]

    def test_someone_elses_expense_is_not_found(self, ana: Customer, ben: Customer) -> None:
        # contract: G3
        mine = add(ana)
        before = got(ana)
        says(ask(ben, "PUT", f"{PATH}/{mine}", MUSIC), 404, "Expense not found.")
        says(ask(ben, "DELETE", f"{PATH}/{mine}"), 404, "Expense not found.")
        assert (got(ana), got(ben)) == (before, [])

    @pytest.mark.parametrize("path", [PROJECTION, BREAKDOWN])
    @pytest.mark.parametrize("method", ["PUT", "DELETE", "POST"])
    def test_the_projection_is_no_expense(self, ana: Customer, path: str, method: str) -> None:
        says(ask(ana, method, path, TV), 405, "This method is not for this resource.")

    def test_expenses_outlive_the_process(self, stored: Hucha, database: Path) -> None:
        # contract: A12
        add(open_account(stored, "ana"))
        with closing(sqlite3.connect(database)) as connection:
            query = "SELECT user_id, expense_name, amount, frequency, start_date FROM recurring_expenses"
            assert connection.execute(query).fetchall() == [(1, "TV Subscription", 129_900, "monthly", "2024-01-01")]


class TestInput:
    @BOTH
    @pytest.mark.parametrize("body", [None, b"", {}, *({k: TV[k] for k in KEYS if k != name} for name in KEYS)])
    def test_a_missing_key_is_no_data(self, ana: Customer, way: Any, empty: str, body: object) -> None:
        # contract: A4
        send = way(ana)
        before = got(ana)
        says(send(body), 400, "No data provided.")
        assert got(ana) == before

    @BOTH
    @pytest.mark.parametrize("name", KEYS)
    @pytest.mark.parametrize("blank", BLANKS)
    def test_an_empty_value_is_refused(self, ana: Customer, way: Any, empty: str, name: str, blank: object) -> None:
        # contract: A4
        send = way(ana)
        before = got(ana)
        says(send(TV | {name: blank}), 400, empty)
        assert got(ana) == before

    @BOTH
    def test_every_bad_value_is_refused_by_its_name(self, ana: Customer, way: Any, empty: str) -> None:
        # contract: A4, G5
        send = way(ana)
        before = got(ana)
        for field, value in EACH_BAD:
            answer = send(TV | {field: value})
            assert answer.status_code == 400, (field, value, answer.text)
            assert answer.json["msg"].startswith(f"Invalid fields: {field} must "), answer.text
        assert got(ana) == before

    @BOTH
    @pytest.mark.parametrize("raw", [b"NaN", b"Infinity", b"1e400", b"1e-400", b"true", b"99999999999999999999"])
    def test_a_number_that_is_no_amount_is_refused(self, ana: Customer, way: Any, empty: str, raw: bytes) -> None:
        # contract: G4, G5
        send = way(ana)
        before = got(ana)
        assert send(json.dumps(TV).encode().replace(b"12.99", raw)).status_code == 400
        assert got(ana) == before

    def test_all_bad_values_are_named_at_once(self, ana: Customer) -> None:
        body = {"expense_name": 1, "amount": "x", "frequency": "never", "start_date": "2024-02-30"}
        says(
            ask(ana, "POST", PATH, body),
            400,
            "Invalid fields: expense_name must be a string; amount must be a number such as 42.00; "
            "frequency must be one of daily, weekly, biweekly, monthly, quarterly, yearly; "
            "start_date must be a day such as 2024-01-31.",
        )

    @pytest.mark.parametrize("frequency", ["daily", "weekly", "biweekly", "monthly", "quarterly", "yearly"])
    def test_every_frequency_is_taken(self, ana: Customer, frequency: str) -> None:
        # contract: A4
        add(ana, frequency=frequency)
        assert got(ana)[0]["frequency"] == frequency

    @pytest.mark.parametrize(
        ("amount", "shown"),
        [
            *((12.99, "12.99"), ("12.99", "12.99"), ("12.990", "12.99"), (-1500, "-1500.00"), ("-0.01", "-0.01")),
            *((0, "0.00"), ("-0", "0.00"), ("9999999999999.99", "9999999999999.99"), (-9999999999999.99, None)),
        ],
    )
    def test_an_amount_keeps_its_sign_and_its_cents(self, ana: Customer, amount: object, shown: str | None) -> None:
        # contract: A4, G5
        add(ana, amount=amount)
        assert f'"amount":{shown or amount},' in ask(ana, "GET", PATH).text

    @pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "2024-02-29", "9999-12-31"])
    def test_every_day_of_the_calendar_is_taken(self, ana: Customer, day: str) -> None:
        # contract: A4
        add(ana, start_date=day)
        assert got(ana)[0]["start_date"] == day
        assert len(got(ana, BREAKDOWN, "months=120")["months"]) == 120

    def test_unknown_keys_are_ignored_and_names_are_kept_to_the_letter(self, ana: Customer) -> None:
        # contract: G4
        name = " <b>Añá</b> 😀 " + "x" * 200
        add(ana, expense_name=name, id=77, user_id=99)
        assert got(ana) == [{**TV, "id": 1, "expense_name": name, "amount": Decimal("12.99")}]


class TestProjection:
    def test_the_next_twelve_months(self, ana: Customer) -> None:
        # contract: A5
        add(ana)
        add(ana, amount="100", frequency="quarterly", start_date="2024-10-31")
        add(ana, amount=-1500, frequency="yearly", start_date="2025-06-30")
        projection = got(ana, PROJECTION)
        names = ["2024-12", *(f"2025-{number:02}" for number in range(1, 12))]
        assert [list(one) for one in projection] == [["month", "recurring_expenses"]] * 12
        assert [one["month"] for one in projection] == names
        sums = {
            "2025-01": "112.99",
            "2025-04": "112.99",
            "2025-07": "112.99",
            "2025-10": "112.99",
            "2025-06": "-1487.01",
        }
        assert [one["recurring_expenses"] for one in projection] == [Decimal(sums.get(name, "12.99")) for name in names]

    def test_every_occurrence_in_a_month_counts(self, ana: Customer) -> None:
        # contract: A5
        add(ana, amount=1, frequency="daily")
        add(ana, amount="0.10", frequency="weekly", start_date="2024-12-02")
        assert got(ana, PROJECTION)[:2] == [
            {"month": "2024-12", "recurring_expenses": Decimal("31.50")},
            {"month": "2025-01", "recurring_expenses": Decimal("31.40")},
        ]

    def test_nobody_sees_what_others_expect(self, ana: Customer, ben: Customer) -> None:
        # contract: G3
        add(ana)
        assert {one["recurring_expenses"] for one in got(ben, PROJECTION)} == {Decimal("0.00")}
        breakdown = got(ben, BREAKDOWN)
        assert breakdown["totals"] == []
        assert {(len(one["expenses"]), one["balance"]) for one in breakdown["months"]} == {(0, Decimal("1.00"))}

    def test_changes_are_seen_at_once(self, ana: Customer) -> None:
        expense = add(ana)
        ask(ana, "PUT", f"{PATH}/{expense}", MUSIC)
        assert got(ana, PROJECTION)[0]["recurring_expenses"] == Decimal("15.99")
        ask(ana, "DELETE", f"{PATH}/{expense}")
        assert got(ana, PROJECTION)[0]["recurring_expenses"] == 0

    def test_the_breakdown_shows_each_expense_in_each_month(self, ana: Customer) -> None:
        # contract: A5, A6
        rent = add(ana, expense_name="Rent", amount=500, start_date="2024-10-31")
        salary = add(ana, expense_name="Salary", amount="-300.50", frequency="biweekly", start_date="2024-11-18")
        assert got(ana, BREAKDOWN, "months=2") == {
            "opening_balance": Decimal("1500.00"),
            "months": [
                {
                    "month": "2024-12",
                    "recurring_expenses": Decimal("-401.50"),
                    "balance": Decimal("1901.50"),
                    "expenses": [part(rent, "Rent", 1, "500.00"), part(salary, "Salary", 3, "-901.50")],
                },
                {
                    "month": "2025-01",
                    "recurring_expenses": Decimal("-101.00"),
                    "balance": Decimal("2002.50"),
                    "expenses": [part(rent, "Rent", 1, "500.00"), part(salary, "Salary", 2, "-601.00")],
                },
            ],
            "totals": [part(rent, "Rent", 2, "1000.00"), part(salary, "Salary", 5, "-1502.50")],
            "lowest": {"month": "2024-12", "balance": Decimal("1901.50")},
        }

    def test_no_zero_has_a_minus(self, ana: Customer) -> None:
        add(ana, start_date="2030-01-01")
        assert "-0" not in ask(ana, "GET", BREAKDOWN, query="months=1").text.replace("2024-0", "")

    @pytest.mark.parametrize(
        ("instant", "opening"),
        [
            ("2024-11-20T00:00:00Z", "1900.00"),
            ("2024-11-20T23:59:59.999999Z", "1900.00"),
            ("2024-11-19T23:59:59.999999Z", "1900.00"),
            ("2024-11-21T00:00:00Z", "2000.00"),
        ],
    )
    def test_what_is_due_today_by_utc_is_still_due(
        self, hucha: Hucha, clock: SetClock, instant: str, opening: str
    ) -> None:
        # contract: A5
        clock.set(datetime.fromisoformat(instant))
        ana = open_account(hucha, "ana", "2000.00")
        add(ana, amount=100, start_date="2024-01-20")
        assert got(ana, BREAKDOWN)["opening_balance"] == Decimal(opening)

    @pytest.mark.parametrize("months", ["1", "12", "120"])
    def test_the_breakdown_has_as_many_months_as_are_asked_for(self, ana: Customer, months: str) -> None:
        # contract: A5
        assert len(got(ana, BREAKDOWN, f"months={months}")["months"]) == int(months)

    def test_the_breakdown_has_twelve_months_unless_told(self, ana: Customer) -> None:
        # contract: A5
        add(ana)
        months = got(ana, BREAKDOWN)["months"]
        shown = [{name: one[name] for name in ("month", "recurring_expenses")} for one in months]
        assert shown == got(ana, PROJECTION)

    @pytest.mark.parametrize("months", ["0", "121", "-1", "x", "1.5", "", "%D9%A1"])
    def test_other_numbers_of_months_are_refused(self, ana: Customer, months: str) -> None:
        # contract: A5
        answer = ask(ana, "GET", BREAKDOWN, query=f"months={months}")
        says(answer, 400, "Invalid fields: months must be an integer from 1 to 120.")


def part(id: int, name: str, occurrences: int, total: str) -> dict[str, object]:
    """An expense's part in a month, or in all of them."""
    effect = {"total": Decimal(total), "effect": -Decimal(total)}
    return {"id": id, "expense_name": name, "occurrences": occurrences, **effect}
