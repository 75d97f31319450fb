"""Whatever stands in a field of an identity route, the refusal is a sentence and changes nothing (contract G2, G4)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from email import message_from_bytes
from typing import Any

import attrs
import pytest
from falcon.testing import Result, TestClient

from entrypoints.composition import Hucha, build
from entrypoints.http.app import create_app
from tests.customers import EMAIL, NEW_PASSWORD, NUWE, PASSWORD, PIN
from tests.http.answers import problem_of
from tests.http.bodies import MALFORMED
from tests.http.signing_in import BLANKS, content_of, stored_settings, text_of, with_pin

MISSING = object()
WRONG_TYPES = (5, 0, 1.5, True, False, [], ["x"], {}, {"a": "b"})
BROKEN_TEXTS = ("\0", "a\0b", "\ud800", "\udc00", "a\ud83d")
"""What no string may hold (contract G4): U+0000 and halves of surrogate pairs."""

JSON = {"Content-Type": "application/json"}
CHANGE, CREATE, UPDATE = "/api/users/change-password", "/api/account/pin/create", "/api/account/pin/update"
PIN_RESET, SETTINGS, REFRESH = "/api/account/pin/reset", "/api/user/settings", "/api/auth/refresh"
OTP, VERIFY, RESET = (f"/api/auth/password-reset{end}" for end in ("/send-otp", "/verify-otp", ""))

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "/api/auth/register": ("email", "password", "name"),
    "/api/users/register": ("name", "password", "email", "address", "phoneNumber"),
    "/api/auth/login": ("email", "password"),
    "/api/users/login": ("identifier", "password"),
    REFRESH: ("refresh_token",),
    OTP: ("identifier",),
    VERIFY: ("identifier", "otp"),
    RESET: ("identifier", "resetToken", "newPassword"),
    CHANGE: ("oldPassword", "newPassword"),
    CREATE: ("pin", "password"),
    UPDATE: ("oldPin", "password", "newPin"),
    PIN_RESET: ("password", "otp", "newPin"),
    SETTINGS: (),
}
OPTIONAL: Mapping[str, tuple[str, ...]] = {
    "/api/auth/register": ("first_name", "last_name", "currency"),
    "/api/users/register": ("countryCode",),
    SETTINGS: ("address", "phone_number", "country_code", "first_name", "last_name", "currency", "time_zone"),
}
EACH_REQUIRED = [(path, name) for path, names in REQUIRED.items() for name in names]
EACH_FIELD = [*EACH_REQUIRED, *((path, name) for path, names in OPTIONAL.items() for name in names)]
TOO_LONG = [
    *((path, "name", "x" * 129) for path in ("/api/auth/register", "/api/users/register")),
    *((path, "email", "x" * 120 + "@nuwe.com") for path in ("/api/auth/register", "/api/users/register")),
    *((path, "password", "Aa1$" + "x" * 124) for path in ("/api/auth/register", "/api/users/register")),
    ("/api/users/register", "address", "x" * 256),
    ("/api/users/register", "phoneNumber", "1" * 33),
    ("/api/users/register", "countryCode", "1" * 9),
    ("/api/auth/register", "first_name", "x" * 129),
    ("/api/auth/register", "last_name", "x" * 129),
    ("/api/auth/register", "currency", "EURO"),
    (SETTINGS, "address", "x" * 256),
    (SETTINGS, "phone_number", "1" * 33),
    (SETTINGS, "country_code", "1" * 9),
    (SETTINGS, "first_name", "x" * 129),
    (SETTINGS, "last_name", "x" * 129),
    (SETTINGS, "currency", "EURO"),
    (RESET, "newPassword", "Aa1$" + "x" * 124),
    (CHANGE, "newPassword", "Aa1$" + "x" * 124),
    (UPDATE, "newPin", "1" * 5),
    *((path, name, "x" * 900_000) for path, name in EACH_REQUIRED if name not in ("otp", "oldPin")),
]
PROBLEMS = (REFRESH, SETTINGS)


@attrs.frozen
class Desk:
    """A bank over SQLite with a customer for whom every route would do its work, and what to send to each."""

    hucha: Hucha
    client: TestClient
    headers: dict[str, str]
    good: Mapping[str, dict[str, Any]]

    def send(self, path: str, body: bytes) -> Result:
        method = "PUT" if path == SETTINGS else "POST"
        return self.client.simulate_request(method, path, body=body, headers=self.headers | JSON)

    def send_with(self, path: str, name: str, value: object) -> Result:
        """The good body of a route, but for one field."""
        body = {**self.good[path], name: value}
        return self.send(path, json.dumps({key: one for key, one in body.items() if one is not MISSING}).encode())

    def content(self) -> list[str]:
        return content_of(self.hucha.settings.database_url.removeprefix("sqlite:///"))


def open_desk(folder: Any) -> Desk:
    hucha = build(stored_settings(folder / "hucha.db", folder / "mail"))
    client = TestClient(create_app(hucha))
    headers = with_pin(client)
    token = client.simulate_post("/api/users/login", json={"identifier": EMAIL, "password": PASSWORD})
    otp = posted_otp(client, hucha)
    reset = client.simulate_post(VERIFY, json={"identifier": EMAIL, "otp": otp}).json["passwordResetToken"]
    otp = posted_otp(client, hucha)
    new = {**NUWE, "email": "new@nuwe.com", "phoneNumber": "600000000"}
    good: dict[str, dict[str, Any]] = {
        "/api/auth/register": {"name": "New", "email": "newer@nuwe.com", "password": PASSWORD},
        "/api/users/register": new,
        "/api/auth/login": {"email": EMAIL, "password": PASSWORD},
        "/api/users/login": {"identifier": EMAIL, "password": PASSWORD},
        REFRESH: {"refresh_token": token.cookies["refresh_token"].value},
        SETTINGS: {"address": "Side St", "currency": "EUR"},
        CREATE: {"pin": PIN, "password": PASSWORD},
        UPDATE: {"oldPin": PIN, "password": PASSWORD, "newPin": "1812"},
        PIN_RESET: {"password": PASSWORD, "otp": otp, "newPin": "1813"},
        VERIFY: {"identifier": EMAIL, "otp": otp},
        OTP: {"identifier": EMAIL},
        CHANGE: {"oldPassword": PASSWORD, "newPassword": NEW_PASSWORD},
        RESET: {"identifier": EMAIL, "resetToken": reset, "newPassword": NEW_PASSWORD},
    }
    return Desk(hucha, client, headers, good)


def posted_otp(client: TestClient, hucha: Hucha) -> str:
    """Ask for a one-time password, and take it from the only letter in the box."""
    assert client.simulate_post(OTP, json={"identifier": EMAIL}).status_code == 200
    hucha.due_work.run_once(hucha.due_work.clock.now())
    (file,) = hucha.settings.mail_dir.glob("*.eml")
    letter = message_from_bytes(file.read_bytes())
    file.unlink()
    return letter.get_payload(decode=True).decode().strip().removeprefix("OTP:")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One for all tests here: none of them changes anything."""
    desk = open_desk(tmp_path_factory.mktemp("fields"))
    before = desk.content()
    yield desk
    assert desk.content() == before
    desk.hucha.close()


