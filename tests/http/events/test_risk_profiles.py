"""`/api/risk-profiles/{user_id}`: operators watch a user more or less closely (contract C5)."""

from __future__ import annotations

import json

import pytest
from falcon.testing import Result, TestClient

from entrypoints.composition import Hucha
from tests.http.answers import fields_of, problem_of

JSON = {"Content-Type": "application/json"}
Operator = dict[str, str]


def put(client: TestClient, operator: Operator, body: object, user_id: object = 1) -> Result:
    raw = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.simulate_put(f"/api/risk-profiles/{user_id}", body=raw, headers=operator | JSON)


def shown(client: TestClient, operator: Operator, user_id: object = 1) -> dict[str, object]:
    answer = client.simulate_get(f"/api/risk-profiles/{user_id}", headers=operator)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json


def send(client: TestClient, type: str, amount: str, time: int, user_id: int = 1) -> list[int]:
    answer = client.simulate_post("/event", json={"type": type, "amount": amount, "user_id": user_id, "time": time})
    assert answer.status_code == 200
    return answer.json["alert_codes"]


def test_an_absent_profile_is_medium(client: TestClient, operator: Operator) -> None:
    # contract: C5
    assert shown(client, operator) == {"rating": "medium", "thresholds": {}}


@pytest.mark.parametrize("rating", ["low", "medium", "high"])
def test_put_answers_the_profile_and_get_shows_the_same(client: TestClient, operator: Operator, rating: str) -> None:
    # contract: C5
    profile = {"rating": rating, "thresholds": {"30": 4, "1100": 250, "123": 99.5}}
    answer = put(client, operator, profile)
    assert (answer.status_code, answer.json) == (200, profile)
    assert shown(client, operator) == profile


def test_put_replaces_the_whole_profile(client: TestClient, operator: Operator) -> None:
    # contract: C5
    put(client, operator, {"rating": "high", "thresholds": {"1100": 250, "500": 7}})
    put(client, operator, {"thresholds": {"30": 2}})
    assert shown(client, operator) == {"rating": "medium", "thresholds": {"30": 2}}
    put(client, operator, {"rating": "low"})
    assert shown(client, operator) == {"rating": "low", "thresholds": {}}


def test_a_put_is_kept_by_the_database(stored_client: TestClient, stored: Hucha) -> None:
    operator = {"Authorization": f"Bearer {stored.operators.create('ana')}"}
    profile = {"rating": "low", "thresholds": {"30": 1000, "123": 0.01, "300": 1, "500": 1, "1100": 9999999999999.99}}
    assert put(stored_client, operator, profile).status_code == 200
    assert shown(stored_client, operator) == profile


def test_each_user_has_a_profile_of_their_own(client: TestClient, operator: Operator) -> None:
    put(client, operator, {"rating": "high"}, user_id=1)
    assert shown(client, operator, 2)["rating"] == "medium"
    assert send(client, "withdraw", "100.00", 1, user_id=1) == [1100]
    assert send(client, "withdraw", "100.00", 1, user_id=2) == []


def test_amounts_of_thresholds_are_exact(client: TestClient, operator: Operator) -> None:
    # contract: G5
    answer = put(client, operator, '{"thresholds": {"1100": 9999999999999.99, "123": "0.10"}}')
    assert b"9999999999999.99" in answer.content
    assert b"0.10" in answer.content
    assert isinstance(answer.json["thresholds"]["123"], float), "a JSON number"


