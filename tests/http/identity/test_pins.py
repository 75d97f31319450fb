"""The PIN that guards money: made, changed, forgotten, guessed (contract B6, G11; seed B, task 3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from falcon.testing import Result, TestClient

from adapters.memory.clock import SetClock
from entrypoints.composition import Hucha, build
from tests.customers import PASSWORD, PIN
from tests.http.signing_in import (
    BLANKS,
    another,
    is_signed_in,
    letters,
    login,
    new_otp,
    quick_bank,
    signed_in,
    stored_settings,
    text_of,
    with_pin,
)

CREATE = "/api/account/pin/create"
UPDATE = "/api/account/pin/update"
RESET = "/api/account/pin/reset"
EMPTY = "PIN cannot be null or empty"
MALFORMED = "PIN must be 4 digits"
INVALID = "Invalid PIN"
LOCKED = "PIN locked"
NEW = "1812"
NO_PINS = ["181", "18110", "abcd", "18 1", " 1811", "1811 ", "-181", "1.81", "１８１１", "١٢٣٤", 1811, 0, True, [], {}]
CHANGED_BODY = (
    "Dear Nuwe Test,\n\n"
    "Your PIN was changed.\n"
    "If this wasn't you, please reset your password and contact us at once.\n\n"
    "Best Regards,\nThe Management Team\n"
)
Headers = dict[str, str]


@pytest.fixture
def hucha(clock: SetClock) -> Hucha:
    return quick_bank(clock)


@pytest.fixture
def stored(database: Path, tmp_path: Path) -> Iterator[Hucha]:
    hucha = build(stored_settings(database, tmp_path / "mail"))
    yield hucha
    hucha.close()


def create(client: TestClient, headers: Headers, pin: object = PIN, password: object = PASSWORD) -> Result:
    return client.simulate_post(CREATE, json={"pin": pin, "password": password}, headers=headers)


def update(
    client: TestClient, headers: Headers, old: object = PIN, new: object = NEW, password: object = PASSWORD
) -> Result:
    body = {"oldPin": old, "password": password, "newPin": new}
    return client.simulate_post(UPDATE, json=body, headers=headers)


def reset(client: TestClient, headers: Headers, otp: object, new: object = NEW, password: object = PASSWORD) -> Result:
    return client.simulate_post(RESET, json={"password": password, "otp": otp, "newPin": new}, headers=headers)


def deposit(client: TestClient, headers: Headers, pin: object = PIN) -> Result:
    return client.simulate_post("/api/account/deposit", json={"amount": 1, "pin": pin}, headers=headers)


def opens(client: TestClient, headers: Headers, pin: str) -> bool:
    """Whether a PIN is the one that moves money; a wrong one counts as a try."""
    answer = deposit(client, headers, pin)
    assert answer.status_code in (200, 403)
    return answer.status_code == 200


# Made.


def test_a_pin_is_made(client: TestClient, hucha: Hucha) -> None:
    # contract: B6
    headers = signed_in(client)
    answer = create(client, headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json == {"msg": "PIN created successfully"}
    assert opens(client, headers, PIN)
    assert not letters(hucha)


@pytest.mark.parametrize("pin", ["0000", "0042", "9999"])
def test_any_four_digits_are_a_pin(client: TestClient, pin: str) -> None:
    # contract: B6
    assert opens(client, with_pin(client, pin), pin)


def test_other_accounts_have_pins_of_their_own(client: TestClient) -> None:
    # contract: B6; seed B, "Create PIN for Other Accounts"
    nuwe = with_pin(client)
    ana = with_pin(client, "2222", email="ana@nuwe.com", phoneNumber="2")
    assert opens(client, nuwe, PIN)
    assert opens(client, ana, "2222")
    assert not opens(client, ana, PIN)
    assert not opens(client, nuwe, "2222")


def test_a_second_pin_is_refused(client: TestClient) -> None:
    # contract: B6
    headers = with_pin(client)
    assert text_of(create(client, headers, NEW), 400) == "PIN already exists"
    assert text_of(create(client, headers), 400) == "PIN already exists"
    assert opens(client, headers, PIN)


@pytest.mark.parametrize("pin", NO_PINS)
def test_what_is_not_four_digits_is_no_pin(client: TestClient, pin: object) -> None:
    # contract: B6
    headers = signed_in(client)
    assert text_of(create(client, headers, pin), 400) == MALFORMED
    assert create(client, headers).status_code == 200
    assert text_of(update(client, headers, new=pin), 400) == MALFORMED
    assert opens(client, headers, PIN)


@pytest.mark.parametrize("blank", BLANKS)
def test_an_empty_pin_has_its_sentence(client: TestClient, hucha: Hucha, blank: str | None) -> None:
    # contract: B6, G4
    headers = signed_in(client)
    assert text_of(create(client, headers, blank), 400) == EMPTY
    create(client, headers)
    assert text_of(update(client, headers, old=blank), 400) == EMPTY
    assert text_of(update(client, headers, new=blank), 400) == EMPTY
    otp = new_otp(client, hucha)
    assert text_of(reset(client, headers, otp, blank), 400) == EMPTY
    assert reset(client, headers, otp).status_code == 200


@pytest.mark.parametrize("path", [CREATE, UPDATE])
def test_no_body_has_no_pin(client: TestClient, path: str) -> None:
    # contract: B6, G4
    headers = signed_in(client)
    assert text_of(client.simulate_post(path, headers=headers), 400) == EMPTY
    assert text_of(client.simulate_post(path, json={"password": PASSWORD}, headers=headers), 400) == EMPTY


@pytest.mark.parametrize("blank", BLANKS)
def test_an_empty_password_has_its_sentence(client: TestClient, hucha: Hucha, blank: str | None) -> None:
    # contract: B6, G4
    headers = signed_in(client)
    otp = new_otp(client, hucha)
    answers = [
        create(client, headers, password=blank),
        update(client, headers, password=blank),
        reset(client, headers, otp, password=blank),
        reset(client, headers, blank),
    ]
    assert {text_of(answer, 400) for answer in answers} == {"No empty fields allowed."}


# Changed.


def test_a_pin_is_changed_and_the_customer_told(client: TestClient, hucha: Hucha) -> None:
    # contract: B6, G11
    headers = with_pin(client)
    answer = update(client, headers)
    assert (answer.status_code, answer.json) == (200, {"msg": "PIN updated successfully"})
    assert opens(client, headers, NEW)
    assert not opens(client, headers, PIN)
    (letter,) = letters(hucha)
    assert (letter.recipient, letter.subject, letter.body) == ("nuwe@nuwe.com", "PIN Changed", CHANGED_BODY)
    assert is_signed_in(client, headers)


def test_the_checks_come_in_order(client: TestClient) -> None:
    """Empty fields, password, old PIN, form of the new PIN, existing PIN."""
    # contract: B6
    headers = with_pin(client)
    assert text_of(create(client, headers, "", "wrong"), 400) == EMPTY
    assert text_of(create(client, headers, "18", "wrong"), 401) == "Bad credentials"
    assert text_of(create(client, headers, "18"), 400) == MALFORMED
    assert text_of(update(client, headers, "2222", "", "wrong"), 400) == EMPTY
    assert text_of(update(client, headers, "2222", "18", "wrong"), 401) == "Bad credentials"
    assert text_of(update(client, headers, "2222", "18"), 403) == INVALID
    assert text_of(update(client, headers, PIN, "18"), 400) == MALFORMED
    assert opens(client, headers, PIN)


def test_a_wrong_password_changes_nothing(client: TestClient, hucha: Hucha) -> None:
    # contract: B6
    headers = signed_in(client)
    answer = create(client, headers, password="PassTest1$")
    assert text_of(answer, 401) == "Bad credentials"
    assert not opens(client, headers, PIN)
    create(client, headers)
    assert text_of(update(client, headers, password="PassTest1$"), 401) == "Bad credentials"
    assert opens(client, headers, PIN)
    assert not letters(hucha)


def test_without_a_pin_there_is_none_to_change(client: TestClient) -> None:
    # contract: B6
    headers = signed_in(client)
    assert text_of(update(client, headers), 403) == INVALID
    assert create(client, headers).status_code == 200


# Guessed.


def test_five_wrong_pins_in_a_row_lock_it_for_fifteen_minutes(client: TestClient, clock: SetClock) -> None:
    # contract: B6
    headers = with_pin(client)
    for nth in range(5):
        answer = deposit(client, headers, NEW) if nth % 2 else update(client, headers, old=NEW)
        assert text_of(answer, 403) == INVALID
    assert text_of(deposit(client, headers), 403) == LOCKED
    assert text_of(update(client, headers), 403) == LOCKED
    clock.advance(timedelta(minutes=15, microseconds=-1))
    assert text_of(deposit(client, headers), 403) == LOCKED
    clock.advance(timedelta(microseconds=1))
    assert opens(client, headers, PIN)


def test_tries_while_it_is_locked_do_not_lengthen_the_lock(client: TestClient, clock: SetClock) -> None:
    # contract: B6
    headers = with_pin(client)
    for _ in range(10):
        deposit(client, headers, NEW)
    clock.advance(timedelta(minutes=15))
    for _ in range(4):
        assert text_of(deposit(client, headers, NEW), 403) == INVALID
    assert opens(client, headers, PIN)


def test_a_right_pin_forgives_the_wrong_ones(client: TestClient) -> None:
    # contract: B6
    headers = with_pin(client)
    for _ in range(3):
        for _ in range(4):
            assert text_of(deposit(client, headers, NEW), 403) == INVALID
        assert opens(client, headers, PIN)


def test_a_lock_is_for_one_account(client: TestClient) -> None:
    # contract: B6
    nuwe, ana = with_pin(client), with_pin(client, email="ana@nuwe.com", phoneNumber="2")
    for _ in range(6):
        deposit(client, nuwe, NEW)
    assert text_of(deposit(client, nuwe), 403) == LOCKED
    assert opens(client, ana, PIN)


@pytest.mark.parametrize("pin", [pin for pin in NO_PINS if pin])
def test_what_can_be_no_pin_is_wrong_and_no_guess(client: TestClient, pin: object) -> None:
    # contract: B6
    headers = with_pin(client)
    for _ in range(6):
        assert text_of(update(client, headers, old=pin), 403) == INVALID
    assert opens(client, headers, PIN)


def test_guesses_at_once_get_no_more_tries_than_one_by_one(stored: Hucha, stored_client: TestClient) -> None:
    # contract: B6
    headers = with_pin(stored_client)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: update(stored_client, headers, old=NEW), range(24)))
    assert Counter(text_of(answer, 403) for answer in answers) == {INVALID: 5, LOCKED: 19}
    assert text_of(update(stored_client, headers), 403) == LOCKED


def test_guesses_at_once_on_two_routes_share_their_tries(stored: Hucha, stored_client: TestClient) -> None:
    # contract: B6, B7
    headers = with_pin(stored_client)

    def guess(nth: int) -> str:
        answer = deposit(stored_client, headers, NEW) if nth % 2 else update(stored_client, headers, old=NEW)
        return text_of(answer, 403)

    with ThreadPoolExecutor(8) as threads:
        assert Counter(threads.map(guess, range(20))) == {INVALID: 5, LOCKED: 15}


def test_pins_made_at_once_are_one(stored: Hucha, stored_client: TestClient) -> None:
    # contract: B6
    headers = signed_in(stored_client)
    pins = [f"100{number}" for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda pin: create(stored_client, headers, pin), pins))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 7}
    won = next(pin for pin, answer in zip(pins, answers, strict=True) if answer.status_code == 200)
    assert opens(stored_client, headers, won)


# Forgotten.


def test_a_forgotten_pin_is_reset_and_the_customer_told(client: TestClient, hucha: Hucha) -> None:
    # contract: B6, G11
    headers = with_pin(client)
    answer = reset(client, headers, new_otp(client, hucha))
    assert (answer.status_code, answer.json) == (200, {"msg": "PIN reset successfully"})
    assert opens(client, headers, NEW)
    assert not opens(client, headers, PIN)
    letter = letters(hucha)[-1]
    assert (letter.recipient, letter.subject, letter.body) == ("nuwe@nuwe.com", "PIN Changed", CHANGED_BODY)


def test_a_reset_lifts_the_lock(client: TestClient, hucha: Hucha) -> None:
    # contract: B6
    headers = with_pin(client)
    for _ in range(5):
        deposit(client, headers, NEW)
    assert text_of(deposit(client, headers), 403) == LOCKED
    assert reset(client, headers, new_otp(client, hucha)).status_code == 200
    assert opens(client, headers, NEW)


def test_a_reset_checks_in_order(client: TestClient, hucha: Hucha) -> None:
    """Empty fields, password, OTP, form of the new PIN, which doesn't use the OTP up."""
    # contract: B6, B5
    headers = with_pin(client)
    otp = new_otp(client, hucha)
    assert text_of(reset(client, headers, another(otp), "", "wrong"), 400) == EMPTY
    assert text_of(reset(client, headers, another(otp), "18", "wrong"), 401) == "Bad credentials"
    assert text_of(reset(client, headers, another(otp), "18"), 400) == "Invalid OTP"
    assert text_of(reset(client, headers, otp, "18"), 400) == MALFORMED
    assert opens(client, headers, PIN)
    assert reset(client, headers, otp).status_code == 200
    assert text_of(reset(client, headers, otp, "2222"), 400) == "Invalid OTP"


