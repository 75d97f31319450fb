"""Subscriptions: made, paid at each due instant, ended, cancelled. Source: seed B, task 8; contract B12, B7, G8."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from falcon.testing import Result

from adapters.memory.clock import SetClock
from adapters.memory.prices import FixedPrices
from domain.model.mail import Mail
from domain.model.quotas import Quotas
from entrypoints.composition import Hucha, build
from tests.customers import PIN
from tests.http.accounts import Customer, at_once, open_account, says
from tests.http.bodies import BAD_VALUES, MALFORMED, body_of
from tests.http.investors import (
    SUBSCRIBE,
    SUBSCRIPTIONS,
    denies_strangers,
    exactly,
    get,
    investing_bank,
    pages,
    types,
    work,
)
from tests.http.notifying.alerts import drop, fired
from tests.http.signing_in import BLANKS, letters, stored_settings

CREATED = "Subscription created successfully."
REUSED = "The idempotency key was used for another request."
YEAR = 31_536_000
START = datetime(2024, 1, 1, tzinfo=UTC)
START_MS = 1_704_067_200_000
RAW = {"pin": '"1811"', "amount": '"100"', "intervalSeconds": "5"}
"""The seed's own body."""

KEYS = [
    "id",
    "name",
    "amount",
    "intervalSeconds",
    "status",
    "payments",
    "nextPayment",
    "createdAt",
    "endedAt",
]
BAD_INTERVALS = [
    *(None, "null", '""', '" "', "0", "-1", "1.5", "5.0", "5e0", '"5"', '"abc"', "true", "false", "[]", "[5]", "{}"),
    *("31536001", "1000000000", "-9223372036854775808", "18446744073709551615", "1e400", "0.5", "1e-1"),
]
ENDED_LETTER = """\
Dear Nuwe Test,

Your subscription "Gym" of 100.00 every 5 seconds has ended, since your balance didn't cover its next payment.
Payments made: 2.

Best Regards,
The Management Team
"""
NAMELESS_LETTER = """\
Dear Nuwe Test,

Your subscription of 1000.01 every 1 second has ended, since your balance didn't cover its next payment.
Payments made: 0.

Best Regards,
The Management Team
"""


@pytest.fixture
def clock() -> SetClock:
    return SetClock(START)


@pytest.fixture
def hucha(clock: SetClock) -> Hucha:
    quotas = Quotas({"subscriptions": 101})
    return investing_bank(clock, FixedPrices({"GOLD": "1000"}), quotas=quotas)


@pytest.fixture
def stored(database: Path, tmp_path: Path) -> Iterator[Hucha]:
    """A bank over SQLite whose letters stay in the test's own folder."""
    hucha = build(stored_settings(database, tmp_path / "mail"))
    yield hucha
    hucha.close()


def order(**raw: str | None) -> bytes:
    """The seed's body with these values written just so."""
    return body_of(RAW | raw)


def id_of(answer: Result) -> int:
    """The id in the `Location` of a subscription that was made."""
    says(answer, 200, CREATED)
    match = re.fullmatch(rf"{SUBSCRIPTIONS}/([0-9]+)", answer.headers["Location"])
    assert match, answer.headers["Location"]
    return int(match[1])


def subscribe(
    customer: Customer, amount: object = "100", seconds: int = 5, name: object = None, key: str | None = None
) -> int:
    """Make a subscription; its id."""
    named = {} if name is None else {"name": name}
    return id_of(customer.ask(SUBSCRIBE, {"pin": PIN, "amount": amount, "intervalSeconds": seconds} | named, key))


def show(customer: Customer, id: int) -> dict[str, Any]:
    return exactly(get(customer, f"{SUBSCRIPTIONS}/{id}"))


def listed(customer: Customer, query: str = "") -> list[dict[str, Any]]:
    return exactly(get(customer, SUBSCRIPTIONS, query))