@pytest.mark.parametrize(
    ("thresholds", "field"),
    [
        ('{"31": 1}', "thresholds.31"),
        ('{"": 1}', "thresholds."),
        ('{"abc": 1}', "thresholds.abc"),
        ('{"1100.0": 1}', "thresholds.1100.0"),
        ('{" 30": 1}', "thresholds. 30"),
        ('{"030": 1}', "thresholds.030"),
        ('{"٣٠": 1}', "thresholds.٣٠"),
        ('{"1100": 0}', "thresholds.1100"),
        ('{"1100": 0.00}', "thresholds.1100"),
        ('{"1100": -1}', "thresholds.1100"),
        ('{"1100": "-0.01"}', "thresholds.1100"),
        ('{"1100": 1.001}', "thresholds.1100"),
        ('{"123": "1.001"}', "thresholds.123"),
        ('{"123": 10000000000000}', "thresholds.123"),
        ('{"123": 1e400}', "thresholds.123"),
        ('{"123": null}', "thresholds.123"),
        ('{"123": ""}', "thresholds.123"),
        ('{"123": " "}', "thresholds.123"),
        ('{"123": true}', "thresholds.123"),
        ('{"123": [1]}', "thresholds.123"),
        ('{"123": {"limit": 1}}', "thresholds.123"),
        ('{"123": "abc"}', "thresholds.123"),
        ('{"30": 0}', "thresholds.30"),
        ('{"30": -3}', "thresholds.30"),
        ('{"30": 1001}', "thresholds.30"),
        ('{"300": 3.0}', "thresholds.300"),
        ('{"300": 2.5}', "thresholds.300"),
        ('{"300": 3e0}', "thresholds.300"),
        ('{"500": "5"}', "thresholds.500"),
        ('{"500": true}', "thresholds.500"),
        ('{"500": false}', "thresholds.500"),
        ('{"500": null}', "thresholds.500"),
        ('{"500": 18446744073709551615}', "thresholds.500"),
        ('{"500": []}', "thresholds.500"),
        ("[]", "thresholds"),
        ('[{"1100": 1}]', "thresholds"),
        ("null", "thresholds"),
        ('""', "thresholds"),
        ('"1100"', "thresholds"),
        ("1100", "thresholds"),
        ("true", "thresholds"),
    ],
)
def test_a_bad_threshold_is_400_and_named(client: TestClient, operator: Operator, thresholds: str, field: str) -> None:
    # contract: C5
    put(client, operator, {"rating": "low", "thresholds": {"1100": 250}})
    answer = put(client, operator, f'{{"rating": "high", "thresholds": {thresholds}}}')
    assert fields_of(problem_of(answer, 400)) == [field]
    assert shown(client, operator) == {"rating": "low", "thresholds": {"1100": 250}}, "nothing was changed"


@pytest.mark.parametrize(
    "rating", ["null", '""', '" "', '"Low"', '"HIGH"', '"none"', "1", "true", '["low"]', "[]", "{}", '{"low": 1}']
)
def test_a_bad_rating_is_400_and_named(client: TestClient, operator: Operator, rating: str) -> None:
    # contract: C5
    put(client, operator, {"rating": "low"})
    answer = put(client, operator, f'{{"rating": {rating}}}')
    assert fields_of(problem_of(answer, 400)) == ["rating"]
    assert shown(client, operator)["rating"] == "low"


def test_every_bad_field_of_a_profile_is_named_at_once(client: TestClient, operator: Operator) -> None:
    body = {"rating": "huge", "thresholds": {"1100": 0, "30": 5, "500": 1.5, "77": 1}}
    problem = problem_of(put(client, operator, body), 400)
    assert fields_of(problem) == ["rating", "thresholds.1100", "thresholds.500", "thresholds.77"]


def test_unknown_keys_of_a_profile_are_ignored(client: TestClient, operator: Operator) -> None:
    # contract: G4
    assert put(client, operator, {"rating": "low", "user_id": 9, "note": "x"}).json["rating"] == "low"


