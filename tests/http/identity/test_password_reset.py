"""A forgotten password and a changed one (contract B1, B2, B5, G7, G11; seed B, task 2)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from uuid import UUID

import pytest
from falcon.testing import Result, TestClient

from adapters.memory.clock import SetClock
from entrypoints.composition import Hucha, build
from tests.customers import EMAIL, NEW_PASSWORD, PASSWORD, PIN
from tests.http.signing_in import (
    BLANKS,
    another,
    headers_of,
    is_signed_in,
    latest_otp,
    letters,
    login,
    new_otp,
    quick_bank,
    register,
    send_otp,
    signed_in,
    stored_settings,
    text_of,
    with_pin,
)

VERIFY = "/api/auth/password-reset/verify-otp"
RESET = "/api/auth/password-reset"
CHANGE = "/api/users/change-password"
UNKNOWN = "User not found for the given identifier: {}"
INVALID_OTP = "Invalid OTP"
INVALID_TOKEN = "Invalid reset token"
CHANGED_BODY = (
    "Dear {},\n\n"
    "Your password was changed.\n"
    "If this wasn't you, please reset your password and contact us at once.\n\n"
    "Best Regards,\nThe Management Team\n"
)


@pytest.fixture
def hucha(clock: SetClock) -> Hucha:
    return quick_bank(clock)


def verify(client: TestClient, otp: object, identifier: object = EMAIL) -> Result:
    return client.simulate_post(VERIFY, json={"identifier": identifier, "otp": otp})


def reset(client: TestClient, token: object, password: object = NEW_PASSWORD, identifier: object = EMAIL) -> Result:
    body = {"identifier": identifier, "resetToken": token, "newPassword": password}
    return client.simulate_post(RESET, json=body)


def change(client: TestClient, headers: dict[str, str], old: object = PASSWORD, new: object = NEW_PASSWORD) -> Result:
    return client.simulate_post(CHANGE, json={"oldPassword": old, "newPassword": new}, headers=headers)


def token_for(client: TestClient, hucha: Hucha, clock: SetClock, identifier: str = EMAIL) -> str:
    """A fresh reset token; a second goes by, so that the newest of two is always the later one."""
    clock.advance(timedelta(seconds=1))
    answer = verify(client, new_otp(client, hucha, identifier), identifier)
    assert answer.status_code == 200, answer.text
    return answer.json["passwordResetToken"]


def works(client: TestClient, password: str, identifier: str = EMAIL) -> bool:
    return login(client, identifier, password).status_code == 200


# The one-time password.


def test_the_letter_is_the_seeds_to_the_letter(client: TestClient, hucha: Hucha) -> None:
    # contract: B5
    register(client)
    answer = send_otp(client)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json == {"message": "OTP sent successfully to: nuwe@nuwe.com"}
    (letter,) = letters(hucha)
    assert (letter.recipient, letter.subject) == (EMAIL, "Password Reset OTP")
    assert re.fullmatch(r"OTP:[0-9]{6}", letter.body)
    assert letter.body.partition(":")[2] not in answer.text


def test_asked_for_by_account_number_the_email_is_masked(client: TestClient, hucha: Hucha) -> None:
    # contract: B5
    number = register(client)
    answer = send_otp(client, number)
    assert answer.json == {"message": "OTP sent successfully to: n***@n***.com"}
    assert letters(hucha)[-1].recipient == EMAIL


def test_an_otp_is_verified_by_whichever_identifier(client: TestClient, hucha: Hucha, clock: SetClock) -> None:
    # contract: B5
    number = register(client)
    assert verify(client, new_otp(client, hucha, number), EMAIL.upper()).status_code == 200
    clock.advance(timedelta(seconds=1))
    assert verify(client, new_otp(client, hucha), number).status_code == 200


def test_the_whole_way_to_a_new_password(client: TestClient, hucha: Hucha) -> None:
    # contract: B5; seed B, "Test New Password"
    register(client)
    answer = verify(client, new_otp(client, hucha))
    assert answer.status_code == 200
    assert list(answer.json) == ["passwordResetToken"]
    token = answer.json["passwordResetToken"]
    assert str(UUID(token)) == token
    done = reset(client, token)
    assert done.status_code == 200
    assert done.headers["Content-Type"] == "application/json"
    assert done.json == {"message": "Password reset successfully"}
    assert works(client, NEW_PASSWORD)
    assert not works(client, PASSWORD)


@pytest.mark.parametrize("identifier", ["eve@nuwe.com", "19b332", "%", "nuwe@nuwe.com "])
def test_an_unknown_identifier_is_said_again(client: TestClient, hucha: Hucha, identifier: str) -> None:
    # contract: B5, B3
    register(client)
    sentence = UNKNOWN.format(identifier)
    assert text_of(send_otp(client, identifier), 400) == sentence
    assert text_of(verify(client, "893392", identifier), 400) == sentence
    token = "9b1ae6c5-c247-434f-a8e7-893b026db107"
    assert text_of(reset(client, token, identifier=identifier), 400) == sentence
    assert not letters(hucha)


@pytest.mark.parametrize("blank", BLANKS)
def test_no_field_may_be_empty(client: TestClient, hucha: Hucha, blank: str | None) -> None:
    # contract: B5, G4
    headers = signed_in(client)
    otp = new_otp(client, hucha)
    answers = [
        client.simulate_post(f"{RESET}/send-otp", json={"identifier": blank}),
        verify(client, blank),
        verify(client, otp, blank),
        reset(client, blank),
        reset(client, "x", blank),
        reset(client, "x", identifier=blank),
        change(client, headers, old=blank),
        change(client, headers, new=blank),
    ]
    assert {text_of(answer, 400) for answer in answers} == {"No empty fields allowed."}
    assert verify(client, otp).status_code == 200


@pytest.mark.parametrize("path", [f"{RESET}/send-otp", VERIFY, RESET])
def test_no_body_lacks_every_field(client: TestClient, path: str) -> None:
    # contract: B5, G4
    assert text_of(client.simulate_post(path), 400) == "No empty fields allowed."


@pytest.mark.parametrize("guess", ["000000", "12345", "1234567", "abcdef", "OTP:{}", "{} ", " {}", "x" * 100_000, "１"])
def test_a_wrong_otp_is_invalid(client: TestClient, hucha: Hucha, guess: str) -> None:
    # contract: B5
    register(client)
    otp = new_otp(client, hucha)
    given = another(otp) if guess == "000000" else guess.format(otp)
    assert text_of(verify(client, given), 400) == INVALID_OTP
    assert verify(client, otp).status_code == 200


def test_there_is_no_otp_before_one_was_sent(client: TestClient) -> None:
    # contract: B5
    register(client)
    assert text_of(verify(client, "893392"), 400) == INVALID_OTP


def test_an_otp_of_another_customer_is_wrong(client: TestClient, hucha: Hucha) -> None:
    # contract: B5
    register(client)
    register(client, email="eve@nuwe.com", phoneNumber="2")
    new_otp(client, hucha)
    eves = new_otp(client, hucha, "eve@nuwe.com")
    if eves != letters(hucha)[0].body[4:]:
        assert text_of(verify(client, eves), 400) == INVALID_OTP


def test_an_otp_lives_ten_minutes(client: TestClient, hucha: Hucha, clock: SetClock) -> None:
    # contract: B5
    register(client)
    first = new_otp(client, hucha)
    clock.advance(timedelta(minutes=10, microseconds=-1))
    assert verify(client, first).status_code == 200
    second = new_otp(client, hucha)
    clock.advance(timedelta(minutes=10))
    assert text_of(verify(client, second), 400) == INVALID_OTP


def test_an_otp_is_used_once(client: TestClient, hucha: Hucha) -> None:
    # contract: B5
    register(client)
    otp = new_otp(client, hucha)
    assert verify(client, otp).status_code == 200
    assert text_of(verify(client, otp), 400) == INVALID_OTP


def test_the_newest_otp_alone_counts(client: TestClient, hucha: Hucha, clock: SetClock) -> None:
    # contract: B5
    register(client)
    older = new_otp(client, hucha)
    clock.advance(timedelta(seconds=1))
    newer = new_otp(client, hucha)
    if older != newer:
        assert text_of(verify(client, older), 400) == INVALID_OTP
    assert verify(client, newer).status_code == 200
    assert text_of(verify(client, older), 400) == INVALID_OTP


def test_an_otp_has_five_tries(client: TestClient, hucha: Hucha, clock: SetClock) -> None:
    # contract: B5
    register(client)
    otp = new_otp(client, hucha)
    for _ in range(4):
        assert text_of(verify(client, another(otp)), 400) == INVALID_OTP
    assert verify(client, otp).status_code == 200
    clock.advance(timedelta(seconds=1))
    otp = new_otp(client, hucha)
    for _ in range(5):
        assert text_of(verify(client, another(otp)), 400) == INVALID_OTP
    assert text_of(verify(client, otp), 400) == INVALID_OTP


def test_five_otps_an_hour_and_no_more(client: TestClient, hucha: Hucha, clock: SetClock) -> None:
    """This bank has its rate limits off: the five are the account's own."""
    # contract: B5, G10
    number = register(client)
    register(client, email="ana@nuwe.com", phoneNumber="2")
    first = clock.now()
    for nth in range(5):
        assert send_otp(client, EMAIL if nth % 2 else number).status_code == 200
        clock.advance(timedelta(minutes=10))
    refused = send_otp(client, number)
    text_of(refused, 429)
    assert refused.headers["Retry-After"] == "600"
    assert len(letters(hucha)) == 5
    assert send_otp(client, "ana@nuwe.com").status_code == 200
    clock.set(first + timedelta(hours=1, milliseconds=-500))
    assert send_otp(client).headers["Retry-After"] == "1"
    clock.set(first + timedelta(hours=1))
    assert send_otp(client).status_code == 200
    assert send_otp(client).headers["Retry-After"] == "600"