def refused(desk: Desk, path: str, answer: Result, *statuses: int) -> str:
    """The sentence of a refusal, in the form of its route."""
    assert answer.status_code in (statuses or range(400, 500)), (answer.status_code, answer.text)
    if path in PROBLEMS:
        sentence = str(problem_of(answer, answer.status_code)["detail"])
    else:
        sentence = text_of(answer, answer.status_code)
    assert len(sentence) < 1000
    assert len(sentence.split()) > 1
    return sentence


@pytest.mark.parametrize("path", ["/api/auth/register", "/api/users/register", SETTINGS, UPDATE, VERIFY, RESET])
def test_without_the_fault_each_route_does_its_work(tmp_path: Any, path: str) -> None:
    """What the tests below send would pass but for the one field."""
    desk = open_desk(tmp_path)
    before = desk.content()
    assert desk.send(path, json.dumps(desk.good[path]).encode()).status_code in (200, 201)
    assert desk.content() != before
    desk.hucha.close()


@pytest.mark.parametrize(("path", "name"), EACH_REQUIRED)
def test_an_empty_or_missing_field_is_refused_and_changes_nothing(desk: Desk, path: str, name: str) -> None:
    # contract: G4
    before = desk.content()
    for value in (MISSING, *BLANKS):
        refused(desk, path, desk.send_with(path, name, value), 400, 401)
    assert desk.content() == before


