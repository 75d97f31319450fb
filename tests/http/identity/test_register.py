"""Becoming a customer through either family (contract G1, A1, A3, B1, B2, B14)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import bcrypt
import pytest
from falcon.testing import Result, TestClient

from adapters.memory.clock import SetClock
from entrypoints.composition import Hucha, build
from entrypoints.http.app import create_app
from tests.customers import EMAIL, NEW_PASSWORD, NUWE, PASSWORD
from tests.http.signing_in import BLANKS, headers_of, login, quick_bank, register, stored_settings, text_of

AUTH = "/api/auth/register"
USERS = "/api/users/register"
GOOD = {AUTH: {"email": EMAIL, "password": PASSWORD, "name": "Nuwe Test"}, USERS: dict(NUWE)}
REQUIRED = [(path, name) for path, body in GOOD.items() for name in body]
BOTH = pytest.mark.parametrize("path", [AUTH, USERS])


@pytest.fixture
def hucha(clock: SetClock) -> Hucha:
    return quick_bank(clock)


def post(client: TestClient, path: str, **changes: Any) -> Result:
    """Register with the good body of a route, but for these changes."""
    return client.simulate_post(path, json={**GOOD[path], **changes})


def is_customer(client: TestClient, email: str = EMAIL, password: str = PASSWORD) -> bool:
    return login(client, email, password).status_code == 200


def test_auth_register_answers_as_seed_a_shows(client: TestClient) -> None:
    # contract: A1, A3, B14
    answer = post(client, AUTH)
    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/json"
    assert list(answer.json) == ["name", "hashedPassword", "email"]
    assert (answer.json["name"], answer.json["email"]) == ("Nuwe Test", EMAIL)
    assert answer.json["hashedPassword"].startswith("$2b$04$")


def test_users_register_answers_as_seed_b_shows(client: TestClient) -> None:
    # contract: B1, B14
    answer = post(client, USERS)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert list(answer.json) == ["name", "email", "phoneNumber", "address", "accountNumber", "hashedPassword"]
    assert {name: answer.json[name] for name in ("name", "email", "phoneNumber", "address")} == {
        name: NUWE[name] for name in ("name", "email", "phoneNumber", "address")
    }
    number = answer.json["accountNumber"]
    assert (str(UUID(number)), UUID(number).version) == (number, 4)
    assert answer.json["hashedPassword"].startswith("$2b$04$")


@BOTH
def test_either_way_makes_a_customer_whom_either_login_knows(client: TestClient, path: str) -> None:
    # contract: G1
    post(client, path)
    auth = client.simulate_post("/api/auth/login", json={"email": EMAIL, "password": PASSWORD})
    for answer in (auth, login(client)):
        account = client.simulate_get("/api/dashboard/account", headers=headers_of(answer))
        assert account.status_code == 200
        UUID(account.json["accountNumber"])
        assert account.text.endswith(',"balance":0.00}')


def test_who_registered_through_a_has_no_address_and_no_phone_until_they_set_them(client: TestClient) -> None:
    # contract: G1, B1
    post(client, AUTH, address="Main St", phone_number="666888116", country_code="+34")
    headers = headers_of(login(client))
    shown = client.simulate_get("/api/dashboard/user", headers=headers).json
    assert (shown["phoneNumber"], shown["address"]) == (None, None)
    client.simulate_put("/api/user/settings", json={"address": "Main St", "phone_number": "1"}, headers=headers)
    shown = client.simulate_get("/api/dashboard/user", headers=headers).json
    assert (shown["phoneNumber"], shown["address"]) == ("1", "Main St")


@pytest.mark.parametrize(("path", "field"), REQUIRED)
def test_a_missing_field_has_its_sentence(client: TestClient, path: str, field: str) -> None:
    # contract: A1, B1
    body = {name: value for name, value in GOOD[path].items() if name != field}
    sentence = "All fields are required." if path == AUTH else "No empty fields allowed."
    assert text_of(client.simulate_post(path, json=body), 400) == sentence
    assert not is_customer(client)


@BOTH
def test_no_body_at_all_lacks_every_field(client: TestClient, path: str) -> None:
    # contract: A1, B1, G4
    sentence = "All fields are required." if path == AUTH else "No empty fields allowed."
    assert text_of(client.simulate_post(path), 400) == sentence
    assert text_of(client.simulate_post(path, json={}), 400) == sentence


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize(("path", "field"), REQUIRED)
def test_an_empty_field_has_its_sentence(client: TestClient, path: str, field: str, blank: str | None) -> None:
    # contract: A1, B1, G4
    assert text_of(post(client, path, **{field: blank}), 400) == "No empty fields allowed."
    assert not is_customer(client)


BAD_EMAILS = [
    "nuwenuwe",
    "nuwe#nuwe.com",
    "nuwe@nuwe",
    "@nuwe.com",
    "nuwe@",
    "nuwe@@nuwe.com",
    "nu@we@nuwe.com",
    "nuwe@nuwe..com",
    "nuwe@.com",
    "nuwe@nuwe.com.",
    "nu we@nuwe.com",
    " nuwe@nuwe.com",
    "nuwe@nuwe.com\n",
    "nuwe@nuwe.com\u3000",
    "nu\u0007we@nuwe.com",
    "nuwe@nuwe.com\r\nBcc: eve@nuwe.com",
    "nu\u200bwe@nuwe.com",
    "nu\u202ewe@nuwe.com",
    "n" * 120 + "@nuwe.com",
]


@BOTH
@pytest.mark.parametrize("email", BAD_EMAILS)
def test_what_is_no_email_address_is_named(client: TestClient, path: str, email: str) -> None:
    # contract: A1, B1
    assert text_of(post(client, path, email=email), 400) == f"Invalid email: {email}"


@BOTH
def test_an_email_of_128_characters_is_taken_and_one_more_is_not(client: TestClient, path: str) -> None:
    # contract: B1
    longest = "n" * (128 - len("@nuwe.com")) + "@nuwe.com"
    assert text_of(post(client, path, email=f"n{longest}"), 400) == f"Invalid email: n{longest}"
    assert post(client, path, email=longest).json["email"] == longest


@BOTH
def test_a_huge_email_is_not_said_again_in_full(client: TestClient, path: str) -> None:
    assert len(text_of(post(client, path, email="n" * 500_000), 400)) < 300


PASSWORDS = [
    ("nuwetest1$", "Password must contain at least one uppercase letter"),
    ("Nuwetest", "Password must contain at least one digit and one special character"),
    ("Nuwetest1", "Password must contain at least one special character"),
    ("Nuwetest$", "Password must contain at least one digit"),
    ("Nuwetest1 ", "Password cannot contain whitespace"),
    (" Nuwetest1$", "Password cannot contain whitespace"),
    ("Nuwe\u00a0test1$", "Password cannot contain whitespace"),
    ("A" * 125 + "a1$", "Password must be less than 128 characters long"),
    ("Test1$", "Password must be at least 8 characters long"),
    ("Test12$", "Password must be at least 8 characters long"),
    ("a b", "Password cannot contain whitespace"),
    ("a" * 200, "Password must be less than 128 characters long"),
    ("nuwetest", "Password must contain at least one uppercase letter"),
]


@BOTH
@pytest.mark.parametrize(("password", "sentence"), PASSWORDS)
def test_a_weak_password_has_the_sentence_of_the_first_rule_it_breaks(
    client: TestClient, path: str, password: str, sentence: str
) -> None:
    # contract: B2, A1
    assert text_of(post(client, path, password=password), 400) == sentence
    assert not is_customer(client, password=password)


@BOTH
@pytest.mark.parametrize("password", ["NuweTest1$", "Test123$", "A" * 124 + "a1$", "Ñuwetest1\u20ac", "Nuwe\u0007te1"])
def test_a_strong_password_is_taken(client: TestClient, path: str, password: str) -> None:
    # contract: B2, G4
    assert post(client, path, password=password).status_code in (200, 201)
    assert is_customer(client, password=password)


@BOTH
def test_the_checks_come_in_order(client: TestClient, path: str) -> None:
    # contract: A1, B1
    register(client)
    missing, taken = ("All fields are required.", "Email already exists.")
    if path == USERS:
        missing, taken = ("No empty fields allowed.", "Email already exists")
    without_name = {name: value for name, value in GOOD[path].items() if name != "name"}
    worst = without_name | {"email": "nope", "password": ""}
    assert text_of(client.simulate_post(path, json=worst), 400) == missing
    assert text_of(post(client, path, email="nope", password=""), 400) == "No empty fields allowed."
    assert text_of(post(client, path, email="nope", password="weak"), 400) == "Invalid email: nope"
    assert text_of(post(client, path, password="weak"), 400) == "Password must be at least 8 characters long"
    assert text_of(post(client, path), 400) == taken


@BOTH
@pytest.mark.parametrize("email", [EMAIL, "NUWE@nuwe.com", "nuwe@NUWE.Com"])
def test_emails_compare_without_case(client: TestClient, path: str, email: str) -> None:
    # contract: A1, B1
    register(client, phoneNumber="1")
    sentence = "Email already exists." if path == AUTH else "Email already exists"
    assert text_of(post(client, path, email=email, password=NEW_PASSWORD), 400) == sentence
    assert is_customer(client)
    assert not is_customer(client, password=NEW_PASSWORD)


def test_an_email_keeps_the_spelling_it_was_given(client: TestClient) -> None:
    assert post(client, USERS, email="Nuwe@NUWE.com").json["email"] == "Nuwe@NUWE.com"
    assert is_customer(client, "nuwe@nuwe.com")


@pytest.mark.parametrize(
    ("phone", "code"),
    [
        ("666888116", "+34"),
        ("666 888 116", "+34"),
        (" 666888116 ", "+34"),
        ("6\u00a066888116", "+34"),
    ],
)
def test_a_phone_number_belongs_to_one_customer_whatever_its_blanks(client: TestClient, phone: str, code: str) -> None:
    # contract: B1
    register(client, phoneNumber="666888 116", countryCode="+34")
    answer = post(client, USERS, email="eve@nuwe.com", phoneNumber=phone, countryCode=code)
    if "\u00a0" in phone:
        assert "phoneNumber" in text_of(answer, 400)
    else:
        assert text_of(answer, 400) == "Phone number already exists"
    assert not is_customer(client, "eve@nuwe.com")


def test_a_phone_number_of_another_country_is_another_one(client: TestClient) -> None:
    # contract: B1
    register(client, countryCode="+34")
    assert post(client, USERS, email="ana@nuwe.com", countryCode="+351").status_code == 200
    assert post(client, USERS, email="ben@nuwe.com").status_code == 200
    assert text_of(post(client, USERS, email="eve@nuwe.com"), 400) == "Phone number already exists"
    again = post(client, USERS, email="eve@nuwe.com", countryCode="+351")
    assert text_of(again, 400) == "Phone number already exists"


def test_the_email_is_looked_at_before_the_phone_number(client: TestClient) -> None:
    # contract: B1
    register(client)
    assert text_of(post(client, USERS), 400) == "Email already exists"


def test_basic_passwords_are_for_as_route_alone(clock: SetClock) -> None:
    # contract: A1
    client = TestClient(create_app(quick_bank(clock, password_policy="basic")))
    assert post(client, AUTH, password="a b").status_code == 201
    assert is_customer(client, password="a b")
    assert post(client, AUTH, email="1@nuwe.com", password="x" * 127).status_code == 201
    too_long = post(client, AUTH, email="2@nuwe.com", password="x" * 128)
    assert text_of(too_long, 400) == "Password must be less than 128 characters long"
    assert text_of(post(client, AUTH, email="2@nuwe.com", password=""), 400) == "No empty fields allowed."
    weak = post(client, USERS, email="2@nuwe.com", password="nuwetest1$")
    assert text_of(weak, 400) == "Password must contain at least one uppercase letter"
    headers = headers_of(login(client, EMAIL, "a b"))
    change = {"oldPassword": "a b", "newPassword": "weak"}
    answer = client.simulate_post("/api/users/change-password", json=change, headers=headers)
    assert text_of(answer, 400) == "Password must be at least 8 characters long"


def test_the_hash_can_be_left_out(clock: SetClock) -> None:
    # contract: B14
    client = TestClient(create_app(quick_bank(clock, expose_password_hash=False)))
    assert list(post(client, AUTH, email="ana@nuwe.com").json) == ["name", "email"]
    keys = ["name", "email", "phoneNumber", "address", "accountNumber"]
    assert list(post(client, USERS).json) == keys
    assert list(client.simulate_get("/api/dashboard/user", headers=headers_of(login(client))).json) == keys


@BOTH
def test_passwords_of_127_characters_that_differ_in_the_last_one_are_two(client: TestClient, path: str) -> None:
    # contract: A3
    stem = "Aa1$" + "x" * 122
    post(client, path, password=f"{stem}y")
    assert is_customer(client, password=f"{stem}y")
    assert not is_customer(client, password=f"{stem}z")
    assert not is_customer(client, password=stem)


def test_a_hash_alone_tells_nothing_of_its_password(client: TestClient) -> None:
    # contract: A3
    kept = post(client, USERS).json["hashedPassword"].encode()
    assert not bcrypt.checkpw(PASSWORD.encode(), kept)
    other = post(client, USERS, email="eve@nuwe.com", phoneNumber="2").json["hashedPassword"].encode()
    assert kept != other


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"first_name": "Nuwe", "last_name": "Test"}, "Nuwe Test"),
        ({"first_name": "Nuwe"}, "Nuwe"),
        ({"last_name": "Test", "first_name": None}, "Test"),
        ({"first_name": "Ana", "last_name": "Ruiz", "name": "Nuwe"}, "Nuwe"),
    ],
)
def test_first_and_last_name_make_the_name_where_there_is_none(
    client: TestClient, given: dict[str, str | None], name: str
) -> None:
    # contract: A1
    answer = client.simulate_post(AUTH, json={"email": EMAIL, "password": PASSWORD, "currency": "eur", **given})
    assert (answer.status_code, answer.json["name"]) == (201, name)
    profile = client.simulate_get("/api/user/profile", headers=headers_of(login(client))).json
    assert profile["first_name"] == given.get("first_name")
    assert profile["last_name"] == given.get("last_name")
    assert profile["currency"] == "EUR"


def test_two_blank_names_make_no_name(client: TestClient) -> None:
    # contract: A1
    body = {"email": EMAIL, "password": PASSWORD, "first_name": " ", "last_name": None}
    assert text_of(client.simulate_post(AUTH, json=body), 400) == "All fields are required."


@BOTH
@pytest.mark.parametrize("name", ["Añá Núñez", "漢字", "👩‍👩‍👧", "a\nb\tc", "<script>", "O'Hara'; --", "x" * 128])
def test_a_name_may_hold_any_characters(client: TestClient, path: str, name: str) -> None:
    # contract: G4
    answer = post(client, path, name=name)
    assert answer.json["name"] == name
    assert client.simulate_get("/api/user/profile", headers=headers_of(login(client))).json["name"] == name


def test_strings_are_trimmed_of_nothing(client: TestClient) -> None:
    # contract: G4
    answer = post(client, USERS, name=" Nuwe ", address=" Main St\n")
    assert (answer.json["name"], answer.json["address"]) == (" Nuwe ", " Main St\n")


@BOTH
def test_unknown_keys_are_ignored(client: TestClient, path: str) -> None:
    # contract: G4
    answer = post(client, path, balance=1000, id=7, accountNumber="7", hashedPassword="x", pin="1811")
    assert answer.status_code in (200, 201)
    headers = headers_of(login(client))
    assert client.simulate_get("/api/dashboard/account", headers=headers).json["balance"] == 0
    assert client.simulate_get("/api/user/profile", headers=headers).json["id"] == 1


@pytest.mark.parametrize("field", ["phoneNumber", "countryCode"])
def test_a_bad_field_is_called_as_the_route_calls_it(client: TestClient, field: str) -> None:
    # contract: G2
    assert field in text_of(post(client, USERS, **{field: 5}), 400)


def test_an_optional_field_may_be_empty(client: TestClient) -> None:
    # contract: B1, A1
    assert post(client, USERS, countryCode=None).status_code == 200
    body = GOOD[AUTH] | {"email": "ana@nuwe.com", "first_name": "", "last_name": None, "currency": " "}
    assert client.simulate_post(AUTH, json=body).status_code == 201


@BOTH
def test_json_may_be_written_in_any_way(client: TestClient, path: str) -> None:
    body = json.dumps(GOOD[path] | {"name": "Añá"}, ensure_ascii=False, indent=2).encode()
    answer = client.simulate_post(path, body=body, headers={"Content-Type": "application/json; charset=utf-8"})
    assert answer.json["name"] == "Añá"


@pytest.fixture
def stored(database: Path, tmp_path: Path) -> Iterator[Hucha]:
    hucha = build(stored_settings(database, tmp_path / "mail"))
    yield hucha
    hucha.close()


@pytest.mark.parametrize("taken", ["email", "phoneNumber"])
def test_of_those_who_register_at_once_one_gets_the_name(stored: Hucha, stored_client: TestClient, taken: str) -> None:
    # contract: B1, G1
    def send(number: int) -> Result:
        own = {"email": f"{number}@nuwe.com", "phoneNumber": f"{number}", "name": f"Nuwe {number}"}
        return post(stored_client, USERS, **own | {taken: NUWE[taken]})

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(send, range(8)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 7}
    sentence = "Email already exists" if taken == "email" else "Phone number already exists"
    assert {answer.text for answer in answers if answer.status_code == 400} == {sentence}
