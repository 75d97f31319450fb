"""`hucha audit` and `hucha backup`, beside servers that are in use (contract B9, G11, R2)."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.customers import PIN

from .processes import START_SECONDS, Serving, hucha, until
from .served_customers import CHEAP, KEYS, Customer, ask, ask_once, balance, new_customer

MOVEMENTS = 40
"""So many are booked between one copy and the next."""

REFUSALS = [
    ({}, "there.db", "there.db: is there already"),
    ({}, "no/copy.db", "no/copy.db: No such file or directory"),
    ({"DATABASE_URL": "sqlite:///other.db"}, "copy.db", "DATABASE_URL names a file that isn't there."),
    (
        {"DATABASE_URL": "mysql+pymysql://root:s3cret@127.0.0.1/hucha"},
        "copy.db",
        "DATABASE_URL names a server, which has its own tools for backups.",
    ),
]


@pytest.mark.parametrize("by", ["1.00", "0.0001"])
def test_an_audit_finds_a_balance_that_was_changed_by_hand(tmp_path: Path, empty_url: str, by: str) -> None:
    # contract: B9, R2
    environment = {"DATABASE_URL": empty_url, **KEYS, **CHEAP}
    with Serving(tmp_path, **environment) as server:
        ana, ben = new_customer(server, 1, money="100.00"), new_customer(server, 2, money="5.50")
        transfer = {"pin": PIN, "amount": "30.25", "targetAccountNumber": ben.account_number}
        assert ask_once(server, "POST", "/api/account/fund-transfer", transfer, ana).status == 200
        sound = hucha("audit", cwd=tmp_path, **environment)
        assert (sound.returncode, sound.stdout, sound.stderr) == (0, "2 accounts, 0 differences\n", "")
    id = change_balance(empty_url, ben, Decimal(by))
    unsound = hucha("audit", cwd=tmp_path, **environment)
    assert unsound.stderr == ""
    assert unsound.returncode == 1
    told = f"user {id}: the balance is {Decimal('35.75') + Decimal(by)}, what was booked adds up to 35.75"
    assert unsound.stdout == f"{told}\n2 accounts, 1 differences\n"


def test_an_audit_finds_a_holding_that_was_changed_by_hand(tmp_path: Path) -> None:
    # contract: B10, R2
    with Serving(tmp_path, **CHEAP) as server:
        ana = new_customer(server, 1, money="100.00")
        order = {"pin": PIN, "amount": "50.00", "assetSymbol": "GOLD"}
        assert ask_once(server, "POST", "/api/account/buy-asset", order, ana).status == 200
        assert hucha("audit", cwd=tmp_path).stdout == "1 accounts, 0 differences\n"
    with closing(sqlite3.connect(tmp_path / "var" / "hucha.db")) as database, database:
        ((quantity,),) = database.execute("SELECT quantity FROM holdings").fetchall()
        database.execute("UPDATE holdings SET quantity = '1.000000000000', cost = '49.000000000000'")
    unsound = hucha("audit", cwd=tmp_path)
    assert (unsound.returncode, unsound.stdout.splitlines()) == (
        1,
        [
            f"user 1: the quantity of GOLD is 1, what was booked adds up to {quantity.rstrip('0')}",
            "user 1: the cost of GOLD is 49, what was booked adds up to 50.00",
            "1 accounts, 2 differences",
        ],
    )


def change_balance(url: str, customer: Customer, by: Decimal) -> int:
    """Change a balance past every rule, as only somebody at the database can; the user's id."""
    unit = Decimal(10_000) if url.startswith("sqlite") else Decimal(1)  # SQLite keeps ten-thousandths
    engine = create_engine(url)
    whose = {"number": customer.account_number}
    try:
        with engine.begin() as connection:
            statement = f"UPDATE users SET balance = balance + {by * unit:f} WHERE account_number = :number"
            connection.execute(text(statement), whose)
            query = text("SELECT id FROM users WHERE account_number = :number")
            return int(connection.execute(query, whose).scalar_one())
    finally:
        engine.dispose()


