"""One suite for every outbox: what `ports.stores.notifying.outbox` promises."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text

from domain.model.mail import Mail
from ports.storage import Storage, Transaction
from tests.contracts.transactions import NOON, Mishap, run

OTP = Mail("ana@nuwe.com", "Password Reset OTP", "OTP:893392", "message 1")
LONG = Mail("eva@nuwe.com", "Añá " * 60, "Añá 😀\r\n" * 3000, "message 2")


def add(storage: Storage, mail: Mail) -> int:
    return run(storage, lambda tx: tx.outbox.add(mail, NOON))


def get(storage: Storage, mail_id: int) -> Mail | None:
    return storage.read(lambda tx: tx.outbox.get(mail_id))


def depth(storage: Storage) -> int:
    return storage.read(lambda tx: tx.outbox.depth())


def test_letters_come_back_as_they_were_written(storage):
    first, second = add(storage, OTP), add(storage, LONG)
    assert get(storage, first) == OTP
    assert get(storage, second) == LONG
    assert get(storage, second + 1) is None
    assert depth(storage) == 2


def test_a_letter_that_was_sent_is_forgotten(storage):
    first, second = add(storage, OTP), add(storage, LONG)
    run(storage, lambda tx: tx.outbox.remove(first))
    run(storage, lambda tx: tx.outbox.remove(first))
    assert get(storage, first) is None
    assert get(storage, second) == LONG
    assert depth(storage) == 1


def test_no_letter_gets_the_id_of_one_that_was_sent(storage):
    """Who is late to remove the first must not take the second away."""
    first = add(storage, OTP)
    run(storage, lambda tx: tx.outbox.remove(first))
    assert add(storage, LONG) > first


def test_a_letter_is_written_with_what_caused_it_or_not_at_all(storage):
    def work(tx: Transaction) -> None:
        tx.outbox.add(OTP, NOON)
        raise Mishap

    with pytest.raises(Mishap):
        run(storage, work)
    assert depth(storage) == 0


def test_letters_can_not_be_read_in_the_database(url, open_storage):  # contract: D10
    add(open_storage(url), OTP)
    engine = create_engine(url)
    with engine.connect() as connection:
        (row,) = connection.execute(text("SELECT * FROM outbox")).all()
    engine.dispose()
    assert not any("893392" in str(value) or "nuwe" in str(value) for value in row)
