"""The letters that alerts send: to the letter, and exactly one for each firing. Source: seed A, task 6."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import attrs
import pytest

from adapters.memory.clock import SetClock
from adapters.memory.mailer import RecordingMailer
from domain.model.errors import MailUnavailable
from domain.model.mail import Mail
from domain.use_cases.jobs.run_due_work import InlineExecutor, RunDueWork
from domain.use_cases.notifying.deliver_mail import DeliverMail
from domain.use_cases.notifying.queue_mail import MAIL
from entrypoints.composition import Hucha, build, build_in_memory
from entrypoints.settings import Settings
from tests.http.accounts import Customer, at_once, open_account
from tests.http.notifying.alerts import drop, fired, savings, spend
from tests.http.signing_in import headers_of, letters, login

SAVINGS_LETTER = """\
Dear Nuwe Test,

Great news! Your savings are nearing the target amount of 5000.00.
Keep up the great work and stay consistent!

Best Regards,
The Management Team
"""

DROP_LETTER = """\
Dear Nuwe Test,

We noticed a significant balance drop in your account more than 100.50.
If this wasn't you, please review your recent transactions to ensure everything is correct.

Best Regards,
The Management Team
"""

EVERY_ALERT = ("Savings Alert", "Balance Drop Alert")


def sent(hucha: Hucha) -> list[Mail]:
    """Every alert's letter."""
    return [letter for letter in letters(hucha) if letter.subject in EVERY_ALERT]


def test_a_savings_alert_to_the_letter(ana: Customer) -> None:
    # contract: A11
    savings(ana, 5000, 1500)
    spend(ana, -500)
    (letter,) = sent(ana.hucha)
    assert (letter.recipient, letter.subject, letter.body) == ("ana@nuwe.com", "Savings Alert", SAVINGS_LETTER)


def test_a_balance_drop_alert_to_the_letter(ana: Customer) -> None:
    # contract: A11
    drop(ana, "100.5")
    spend(ana, 500)
    (letter,) = sent(ana.hucha)
    assert (letter.recipient, letter.subject, letter.body) == ("ana@nuwe.com", "Balance Drop Alert", DROP_LETTER)


@pytest.mark.parametrize(
    ("amount", "written"),
    [(1, "1.00"), (0.1, "0.10"), ("0.01", "0.01"), ("0500", "500.00"), ("9999999999.99", "9999999999.99")],
)
def test_amounts_have_two_decimals(ana: Customer, amount: object, written: str) -> None:
    # contract: A11
    savings(ana, amount, 1)
    drop(ana, amount)
    spend(ana, -1)
    spend(ana, "9999999999.99")
    assert [re.search(r"[0-9.]+(?=\.\n)", letter.body)[0] for letter in sent(ana.hucha)] == [written] * 2


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Ana Núñez 日本", "Ana Núñez 日本"),
        ("{amount} {0} %s {name.__class__}", "{amount} {0} %s {name.__class__}"),
        ("Ana\r\nBcc: eve@x.org\x7f\t\x1b\x85\u2028", "AnaBcc: eve@x.org"),
    ],
)
def test_the_name_is_the_users_without_control_characters(hucha: Hucha, name: str, written: str) -> None:
    # contract: A11, G11
    ana = open_account(hucha, "ana")
    body = {"name": name, "email": "named@nuwe.com", "password": "NuweTest1$"}
    assert ana.client.simulate_post("/api/auth/register", json=body).status_code == 201
    token = headers_of(login(ana.client, "named@nuwe.com"))["Authorization"].removeprefix("Bearer ")
    named = attrs.evolve(ana, token=token)
    savings(named, 1, 1)
    drop(named, 1)
    spend(named, -1)
    spend(named, 1)
    first_lines = {letter.body.split("\n")[0] for letter in sent(hucha)}
    assert len(sent(hucha)) == 2
    assert first_lines == {f"Dear {written},"}
    assert {letter.recipient for letter in sent(hucha)} == {"named@nuwe.com"}


def test_exactly_one_letter_for_each_firing(ana: Customer) -> None:
    # contract: A8, A11
    savings(ana, 5000, 1500)
    drop(ana, 100)
    counts = []
    for amount in (-500, -1, "1.01", -1, 99, 1, 200):
        spend(ana, amount)
        counts.append(len(sent(ana.hucha)))
        assert len(fired(ana)) == counts[-1]
    assert counts == [1, 1, 1, 2, 2, 3, 4]
    subjects = [letter.subject for letter in sent(ana.hucha)]
    assert subjects == ["Savings Alert", "Savings Alert", "Balance Drop Alert", "Balance Drop Alert"]


def test_every_letter_has_an_id_of_its_own(ana: Customer) -> None:
    # contract: A11
    for _ in range(2):
        savings(ana, 5000, 1500)
        drop(ana, 100)
    for amount in (-500, 100, -100, 100):
        spend(ana, amount)
    found = [letter.message_id for letter in sent(ana.hucha)]
    assert len(found) == len(set(found)) == 8
    for message_id in found:
        assert re.fullmatch(r"<[!-;=?-~]+@hucha>", message_id)