def cancel(customer: Customer, id: object) -> Result:
    return customer.client.simulate_delete(f"{SUBSCRIPTIONS}/{id}", headers=customer.bearer)


def after(clock: SetClock, hucha: Hucha, seconds: float) -> None:
    """So much later, when what is due is done."""
    clock.advance(timedelta(seconds=seconds))
    work(hucha.due_work)


def paid(customer: Customer) -> list[Any]:
    """The reference and the amount of each payment, oldest first."""
    history = reversed(customer.history())
    return [(one.get("reference"), one["amount"]) for one in history if one["transactionType"] == "SUBSCRIPTION"]


def due_instants(customer: Customer, id: int) -> list[int]:
    """For which seconds since the start it was paid, oldest first."""
    latest = show(customer, id)["latestPayments"]
    return [(one["dueAt"] - START_MS) // 1000 for one in reversed(latest)]


def ended_letters(hucha: Hucha) -> list[Mail]:
    return [letter for letter in letters(hucha) if letter.subject == "Subscription Ended"]


# Made.


def test_the_example_of_the_seed(ana: Customer, clock: SetClock, hucha: Hucha) -> None:
    # contract: B12
    answer = ana.ask(SUBSCRIBE, b'{"pin": "1811", "amount":"100", "intervalSeconds": 5}')
    says(answer, 200, CREATED)
    for number in range(1, 11):
        after(clock, hucha, 5)
        assert ana.balance() == 1000 - 100 * number
    after(clock, hucha, 5)
    assert ana.balance() == 0, "until there is nothing left"
    assert types(ana) == [("CASH_DEPOSIT", 1000)] + [("SUBSCRIPTION", 100)] * 10


def test_its_location_can_be_fetched(ana: Customer, clock: SetClock) -> None:
    # contract: B12, G6
    clock.advance(timedelta(milliseconds=1500))
    answer = ana.ask(SUBSCRIBE, order(amount='"12.3"', name='"Gym"'))
    found = exactly(get(ana, answer.headers["Location"]))
    assert found == {
        "id": id_of(answer),
        "name": "Gym",
        "amount": Decimal("12.30"),
        "intervalSeconds": 5,
        "status": "active",
        "payments": 0,
        "nextPayment": START_MS + 6500,
        "createdAt": START_MS + 1500,
        "endedAt": None,
        "latestPayments": [],
    }
    assert list(found) == [*KEYS, "latestPayments"]
    assert '"amount":12.30,' in get(ana, answer.headers["Location"]).text, "a JSON number"


@pytest.mark.parametrize("raw", ["0.01", '"0.01"', "7", "1e2", "0.10", '"9999999999999.99"', "9999999999999.99"])
def test_an_amount_is_exact_and_needs_no_funds_yet(hucha: Hucha, raw: str) -> None:
    # contract: B12, G5
    poor = open_account(hucha, "poor")
    id = id_of(poor.ask(SUBSCRIBE, order(amount=raw)))
    assert show(poor, id)["amount"] == Decimal(raw.strip('"'))
    assert poor.history() == []


@pytest.mark.parametrize("raw", BAD_VALUES["amount"])
def test_a_bad_amount_is_400_and_named(ana: Customer, raw: str | None) -> None:
    # contract: B7, G5
    answer = ana.ask(SUBSCRIBE, order(amount=raw))
    assert answer.status_code == 400
    assert re.fullmatch(r"Invalid fields: amount [^;]+\.", answer.text)
    assert answer.headers["Content-Type"].partition(";")[0] == "text/plain"
    assert listed(ana) == []


@pytest.mark.parametrize("seconds", [1, YEAR])
def test_intervals_go_from_a_second_to_a_year(ana: Customer, clock: SetClock, hucha: Hucha, seconds: int) -> None:
    # contract: B12
    id = subscribe(ana, seconds=seconds)
    assert show(ana, id)["nextPayment"] == START_MS + seconds * 1000
    after(clock, hucha, seconds - 0.001)
    ana = ana.signed_in_again()
    assert ana.balance() == 1000
    after(clock, hucha, 0.001)
    assert ana.balance() == 900


@pytest.mark.parametrize("raw", BAD_INTERVALS)
def test_a_bad_interval_is_400_and_named(ana: Customer, raw: str | None) -> None:
    # contract: B12
    answer = ana.ask(SUBSCRIBE, order(intervalSeconds=raw))
    assert answer.status_code == 400
    assert re.fullmatch(r"Invalid fields: intervalSeconds [^;]+\.", answer.text)
    assert listed(ana) == []


@pytest.mark.parametrize("name", ["Gym", "café ☕ 日本", "<script>", "x" * 128, " as it came ", "{0} %s"])
def test_a_name_is_kept_and_shown_in_the_history(ana: Customer, clock: SetClock, hucha: Hucha, name: str) -> None:
    # contract: B12, B9
    id = subscribe(ana, name=name)
    after(clock, hucha, 5)
    assert show(ana, id)["name"] == name
    assert paid(ana) == [(name, 100)]


@pytest.mark.parametrize("name", BLANKS)
def test_a_blank_name_is_none(ana: Customer, clock: SetClock, hucha: Hucha, name: str | None) -> None:
    # contract: B12, G4
    id = id_of(ana.ask(SUBSCRIBE, {"pin": PIN, "amount": 1, "intervalSeconds": 5, "name": name}))
    after(clock, hucha, 5)
    assert show(ana, id)["name"] is None
    assert paid(ana) == [(None, 1)]


@pytest.mark.parametrize("name", ["x" * 129, 1, 1.5, True, [], ["Gym"], {}])
def test_a_bad_name_is_400_and_named(ana: Customer, name: object) -> None:
    # contract: B12
    answer = ana.ask(SUBSCRIBE, {"pin": PIN, "amount": 1, "intervalSeconds": 5, "name": name})
    assert answer.status_code == 400
    assert re.fullmatch(r"Invalid fields: name [^;]+\.", answer.text)
    assert listed(ana) == []


def test_all_that_is_bad_is_named_at_once(ana: Customer) -> None:
    # contract: B12
    sentence = "Invalid fields: amount is required; intervalSeconds is required."
    says(ana.ask(SUBSCRIBE, {"pin": PIN}), 400, sentence)
    answer = ana.ask(SUBSCRIBE, {"pin": PIN, "amount": -1, "intervalSeconds": 0, "name": 5})
    assert re.fullmatch(r"Invalid fields: amount .+; intervalSeconds .+; name .+\.", answer.text)


# The order of checks.


def test_the_token_comes_first(ana: Customer) -> None:
    # contract: B7, G3
    headers = {"Content-Type": "application/json", "Idempotency-Key": ""}
    for body in (b"", b"nonsense", order(), order(pin='"9999"'), order(amount="-1")):
        answer = ana.client.simulate_post(SUBSCRIBE, body=body, headers=headers)
        says(answer, 401, "Access Denied")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    denies_strangers(ana.client, SUBSCRIPTIONS, f"{SUBSCRIPTIONS}/1")
    says(ana.client.simulate_delete(f"{SUBSCRIPTIONS}/1"), 401, "Access Denied")


def test_a_malformed_body_comes_before_key_and_pin(ana: Customer) -> None:
    # contract: B7, G4
    for body in MALFORMED.values():
        answer = ana.ask(SUBSCRIBE, body, "")
        assert answer.status_code == 400
        assert "Invalid fields" not in answer.text, "no field was read"
    headers = ana.bearer | {"Content-Type": "text/plain"}
    assert ana.client.simulate_post(SUBSCRIBE, body=order(), headers=headers).status_code == 415
    assert ana.ask(SUBSCRIBE, order() + b" " * 2**20).status_code == 413
    assert listed(ana) == []


def test_the_key_comes_before_the_pin(ana: Customer) -> None:
    # contract: B7, G8
    for _ in range(6):
        answer = ana.ask(SUBSCRIBE, order(pin='"9999"'), "")
        assert (answer.status_code, answer.text[:30]) == (400, "Invalid fields: Idempotency-Ke")
    subscribe(ana, key="k")
    says(ana.ask(SUBSCRIBE, order(pin="null"), "k"), 422, REUSED)


@pytest.mark.parametrize("pin", [None, "null", '""', '" "', "1811", '"181"', '"18110"', '" 1811"', "[]", '"0000"'])
def test_a_wrong_or_missing_pin_is_403_whatever_else_is_wrong(ana: Customer, pin: str | None) -> None:
    # contract: B7
    for rest in ({}, {"amount": "-1"}, {"intervalSeconds": None}, {"amount": None, "intervalSeconds": "0"}):
        says(ana.ask(SUBSCRIBE, order(pin=pin, **rest)), 403, "Invalid PIN")
    assert listed(ana) == []


def test_without_a_pin_no_pin_is_right(hucha: Hucha) -> None:
    # contract: B7
    nuwe = open_account(hucha, pin=None)
    for pin in ('"1811"', "null", '""', None):
        says(nuwe.ask(SUBSCRIBE, order(pin=pin)), 403, "Invalid PIN")


def test_five_wrong_pins_lock_it(ana: Customer, clock: SetClock) -> None:
    # contract: B6
    for _ in range(5):
        says(ana.ask(SUBSCRIBE, order(pin='"9999"', amount="-1")), 403, "Invalid PIN")
    says(ana.ask(SUBSCRIBE, order()), 403, "PIN locked")
    says(ana.buy("GOLD", 1), 403, "PIN locked")
    clock.advance(timedelta(minutes=15))
    assert subscribe(ana)


# Idempotency.


def test_the_same_request_again_names_the_same_subscription(ana: Customer, clock: SetClock, hucha: Hucha) -> None:
    # contract: G8, B12
    first = ana.ask(SUBSCRIBE, order(), "k")
    after(clock, hucha, 5)
    for _ in range(3):
        again = ana.ask(SUBSCRIBE, order(), "k")
        assert (again.status, again.content, again.headers["Location"], again.headers["Content-Type"]) == (
            first.status,
            first.content,
            first.headers["Location"],
            first.headers["Content-Type"],
        )
    assert [one["id"] for one in listed(ana)] == [id_of(first)]
    assert len(paid(ana)) == 1


def test_a_subscription_that_was_cancelled_is_named_still(ana: Customer) -> None:
    # contract: G8
    id = subscribe(ana, key="k")
    cancel(ana, id)
    assert subscribe(ana, key="k") == id
    assert show(ana, id)["status"] == "cancelled"


def test_another_body_with_the_same_key_is_422(ana: Customer) -> None:
    # contract: G8
    says(ana.ask(SUBSCRIBE, order(), "k"), 200, CREATED)
    for other in (order(amount="100"), order(intervalSeconds="6"), order(pin='"9999"'), order(name='"x"'), b""):
        says(ana.ask(SUBSCRIBE, other, "k"), 422, REUSED)
    assert len(listed(ana)) == 1


def test_a_refusal_is_not_kept(ana: Customer) -> None:
    # contract: G8
    assert ana.ask(SUBSCRIBE, order(amount="-1"), "k").status_code == 400
    says(ana.ask(SUBSCRIBE, order(), "k"), 200, CREATED)


def test_without_a_key_the_same_request_again_makes_another(ana: Customer) -> None:
    assert len({subscribe(ana) for _ in range(3)}) == 3


# Paid.


def test_the_first_payment_comes_one_interval_after_creation_and_not_before(
    ana: Customer, clock: SetClock, hucha: Hucha
) -> None:
    # contract: B12
    id = subscribe(ana)
    work(hucha.due_work)
    after(clock, hucha, 4.999999)
    assert (paid(ana), show(ana, id)["payments"]) == ([], 0)
    after(clock, hucha, 0.000001)
    assert (paid(ana), show(ana, id)["payments"]) == ([(None, 100)], 1)
    for _ in range(3):
        work(hucha.due_work)
    assert len(paid(ana)) == 1


def test_a_payment_stands_in_the_history(ana: Customer, clock: SetClock, hucha: Hucha) -> None:
    # contract: B9, B12
    id = subscribe(ana, "12.30", name="Gym")
    after(clock, hucha, 5)
    entry = ana.history()[0]
    assert entry == {
        "id": entry["id"],
        "amount": Decimal("12.30"),
        "transactionType": "SUBSCRIPTION",
        "transactionDate": START_MS + 5000,
        "sourceAccountNumber": ana.account_number,
        "targetAccountNumber": "N/A",
        "reference": "Gym",
    }
    (payment,) = show(ana, id)["latestPayments"]
    assert payment == {"dueAt": START_MS + 5000, "transactionId": entry["id"]}


def test_a_late_worker_doesnt_move_the_instants(ana: Customer, clock: SetClock, hucha: Hucha) -> None:
    """The one after a late payment is due when it would have been."""
    # contract: B12
    id = subscribe(ana)
    after(clock, hucha, 7)
    assert show(ana, id)["nextPayment"] == START_MS + 10_000
    after(clock, hucha, 2.9)
    assert len(paid(ana)) == 1
    after(clock, hucha, 0.1)
    assert due_instants(ana, id) == [5, 10]


def test_missed_instants_are_paid_once_each_in_order(hucha: Hucha, clock: SetClock) -> None:
    # contract: B12
    rich = open_account(hucha, "rich", "100000.00")
    id = subscribe(rich, 1, 1, "Tick")
    after(clock, hucha, 300.5)
    assert paid(rich) == [("Tick", 1)] * 300
    assert (show(rich, id)["payments"], show(rich, id)["nextPayment"]) == (300, START_MS + 301_000)
    assert due_instants(rich, id) == list(range(201, 301))
    payments = hucha.storage.read(lambda tx: tx.subscriptions.payments(id, 1000))
    assert [one.due_at for one in reversed(payments)] == [START + timedelta(seconds=one) for one in range(1, 301)]
    assert [one.transaction_id for one in payments] == sorted((one.transaction_id for one in payments), reverse=True)


def test_two_that_are_late_together_are_paid_in_the_order_of_their_instants(hucha: Hucha, clock: SetClock) -> None:
    # contract: B12
    rich = open_account(hucha, "rich", "1000.00")
    threes, twos = subscribe(rich, 3, 3, "three"), subscribe(rich, 2, 2, "two")
    after(clock, hucha, 10)
    assert [name for name, _ in paid(rich)] == ["two", "three", "two", "three", "two", "two", "three", "two"]
    assert (due_instants(rich, threes), due_instants(rich, twos)) == ([3, 6, 9], [2, 4, 6, 8, 10])


def test_late_together_the_earlier_instant_gets_the_last_money(hucha: Hucha, clock: SetClock) -> None:
    # contract: B12
    poor = open_account(hucha, "poor", "10.00")
    large, small = subscribe(poor, 7, 10, "large"), subscribe(poor, 2, 4, "small")
    after(clock, hucha, 3600)
    assert paid(poor) == [("small", 2)] * 5, "of 6.00 the large one can't be paid after 10 s"
    assert (due_instants(poor, large), due_instants(poor, small)) == ([], [4, 8, 12, 16, 20])
    assert {show(poor, one)["status"] for one in (large, small)} == {"ended"}


def test_many_customers_are_paid_for_together(hucha: Hucha, clock: SetClock) -> None:
    # contract: B12
    people = [open_account(hucha, f"nuwe{number}", "10.00") for number in range(5)]
    for number, person in enumerate(people):
        for _ in range(number):
            subscribe(person, 1, number)
    after(clock, hucha, 4)
    assert [10 - person.balance() for person in people] == [0, 1 * 4, 2 * 2, 3 * 1, 4 * 1]
    assert hucha.audit() == (5, [])


def test_a_drop_alert_fires_on_a_payment(ana: Customer, clock: SetClock, hucha: Hucha) -> None:
    # contract: A11, B12
    alert = drop(ana, 150)
    subscribe(ana)
    after(clock, hucha, 5)
    assert fired(ana) == []
    after(clock, hucha, 5)
    assert fired(ana) == [alert]
    assert [letter.subject for letter in letters(hucha)] == ["Balance Drop Alert"]


def test_of_the_payments_the_latest_hundred_are_shown_latest_first(hucha: Hucha, clock: SetClock) -> None:
    # contract: B12
    rich = open_account(hucha, "rich", "1000.00")
    id = subscribe(rich, 1, 1)
    after(clock, hucha, 130)
    latest = show(rich, id)["latestPayments"]
    assert [one["dueAt"] for one in latest] == [START_MS + 1000 * second for second in range(130, 30, -1)]
    booked = [one["id"] for one in rich.history("limit=100")]
    assert [one["transactionId"] for one in latest] == booked


# Ended.


def test_it_ends_when_the_balance_cant_cover_a_payment(hucha: Hucha, clock: SetClock) -> None:
    # contract: B12
    poor = open_account(hucha, "poor", "250.00")
    id = subscribe(poor, name="Gym")
    after(clock, hucha, 14)
    assert show(poor, id)["status"] == "active"
    assert ended_letters(hucha) == []
    after(clock, hucha, 2)
    found = show(poor, id)
    assert (found["status"], found["payments"], found["nextPayment"]) == ("ended", 2, None)
    assert found["endedAt"] == START_MS + 16_000
    assert poor.balance() == 50
    (letter,) = ended_letters(hucha)
    assert (letter.recipient, letter.body) == ("poor@nuwe.com", ENDED_LETTER)
    (told,) = (one for one in poor.told() if one.kind == "subscription_ended")
    assert told.data == {"subscription_id": id, "name": "Gym", "amount": "100.00", "payments": 2}
    assert told.created_at == START + timedelta(seconds=16)


def test_nothing_more_is_paid_even_when_money_comes_later(hucha: Hucha, clock: SetClock) -> None:
    # contract: B12
    poor = open_account(hucha, "poor", "100.00")
    id = subscribe(poor)
    after(clock, hucha, 10)
    assert show(poor, id)["status"] == "ended"
    poor.deposit(1000)
    for _ in range(3):
        after(clock, hucha, 3600)
    assert poor.balance() == 1000
    assert len(ended_letters(hucha)) == 1
    assert sum(one.kind == "subscription_ended" for one in poor.told()) == 1


def test_a_balance_that_just_covers_it_pays(hucha: Hucha, clock: SetClock) -> None:
    # contract: B12
    poor = open_account(hucha, "poor", "100.00")
    just, more = subscribe(poor), subscribe(poor, "0.01")
    after(clock, hucha, 5)
    assert poor.balance() == 0
    assert [show(poor, one)["status"] for one in (just, more)] == ["active", "ended"]


def test_one_that_ends_leaves_the_cheaper_ones_alone(hucha: Hucha, clock: SetClock) -> None:
    # contract: B12
    poor = open_account(hucha, "poor", "100.00")
    dear, cheap = subscribe(poor, "1000.01", 1), subscribe(poor, 10, 1, "cheap")
    after(clock, hucha, 5)
    assert [show(poor, one)["status"] for one in (dear, cheap)] == ["ended", "active"]
    assert paid(poor) == [("cheap", 10)] * 5
    (letter,) = ended_letters(hucha)
    assert letter.body == NAMELESS_LETTER


def test_the_letter_holds_no_control_characters_of_the_name(hucha: Hucha, clock: SetClock) -> None:
    # contract: G11
    poor = open_account(hucha, "poor")
    subscribe(poor, name="Gym\r\nBcc: eve@x.org\x7f\x1b\u2028")
    after(clock, hucha, 5)
    (letter,) = ended_letters(hucha)
    assert 'Your subscription "GymBcc: eve@x.org" of 100.00' in letter.body


# Listed.


def test_all_of_ones_own_are_listed_oldest_first(ana: Customer, ben: Customer) -> None:
    # contract: B12
    assert get(ana, SUBSCRIPTIONS).text == "[]"
    ids = [subscribe(ana, number, number, f"no. {number}") for number in (3, 1, 2)]
    subscribe(ben)
    cancel(ana, ids[1])
    found = listed(ana)
    assert [one["id"] for one in found] == ids
    assert [(one["name"], one["amount"], one["intervalSeconds"]) for one in found] == [
        ("no. 3", 3, 3),
        ("no. 1", 1, 1),
        ("no. 2", 2, 2),
    ]
    assert [one["status"] for one in found] == ["active", "cancelled", "active"]
    assert all(list(one) == KEYS for one in found)


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8, 1000])
def test_pages_put_together_are_the_whole_list(ana: Customer, ben: Customer, limit: int) -> None:
    # contract: B12, G2
    for _ in range(7):
        subscribe(ana)
        subscribe(ben)
    found = list(pages(ana, SUBSCRIPTIONS, limit))
    assert [one for page in found for one in page] == listed(ana)
    assert all(len(page) == limit for page in found[:-1])
    assert 1 <= len(found[-1]) <= limit, "no Link leads to an empty page"