@pytest.mark.parametrize(
    "user_id",
    [
        "abc",
        "-1",
        "+1",
        "1.0",
        "1e2",
        "0x1",
        "%201",
        "1%20",
        "9007199254740992",
        "18446744073709551616",
        "9" * 5000,
        "%D9%A3",
        "%C2%B2",
        "%00",
        "1%00",
        "%ff",
        "%ED%A0%80",
        "null",
        "true",
        "",
        "1/2",
        "1/",
        "..",
        "'",
        "1;2",
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_garbage_in_the_path_is_404(client: TestClient, operator: Operator, method: str, user_id: str) -> None:
    # contract: G3, G4
    path = f"/api/risk-profiles/{user_id}"
    answer = client.simulate_request(method, path, body=b'{"rating": "low"}', headers=operator | JSON)
    problem_of(answer, 404)


@pytest.mark.parametrize("user_id", [0, 1, 2**53 - 1])
def test_every_user_id_may_have_a_profile(client: TestClient, operator: Operator, user_id: int) -> None:
    assert put(client, operator, {"rating": "low"}, user_id).status_code == 200
    assert shown(client, operator, user_id)["rating"] == "low"


class TestEffects:
    """What a profile does to the next event (contract C5)."""

    def test_low_doubles_every_limit(self, client: TestClient, operator: Operator) -> None:
        # contract: C5
        put(client, operator, {"rating": "low"})
        assert send(client, "withdraw", "200.00", 1000) == []
        assert send(client, "withdraw", "200.01", 2000) == [1100]
        assert [send(client, "withdraw", "1.00", time) for time in (3000, 4000, 5000, 6000)] == [[], [], [], [30]]
        rising = [send(client, "deposit", f"{n}.00", n * 1000 + 10_000) for n in range(1, 7)]
        assert rising == [[], [], [], [], [], [300]]
        put(client, operator, {"rating": "low"}, user_id=2)
        assert send(client, "deposit", "200.00", 0, user_id=2) == []
        assert send(client, "deposit", "200.00", 30, user_id=2) == []
        assert send(client, "deposit", "0.01", 30, user_id=2) == [123]
        put(client, operator, {"rating": "low"}, user_id=3)
        codes = [send(client, "deposit", "1.00", 0, user_id=3) for _ in range(11)]
        assert codes == [[]] * 10 + [[500]]

    def test_high_halves_amounts_and_takes_counts_to_half_plus_1(self, client: TestClient, operator: Operator) -> None:
        # contract: C5
        put(client, operator, {"rating": "high"})
        assert send(client, "withdraw", "50.00", 1000) == []
        assert send(client, "deposit", "1.00", 1500) == []
        assert send(client, "withdraw", "50.01", 2000) == [1100]
        assert send(client, "withdraw", "1.00", 3000) == [30]
        assert send(client, "deposit", "2.00", 4000) == [300]
        assert send(client, "deposit", "1.00", 5000) == []
        put(client, operator, {"rating": "high"}, user_id=2)
        assert send(client, "deposit", "50.00", 0, user_id=2) == []
        assert send(client, "deposit", "50.00", 30, user_id=2) == []
        assert send(client, "deposit", "0.01", 30, user_id=2) == [123]
        assert send(client, "deposit", "0.01", 30, user_id=2) == [123, 500]

    def test_windows_never_change(self, client: TestClient, operator: Operator) -> None:
        # contract: C5
        for rating in ("low", "medium", "high"):
            put(client, operator, {"rating": rating, "thresholds": {"123": 10, "500": 1, "300": 9}})
            user = {"low": 0, "medium": 1000, "high": 2000}[rating]  # each begins long after the one before
            assert send(client, "deposit", "10.00", user) == []
            assert send(client, "deposit", "0.50", user + 30) == [123, 500]
            assert send(client, "deposit", "9.51", user + 61) == [500]
            assert send(client, "deposit", "0.10", user + 122) == []

    def test_a_personal_threshold_wins_and_the_rest_stays_rated(self, client: TestClient, operator: Operator) -> None:
        # contract: C5
        put(client, operator, {"rating": "high", "thresholds": {"1100": 250}})
        assert send(client, "withdraw", "250.00", 1000) == []
        assert send(client, "withdraw", "250.01", 2000) == [30, 1100]

    def test_counts_of_1_are_allowed(self, client: TestClient, operator: Operator) -> None:
        put(client, operator, {"thresholds": {"30": 1, "300": 1, "500": 1}})
        assert send(client, "withdraw", "1.00", 1000) == [30]
        assert send(client, "deposit", "1.00", 1010) == [300, 500]

    def test_the_next_event_is_judged_by_the_new_profile(self, client: TestClient, operator: Operator) -> None:
        assert send(client, "withdraw", "150.00", 1000) == [1100]
        put(client, operator, {"rating": "low"})
        assert send(client, "withdraw", "150.00", 2000) == []
        put(client, operator, {})
        assert send(client, "withdraw", "150.00", 3000) == [30, 1100]


@pytest.mark.parametrize(("wrong", "told"), [(100, None), (101, "1 more is"), (5000, "4900 more are")])
def test_of_very_many_bad_fields_the_first_are_named_and_the_rest_counted(
    client: TestClient, operator: Operator, wrong: int, told: str | None
) -> None:
    answer = put(client, operator, {"thresholds": {f"x{number}": 1 for number in range(wrong)}})
    problem = problem_of(answer, 400)
    assert fields_of(problem)[:100] == [f"thresholds.x{number}" for number in range(100)]
    assert len(fields_of(problem)) == (101 if told else 100)
    if told:
        last = problem["errors"][-1]
        assert f"{last['field']} {last['detail']}" == f"{told} wrong too"
        assert str(problem["detail"]).endswith(f"; {told} wrong too.")


def test_an_empty_put_resets_to_the_default_profile(client: TestClient, operator: Operator) -> None:
    for body in ("{}", ""):
        put(client, operator, {"rating": "high", "thresholds": {"30": 2}})
        assert put(client, operator, body).status_code == 200
        assert shown(client, operator) == {"rating": "medium", "thresholds": {}}
