"""Passwords, PINs, one-time passwords and tokens stay secret (contract A3, B5, B6, D10, D12)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from falcon.testing import Result, TestClient

from adapters.memory.clock import SetClock
from entrypoints.composition import Hucha, build
from tests.customers import EMAIL
from tests.http.signing_in import another, new_otp, quick_bank, register, stored_settings, with_pin

PASSWORD = "Zq7$sesame"
OTHER_PASSWORD = "Xw9$sesame"
WRONG_PASSWORD = "Kv3$sesame"
PIN = "7351"
OTHER_PIN = "7352"
WRONG_PIN = "9463"
SECRETS = (PASSWORD, OTHER_PASSWORD, WRONG_PASSWORD, "sesame")


@pytest.fixture
def hucha(clock: SetClock) -> Hucha:
    return quick_bank(clock)


@pytest.fixture
def stored(database: Path, tmp_path: Path) -> Iterator[Hucha]:
    hucha = build(stored_settings(database, tmp_path / "mail"))
    yield hucha
    hucha.close()


def refusals(client: TestClient, otp: str) -> list[Result]:
    """One refusal of each kind that a secret is sent with."""
    headers = with_pin(client, PIN, email="ana@nuwe.com", phoneNumber="2", password=PASSWORD)
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("/api/users/login", {"identifier": EMAIL, "password": WRONG_PASSWORD}),
        ("/api/users/login", {"identifier": "nobody@nuwe.com", "password": WRONG_PASSWORD}),
        ("/api/auth/login", {"email": EMAIL, "password": WRONG_PASSWORD}),
        ("/api/auth/register", {"email": "x@nuwe.com", "name": "x", "password": "sesame"}),
        ("/api/auth/register", {"email": EMAIL, "name": "x", "password": PASSWORD}),
        ("/api/users/register", {"password": [PASSWORD], "name": "x", "email": "x", "address": "x", "phoneNumber": 1}),
        ("/api/auth/refresh", {"refresh_token": "hucha_sesame"}),
        ("/api/auth/password-reset/verify-otp", {"identifier": EMAIL, "otp": another(otp)}),
        (
            "/api/auth/password-reset",
            {"identifier": EMAIL, "resetToken": "sesame", "newPassword": OTHER_PASSWORD},
        ),
        ("/api/users/change-password", {"oldPassword": WRONG_PASSWORD, "newPassword": OTHER_PASSWORD}),
        ("/api/users/change-password", {"oldPassword": PASSWORD, "newPassword": "sesame sesame"}),
        ("/api/account/pin/create", {"pin": PIN, "password": WRONG_PASSWORD}),
        ("/api/account/pin/create", {"pin": OTHER_PIN, "password": PASSWORD}),
        ("/api/account/pin/update", {"oldPin": WRONG_PIN, "newPin": OTHER_PIN, "password": PASSWORD}),
        ("/api/account/pin/update", {"oldPin": PIN, "newPin": f"{OTHER_PIN}0", "password": PASSWORD}),
        ("/api/account/pin/reset", {"otp": another(otp), "newPin": OTHER_PIN, "password": PASSWORD}),
        ("/api/account/deposit", {"pin": WRONG_PIN, "amount": 1}),
    ]
    answers = [client.simulate_post(path, json=body, headers=headers) for path, body in bodies]
    denied = {"Authorization": f"{headers['Authorization']}sesame"}
    answers.append(client.simulate_get("/api/dashboard/user", headers=denied))
    answers.append(client.simulate_post("/api/users/login", body=b'{"password": "sesame"'))
    return answers


def test_no_refusal_says_a_secret_again(client: TestClient, hucha: Hucha) -> None:
    # contract: D12, G4
    register(client, password=PASSWORD)
    otp = new_otp(client, hucha)
    for answer in refusals(client, otp):
        assert 400 <= answer.status_code < 500, answer.text
        said = f"{answer.text} {answer.headers}"
        assert not [secret for secret in (*SECRETS, PIN, OTHER_PIN, WRONG_PIN, otp) if secret in said.split("x-req")[0]]


def test_no_log_holds_a_secret(client: TestClient, hucha: Hucha, caplog: pytest.LogCaptureFixture) -> None:
    # contract: D12
    caplog.set_level(logging.DEBUG)
    register(client, password=PASSWORD)
    signed_in = client.simulate_post("/api/users/login", json={"identifier": EMAIL, "password": PASSWORD})
    otp = new_otp(client, hucha)
    refusals(client, otp)
    answer = client.simulate_post("/api/auth/password-reset/verify-otp", json={"identifier": EMAIL, "otp": otp})
    token = answer.json["passwordResetToken"]
    body = {"identifier": EMAIL, "resetToken": token, "newPassword": OTHER_PASSWORD}
    assert client.simulate_post("/api/auth/password-reset", json=body).status_code == 200
    secrets = (*SECRETS, token, signed_in.json["token"], signed_in.cookies["refresh_token"].value, f"OTP:{otp}")
    for record in caplog.records:
        line = f"{record.getMessage()} {record.__dict__}"
        assert not [secret for secret in secrets if secret in line]
    assert [record for record in caplog.records if record.getMessage().startswith("access denied: GET")]


def test_a_crash_tells_no_secret(client: TestClient, clock: SetClock, caplog: pytest.LogCaptureFixture) -> None:
    """A clock that shows nonsense breaks what asks it."""
    # contract: D12, G4
    headers = with_pin(client, PIN, password=PASSWORD)
    clock.set("no instant")  # type: ignore[arg-type]  # that is the point
    bodies = {
        "/api/users/login": {"identifier": EMAIL, "password": PASSWORD},
        "/api/auth/password-reset/send-otp": {"identifier": EMAIL},
        "/api/users/change-password": {"oldPassword": PASSWORD, "newPassword": OTHER_PASSWORD},
    }
    for path, body in bodies.items():
        answer = client.simulate_post(path, json=body, headers=headers)
        assert (answer.status_code, answer.text) == (500, "Something went wrong on our side.")
    assert caplog.text.count("Traceback") == len(bodies)
    token = headers["Authorization"].removeprefix("Bearer ")
    assert not [secret for secret in (*SECRETS, token) if secret in caplog.text]


def test_the_database_holds_no_password_pin_or_otp_in_the_clear(stored: Hucha, stored_client: TestClient) -> None:
    # contract: A3, B5, B6, D10
    with_pin(stored_client, PIN, password=PASSWORD, address="17 Sesame Street", phoneNumber="655 501 177")
    stored_client.simulate_post("/api/auth/password-reset/send-otp", json={"identifier": EMAIL})
    folder = Path(stored.settings.database_url.removeprefix("sqlite:///")).parent
    kept = b"".join(path.read_bytes() for path in folder.glob("hucha.db*"))
    assert EMAIL.encode() in kept
    for secret in (PASSWORD, "sesame", "17 Sesame", "655 501 177", "655501177", "OTP:"):
        assert secret.encode() not in kept