def test_movements_of_b_send_letters_to_both_sides(hucha: Hucha, ana: Customer) -> None:
    # contract: A11
    ben = open_account(hucha, "ben", "1000.00")
    savings(ana, 5000, 1500)
    drop(ana, 100)
    savings(ben, 5000, 1100)
    ana.deposit(500)
    ana.withdraw(100)
    ana.transfer(ben, 100)
    assert [(letter.recipient.partition("@")[0], letter.subject) for letter in sent(hucha)] == [
        ("ana", "Savings Alert"),
        ("ana", "Balance Drop Alert"),
        ("ana", "Balance Drop Alert"),
        ("ben", "Savings Alert"),
    ]


def test_no_letter_when_nothing_was_booked(ana: Customer) -> None:
    # contract: A11
    savings(ana, 5000, 1)
    drop(ana, 1)
    ana.withdraw("1000.01")
    ana.transfer(ana, 5)
    ana.deposit("9999999999999.99")
    ana.ask("/api/transactions", {"amount": "-9999999999999.99", "category": "food"})
    assert sent(ana.hucha) == []
    assert ana.balance() == 1000


def test_a_retried_payment_sends_no_second_letter(ana: Customer) -> None:
    # contract: A11, G8
    drop(ana, 100)
    body = {"amount": 100, "category": "food"}
    for _ in range(3):
        assert ana.ask("/api/transactions", body, "k").status_code == 201
    assert (len(sent(ana.hucha)), len(fired(ana))) == (1, 1)


@attrs.define
class Moody:
    """A mail server that doesn't answer until it is told to."""

    works: bool = False
    tried: list[Mail] = attrs.field(factory=list)

    def send(self, mail: Mail) -> None:
        self.tried.append(mail)
        if not self.works:
            raise MailUnavailable("no answer")


def test_a_dead_mail_server_delays_no_answer_and_loses_no_letter(clock: SetClock) -> None:
    # contract: A11
    mailer = Moody()
    hucha = build_in_memory(Settings(bcrypt_rounds=4), clock, mailer)
    ana = open_account(hucha, "ana", "1000.00")
    drop(ana, "100.5")
    spend(ana, 500)
    assert mailer.tried == [], "the answer was there before the letter"
    run(hucha.due_work)
    assert len(mailer.tried) == 1
    mailer.works = True
    clock.advance(timedelta(hours=1))
    run(hucha.due_work)
    first, second = mailer.tried
    assert first == second, "the same letter, under the same id"
    assert second.body == DROP_LETTER
    clock.advance(timedelta(days=1))
    run(hucha.due_work)
    assert len(mailer.tried) == 2


def run(due_work: RunDueWork) -> None:
    """All that is due now."""
    now = due_work.clock.now()
    next_due = due_work.run_once(now)
    while next_due is not None and next_due <= now:
        next_due = due_work.run_once(now)


class TestOverADatabase:
    @pytest.fixture
    def bank(self, database: Path) -> Iterator[Hucha]:
        settings = Settings(
            database_url=f"sqlite:///{database}", threads=10, bcrypt_rounds=4, mail_dir=database.parent / "mail"
        )
        hucha = build(settings)
        yield hucha
        hucha.close()

    @pytest.fixture
    def ana(self, bank: Hucha) -> Customer:
        return open_account(bank, "ana", "1000.00")

    def outbox(self, database: Path) -> list[tuple[str, str]]:
        with closing(sqlite3.connect(database)) as connection:
            return connection.execute("SELECT message_id, subject FROM outbox ORDER BY id").fetchall()

    @pytest.mark.parametrize("table", ["outbox", "notifications", "idempotency_keys"])
    def test_a_payment_that_fails_half_way_sends_nothing(self, ana: Customer, database: Path, table: str) -> None:
        # contract: A11
        savings(ana, 5000, 1)
        drop(ana, 100)
        told = ana.told()
        with closing(sqlite3.connect(database)) as connection:
            connection.execute(f"CREATE TRIGGER no AFTER INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END")
        body = {"amount": 500, "category": "food"}
        assert ana.ask("/api/transactions", body, "k").status_code == 500
        assert (self.outbox(database), ana.told(), ana.balance()) == ([], told, 1000)
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("DROP TRIGGER no")
        assert ana.ask("/api/transactions", body, "k").status_code == 201
        assert [subject for _, subject in self.outbox(database)] == list(EVERY_ALERT)
        assert sorted(one.kind for one in ana.told() if one not in told) == [
            "balance_drop",
            "fraud_flag",
            "savings_alert",
        ]

    def test_the_letter_is_in_the_outbox_with_the_payment_and_goes_out_once(
        self, ana: Customer, bank: Hucha, database: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # contract: A11
        drop(ana, "100.5")
        spend(ana, 500)
        ((message_id, subject),) = self.outbox(database)
        assert subject == "Balance Drop Alert"
        mailer = RecordingMailer()
        due_work = attrs.evolve(bank.due_work, handlers={MAIL: DeliverMail(mailer)}, executor=InlineExecutor())
        run(due_work)
        (letter,) = [one for one in mailer.sent if one.subject == subject]
        assert (letter.message_id, letter.recipient, letter.body) == (message_id, ana.email, DROP_LETTER)
        assert self.outbox(database) == []

    def test_raced_by_eight_there_is_one_letter_for_each_firing(self, ana: Customer, database: Path) -> None:
        # contract: A11
        drop(ana, 75)
        savings(ana, 5000, 1)
        at_once(8, lambda _: spend(ana, 10))
        found = self.outbox(database)
        assert sorted(subject for _, subject in found) == sorted(EVERY_ALERT)
        assert len(found) == len(fired(ana)) == 2
