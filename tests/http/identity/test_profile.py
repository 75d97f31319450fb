"""What customers see and change of themselves (contract B1, B14, D1, G3, G6)."""

from __future__ import annotations

from typing import Any

import pytest
from falcon.testing import Result, TestClient

from adapters.memory.clock import SetClock
from entrypoints.composition import Hucha
from tests.customers import EMAIL, NUWE
from tests.http.answers import fields_of, problem_of
from tests.http.signing_in import login, quick_bank, register, signed_in, text_of, with_pin

SETTINGS = "/api/user/settings"
KEYS = [
    "id",
    "name",
    "email",
    "account_number",
    "first_name",
    "last_name",
    "currency",
    "time_zone",
    "address",
    "phone_number",
    "country_code",
    "created_at",
]
Headers = dict[str, str]


@pytest.fixture
def hucha(clock: SetClock) -> Hucha:
    return quick_bank(clock)


@pytest.fixture
def headers(client: TestClient) -> Headers:
    return signed_in(client, countryCode="+34")


def put(client: TestClient, headers: Headers, **changes: Any) -> Result:
    return client.simulate_put(SETTINGS, json=changes, headers=headers)


def profile(client: TestClient, headers: Headers) -> dict[str, Any]:
    answer = client.simulate_get("/api/user/profile", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_user_info_is_what_register_answered(client: TestClient) -> None:
    # contract: B1, B14; seed B, "Get User Info"
    registered = client.simulate_post("/api/users/register", json=dict(NUWE))
    answer = client.simulate_get(
        "/api/dashboard/user", headers={"Authorization": f"Bearer {login(client).json['token']}"}
    )
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.text == registered.text


def test_account_info_is_number_and_balance(client: TestClient) -> None:
    # contract: G5; seed B, "Get Account Info"
    number = register(client)
    headers = {"Authorization": f"Bearer {login(client).json['token']}"}
    answer = client.simulate_get("/api/dashboard/account", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.text == f'{{"accountNumber":"{number}","balance":0.00}}'


def test_account_info_follows_the_money(client: TestClient) -> None:
    # contract: G5
    headers = with_pin(client)
    client.simulate_post("/api/account/deposit", json={"amount": "9999999999999.99", "pin": "1811"}, headers=headers)
    assert client.simulate_get("/api/dashboard/account", headers=headers).text.endswith('"balance":9999999999999.99}')


def test_the_profile_has_ds_keys(client: TestClient, headers: Headers) -> None:
    # contract: D1, B1, G6
    shown = profile(client, headers)
    assert list(shown) == KEYS
    assert (shown["id"], shown["name"], shown["email"]) == (1, "Nuwe Test", EMAIL)
    assert (shown["address"], shown["phone_number"], shown["country_code"]) == ("Main St", "666888116", "+34")
    assert [shown[name] for name in ("first_name", "last_name")] == [None, None]
    assert (shown["currency"], shown["time_zone"]) == ("EUR", "UTC")
    assert shown["created_at"] == "2024-01-01T00:00:00Z"


def test_everybody_sees_themselves_alone(client: TestClient, headers: Headers) -> None:
    # contract: G3
    ana = signed_in(client, email="ana@nuwe.com", phoneNumber="2", name="Ana")
    assert profile(client, ana)["name"] == "Ana"
    assert put(client, ana, address="Elsewhere").status_code == 200
    assert profile(client, headers)["address"] == "Main St"


def test_settings_change_what_they_name_and_leave_the_rest(client: TestClient, headers: Headers) -> None:
    # contract: B1, D1
    before = profile(client, headers)
    changes = {
        "address": "Side St",
        "first_name": "Nuwe",
        "last_name": "Test",
        "currency": "usd",
        "time_zone": "america/new_york",
    }
    answer = put(client, headers, **changes)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json == before | changes | {"currency": "USD", "time_zone": "America/New_York"}
    assert profile(client, headers) == answer.json


def test_settings_set_another_phone_number(client: TestClient, headers: Headers) -> None:
    # contract: B1
    answer = put(client, headers, phone_number="600 000 000", country_code="+351")
    assert (answer.json["phone_number"], answer.json["country_code"]) == ("600 000 000", "+351")
    assert client.simulate_get("/api/dashboard/user", headers=headers).json["phoneNumber"] == "600 000 000"
    register(client, email="ana@nuwe.com", countryCode="+34")


@pytest.mark.parametrize("empty", [None, "", " "])
def test_an_empty_value_unsets_a_field(client: TestClient, headers: Headers, empty: str | None) -> None:
    # contract: B1, D1, G4
    optional = ("address", "phone_number", "country_code", "first_name", "last_name")
    put(client, headers, currency="USD", time_zone="Asia/Kathmandu")
    answer = put(client, headers, **dict.fromkeys((*optional, "currency", "time_zone"), empty))
    assert answer.status_code == 200
    assert [answer.json[name] for name in optional] == [None] * len(optional)
    assert (answer.json["currency"], answer.json["time_zone"]) == ("EUR", "UTC"), "the defaults"
    assert profile(client, headers) == answer.json


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("Europe/Madrid", "Europe/Madrid"),
        ("EUROPE/MADRID", "Europe/Madrid"),
        ("utc", "UTC"),
        ("Etc/GMT+5", "Etc/GMT+5"),
        ("America/Argentina/ComodRivadavia", "America/Argentina/ComodRivadavia"),
        ("Asia/Calcutta", "Asia/Calcutta"),
    ],
)
def test_a_time_zone_is_a_name_of_iana(client: TestClient, headers: Headers, name: str, spelled: str) -> None:
    # contract: D1
    before = profile(client, headers)
    assert put(client, headers, time_zone=name).json == before | {"time_zone": spelled}
    assert put(client, headers, first_name="Ana").json["time_zone"] == spelled, "what isn't named stays"