@pytest.mark.parametrize(("path", "name"), EACH_FIELD)
def test_a_field_of_another_type_is_refused_and_changes_nothing(desk: Desk, path: str, name: str) -> None:
    # contract: G4
    before = desk.content()
    for value in WRONG_TYPES:
        refused(desk, path, desk.send_with(path, name, value), 400, 401, 403)
    assert desk.content() == before


@pytest.mark.parametrize(("path", "name", "value"), TOO_LONG, ids=lambda value: str(value)[:40])
def test_a_field_that_is_too_long_is_refused_and_changes_nothing(desk: Desk, path: str, name: str, value: str) -> None:
    # contract: G4, B1, B2
    before = desk.content()
    refused(desk, path, desk.send_with(path, name, value), 400, 401)
    assert desk.content() == before


@pytest.mark.parametrize(("path", "name"), EACH_FIELD)
def test_half_a_character_and_no_character_are_refused(desk: Desk, path: str, name: str) -> None:
    # contract: G4
    before = desk.content()
    for value in BROKEN_TEXTS:
        refused(desk, path, desk.send_with(path, name, value), 400)
    assert desk.content() == before


@pytest.mark.parametrize(("path", "name"), EACH_FIELD)
def test_a_field_that_stands_twice_is_refused(desk: Desk, path: str, name: str) -> None:
    # contract: G4
    before = desk.content()
    good = json.dumps({name: "x", **desk.good[path]}).encode()
    for value in (b'"x"', b"null", json.dumps(desk.good[path].get(name)).encode()):
        twice = good[:-1] + b', "' + name.encode() + b'": ' + value + b"}"
        assert refused(desk, path, desk.send(path, twice), 400) == "The body has a duplicate key."
        first = b'{"' + name.encode() + b'": ' + value + b", " + good[1:]
        assert refused(desk, path, desk.send(path, first), 400) == "The body has a duplicate key."
    assert desk.content() == before


@pytest.mark.parametrize("path", REQUIRED)
def test_a_malformed_body_is_refused_on_every_route(desk: Desk, path: str) -> None:
    # contract: G4
    before = desk.content()
    for body in MALFORMED.values():
        refused(desk, path, desk.send(path, body), 400)
    assert desk.content() == before


@pytest.mark.parametrize("path", REQUIRED)
def test_another_content_type_or_a_huge_body_is_refused_on_every_route(desk: Desk, path: str) -> None:
    # contract: G4
    before = desk.content()
    method = "PUT" if path == SETTINGS else "POST"
    good = json.dumps(desk.good[path]).encode()
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"):
        headers = desk.headers | {"Content-Type": content_type}
        refused(desk, path, desk.client.simulate_request(method, path, body=good, headers=headers), 415)
    huge = good[:-1] + b', "x": "' + b"x" * 1024 * 1024 + b'"}'
    refused(desk, path, desk.send(path, huge), 413)
    assert desk.content() == before


CONTROLS = ("\x01", "\x1b[2J", "\x7f", "\x85", "\u2028", "\u202e", "\ufeff", "\r\nSet-Cookie: a=b")
UNKNOWABLE = [
    (path, name) for path, name in EACH_REQUIRED if name in ("email", "identifier", "resetToken", "pin", "newPin")
]


@pytest.mark.parametrize(("path", "name"), UNKNOWABLE)
def test_control_characters_make_no_identifier_token_or_pin(desk: Desk, path: str, name: str) -> None:
    # contract: G4, B1, B6
    before = desk.content()
    for control in CONTROLS:
        answer = desk.send_with(path, name, f"{desk.good[path][name]}{control}")
        refused(desk, path, answer, 400)
        assert "a=b" not in str(answer.headers)
    assert desk.content() == before


def test_a_logout_refuses_a_malformed_body_and_then_signs_out_without_one(desk: Desk) -> None:
    # contract: G4
    token = desk.client.simulate_post("/api/users/login", json=desk.good["/api/users/login"]).json["token"]
    headers = {"Authorization": f"Bearer {token}"}
    for status, body in ((400, b"nonsense"), (204, b"")):
        answer = desk.client.simulate_post("/api/auth/logout", body=body, headers=headers | JSON)
        assert answer.status_code == status