def test_without_a_limit_pages_have_a_hundred(ana: Customer) -> None:
    # contract: B12
    for _ in range(101):
        subscribe(ana)
    answer = get(ana, SUBSCRIPTIONS)
    assert len(answer.json) == 100
    assert answer.headers["Link"].startswith(f"<{SUBSCRIPTIONS}?limit=100&after={answer.json[-1]['id']}>")
    assert len(listed(ana, f"after={answer.json[-1]['id']}")) == 1


BAD = ["", "0x1", "x", "1.0", "-1", "1e2", " 1", "+1", "１", "9007199254740992", "%00"]


@pytest.mark.parametrize(
    "query", [f"limit={value}" for value in [*BAD, "0", "1001"]] + [f"after={value}" for value in BAD]
)
def test_a_bad_query_is_400_and_named(ana: Customer, query: str) -> None:
    # contract: G2
    answer = get(ana, SUBSCRIPTIONS, query)
    assert answer.status_code == 400
    assert re.fullmatch(rf"Invalid fields: {query.partition('=')[0]} [^;]+\.", answer.text)


ODD = [
    "0",
    "999",
    "-1",
    "1.0",
    "1e0",
    "x",
    "%00",
    "1%00",
    "%20",
    "１",
    "9007199254740991",
    "9007199254740992",
    "9" * 400,
]


