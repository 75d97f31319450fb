"""Customers for the suites of the stores."""

from __future__ import annotations

from decimal import Decimal
from itertools import count

from domain.model.users import Account, Details, HashedPassword, NewUser
from ports.storage import Storage
from tests.contracts.transactions import NOON, run

PASSWORD = HashedPassword("a slow hash", "key 1")

_numbers = count(1)


def new_user(
    email: str | None = None, phone_number: str | None = None, country_code: str | None = None, **details: str
) -> NewUser:
    """A user like no other, but for what is given."""
    number = next(_numbers)
    return NewUser(
        account_number=f"account {number}",
        name=f"Ana {number}",
        email=email or f"ana{number}@nuwe.com",
        password=PASSWORD,
        details=Details(phone_number=phone_number, country_code=country_code, **details),
        created_at=NOON,
    )


def customer(storage: Storage, balance: str = "0.00") -> int:
    """The id of a new customer with so much money."""
    user_id = run(storage, lambda tx: tx.users.add(new_user()))
    assert run(storage, lambda tx: tx.users.move(user_id, Decimal(balance), overdraw=True))
    return user_id


def account(storage: Storage, user_id: int) -> Account:
    return run(storage, lambda tx: tx.users.lock([user_id]))[user_id]


def balance(storage: Storage, user_id: int) -> str:
    return str(storage.read(lambda tx: tx.users.balance(user_id)))