def test_a_refused_otp_leaves_the_newest_in_force(client: TestClient, hucha: Hucha, clock: SetClock) -> None:
    # contract: B5
    register(client)
    for _ in range(5):
        otp = new_otp(client, hucha)
        clock.advance(timedelta(seconds=1))
    text_of(send_otp(client), 429)
    assert latest_otp(hucha) == otp
    assert verify(client, otp).status_code == 200


def test_fifteen_wrong_tries_a_day_and_no_more(client: TestClient, hucha: Hucha, clock: SetClock) -> None:
    # contract: B5
    number = register(client)
    began = clock.now()
    for nth in range(3):
        otp = new_otp(client, hucha)
        for _ in range(5):
            assert text_of(verify(client, another(otp), number if nth % 2 else EMAIL), 400) == INVALID_OTP
        clock.advance(timedelta(hours=1))
    clock.set(began + timedelta(hours=23, minutes=59))
    otp = new_otp(client, hucha)
    assert text_of(verify(client, otp), 400) == INVALID_OTP
    clock.set(began + timedelta(days=1, minutes=10, microseconds=1))  # no try of the first within a day
    assert verify(client, new_otp(client, hucha)).status_code == 200


def test_right_tries_are_no_wrong_ones(client: TestClient, hucha: Hucha, clock: SetClock) -> None:
    # contract: B5
    register(client)
    for _ in range(20):
        assert verify(client, new_otp(client, hucha)).status_code == 200
        clock.advance(timedelta(minutes=15))