@pytest.mark.parametrize("id", ODD)
def test_an_unknown_or_odd_id_is_404(ana: Customer, id: str) -> None:
    # contract: B12, G4
    subscribe(ana)
    for answer in (get(ana, f"{SUBSCRIPTIONS}/{id}"), cancel(ana, id)):
        assert answer.status_code == 404
        assert answer.headers["Content-Type"].partition(";")[0] == "text/plain"
    assert listed(ana)[0]["status"] == "active"


def test_someone_elses_is_404_and_stays(ana: Customer, ben: Customer) -> None:
    # contract: G3
    id = subscribe(ana)
    for answer in (get(ben, f"{SUBSCRIPTIONS}/{id}"), cancel(ben, id)):
        says(answer, 404, "Subscription not found.")
    assert show(ana, id)["status"] == "active"
    assert listed(ben) == []


# Cancelled.


def test_nothing_is_paid_after_it_was_cancelled(ana: Customer, clock: SetClock, hucha: Hucha) -> None:
    # contract: B12
    id = subscribe(ana)
    after(clock, hucha, 5)
    clock.advance(timedelta(seconds=1))
    answer = cancel(ana, id)
    assert (answer.status_code, answer.text) == (204, "")
    for _ in range(3):
        after(clock, hucha, 3600)
    assert ana.balance() == 900
    found = show(ana, id)
    assert (found["status"], found["payments"], found["nextPayment"]) == ("cancelled", 1, None)
    assert found["endedAt"] == START_MS + 6000
    assert len(found["latestPayments"]) == 1
    assert (ended_letters(hucha), [one for one in ana.told() if one.kind == "subscription_ended"]) == ([], [])


