"""What a customer was given is theirs after a power cut too (contract B6, D2, G7, G8, R5)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from tests.customers import PASSWORD, PIN

from .processes import Serving
from .served_customers import CHEAP, ask_once, balance, history, new_customer

DEPOSIT = "/api/account/deposit"


def test_tokens_live_and_die_over_a_kill(tmp_path: Path) -> None:
    # contract: B4, D2, G7, R5
    with Serving(tmp_path, **CHEAP) as server:
        ana = new_customer(server)
        login = ask_once(server, "POST", "/api/auth/login", {"email": ana.email, "password": PASSWORD})
        refresh = {"refresh_token": login.headers["Set-Cookie"].split(";")[0].removeprefix("refresh_token=")}
        ended = new_customer(server, 2)
        assert ask_once(server, "GET", "/api/users/logout", None, ended).status == 200
        server.kill()
    with Serving(tmp_path, **CHEAP) as server:
        shown = ask_once(server, "GET", "/api/dashboard/user", None, ana)
        assert (shown.status, shown.json["accountNumber"]) == (200, ana.account_number)
        assert ask_once(server, "GET", "/api/dashboard/user", None, ended).status == 401
        assert ask_once(server, "POST", "/api/auth/refresh", refresh).status == 200
        server.kill()
    with Serving(tmp_path, **CHEAP) as server:
        assert ask_once(server, "POST", "/api/auth/refresh", refresh).status == 401, "it was used before the kill"


def test_wrong_pins_count_on_and_a_locked_pin_stays_locked_over_a_kill(tmp_path: Path) -> None:
    # contract: B6, R5
    wrong, right = {"pin": "0000", "amount": "1.00"}, {"pin": PIN, "amount": "1.00"}
    with Serving(tmp_path, **CHEAP) as server:
        ana = new_customer(server)
        for _ in range(3):
            assert ask_once(server, "POST", DEPOSIT, wrong, ana).text == "Invalid PIN"
        server.kill()
    with Serving(tmp_path, **CHEAP) as server:
        for _ in range(2):
            assert ask_once(server, "POST", DEPOSIT, wrong, ana).text == "Invalid PIN"
        locked = ask_once(server, "POST", DEPOSIT, right, ana)
        assert (locked.status, locked.text) == (403, "PIN locked")
        server.kill()
    with Serving(tmp_path, **CHEAP) as server:
        locked = ask_once(server, "POST", DEPOSIT, right, ana)
        assert (locked.status, locked.text) == (403, "PIN locked")
        assert history(server, ana) == []


def test_an_idempotency_key_is_remembered_over_a_kill(tmp_path: Path) -> None:
    # contract: G8, R5
    body = {"pin": PIN, "amount": "12.50"}
    with Serving(tmp_path, **CHEAP) as server:
        ana = new_customer(server)
        first = ask_once(server, "POST", DEPOSIT, body, ana, key="monday")
        booked = history(server, ana)
        server.kill()
    with Serving(tmp_path, **CHEAP) as server:
        again = ask_once(server, "POST", DEPOSIT, body, ana, key="monday")
        assert (again.status, again.text) == (first.status, first.text) == (200, first.text)
        other = ask_once(server, "POST", DEPOSIT, body | {"amount": "13.00"}, ana, key="monday")
        assert other.status == 422
        assert (history(server, ana), balance(server, ana)) == (booked, Decimal("12.50"))
        assert ask_once(server, "POST", DEPOSIT, body, ana, key="tuesday").status == 200
        assert balance(server, ana) == 25