# The reset token.


def test_a_reset_token_lives_fifteen_minutes(client: TestClient, hucha: Hucha, clock: SetClock) -> None:
    # contract: B5
    register(client)
    token = token_for(client, hucha, clock)
    clock.advance(timedelta(minutes=15))
    assert text_of(reset(client, token), 400) == INVALID_TOKEN
    assert works(client, PASSWORD)
    token = token_for(client, hucha, clock)
    clock.advance(timedelta(minutes=15, microseconds=-1))
    assert reset(client, token).status_code == 200


def test_a_reset_token_is_used_once(client: TestClient, hucha: Hucha, clock: SetClock) -> None:
    # contract: B5
    register(client)
    token = token_for(client, hucha, clock)
    assert reset(client, token).status_code == 200
    assert text_of(reset(client, token, PASSWORD), 400) == INVALID_TOKEN
    assert works(client, NEW_PASSWORD)


@pytest.mark.parametrize("tell", [str.upper, lambda token: token[:-1], lambda token: f"{token} ", lambda _: "x" * 9999])
def test_any_other_token_is_invalid(
    client: TestClient, hucha: Hucha, clock: SetClock, tell: Callable[[str], str]
) -> None:
    # contract: B5
    register(client)
    token = token_for(client, hucha, clock)
    assert text_of(reset(client, tell(token)), 400) == INVALID_TOKEN
    assert works(client, PASSWORD)
    assert reset(client, token).status_code == 200