def test_what_was_due_before_it_was_cancelled_and_not_yet_paid_is_not_paid(
    ana: Customer, clock: SetClock, hucha: Hucha
) -> None:
    id = subscribe(ana)
    clock.advance(timedelta(seconds=60))
    cancel(ana, id)
    work(hucha.due_work)
    assert paid(ana) == []


def test_cancelling_twice_changes_nothing_more(ana: Customer, clock: SetClock) -> None:
    # contract: B12
    id = subscribe(ana)
    assert cancel(ana, id).status_code == 204
    before = show(ana, id)
    clock.advance(timedelta(seconds=1))
    assert cancel(ana, id).status_code == 204
    assert show(ana, id) == before


def test_cancelling_one_that_has_ended_leaves_it_ended(hucha: Hucha, clock: SetClock) -> None:
    # contract: B12
    poor = open_account(hucha, "poor")
    id = subscribe(poor)
    after(clock, hucha, 5)
    before = show(poor, id)
    assert before["status"] == "ended"
    assert cancel(poor, id).status_code == 204
    assert show(poor, id) == before


def test_cancelling_needs_no_pin_and_no_body(hucha: Hucha) -> None:
    nuwe = open_account(hucha, balance="10.00")
    id = subscribe(nuwe)
    for _ in range(5):
        nuwe.deposit(1, pin="9999")
    says(nuwe.deposit(1), 403, "PIN locked")
    assert cancel(nuwe, id).status_code == 204


