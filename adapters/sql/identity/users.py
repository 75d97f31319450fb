"""Users and their balances, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Executable,
    Integer,
    String,
    Table,
    Text,
    bindparam,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError

from adapters.sql.mapping import FlatRows, as_found, two_decimals
from adapters.sql.prepared import Prepared
from adapters.sql.schema_metadata import metadata
from adapters.sql.types import Id, Instant, Money, money_check
from adapters.sql.upserts import insert_row
from domain.model.errors import EmailTaken, PhoneTaken
from domain.model.money import AMOUNT_LIMIT, CENT
from domain.model.users import Account, Details, HashedPassword, NewUser, Pin, Recipient, User, email_key, phone_key
from ports.security import Vault

users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("account_number", String(36), nullable=False, unique=True),
    Column("name", String(128), nullable=False),
    Column("email", String(128), nullable=False),
    Column("email_key", String(384), nullable=False, unique=True, comment="case folded, which may make it longer"),
    Column("hashed_password", String(128), nullable=False),
    Column("password_key", String(16), nullable=False),
    Column("balance", Money, nullable=False, server_default=text("0")),
    Column("address", Text, nullable=True, comment="encrypted"),
    Column("phone_number", Text, nullable=True, comment="encrypted"),
    Column("phone_index", String(128), nullable=True, unique=True, comment="blind, by the newest key of its time"),
    Column("country_code", String(16), nullable=True),
    Column("first_name", String(128), nullable=True),
    Column("last_name", String(128), nullable=True),
    Column("currency", String(3), nullable=True),
    Column("pin_hash", String(160), nullable=True),
    Column("pin_failures", Integer, nullable=False, server_default=text("0")),
    Column("pin_locked_until", Instant, nullable=True),
    Column("created_at", Instant, nullable=False),
    Column("time_zone", String(64), nullable=True),
    money_check("balance"),
)


class SqlUserStore:
    def __init__(self, connection: Connection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    def add(self, user: NewUser) -> int:
        self._refuse_taken(user)
        try:
            return insert_row(self._connection, users, _user_to_row(user, self._vault))
        except IntegrityError:
            self._refuse_taken(user)  # who came in between
            raise

    def get(self, user_id: int) -> User | None:
        return self._find(users.c.id == user_id)

    def recipient(self, user_id: int) -> Recipient | None:
        for email, name in _RECIPIENT.all(self._connection, (user_id,)):
            return Recipient(user_id, email, name)
        return None

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
        row = _details_to_row(details, account_number, self._vault)
        try:
            self._connection.execute(update(users).where(users.c.id == user_id).values(row))
        except IntegrityError:
            self._refuse_phone(details, user_id)
            raise

    def set_pin(self, user_id: int, pin: Pin | None) -> None:
        self._connection.execute(update(users).where(users.c.id == user_id).values(_pin_to_row(pin)))

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
        accounts = map(_account_from_row, _LOCK.rows(self._connection, tuple(user_ids), size=len(user_ids)))
        return {account.user_id: account for account in accounts}

    def move(self, user_id: int, by: Decimal, *, overdraw: bool) -> bool:
        lowest = _LOWEST if overdraw or by >= 0 else _NOTHING
        return _MOVE.execute(self._connection, (by, user_id, lowest, _HIGHEST)) == 1

    def balances(self) -> Iterable[tuple[int, Decimal]]:
        query = select(users.c.id, users.c.balance).order_by(users.c.id)
        return [(user_id, as_found(balance)) for user_id, balance in self._connection.execute(query)]

    def _find(self, which: ColumnElement[bool]) -> User | None:
        row = self._connection.execute(_USER.where(which)).mappings().one_or_none()
        return None if row is None else _user_from_row(row, self._vault)

    def _phone_owner(self, phone_number: str | None, country_code: str | None) -> int | None:
        """Looked for under every key: an index is made anew only when its user's details change."""
        indexes = _phone_indexes(phone_number, country_code, self._vault)
        query = select(users.c.id).where(users.c.phone_index.in_(indexes)).limit(1)
        return self._connection.execute(query).scalar_one_or_none() if indexes else None

    def _refuse_taken(self, user: NewUser) -> None:
        if self._connection.execute(select(users.c.id).where(users.c.email_key == email_key(user.email))).first():
            raise EmailTaken
        self._refuse_phone(user.details)

    def _refuse_phone(self, details: Details, own_id: int | None = None) -> None:
        if self._phone_owner(details.phone_number, details.country_code) not in (None, own_id):
            raise PhoneTaken