def test_a_token_of_another_customer_is_invalid(client: TestClient, hucha: Hucha, clock: SetClock) -> None:
    # contract: B5
    register(client)
    register(client, email="eve@nuwe.com", phoneNumber="2")
    token_for(client, hucha, clock)
    eves = token_for(client, hucha, clock, "eve@nuwe.com")
    assert text_of(reset(client, eves), 400) == INVALID_TOKEN
    assert reset(client, eves, identifier="eve@nuwe.com").status_code == 200
    assert works(client, PASSWORD)


def test_the_token_is_looked_at_before_the_password(client: TestClient, hucha: Hucha, clock: SetClock) -> None:
    # contract: B5
    register(client)
    assert text_of(reset(client, "x", "weak"), 400) == INVALID_TOKEN


WEAK = [
    ("nuwetest1$", "Password must contain at least one uppercase letter"),
    ("Nuwetest", "Password must contain at least one digit and one special character"),
    ("Nuwetest1", "Password must contain at least one special character"),
    ("Nuwetest$", "Password must contain at least one digit"),
    ("Nuwetest1 ", "Password cannot contain whitespace"),
    ("A" * 125 + "a1$", "Password must be less than 128 characters long"),
    ("Test1$", "Password must be at least 8 characters long"),
]


def test_a_refused_password_does_not_use_the_token_up(client: TestClient, hucha: Hucha, clock: SetClock) -> None:
    # contract: B5, B2
    register(client)
    token = token_for(client, hucha, clock)
    for password, sentence in WEAK:
        assert text_of(reset(client, token, password), 400) == sentence
    assert works(client, PASSWORD)
    assert reset(client, token).status_code == 200


def test_a_reset_ends_all_sessions_and_is_told_by_mail(client: TestClient, hucha: Hucha, clock: SetClock) -> None:
    # contract: G7, G11, B5, D2
    register(client)
    register(client, email="ana@nuwe.com", phoneNumber="2")
    sessions, ana = [login(client), login(client)], login(client, "ana@nuwe.com")
    assert reset(client, token_for(client, hucha, clock)).status_code == 200
    for one in sessions:
        assert not is_signed_in(client, headers_of(one))
        again = {"refresh_token": one.cookies["refresh_token"].value}
        assert client.simulate_post("/api/auth/refresh", json=again).status_code == 401
    assert is_signed_in(client, headers_of(ana))
    letter = letters(hucha)[-1]
    assert (letter.recipient, letter.subject) == (EMAIL, "Password Changed")
    assert letter.body == CHANGED_BODY.format("Nuwe Test")


def test_a_reset_leaves_the_pin(client: TestClient, hucha: Hucha, clock: SetClock) -> None:
    # contract: B6
    with_pin(client)
    reset(client, token_for(client, hucha, clock))
    body = {"pin": PIN, "amount": 1}
    headers = headers_of(login(client, password=NEW_PASSWORD))
    assert client.simulate_post("/api/account/deposit", json=body, headers=headers).status_code == 200


# The password that is known.


