"""`POST /event` answers what seeds C and E say, in the form that contract C1 settles."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from falcon.testing import Result, TestClient

from adapters.memory.clock import SetClock
from domain.model.activity import Action
from entrypoints.composition import Hucha
from tests.http.answers import count_events
from tests.http.bodies import GOOD, body_of, nested

JSON = {"Content-Type": "application/json"}


def curl(client: TestClient, command: str) -> Result:
    """Do what a curl command of a seed does."""
    words = shlex.split(command)
    method = words[words.index("-X") + 1] if "-X" in words else "POST"
    url = next(word for word in words if word.startswith("http"))
    name, value = words[words.index("-H") + 1].split(": ")
    body = words[words.index("-d") + 1]
    return client.simulate_request(method, "/" + url.split("/", 3)[3], headers={name: value}, body=body)


def send(client: TestClient, type: str, amount: object, time: int, user_id: int = 1) -> list[int]:
    answer = client.simulate_post("/event", json={"type": type, "amount": amount, "user_id": user_id, "time": time})
    assert answer.status_code == 200, answer.text
    return answer.json["alert_codes"]


def test_answers_the_curl_example_of_seed_c(client: TestClient) -> None:
    answer = curl(
        client,
        "curl -XPOST 'http://127.0.0.1:5000/event' -H 'Content-Type: application/json' "
        """-d '{"type": "deposit", "amount": "217.00", "user_id": 11, "time": 35}'""",
    )
    assert answer.status_code == 200
    assert answer.json == {"alert": True, "alert_codes": [123], "user_id": 11}


def test_takes_the_payload_that_seed_c_shows(client: TestClient) -> None:
    answer = client.simulate_post("/event", json={"type": "deposit", "amount": "42.00", "user_id": 1, "time": 10})
    assert answer.json == {"alert": False, "alert_codes": [], "user_id": 1}


def test_the_answer_of_seed_c_has_its_form(client: TestClient) -> None:
    """No single action raises the 30 and 123 that the seed shows together: it shows the form."""
    for time in (1, 2):
        send(client, "withdraw", "1.00", time)
    answer = client.simulate_post("/event", json={"type": "withdraw", "amount": "100.01", "user_id": 1, "time": 3})
    assert answer.json == {"alert": True, "alert_codes": [30, 1100], "user_id": 1}


SEED_E = "curl -X POST http://127.0.0.1:5000/event -H 'Content-Type: application/json' -d "


def test_no_alert_for_the_deposit_of_seed_e(client: TestClient) -> None:
    answer = curl(client, SEED_E + """'{"type": "deposit", "amount": "50.00", "user_id": 1, "time": 10}'""")
    assert answer.json == {"alert": False, "alert_codes": [], "user_id": 1}


def test_code_1100_for_the_withdrawal_of_seed_e(client: TestClient) -> None:
    answer = curl(client, SEED_E + """'{"type": "withdraw", "amount": "150.00", "user_id": 1, "time": 20}'""")
    assert answer.json == {"alert": True, "alert_codes": [1100], "user_id": 1}


def test_code_123_for_the_two_deposits_of_seed_e(client: TestClient) -> None:
    first = curl(client, SEED_E + """'{"type": "deposit", "amount": "100.00", "user_id": 1, "time": 10}'""")
    second = curl(client, SEED_E + """'{"type": "deposit", "amount": "120.00", "user_id": 1, "time": 20}'""")
    assert first.json == {"alert": False, "alert_codes": [], "user_id": 1}
    assert second.json == {"alert": True, "alert_codes": [123], "user_id": 1}


def test_all_examples_of_seed_e_one_after_the_other_are_judged_though_time_goes_back(client: TestClient) -> None:
    # contract: C4
    codes = [
        send(client, "deposit", "50.00", 10),
        send(client, "withdraw", "150.00", 20),
        send(client, "deposit", "100.00", 10),
        send(client, "deposit", "120.00", 20),
    ]
    assert codes == [[], [1100], [], [123, 300]]


def test_the_answer_is_json_with_exactly_three_keys(client: TestClient) -> None:
    # contract: C1
    answer = client.simulate_post("/event", body=body_of(GOOD), headers=JSON)
    assert answer.headers["Content-Type"] == "application/json"
    assert list(json.loads(answer.content)) == ["alert", "alert_codes", "user_id"]


def test_every_code_can_fire_at_once_but_one_kind_of_action_excludes_the_other(client: TestClient) -> None:
    # contract: C1, C3
    for number in range(5):
        send(client, "deposit", f"{number + 1}.00", 10, user_id=1)
        send(client, "withdraw", "1.00", 10, user_id=2)
    assert send(client, "deposit", "200.00", 10, user_id=1) == [123, 300, 500]
    assert send(client, "withdraw", "200.00", 10, user_id=2) == [30, 500, 1100]


def test_codes_ascend(client: TestClient) -> None:
    # contract: C1
    for number in range(40):
        codes = send(client, "deposit" if number % 4 else "withdraw", f"{90 + number}.00", number)
        assert codes == sorted(set(codes))


@pytest.mark.parametrize("amount", ['"100.01"', "100.01", '"100.010"', "100.0100", "1.0001e2", "10001e-2"])
def test_an_amount_may_be_a_string_or_a_number(client: TestClient, amount: str) -> None:
    # contract: C2, G5
    body = body_of({**GOOD, "type": '"withdraw"', "amount": amount})
    answer = client.simulate_post("/event", body=body, headers=JSON)
    assert (answer.status_code, answer.json["alert_codes"]) == (200, [1100])


@pytest.mark.parametrize(
    "amount", ['"100"', "100", '"100.00"', "100.00", '"0100"', "1e2", "100.000000000000000000000000"]
)
def test_the_same_amount_in_other_words_is_the_same(client: TestClient, amount: str) -> None:
    # contract: C2, G5
    body = body_of({**GOOD, "type": '"withdraw"', "amount": amount})
    answer = client.simulate_post("/event", body=body, headers=JSON)
    assert (answer.status_code, answer.json["alert_codes"]) == (200, [])


@pytest.mark.parametrize(
    ("amount", "kept"),
    [
        ("0.1", "0.10"),
        ("0.01", "0.01"),
        ('"0.01"', "0.01"),
        ("9999999999999.99", "9999999999999.99"),
        ('"9999999999999.99"', "9999999999999.99"),
        ("90071992547409.93", None),
        ("9007199254740.93", "9007199254740.93"),
        ('"42.10000000000000000000000000000000"', "42.10"),
    ],
)
def test_an_amount_is_kept_exactly(client: TestClient, hucha: Hucha, amount: str, kept: str | None) -> None:
    # contract: G5
    answer = client.simulate_post("/event", body=body_of({**GOOD, "amount": amount}), headers=JSON)
    assert answer.status_code == (400 if kept is None else 200)
    amounts = [str(judged.action.amount) for judged in hucha.list_events(1, 10)]
    assert amounts == ([] if kept is None else [kept])


def test_sums_of_cents_are_exact(client: TestClient) -> None:
    """0.1 + 0.2 is 0.3: 200 deposited in thirds of a binary fraction don't exceed 200."""
    # contract: G5
    assert [send(client, "deposit", amount, 10) for amount in (66.7, 66.6, 66.7)] == [[], [], []]
    assert send(client, "deposit", 0.01, 10) == [123]


