"""Deposits and withdrawals run through the event rules, in a stream of their own (contract C7)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory.clock import SetClock
from domain.model.activity import Action
from domain.model.notifications import Notification
from entrypoints.composition import Hucha, build_in_memory
from entrypoints.settings import Settings
from tests.http.accounts import Customer, open_account
from tests.oracles import codes_of_all

pytestmark = pytest.mark.money(ana="150.00")


@pytest.fixture
def ana(ana: Customer, clock: SetClock) -> Customer:
    """A customer with money that came in long ago."""
    clock.advance(timedelta(hours=1))
    return ana


def codes(customer: Customer) -> list[list[int]]:
    """The codes of the customer's notifications, earliest first."""
    told = customer.told()
    assert {one.kind for one in told} <= {"activity_codes"}
    return [list(one.data["codes"]) for one in reversed(told)]  # type: ignore[call-overload]


def event(customer: Customer, type: str, amount: object, time: int) -> list[int]:
    body = {"type": type, "amount": amount, "user_id": customer.user_id, "time": time}
    answer = customer.client.simulate_post("/event", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json["alert_codes"]


def test_three_withdrawals_in_a_row_are_told_and_carried_out(ana: Customer, clock: SetClock) -> None:
    # contract: C7, C3
    for _ in range(2):
        assert ana.withdraw(10).status_code == 200
    assert ana.told() == []
    assert ana.withdraw("10.50").status_code == 200
    (told,) = ana.told()
    movement = ana.history()[0]["id"]
    assert told == Notification(
        told.id,
        ana.user_id,
        "activity_codes",
        {"codes": [30], "transaction_id": movement, "amount": "10.50"},
        clock.now(),
    )


def test_every_code_is_told_and_refuses_nothing(hucha: Hucha, clock: SetClock) -> None:
    # contract: C7, C3
    ana, ben = open_account(hucha, "ana"), open_account(hucha, "ben", "1000.00")
    clock.advance(timedelta(hours=1))
    for amount in (10, 20, 30, 40, 50, 201):
        assert ana.deposit(amount).status_code == 200
    for amount in (1, 2, 3, 4, 5, 101):
        assert ben.withdraw(amount).status_code == 200
    assert codes(ana) == [[300], [300], [300], [123, 300, 500]]
    assert codes(ben) == [[123], [30], [30], [30], [30, 500, 1100]], "the first is for the money he came with"


def test_the_time_is_the_servers(ana: Customer, clock: SetClock) -> None:
    # contract: C7
    ana.deposit(120)
    clock.advance(timedelta(seconds=31))
    ana.deposit(110)
    assert codes(ana) == []
    clock.advance(timedelta(seconds=30))
    ana.deposit(100)
    assert codes(ana) == [[123]]


def test_events_of_the_same_id_disturb_no_customer(ana: Customer, clock: SetClock) -> None:
    # contract: C7
    now = int(clock.now().timestamp())
    ana.withdraw(10)
    event(ana, "deposit", "9999", now)  # else the next would be the third in a row
    ana.withdraw(10)
    event(ana, "deposit", "9999", now + 10**9)
    assert ana.withdraw(10).status_code == 200
    assert codes(ana) == [[30]]
    assert ana.balance() == 120
    for _ in range(10):
        event(ana, "withdraw", "1000", now)
    ana.deposit(1)
    assert codes(ana) == [[30]], "no window has their actions in it"


def test_customers_disturb_no_events(ana: Customer, hucha: Hucha, clock: SetClock) -> None:
    # contract: C7
    now = int(clock.now().timestamp())
    assert event(ana, "withdraw", "1", now) == []
    for _ in range(4):
        ana.withdraw(10)
        ana.deposit(60)
    assert event(ana, "withdraw", "1", now) == []
    assert event(ana, "withdraw", "1", now) == [30]
    assert event(ana, "deposit", "1", now) == []
    assert len(hucha.list_events(ana.user_id, 100)) == 4, "an account's actions aren't listed among them"


def test_a_risk_profile_holds_in_both_streams(
    ana: Customer, hucha: Hucha, operator: dict[str, str], clock: SetClock
) -> None:
    # contract: C5, C7
    path = f"/api/risk-profiles/{ana.user_id}"
    profile = {"rating": "high", "thresholds": {"1100": 5}}
    assert ana.client.simulate_put(path, json=profile, headers=operator).status_code == 200
    ana.withdraw("5.00")
    ana.withdraw("5.01")
    assert codes(ana) == [[30, 1100]], "two in a row are enough for a high rating"
    assert event(ana, "withdraw", "5.01", int(clock.now().timestamp())) == [1100]


def test_transfers_are_no_actions(ana: Customer, hucha: Hucha) -> None:
    # contract: C7
    ben = open_account(hucha, "ben")
    ana.withdraw(1)
    for _ in range(7):
        assert ana.transfer(ben, 20).status_code == 200
    assert (codes(ana), codes(ben)) == ([], [])
    ana.withdraw(1)
    ana.withdraw(1)
    assert codes(ana) == [[30]]


def test_what_was_refused_is_no_action(ana: Customer) -> None:
    # contract: C7
    for answer in (ana.withdraw(151), ana.withdraw(-1), ana.withdraw(1, pin="0000"), ana.withdraw(1, key="")):
        assert answer.status_code >= 400
    ana.withdraw(1)
    ana.withdraw(1)
    assert codes(ana) == []


def test_a_repeated_request_is_one_action(ana: Customer) -> None:
    # contract: C7, G8
    for _ in range(5):
        assert ana.withdraw(1, key="once").status_code == 200
    assert codes(ana) == []
    ana.withdraw(1)
    for _ in range(5):
        ana.withdraw(1, key="thrice")
    assert codes(ana) == [[30]]


steps = st.tuples(st.sampled_from(["deposit", "withdraw"]), st.integers(1, 130), st.integers(0, 40))


@settings(max_examples=15)
@given(st.lists(steps, max_size=12))
def test_the_codes_are_those_of_the_rules(plan: list[tuple[str, int, int]]) -> None:
    # contract: C7
    clock = SetClock(datetime.fromisoformat("2024-01-01T00:00:00Z"))
    hucha = build_in_memory(Settings(bcrypt_rounds=4), clock)
    ana = open_account(hucha, "ana", "5000.00")
    actions = [Action.parse({"type": "deposit", "amount": 5000, "user_id": ana.user_id, "time": 1704067200})]
    for type, amount, seconds in plan:
        clock.advance(timedelta(seconds=seconds))
        assert (ana.deposit if type == "deposit" else ana.withdraw)(amount).status_code == 200
        time = int(clock.now().timestamp())
        actions.append(Action.parse({"type": type, "amount": amount, "user_id": ana.user_id, "time": time}))
    assert codes(ana) == [list(fired) for fired in codes_of_all(actions) if fired]


def test_codes_are_kept_with_the_money_in_one_database(stored: Hucha) -> None:
    # contract: C7, C6
    ana = open_account(stored, "ana", "100.00")
    for _ in range(4):
        assert ana.withdraw(1).status_code == 200
    assert codes(ana)[-2:] == [[30], [30]]
    assert [one.data["transaction_id"] for one in ana.told()] == [one["id"] for one in ana.history()[:2]]