def test_a_reset_shares_the_tries_of_the_otp(client: TestClient, hucha: Hucha) -> None:
    # contract: B5, B6
    headers = with_pin(client)
    otp = new_otp(client, hucha)
    for nth in range(5):
        if nth % 2:
            body = {"identifier": "nuwe@nuwe.com", "otp": another(otp)}
            answer = client.simulate_post("/api/auth/password-reset/verify-otp", json=body)
        else:
            answer = reset(client, headers, another(otp))
        assert text_of(answer, 400) == "Invalid OTP"
    assert text_of(reset(client, headers, otp), 400) == "Invalid OTP"
    assert opens(client, headers, PIN)


def test_an_otp_that_gave_a_token_resets_no_pin(client: TestClient, hucha: Hucha) -> None:
    # contract: B5
    headers = with_pin(client)
    otp = new_otp(client, hucha)
    body = {"identifier": "nuwe@nuwe.com", "otp": otp}
    assert client.simulate_post("/api/auth/password-reset/verify-otp", json=body).status_code == 200
    assert text_of(reset(client, headers, otp), 400) == "Invalid OTP"


def test_another_customers_otp_resets_no_pin(client: TestClient, hucha: Hucha) -> None:
    # contract: B6
    headers = with_pin(client)
    signed_in(client, email="eve@nuwe.com", phoneNumber="2")
    assert text_of(reset(client, headers, new_otp(client, hucha, "eve@nuwe.com")), 400) == "Invalid OTP"


def test_an_otp_ends_for_a_pin_too(client: TestClient, hucha: Hucha, clock: SetClock) -> None:
    # contract: B5
    headers = with_pin(client)
    otp = new_otp(client, hucha)
    clock.advance(timedelta(minutes=10))
    assert text_of(reset(client, headers, otp), 400) == "Invalid OTP"


def test_the_database_holds_no_pin(stored: Hucha, stored_client: TestClient) -> None:
    """A keyed hash, another one for each account and each time."""
    # contract: B6
    headers = with_pin(stored_client)
    with_pin(stored_client, email="ana@nuwe.com", phoneNumber="2")
    kept = stored.storage.read(lambda tx: [tx.users.lock({id})[id].pin.keyed_hash for id in (1, 2)])
    assert kept[0].rpartition("$")[2] != kept[1].rpartition("$")[2]
    assert update(stored_client, headers, new=PIN).status_code == 200
    assert stored.storage.read(lambda tx: tx.users.lock({1})[1].pin.keyed_hash) not in kept
    assert login(stored_client).status_code == 200
