"""`/api/alerts`: setting, listing and removing alerts, and when they fire. Source: seed A, task 4."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from falcon.testing import Result

from adapters.memory.clock import SetClock
from entrypoints.composition import Hucha
from tests.http.accounts import Customer, at_once, open_account
from tests.http.bodies import BAD_VALUES, MALFORMED, body_of
from tests.http.notifying.alerts import DROP, SAVINGS, drop, fired, savings, spend
from tests.http.signing_in import BLANKS

DELETE = "/api/alerts/delete"
LIST = "/api/alerts/list"
GOAL = {"target_amount": 5000.0, "alert_threshold": 4500.0}
FALL = {"balance_drop_threshold": 100.0}
NOW = datetime(2024, 11, 20, 10, 30, tzinfo=UTC)
KEYS = [
    "id",
    "user_id",
    "target_amount",
    "alert_threshold",
    "balance_drop_threshold",
    "progress",
    "status",
    "created_at",
]
EMPTY = {None, "null", '""', '" "', r'"\t\n"'}
BAD_AMOUNTS = [raw for raw in BAD_VALUES["amount"] if raw not in EMPTY]
EACH_KEY = [(SAVINGS, "target_amount"), (SAVINGS, "alert_threshold"), (DROP, "balance_drop_threshold")]
NO_EMPTY = "No empty fields allowed."


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


def says(answer: Result, status: int, sentence: str) -> None:
    """Whether A answers with this sentence and nothing else (contract G2)."""
    assert (answer.status_code, answer.json) == (status, {"msg": sentence})
    assert answer.headers["Content-Type"] == "application/json"


def listed(customer: Customer) -> list[Any]:
    answer = customer.client.simulate_get(LIST, headers=customer.bearer)
    assert (answer.status_code, list(answer.json)) == (200, ["data"])
    assert answer.headers["Content-Type"] == "application/json"
    return json.loads(answer.text, parse_float=Decimal)["data"]


def state(customer: Customer, alert_id: int) -> tuple[str, Decimal]:
    """The status and the progress of an alert."""
    alert = next(one for one in listed(customer) if one["id"] == alert_id)
    return alert["status"], Decimal(alert["progress"])


class TestSetting:
    def test_a_savings_alert(self, ana: Customer) -> None:
        # contract: A8
        answer = ana.ask(SAVINGS, GOAL)
        data = answer.json["data"]
        assert (answer.status_code, answer.json["msg"]) == (201, "Correctly added savings alert!")
        assert list(answer.json) == ["msg", "data"]
        assert list(data) == ["id", "user_id", "target_amount", "alert_threshold"]
        assert data == {"id": data["id"], "user_id": ana.user_id} | GOAL
        assert isinstance(data["id"], int)

    def test_a_balance_drop_alert(self, ana: Customer) -> None:
        # contract: A8
        answer = ana.ask(DROP, FALL)
        data = answer.json["data"]
        assert (answer.status_code, answer.json["msg"]) == (201, "Correctly added balance drop alert!")
        assert list(answer.json) == ["msg", "data"]
        assert list(data) == ["id", "user_id", "balance_drop_threshold"]
        assert data == {"id": data["id"], "user_id": ana.user_id} | FALL

    @pytest.mark.parametrize("amount", ["0.01", 0.1, 7, "9999999999999.99", "0100.10"])
    def test_amounts_are_numbers_or_strings_and_exact(self, stored: Hucha, amount: object) -> None:
        # contract: G5
        ana = open_account(stored, "ana")
        savings(ana, amount, amount)
        drop(ana, amount)
        goal, fall = listed(ana)
        wanted = Decimal(str(amount))
        assert (goal["target_amount"], goal["alert_threshold"], fall["balance_drop_threshold"]) == (wanted,) * 3

    def test_the_table_has_the_names_of_the_seed(self, stored: Hucha, database: Path) -> None:
        # contract: A12
        ana = open_account(stored, "ana")
        ids = [savings(ana, 5000, 4500), drop(ana, 100)]
        with closing(sqlite3.connect(database)) as connection:
            columns = "id, user_id, target_amount, alert_threshold, balance_drop_threshold"
            rows = connection.execute(f"SELECT {columns} FROM alerts WHERE created_at IS NOT NULL").fetchall()
        user = ana.user_id
        assert rows == [(ids[0], user, 50_000_000, 45_000_000, None), (ids[1], user, None, None, 1_000_000)]

    @pytest.mark.parametrize(("path", "key"), EACH_KEY)
    def test_missing_and_empty_values(self, ana: Customer, path: str, key: str) -> None:
        # contract: A8, G4
        good = GOAL if path == SAVINGS else FALL
        without = {name: value for name, value in good.items() if name != key}
        for body in (without, *(good | {key: blank} for blank in BLANKS)):
            says(ana.ask(path, body), 400, NO_EMPTY)
        assert listed(ana) == []

    @pytest.mark.parametrize("path", [SAVINGS, DROP])
    def test_an_empty_body_is_empty(self, ana: Customer, path: str) -> None:
        # contract: A8, G4
        for body in (b"", b"{}"):
            says(ana.ask(path, body), 400, NO_EMPTY)

    @pytest.mark.parametrize(("path", "key"), EACH_KEY)
    @pytest.mark.parametrize("raw", BAD_AMOUNTS)
    def test_a_bad_amount_is_400_and_named(self, ana: Customer, path: str, key: str, raw: str) -> None:
        # contract: G5
        good = dict.fromkeys(GOAL if path == SAVINGS else FALL, "1")
        answer = ana.ask(path, body_of(good | {key: raw}))
        assert (answer.status_code, list(answer.json)) == (400, ["msg"])
        assert answer.json["msg"].startswith(f"Invalid fields: {key} ")
        assert ";" not in answer.json["msg"]
        assert listed(ana) == []

    def test_both_bad_amounts_are_named(self, ana: Customer) -> None:
        answer = ana.ask(SAVINGS, {"target_amount": -1, "alert_threshold": "x"})
        sentence = (
            "Invalid fields: target_amount must be greater than 0; alert_threshold must be a number such as 42.00."
        )
        says(answer, 400, sentence)

    @pytest.mark.parametrize("path", [SAVINGS, DROP, DELETE])
    def test_malformed_bodies_are_400(self, ana: Customer, path: str) -> None:
        # contract: G2, G4
        for body in MALFORMED.values():
            answer = ana.ask(path, body)
            assert (answer.status_code, list(answer.json)) == (400, ["msg"])
            assert "Invalid fields" not in answer.json["msg"], "no field was read"

    @pytest.mark.parametrize(("method", "path"), [("POST", SAVINGS), ("POST", DROP), ("POST", DELETE), ("GET", LIST)])
    def test_the_token_comes_first(self, ana: Customer, method: str, path: str) -> None:
        # contract: G3
        answer = ana.client.simulate_request(method, path, body=b"nonsense" if method == "POST" else None)
        says(answer, 401, "Access Denied")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


class TestDeleting:
    def test_an_alert_is_deleted_once(self, ana: Customer) -> None:
        # contract: A8
        first, second = drop(ana, 100), savings(ana, 5000, 4500)
        says(ana.ask(DELETE, {"alert_id": first}), 200, "Alert deleted successfully.")
        says(ana.ask(DELETE, {"alert_id": first}), 404, "Alert not found.")
        assert [one["id"] for one in listed(ana)] == [second]

    def test_a_deleted_alert_does_not_fire(self, ana: Customer) -> None:
        for alert_id in (drop(ana, 100), savings(ana, 5000, 1)):
            ana.ask(DELETE, {"alert_id": alert_id})
        spend(ana, 500)
        assert fired(ana) == []

    def test_without_an_id(self, ana: Customer) -> None:
        # contract: A8
        for body in (b"", b"{}", {"id": 1}):
            says(ana.ask(DELETE, body), 400, "Missing alert ID.")
        for blank in BLANKS:
            says(ana.ask(DELETE, {"alert_id": blank}), 400, NO_EMPTY)

    @pytest.mark.parametrize("alert_id", [0, -1, 999, 2**53, 2**63 - 1, 2**63, -(2**63)])
    def test_an_unknown_one_is_404(self, ana: Customer, alert_id: int) -> None:
        says(ana.ask(DELETE, {"alert_id": alert_id}), 404, "Alert not found.")

    def test_someone_elses_is_404_and_stays(self, ana: Customer, ben: Customer) -> None:
        # contract: G3
        alert_id = drop(ana, 100)
        says(ben.ask(DELETE, {"alert_id": alert_id}), 404, "Alert not found.")
        assert [one["id"] for one in listed(ana)] == [alert_id]
        assert listed(ben) == []

    @pytest.mark.parametrize("alert_id", ["1", "abc", 1.0, 1.5, True, False, [], [1], {}])
    def test_another_type_is_400(self, ana: Customer, alert_id: object) -> None:
        assert drop(ana, 100) == 1
        says(ana.ask(DELETE, {"alert_id": alert_id}), 400, "Invalid fields: alert_id must be an integer.")
        assert len(listed(ana)) == 1


class TestListing:
    def test_all_of_ones_own_oldest_first(self, ana: Customer, ben: Customer) -> None:
        # contract: A8, G6
        assert listed(ana) == []
        first, second = savings(ana, 5000, 4500), drop(ana, 100)
        drop(ben, 1)
        goal, fall = listed(ana)
        assert list(goal) == list(fall) == KEYS
        shared = {"user_id": ana.user_id, "status": "armed", "created_at": "2024-11-20T10:30:00Z"}
        none = {"target_amount": None, "alert_threshold": None, "balance_drop_threshold": None}
        assert goal == none | GOAL | shared | {"id": first, "progress": Decimal("0.2")}
        assert fall == none | FALL | shared | {"id": second, "progress": 0}

    @pytest.mark.parametrize(
        ("spent", "progress"), [("0.01", "0.25"), ("1000", "0"), ("1500", "0"), ("-3000", "1"), ("-99999", "1")]
    )
    def test_the_progress_of_savings_is_the_balance_over_the_target(
        self, ana: Customer, spent: str, progress: str
    ) -> None:
        # contract: A8
        alert_id = savings(ana, 4000, 5000)
        spend(ana, spent)
        assert state(ana, alert_id)[1] == Decimal(progress)

    def test_the_progress_of_a_drop_is_the_fall_so_far(self, ana: Customer) -> None:
        # contract: A8
        alert_id = drop(ana, 100)
        progress = []
        for amount in (25, 50, -75, -100, 60, 40):
            spend(ana, amount)
            progress.append(state(ana, alert_id))
        assert progress == [
            ("armed", Decimal("0.25")),
            ("armed", Decimal("0.75")),
            ("armed", 0),
            ("armed", 0),
            ("armed", Decimal("0.6")),
            ("fired", 0),
        ]


class TestSavingsFire:
    @pytest.mark.parametrize(("received", "fires"), [("499.99", False), ("500.00", True), ("9000", True)])
    def test_at_the_threshold(self, ana: Customer, received: str, fires: bool) -> None:
        # contract: A8
        alert_id = savings(ana, 2000, 1500)
        spend(ana, f"-{received}")
        assert fired(ana) == [alert_id] * fires
        assert state(ana, alert_id)[0] == ("fired" if fires else "armed")

    def test_once_and_again_when_it_was_armed_again(self, ana: Customer) -> None:
        # contract: A8
        alert_id = savings(ana, 2000, 1500)
        counts = []
        for amount in (-500, -1, 1, "0.01", -1, 500, -1000):
            spend(ana, amount)
            counts.append((len(fired(ana)), state(ana, alert_id)[0]))
        once, again, armed = (1, "fired"), (2, "fired"), (1, "armed")
        assert counts == [once, once, once, armed, again, (2, "armed"), (3, "fired")]

    def test_only_a_transaction_lets_it_fire(self, ana: Customer) -> None:
        """Even where the balance is there already."""
        # contract: A8
        alert_id = savings(ana, 2000, 1)
        assert (fired(ana), state(ana, alert_id)[0]) == ([], "armed")
        spend(ana, 1)
        assert (fired(ana), state(ana, alert_id)[0]) == ([alert_id], "fired")


class TestDropsFire:
    @pytest.mark.parametrize(("spent", "fires"), [("99.99", False), ("100.00", True), ("5000", True)])
    def test_at_the_threshold(self, ana: Customer, spent: str, fires: bool) -> None:
        # contract: A8
        alert_id = drop(ana, 100)
        spend(ana, spent)
        assert fired(ana) == [alert_id] * fires

    def test_by_many_small_steps_from_the_highest_balance(self, ana: Customer) -> None:
        # contract: A8
        alert_id = drop(ana, 100)
        steps = (60, -200, 60, "39.99", -50, "50.01")
        counts = []
        for amount in steps:
            spend(ana, amount)
            counts.append(len(fired(ana)))
        assert counts == [0, 0, 0, 0, 0, 1]
        assert state(ana, alert_id)[0] == "fired"

    def test_then_it_is_measured_from_the_balance_at_which_it_fired(self, ana: Customer) -> None:
        # contract: A8
        alert_id = drop(ana, 100)
        seen = []
        for amount in (150, "99.99", "0.01", 100, -1, 100, 1):
            spend(ana, amount)
            seen.append((len(fired(ana)), state(ana, alert_id)[0]))
        assert seen == [
            (1, "fired"),
            (1, "armed"),
            (2, "fired"),
            (3, "fired"),
            (3, "armed"),
            (4, "fired"),
            (4, "armed"),
        ]

    def test_what_was_before_the_alert_does_not_count(self, ana: Customer) -> None:
        # contract: A8
        spend(ana, 500)
        drop(ana, 100)
        spend(ana, "99.99")
        assert fired(ana) == []

    def test_below_zero_too(self, ana: Customer) -> None:
        alert_id = drop(ana, 2000)
        spend(ana, 1999)
        spend(ana, 1)
        assert fired(ana) == [alert_id]


class TestEveryMovement:
    @pytest.fixture(params=["memory", "sqlite"])
    def bank(self, request: pytest.FixtureRequest) -> Hucha:
        return request.getfixturevalue("hucha" if request.param == "memory" else "stored")

    def test_deposits_and_withdrawals_count_as_transactions(self, bank: Hucha) -> None:
        # contract: A8, A11
        ana = open_account(bank, "ana", "1000.00")
        goal, fall = savings(ana, 2000, 1500), drop(ana, 100)
        ana.deposit(500)
        assert fired(ana) == [goal]
        ana.withdraw(100)
        assert fired(ana) == [goal, fall]
        assert [one["status"] for one in listed(ana)] == ["armed", "fired"]

    def test_both_sides_of_a_transfer(self, bank: Hucha) -> None:
        # contract: A8, A11
        ana, ben = (open_account(bank, name, "1000.00") for name in ("ana", "ben"))
        fall, goal = drop(ana, 100), savings(ben, 2000, 1100)
        drop(ben, 100)
        savings(ana, 2000, 1100)
        ana.transfer(ben, 100)
        assert (fired(ana), fired(ben)) == ([fall], [goal])

    def test_every_alert_that_matches_fires_and_the_notification_names_it(self, bank: Hucha) -> None:
        # contract: A8, A11
        ana = open_account(bank, "ana", "1000.00")
        alerts = [drop(ana, 50), drop(ana, 100), savings(ana, 5000, 800), drop(ana, 101)]
        spend(ana, 100)
        assert sorted(fired(ana)) == alerts[:3]
        (payment,) = ana.client.simulate_get("/api/transactions", headers=ana.bearer).json
        told = {one.data["alert_id"]: one for one in ana.told() if "alert_id" in one.data}
        assert [told[alert].kind for alert in alerts[:3]] == ["balance_drop", "balance_drop", "savings_alert"]
        assert {one.data["transaction_id"] for one in told.values()} == {payment["id"]}

    def test_what_is_refused_lets_nothing_fire(self, bank: Hucha) -> None:
        ana = open_account(bank, "ana", "1000.00")
        savings(ana, 5000, 1)
        drop(ana, 1)
        for answer in (
            ana.withdraw("1000.01"),
            ana.withdraw(5, pin="0000"),
            ana.transfer("nobody", 5),
            ana.deposit("9999999999999.99"),
            ana.ask("/api/transactions", {"amount": 0, "category": "food"}),
            ana.ask("/api/transactions", {"amount": "9999999999999.99", "category": "food", "timestamp": "now"}),
        ):
            assert answer.status_code >= 400
        assert fired(ana) == []
        assert [one["status"] for one in listed(ana)] == ["armed", "armed"]

    def test_raced_by_eight_it_fires_once(self, stored: Hucha) -> None:
        # contract: A8
        ana = open_account(stored, "ana", "1000.00")
        fall, goal = drop(ana, 75), savings(ana, 5000, 1)
        at_once(8, lambda _: spend(ana, 10))
        assert sorted(fired(ana)) == sorted([fall, goal])
        assert stored.audit() == (1, [])