@pytest.mark.parametrize("number", [0, 1, 2**31, 2**53 - 1])
def test_ids_and_times_go_from_0_to_2_to_the_53rd_minus_1(client: TestClient, number: int) -> None:
    # contract: C2
    body = body_of({**GOOD, "user_id": str(number), "time": str(number)})
    answer = client.simulate_post("/event", body=body, headers=JSON)
    assert answer.status_code == 200
    assert answer.json == {"alert": False, "alert_codes": [], "user_id": number}


def test_unknown_keys_are_ignored(client: TestClient, hucha: Hucha) -> None:
    # contract: G4
    raw = {**GOOD, "id": "7", "codes": "[1]", "x": '{"type": {"type": "withdraw"}}', "": "null", "b": "1.5e300"}
    assert client.simulate_post("/event", body=body_of(raw), headers=JSON).status_code == 200
    assert [one.action for one in hucha.list_events(1, 10)] == [Action("deposit", Decimal("42.00"), 1, 10)]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(body_of(GOOD).replace(b" ", b""), id="no white space"),
        pytest.param(b"\r\n\t " + body_of(GOOD).replace(b" ", b"\n \t") + b" \n", id="much white space"),
        pytest.param(rb'{"\u0074ype": "d\u0065posit", "amount": "\u00342.00", "user_id": 1, "time": 10}', id="escapes"),
        pytest.param(b'{"time": 10, "user_id": 1, "amount": 42, "type": "deposit"}', id="another order"),
        pytest.param(body_of({**GOOD, "x": r'"\ud83d\ude00"'}), id="a pair of surrogates"),
        pytest.param(body_of({**GOOD, "x": '"😀 año"'}), id="characters beyond ASCII"),
        pytest.param(body_of({**GOOD, "x": '"a:b,c{}[]\\"\\\\"'}), id="punctuation in a string"),
        pytest.param(nested(32), id="32 levels"),
        pytest.param(body_of({**GOOD, "x": str(2**64 - 1), "y": str(-(2**63))}), id="integers of 64 bits"),
        pytest.param(body_of({**GOOD, "x": "1e400", "y": "1." + "0" * 5000 + "1"}), id="fractions of any size"),
    ],
)
def test_takes_a_good_body_however_it_is_written(client: TestClient, hucha: Hucha, body: bytes) -> None:
    # contract: G4
    assert client.simulate_post("/event", body=body, headers=JSON).status_code == 200
    assert [one.action for one in hucha.list_events(1, 10)] == [Action("deposit", Decimal("42.00"), 1, 10)]