def _user_to_row(user: NewUser, vault: Vault) -> dict[str, object]:
    """A `users` row without its id, for a user who has neither money nor a PIN."""
    details = _details_to_row(user.details, user.account_number, vault)
    return {**_ROWS.row(user, users), **details, "email_key": email_key(user.email)}


def _user_from_row(row: Mapping[Any, Any], vault: Vault) -> User:
    """Raises ValueError where what was encrypted can't be read with the vault's keys."""
    read = {name: _decrypted(row[name], f"users.{name}", row["account_number"], vault) for name in _ENCRYPTED}
    return _ROWS.entity(User, {**row, **read})


def _details_to_row(details: Details, account_number: str, vault: Vault) -> dict[str, object]:
    """The columns of `users` that hold a user's details."""
    indexes = _phone_indexes(details.phone_number, details.country_code, vault)
    row = _ROWS.row(details, users)
    kept = {name: _encrypted(row[name], f"users.{name}", account_number, vault) for name in _ENCRYPTED}
    return {**row, **kept, "phone_index": indexes[0] if indexes else None}


def _phone_indexes(phone_number: str | None, country_code: str | None, vault: Vault) -> tuple[str, ...]:
    """What a phone number may be kept under, newest key first."""
    if phone_number is None:
        return ()
    return vault.blind_indexes("users.phone_number", phone_key(phone_number, country_code))


def _account_from_row(row: Any) -> Account:
    """From the values of id, account_number, balance, pin_hash, pin_failures, pin_locked_until."""
    user_id, account_number, balance, pin_hash, pin_failures, pin_locked_until = row
    pin = None if pin_hash is None else Pin(pin_hash, pin_failures, pin_locked_until)
    return Account(user_id, account_number, two_decimals(balance), pin)


def _pin_to_row(pin: Pin | None) -> dict[str, object]:
    """The columns of `users` that hold a PIN."""
    if pin is None:
        return {"pin_hash": None, "pin_failures": 0, "pin_locked_until": None}
    return {"pin_hash": pin.keyed_hash, "pin_failures": pin.failures, "pin_locked_until": pin.locked_until}


def _encrypted(text: str | None, column: str, account_number: str, vault: Vault) -> str | None:
    return None if text is None else vault.encrypt(text, f"{column} {account_number}")


def _decrypted(kept: str | None, column: str, account_number: str, vault: Vault) -> str | None:
    return None if kept is None else vault.decrypt(kept, f"{column} {account_number}")


_ENCRYPTED = ("address", "phone_number")
_ROWS = FlatRows({"hash": "hashed_password", "key_id": "password_key"})
_FOR_OTHERS = ("email_key", "phone_index", "balance", "pin_hash", "pin_failures", "pin_locked_until")
_USER = select(*(one for one in users.c if one.name not in _FOR_OTHERS))


def _recipient(dialect: Dialect, size: int) -> Executable:
    return select(users.c.email, users.c.name).where(users.c.id == bindparam("user_id"))


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


_RECIPIENT = Prepared(_recipient)
_ACCOUNT_IDS = Prepared(_account_ids)
_BALANCE = Prepared(_balance)
_LOCK = Prepared(_lock)
_MOVE = Prepared(_move, ("by", "user_id", "lowest", "highest"))
_HIGHEST = AMOUNT_LIMIT - CENT
_LOWEST = CENT - AMOUNT_LIMIT
_NOTHING = Decimal("0.00")