def test_a_change_ends_all_sessions_and_is_told_by_mail(client: TestClient, hucha: Hucha) -> None:
    # contract: B1, G7, G11, D2
    register(client, name="Nuwe\r\nBcc: eve@nuwe.com\u202e Test")
    sessions = [login(client), login(client)]
    answer = change(client, headers_of(sessions[0]))
    assert (answer.status_code, answer.json) == (200, {"message": "Password changed successfully"})
    for one in sessions:
        assert not is_signed_in(client, headers_of(one))
        again = {"refresh_token": one.cookies["refresh_token"].value}
        assert client.simulate_post("/api/auth/refresh", json=again).status_code == 401
    assert works(client, NEW_PASSWORD)
    assert not works(client, PASSWORD)
    (letter,) = letters(hucha)
    assert (letter.recipient, letter.subject) == (EMAIL, "Password Changed")
    assert letter.body == CHANGED_BODY.format("NuweBcc: eve@nuwe.com Test")


def test_a_change_wants_the_old_password(client: TestClient, hucha: Hucha) -> None:
    # contract: B1, G11
    headers = signed_in(client)
    assert text_of(change(client, headers, old=NEW_PASSWORD), 401) == "Bad credentials"
    assert is_signed_in(client, headers)
    assert works(client, PASSWORD)
    assert not letters(hucha)


@pytest.mark.parametrize(("password", "sentence"), WEAK)
def test_a_change_runs_the_password_rules(client: TestClient, hucha: Hucha, password: str, sentence: str) -> None:
    # contract: B1, B2
    headers = signed_in(client)
    assert text_of(change(client, headers, new=password), 400) == sentence
    assert text_of(change(client, headers, old="wrong", new=password), 401) == "Bad credentials"
    assert is_signed_in(client, headers)
    assert not letters(hucha)


# Guesses at once, over a database.


@pytest.fixture
def stored(database: Path, tmp_path: Path) -> Iterator[Hucha]:
    hucha = build(stored_settings(database, tmp_path / "mail"))
    yield hucha
    hucha.close()


def otp_on_file(hucha: Hucha) -> str:
    """The one-time password in the only letter that left the house."""
    hucha.due_work.run_once(hucha.due_work.clock.now())
    (file,) = hucha.settings.mail_dir.glob("*.eml")
    return message_from_bytes(file.read_bytes()).get_payload(decode=True).decode().strip().removeprefix("OTP:")


def test_guesses_at_once_get_no_more_tries_than_one_by_one(stored: Hucha, stored_client: TestClient) -> None:
    # contract: B5, B6
    register(stored_client)
    send_otp(stored_client)
    otp = otp_on_file(stored)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: verify(stored_client, another(otp)), range(24)))
    assert {text_of(answer, 400) for answer in answers} == {INVALID_OTP}
    (code,) = stored.storage.read(lambda tx: tx.codes.since(1, "otp", stored.due_work.clock.now() - timedelta(days=1)))
    assert code.tries == 5
    assert otp not in code.keyed_hash
    assert text_of(verify(stored_client, otp), 400) == INVALID_OTP


def test_an_otp_that_is_verified_at_once_gives_one_token(stored: Hucha, stored_client: TestClient) -> None:
    # contract: B5
    register(stored_client)
    send_otp(stored_client)
    otp = otp_on_file(stored)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: verify(stored_client, otp), range(16)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 15}
    token = next(answer.json["passwordResetToken"] for answer in answers if answer.status_code == 200)
    passwords = [f"{NEW_PASSWORD}{number}" for number in range(2)]
    with ThreadPoolExecutor(2) as threads:
        resets = list(threads.map(lambda password: reset(stored_client, token, password), passwords))
    assert sorted(answer.status_code for answer in resets) == [200, 400]
    assert [works(stored_client, password) for password in passwords] == [one.status_code == 200 for one in resets]


def test_otps_asked_for_at_once_are_five(stored: Hucha, stored_client: TestClient) -> None:
    # contract: B5
    register(stored_client)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: send_otp(stored_client), range(12)))
    assert Counter(answer.status_code for answer in answers) == {200: 5, 429: 7}