def test_two_customers_may_have_no_phone_number(client: TestClient, headers: Headers) -> None:
    # contract: B1
    ana = signed_in(client, email="ana@nuwe.com", phoneNumber="2")
    assert put(client, headers, phone_number=None).status_code == 200
    assert put(client, ana, phone_number=None).status_code == 200


def test_no_body_changes_nothing(client: TestClient, headers: Headers) -> None:
    # contract: G4
    before = profile(client, headers)
    assert client.simulate_put(SETTINGS, headers=headers).json == before
    assert put(client, headers).json == before


@pytest.mark.parametrize("name", ["id", "name", "email", "account_number", "created_at", "balance", "pin", "password"])
def test_settings_change_nothing_else(client: TestClient, headers: Headers, name: str) -> None:
    # contract: B1, D1, G4
    before = profile(client, headers)
    assert put(client, headers, **{name: "eve@nuwe.com"}).json == before
    assert login(client).status_code == 200


def test_somebodys_phone_number_is_taken(client: TestClient, headers: Headers) -> None:
    # contract: B1
    register(client, email="ana@nuwe.com", phoneNumber="600000000", countryCode="+34")
    before = profile(client, headers)
    taken = put(client, headers, phone_number=" 600 000 000", address="Side St")
    assert problem_of(taken, 400)["detail"] == "Phone number already exists"
    assert profile(client, headers) == before
    assert put(client, headers, phone_number="600000000", country_code="+351").status_code == 200
    assert problem_of(put(client, headers, country_code="+34"), 400)["detail"] == "Phone number already exists"


def test_ones_own_phone_number_may_be_written_otherwise(client: TestClient, headers: Headers) -> None:
    # contract: B1
    assert put(client, headers, phone_number="666 888 116").json["phone_number"] == "666 888 116"


