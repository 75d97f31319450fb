"""Customers over HTTP: how tests register them, sign them in and read their letters."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from falcon.testing import Result, TestClient

from adapters.memory.clock import SetClock
from adapters.memory.mailer import RecordingMailer
from domain.model.mail import Mail
from domain.use_cases.notifying.deliver_mail import DeliverMail
from domain.use_cases.notifying.queue_mail import MAIL
from entrypoints.composition import Hucha, build_in_memory
from entrypoints.settings import Settings
from tests.customers import EMAIL, NUWE, PASSWORD, PIN

BLANKS = (None, "", " ", "\t\r\n", "\u3000")
"""What counts as empty (contract G4)."""

AFAR = "203.0.113.9"
"""An address that isn't on loopback."""


def quick_bank(clock: SetClock, **settings: Any) -> Hucha:
    """A bank in memory with quick hashes, and without rate limits unless they are asked for."""
    return build_in_memory(Settings(**{"bcrypt_rounds": 4, "rate_limits": False, **settings}), clock, RecordingMailer())


def stored_settings(database: Path, mail_dir: Path, **settings: Any) -> Settings:
    """Those of a bank over an SQLite file; enough threads that eight passwords at once are no crowd."""
    defaults = {"threads": 24, "bcrypt_rounds": 4, "rate_limits": False}
    return Settings(**{**defaults, "database_url": f"sqlite:///{database}", "mail_dir": mail_dir, **settings})


def register(client: TestClient, **changes: Any) -> str:
    """Make seed B's customer, but for these changes; returns the account number."""
    answer = client.simulate_post("/api/users/register", json={**NUWE, **changes})
    assert answer.status_code == 200, answer.text
    return answer.json["accountNumber"]


def login(client: TestClient, identifier: str = EMAIL, password: str = PASSWORD, **options: Any) -> Result:
    return client.simulate_post("/api/users/login", json={"identifier": identifier, "password": password}, **options)


def headers_of(login: Result) -> dict[str, str]:
    """The headers of whoever signed in by this."""
    assert login.status_code == 200, login.text
    return {"Authorization": f"Bearer {login.json['token']}"}


def signed_in(client: TestClient, **changes: Any) -> dict[str, str]:
    """The headers of a new customer."""
    register(client, **changes)
    return headers_of(login(client, changes.get("email", EMAIL), changes.get("password", PASSWORD)))


def with_pin(client: TestClient, pin: str = PIN, **changes: Any) -> dict[str, str]:
    """The headers of a new customer who has a PIN."""
    headers = signed_in(client, **changes)
    body = {"pin": pin, "password": changes.get("password", PASSWORD)}
    assert client.simulate_post("/api/account/pin/create", json=body, headers=headers).status_code == 200
    return headers


def is_signed_in(client: TestClient, headers: dict[str, str]) -> bool:
    """Whether these headers open a private route."""
    return client.simulate_get("/api/dashboard/account", headers=headers).status_code == 200


def letters(hucha: Hucha) -> list[Mail]:
    """Every letter that a bank in memory has sent, once it has done what is due."""
    now = hucha.due_work.clock.now()
    next_due = hucha.due_work.run_once(now)
    while next_due is not None and next_due <= now:
        next_due = hucha.due_work.run_once(now)
    handler = hucha.due_work.handlers[MAIL]
    assert isinstance(handler, DeliverMail)
    assert isinstance(handler.mailer, RecordingMailer)
    return handler.mailer.sent


def latest_otp(hucha: Hucha) -> str:
    """The one-time password of the newest letter."""
    name, _, otp = letters(hucha)[-1].body.partition(":")
    assert name == "OTP"
    return otp


def send_otp(client: TestClient, identifier: str = EMAIL, **options: Any) -> Result:
    return client.simulate_post("/api/auth/password-reset/send-otp", json={"identifier": identifier}, **options)


def new_otp(client: TestClient, hucha: Hucha, identifier: str = EMAIL) -> str:
    """Ask for a one-time password and read it."""
    answer = send_otp(client, identifier)
    assert answer.status_code == 200, answer.text
    return latest_otp(hucha)


def another(digits: str) -> str:
    """As many digits, but others."""
    return digits[:-1] + str((int(digits[-1]) + 1) % 10)


def text_of(answer: Result, status: int) -> str:
    """The sentence of an error in B's form: `text/plain`, and nothing of a crash."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text.strip()
    assert "Traceback" not in answer.text
    return answer.text


def content_of(database: Path) -> list[str]:
    """All that an SQLite file holds, as SQL."""
    with closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())
