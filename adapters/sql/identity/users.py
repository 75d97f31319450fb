"""Users and their balances, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, Dialect, Executable, bindparam, select, update
from sqlalchemy.exc import IntegrityError

from adapters.sql.prepared import Prepared
from adapters.sql.rows import (
    account_from_row,
    as_found,
    details_to_row,
    phone_indexes,
    pin_to_row,
    two_decimals,
    user_from_row,
    user_to_row,
)
from adapters.sql.tables import users
from adapters.sql.types import Money
from domain.model.errors import EmailTaken, PhoneTaken
from domain.model.money import AMOUNT_LIMIT, CENT
from domain.model.users import Account, Details, HashedPassword, NewUser, Pin, User, email_key
from ports.security import Vault


class SqlUserStore:
    def __init__(self, connection: Connection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    def add(self, user: NewUser) -> int:
        self._refuse_taken(user)
        try:
            result = self._connection.execute(users.insert(), user_to_row(user, self._vault))
        except IntegrityError:
            self._refuse_taken(user)  # who came in between
            raise
        (user_id,) = result.inserted_primary_key
        return int(user_id)

    def get(self, user_id: int) -> User | None:
        return self._find(users.c.id == user_id)

    def by_email(self, email: str) -> User | None:
        user = self._find(users.c.email_key == email_key(email))
        return user if user is not None and email_key(user.email) == email_key(email) else None

    def by_account_number(self, account_number: str) -> User | None:
        user = self._find(users.c.account_number == account_number)
        return user if user is not None and user.account_number == account_number else None

    def phone_taken(self, phone_number: str, country_code: str | None) -> bool:
        return self._phone_owner(phone_number, country_code) is not None

    def set_password(self, user_id: int, password: HashedPassword, *, instead_of: HashedPassword | None = None) -> bool:
        change = update(users).where(users.c.id == user_id)
        if instead_of is not None:
            change = change.where(users.c.hashed_password == instead_of.hash, users.c.password_key == instead_of.key_id)
        change = change.values(hashed_password=password.hash, password_key=password.key_id)
        return self._connection.execute(change).rowcount == 1

    def set_details(self, user_id: int, details: Details) -> None:
        self._refuse_phone(details, user_id)
        number = select(users.c.account_number).where(users.c.id == user_id)
        account_number = self._connection.execute(number).scalar_one()
        row = details_to_row(details, account_number, self._vault)
        try:
            self._connection.execute(update(users).where(users.c.id == user_id).values(row))
        except IntegrityError:
            self._refuse_phone(details, user_id)
            raise

    def set_pin(self, user_id: int, pin: Pin | None) -> None:
        self._connection.execute(update(users).where(users.c.id == user_id).values(pin_to_row(pin)))

    def account_ids(self, account_numbers: Collection[str]) -> dict[str, int]:
        if not account_numbers:
            return {}
        rows = _ACCOUNT_IDS.all(self._connection, tuple(account_numbers), size=len(account_numbers))
        return {number: user_id for number, user_id in rows if number in account_numbers}

    def balance(self, user_id: int) -> Decimal:
        ((balance,),) = _BALANCE.rows(self._connection, (user_id,))
        return two_decimals(balance)

    def lock(self, user_ids: Collection[int]) -> dict[int, Account]:
        if not user_ids:
            return {}
        accounts = map(account_from_row, _LOCK.rows(self._connection, tuple(user_ids), size=len(user_ids)))
        return {account.user_id: account for account in accounts}

    def move(self, user_id: int, by: Decimal, *, overdraw: bool) -> bool:
        lowest = _LOWEST if overdraw or by >= 0 else _NOTHING
        return _MOVE.execute(self._connection, (by, user_id, lowest, _HIGHEST)) == 1

    def balances(self) -> Iterable[tuple[int, Decimal]]:
        query = select(users.c.id, users.c.balance).order_by(users.c.id)
        return [(user_id, as_found(balance)) for user_id, balance in self._connection.execute(query)]

    def _find(self, which: ColumnElement[bool]) -> User | None:
        row = self._connection.execute(_USER.where(which)).one_or_none()
        return None if row is None else user_from_row(row, self._vault)

    def _phone_owner(self, phone_number: str | None, country_code: str | None) -> int | None:
        """Looked for under every key: an index is made anew only when its user's details change."""
        indexes = phone_indexes(phone_number, country_code, self._vault)
        query = select(users.c.id).where(users.c.phone_index.in_(indexes)).limit(1)
        return self._connection.execute(query).scalar_one_or_none() if indexes else None

    def _refuse_taken(self, user: NewUser) -> None:
        if self._connection.execute(select(users.c.id).where(users.c.email_key == email_key(user.email))).first():
            raise EmailTaken
        self._refuse_phone(user.details)

    def _refuse_phone(self, details: Details, own_id: int | None = None) -> None:
        if self._phone_owner(details.phone_number, details.country_code) not in (None, own_id):
            raise PhoneTaken


_USER = select(
    *(users.c.id, users.c.account_number, users.c.name, users.c.email, users.c.hashed_password, users.c.password_key),
    *(users.c.address, users.c.phone_number, users.c.country_code, users.c.first_name, users.c.last_name),
    *(users.c.currency, users.c.created_at),
)


def _account_ids(dialect: Dialect, size: int) -> Executable:
    numbers = [bindparam(f"number{number}", type_=users.c.account_number.type) for number in range(size)]
    return select(users.c.account_number, users.c.id).where(users.c.account_number.in_(numbers))


def _balance(dialect: Dialect, size: int) -> Executable:
    return select(users.c.balance).where(users.c.id == bindparam("user_id"))


def _lock(dialect: Dialect, size: int) -> Executable:
    user = users.c
    ids = [bindparam(f"id{number}", type_=user.id.type) for number in range(size)]
    return (
        select(user.id, user.account_number, user.balance, user.pin_hash, user.pin_failures, user.pin_locked_until)
        .where(user.id.in_(ids))
        .order_by(user.id)
        .with_for_update()
    )


def _move(dialect: Dialect, size: int) -> Executable:
    by, lowest, highest = (bindparam(name, type_=Money) for name in ("by", "lowest", "highest"))
    after = users.c.balance + by
    return update(users).where(users.c.id == bindparam("user_id"), after.between(lowest, highest)).values(balance=after)


_ACCOUNT_IDS = Prepared(_account_ids)
_BALANCE = Prepared(_balance)
_LOCK = Prepared(_lock)
_MOVE = Prepared(_move, ("by", "user_id", "lowest", "highest"))
_HIGHEST = AMOUNT_LIMIT - CENT
_LOWEST = CENT - AMOUNT_LIMIT
_NOTHING = Decimal("0.00")