def test_what_was_answered_is_stored_with_its_codes_and_the_instant(
    client: TestClient, hucha: Hucha, clock: SetClock
) -> None:
    # contract: C6
    clock.set(datetime(2024, 11, 20, 10, 30, tzinfo=UTC))
    send(client, "withdraw", "150.00", 20)
    (kept,) = hucha.list_events(1, 10)
    assert (kept.action, kept.codes) == (Action("withdraw", Decimal("150.00"), 1, 20), (1100,))
    assert kept.received_at == datetime(2024, 11, 20, 10, 30, tzinfo=UTC)


def test_the_same_event_sent_twice_is_two_events(stored_client: TestClient, database) -> None:
    send(stored_client, "deposit", "42.00", 10)
    send(stored_client, "deposit", "42.00", 10)
    assert count_events(database) == 2


def test_users_do_not_disturb_each_other(client: TestClient) -> None:
    for user_id in (1, 2, 3):
        for time in (1, 2):
            assert send(client, "withdraw", "1.00", time, user_id) == []
    assert send(client, "withdraw", "1.00", 3, user_id=2) == [30]
    assert send(client, "deposit", "1.00", 3, user_id=1) == []


def test_needs_no_token_and_minds_none(client: TestClient) -> None:
    # contract: C1
    headers = {"Authorization": "Bearer nonsense", "X-API-Key": "nonsense"}
    assert client.simulate_post("/event", body=body_of(GOOD), headers={**JSON, **headers}).status_code == 200


def test_the_query_changes_nothing(client: TestClient, hucha: Hucha) -> None:
    answer = client.simulate_post("/event", body=body_of(GOOD), headers=JSON, query_string="user_id=9&%ff=%00")
    assert answer.status_code == 200
    assert len(hucha.list_events(1, 10)) == 1