BAD = [
    ("address", "x" * 256),
    ("first_name", "x" * 129),
    ("last_name", "x" * 129),
    ("currency", "EURO"),
    ("currency", "EU"),
    ("currency", "€€€"),
    ("currency", "ＥＵＲ"),
    ("time_zone", "Europe"),
    ("time_zone", "Europe/Atlantis"),
    ("time_zone", "Europe/Madrid "),
    ("time_zone", "Europe//Madrid"),
    ("time_zone", "../Europe/Madrid"),
    ("time_zone", "/usr/share/zoneinfo/Europe/Madrid"),
    ("time_zone", "localtime"),
    ("time_zone", "Factory"),
    ("time_zone", "+01:00"),
    ("time_zone", "CEST"),
    ("time_zone", "\u212aUWAIT"),
    ("time_zone", "x" * 65),
    ("phone_number", "1" * 33),
    ("phone_number", "call me"),
    ("phone_number", "+"),
    ("phone_number", "600\n000"),
    ("phone_number", "١٢٣"),
    ("country_code", "+34567"),
    ("country_code", "Spain"),
    ("country_code", "+"),
    ("country_code", "3\n"),
    *((name, value) for name in KEYS[4:11] for value in (5, 1.5, True, False, [], ["x"], {}, {"a": "b"})),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_is_named_and_nothing_changes(
    client: TestClient, headers: Headers, name: str, value: object
) -> None:
    # contract: G2, G4
    before = profile(client, headers)
    good = {"address": "Side St", "first_name": "Ana"}
    assert fields_of(problem_of(put(client, headers, **good | {name: value}), 400)) == [name]
    assert profile(client, headers) == before


def test_every_bad_value_is_named_at_once(client: TestClient, headers: Headers) -> None:
    # contract: G2
    answer = put(client, headers, address=5, first_name=[], currency=True)
    assert set(fields_of(problem_of(answer, 400))) == {"address", "first_name", "currency"}


@pytest.mark.parametrize("name", ["address", "first_name", "last_name"])
@pytest.mark.parametrize("value", ["x", "Ñandú 漢字 👩‍👩‍👧", "a\nb\x07", "<script>", "=1+1"])
def test_text_may_hold_any_characters(client: TestClient, headers: Headers, name: str, value: str) -> None:
    # contract: G4
    assert put(client, headers, **{name: value}).json[name] == value
    assert profile(client, headers)[name] == value


@pytest.mark.parametrize(("name", "most"), [("address", 255), ("first_name", 128), ("last_name", 128)])
def test_text_may_be_as_long_as_its_column(client: TestClient, headers: Headers, name: str, most: int) -> None:
    longest = "👩" * most
    assert put(client, headers, **{name: longest}).json[name] == longest


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/user/profile"), ("DELETE", "/api/user/profile"), ("GET", SETTINGS), ("POST", SETTINGS)],
)
def test_another_method_is_refused_in_ds_form(client: TestClient, headers: Headers, method: str, path: str) -> None:
    # contract: G2
    assert problem_of(client.simulate_request(method, path, headers=headers), 405)


@pytest.mark.parametrize("path", ["/api/dashboard/user", "/api/dashboard/account", "/api/users/logout"])
def test_another_method_is_refused_in_bs_form(client: TestClient, headers: Headers, path: str) -> None:
    # contract: G2
    text_of(client.simulate_post(path, headers=headers), 405)


@pytest.mark.parametrize(
    "path", ["/api/auth/register", "/api/auth/login", "/api/users/login", "/api/account/pin/create"]
)
def test_get_is_no_method_of_what_changes_something(client: TestClient, headers: Headers, path: str) -> None:
    # contract: G2
    text_of(client.simulate_get(path, headers=headers), 405)


@pytest.mark.parametrize(
    "path", ["/api/users/nobody", "/api/dashboard/nothing", "/api/auth/password-reset/nothing", "/api/user/nothing"]
)
def test_an_unknown_path_is_404_as_a_problem(client: TestClient, path: str) -> None:
    # contract: G2
    assert problem_of(client.simulate_get(path), 404)