def test_a_copy_that_is_made_under_load_is_sound_and_its_owners_alone(tmp_path: Path) -> None:
    # contract: G11, R2
    with Serving(tmp_path, **CHEAP) as server:
        customers = [new_customer(server, number, money="1000.00") for number in range(4)]
        with transfers(server, customers) as done:
            for number in range(3):
                enough = len(done) + MOVEMENTS
                until(lambda enough=enough: len(done) >= enough)
                before = len(done)
                name = f"copy{number}.db"
                copied = hucha("backup", name, cwd=tmp_path)
                assert (copied.returncode, copied.stderr) == (0, "")
                assert copied.stdout.startswith(f"The database is copied to {name}. ")
                check_copy(tmp_path / name, before, len(done) + len(customers))
        server.kill()
    assert not [path.name for path in tmp_path.iterdir() if ".part" in path.name], "no half copy is left"


def check_copy(copy: Path, least: int, most: int) -> None:
    """It opens, it adds up, nobody else can read it, and it holds what was answered before it was made."""
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert not copy.with_name(f"{copy.name}-wal").exists(), "one file is all that there is to keep"
    with closing(sqlite3.connect(f"file:{copy}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT SUM(balance) FROM users").fetchone() == (4 * 1000 * 10_000,)
        ((booked,),) = connection.execute("SELECT COUNT(*) FROM transactions WHERE type = 'CASH_TRANSFER'").fetchall()
    assert least <= booked <= most
    put_keys_beside(copy)
    audited = hucha("audit", cwd=copy.parent, DATABASE_URL=f"sqlite:///{copy}")
    assert (audited.returncode, audited.stdout) == (0, "4 accounts, 0 differences\n")


def put_keys_beside(copy: Path) -> None:
    """As the owner of the copy does, from the other place where they are kept."""
    shutil.copy(copy.parent / "var" / "hucha.keys", copy.with_suffix(".keys"))


@contextmanager
def transfers(server: Serving, customers: Sequence[Customer]) -> Iterator[list[int]]:
    """Each customer sends cents to the next, over and over; the statuses of the answers, as they come."""
    done: list[int] = []
    stopping = threading.Event()

    def send(source: Customer, target: Customer) -> None:
        body = {"pin": PIN, "amount": "0.01", "targetAccountNumber": target.account_number}
        with closing(server.http()) as connection:
            while not stopping.is_set():
                done.append(ask(connection, "POST", "/api/account/fund-transfer", body, source).status)

    pairs = zip(customers, [*customers[1:], customers[0]], strict=True)
    threads = [threading.Thread(target=send, args=pair, daemon=True) for pair in pairs]
    for thread in threads:
        thread.start()
    try:
        yield done
    finally:
        stopping.set()
        for thread in threads:
            thread.join(START_SECONDS)
    assert set(done) == {200}


def test_a_copy_serves_in_place_of_its_original(tmp_path: Path) -> None:
    # contract: G11, D10
    with Serving(tmp_path, **CHEAP) as server:
        ana = new_customer(server, money="12.50")
        assert hucha("backup", "copy.db", cwd=tmp_path).returncode == 0
        ask_once(server, "POST", "/api/account/deposit", {"pin": PIN, "amount": "1.00"}, ana)
    put_keys_beside(tmp_path / "copy.db")
    with Serving(tmp_path, DATABASE_URL="sqlite:///copy.db", **CHEAP) as server:
        assert balance(server, ana) == Decimal("12.50")
        shown = ask_once(server, "GET", "/api/dashboard/user", None, ana)
        assert shown.json["address"] == "Main St", "with its keys, what is encrypted can be read"


@pytest.mark.parametrize(("environment", "target", "sentence"), REFUSALS)
def test_a_copy_that_cant_be_made_is_refused_in_one_sentence(
    tmp_path: Path, environment: dict[str, str], target: str, sentence: str
) -> None:
    # contract: G11
    assert hucha("migrate", cwd=tmp_path).returncode == 0
    (tmp_path / "there.db").write_text("what was there before")
    before = sorted(tmp_path.iterdir())
    refused = hucha("backup", target, cwd=tmp_path, **environment)
    assert (refused.returncode, refused.stdout, refused.stderr) == (1, "", f"hucha: {sentence}\n")
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "there.db").read_text() == "what was there before"
