"""Keys that are rotated, codes that end with a password, and the trail that sign-ins leave in the log."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from falcon.testing import TestClient

from adapters.memory.clock import SetClock
from entrypoints.composition import Hucha, build
from entrypoints.http.app import create_app
from tests.customers import EMAIL, NEW_PASSWORD, PASSWORD, PIN
from tests.http.signing_in import (
    AFAR,
    another,
    headers_of,
    letters,
    login,
    new_otp,
    quick_bank,
    register,
    signed_in,
    stored_settings,
    text_of,
    with_pin,
)

OLD, NEW = b"o" * 32, b"n" * 32


@pytest.fixture
def hucha(clock: SetClock) -> Hucha:
    return quick_bank(clock)


def test_whoever_signs_in_and_gives_the_pin_needs_the_old_key_no_more(tmp_path: Path) -> None:
    # contract: G7
    def bank(*keys: bytes, **settings: Any) -> TestClient:
        url_and_mail = tmp_path / "hucha.db", tmp_path / "mail"
        return TestClient(create_app(build(stored_settings(*url_and_mail, secret_key=keys, **settings))))

    def deposit(client: TestClient) -> int:
        body = {"pin": PIN, "amount": 1}
        return client.simulate_post("/api/account/deposit", json=body, headers=headers_of(login(client))).status_code

    with_pin(bank(OLD))
    assert deposit(bank(NEW, OLD)) == 200
    assert deposit(bank(NEW)) == 200


def test_a_key_that_is_gone_too_early_is_our_failure_and_no_wrong_password(tmp_path: Path) -> None:
    # contract: G7, B3, B6
    settings = stored_settings(tmp_path / "hucha.db", tmp_path / "mail", secret_key=(OLD,))
    register(TestClient(create_app(build(settings))))
    build(stored_settings(tmp_path / "hucha.db", tmp_path / "mail", secret_key=(NEW, OLD))).close()
    late = TestClient(create_app(build(stored_settings(tmp_path / "hucha.db", tmp_path / "mail", secret_key=(NEW,)))))
    answer = login(late)
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers


def test_codes_from_before_a_password_change_are_worth_nothing(client: TestClient, hucha: Hucha) -> None:
    # contract: B5
    headers = signed_in(client)
    otp = new_otp(client, hucha)
    verified = client.simulate_post("/api/auth/password-reset/verify-otp", json={"identifier": EMAIL, "otp": otp})
    token = verified.json["passwordResetToken"]
    change = {"oldPassword": PASSWORD, "newPassword": NEW_PASSWORD}
    assert client.simulate_post("/api/users/change-password", json=change, headers=headers).status_code == 200
    body = {"identifier": EMAIL, "resetToken": token, "newPassword": PASSWORD}
    assert text_of(client.simulate_post("/api/auth/password-reset", json=body), 400) == "Invalid reset token"


def test_a_pin_that_is_updated_to_itself_sends_no_letter(client: TestClient, hucha: Hucha) -> None:
    # contract: G11
    headers = with_pin(client)
    for new, count in ((PIN, 0), (another(PIN), 1)):
        body = {"oldPin": PIN, "newPin": new, "password": PASSWORD}
        assert client.simulate_post("/api/account/pin/update", json=body, headers=headers).status_code == 200
        assert len([one for one in letters(hucha) if one.subject == "PIN Changed"]) == count


def test_sign_ins_and_failures_leave_a_trail_without_secrets(
    client: TestClient, hucha: Hucha, caplog: pytest.LogCaptureFixture
) -> None:
    """OWASP ASVS 5, 16.3.1."""
    with caplog.at_level(logging.INFO, "hucha.http"):
        headers = with_pin(client)
        login(client, password="wrong-Password1$")
        login(client, "nobody@nowhere.org")
        client.simulate_post("/api/account/deposit", json={"pin": "9999", "amount": 1}, headers=headers)
        new_otp(client, hucha)
        client.simulate_post("/api/auth/password-reset/verify-otp", json={"identifier": EMAIL, "otp": "x"})
    trail = [(record.getMessage(), getattr(record, "reason", None)) for record in caplog.records]
    for what in (
        ("signed in: POST /api/users/login from 127.0.0.1", None),
        ("created the PIN: POST /api/account/pin/create from 127.0.0.1", None),
        ("access denied: POST /api/users/login from 127.0.0.1", "BadCredentials"),
        ("access denied: POST /api/users/login from 127.0.0.1", "UnknownUser"),
        ("access denied: POST /api/account/deposit from 127.0.0.1", "InvalidPin"),
        ("access denied: POST /api/auth/password-reset/verify-otp from 127.0.0.1", "InvalidOtp"),
    ):
        assert what in trail
    assert not any(secret in str(trail) for secret in (EMAIL, PASSWORD, "9999", "nowhere.org"))


@pytest.mark.parametrize(
    ("addresses", "together"),
    [
        (["2001:db8::1", "2001:db8::ffff", "2001:db8:0:0:1::"], True),
        (["2001:db8::1", "2001:db8:0:1::1"], False),
        (["::ffff:203.0.113.9", AFAR], True),
        ([AFAR, "203.0.113.10"], False),
    ],
)
def test_tries_count_by_network(addresses: list[str], together: bool, clock: SetClock) -> None:
    # contract: G10
    client = TestClient(create_app(quick_bank(clock, rate_limits=True, login_rate=3)))
    register(client)
    for _ in range(3):
        assert login(client, password="x", extras={"REMOTE_ADDR": addresses[0]}).status_code == 401
    for address in addresses[1:]:
        answer = login(client, password="x", extras={"REMOTE_ADDR": address})
        assert answer.status_code == (429 if together else 401)


def test_tries_by_email_and_by_account_number_count_together(clock: SetClock) -> None:
    # contract: G10
    client = TestClient(create_app(quick_bank(clock, rate_limits=True, login_rate=4)))
    number = register(client)
    answers = [login(client, (EMAIL, number, EMAIL.upper())[turn % 3], "x").status_code for turn in range(5)]
    assert answers == [401, 401, 401, 401, 429]


@pytest.mark.parametrize(
    "email", ["x<victim@bank.com", "a@x.com>", "eve@x.com,victim", '"a"@x.com', "=?utf-8?q?a?=@x.com"]
)
def test_no_address_can_pass_for_another_in_a_header(client: TestClient, email: str) -> None:
    # contract: B1, G11
    answer = client.simulate_post("/api/auth/register", json={"email": email, "password": PASSWORD, "name": "Eve"})
    assert text_of(answer, 400) == f"Invalid email: {email}"