# Over a database.


def test_raced_by_workers_each_instant_is_paid_once(stored: Hucha) -> None:
    # contract: B12
    ana, ben = (open_account(stored, name, "100.00") for name in ("ana", "ben"))
    ids = [(person, subscribe(person, 1, seconds)) for person in (ana, ben) for seconds in (10, 20)]
    late = stored.due_work.clock.now() + timedelta(seconds=75)
    at_once(4, lambda _: [stored.due_work.run_once(late) for _ in range(3)])
    assert [show(person, id)["payments"] for person, id in ids] == [7, 3, 7, 3]
    assert (ana.balance(), ben.balance()) == (90, 90)
    assert [len(paid(person)) for person in (ana, ben)] == [10, 10]
    assert stored.audit() == (2, [])


def test_one_that_ends_over_a_database_ends_once(stored: Hucha) -> None:
    # contract: B12
    poor = open_account(stored, "poor", "3.00")
    id = subscribe(poor, 1, 10, "Gym")
    late = stored.due_work.clock.now() + timedelta(seconds=75)
    at_once(4, lambda _: [stored.due_work.run_once(late) for _ in range(3)])
    found = show(poor, id)
    assert (found["status"], found["payments"], poor.balance()) == ("ended", 3, 0)
    assert [one.kind for one in poor.told()].count("subscription_ended") == 1
    assert paid(poor) == [("Gym", 1)] * 3


def test_a_request_raced_against_itself_makes_one(stored: Hucha) -> None:
    # contract: G8
    ana = open_account(stored, "ana")
    assert len(set(at_once(8, lambda _: subscribe(ana, key="k")))) == 1
    assert len(listed(ana)) == 1
