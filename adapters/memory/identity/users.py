"""Users and their balances, in memory. Nothing is at rest here, so nothing is encrypted."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any

import attrs

from adapters.memory.undo import UndoLog, put
from domain.model.errors import EmailTaken, PhoneTaken
from domain.model.money import AMOUNT_LIMIT, EXACT
from domain.model.users import Account, Details, HashedPassword, NewUser, Pin, Recipient, User, email_key, phone_key


class MemoryUserStore:
    def __init__(self, undo: UndoLog) -> None:
        self._undo = undo
        self._users: dict[int, User] = {}
        self._accounts: dict[int, Account] = {}
        self._by_email: dict[str, int] = {}
        self._by_account_number: dict[str, int] = {}

    def add(self, user: NewUser) -> int:
        if email_key(user.email) in self._by_email:
            raise EmailTaken
        self._refuse_phone(user.details)
        user_id = len(self._users) + 1
        kept = User(id=user_id, **attrs.asdict(user, recurse=False))
        put(self._users, user_id, kept, self._undo)
        put(self._accounts, user_id, Account(user_id, user.account_number, Decimal("0.00")), self._undo)
        put(self._by_email, email_key(user.email), user_id, self._undo)
        put(self._by_account_number, user.account_number, user_id, self._undo)
        return user_id

    def get(self, user_id: int) -> User | None:
        return self._users.get(user_id)

    def recipient(self, user_id: int) -> Recipient | None:
        user = self._users.get(user_id)
        return None if user is None else Recipient(user.id, user.email, user.name)

    def by_email(self, email: str) -> User | None:
        return self._users.get(self._by_email.get(email_key(email), 0))

    def by_account_number(self, account_number: str) -> User | None:
        return self._users.get(self._by_account_number.get(account_number, 0))

    def phone_taken(self, phone_number: str, country_code: str | None) -> bool:
        return self._phone_owner(phone_number, country_code) is not None

    def set_password(self, user_id: int, password: HashedPassword, *, instead_of: HashedPassword | None = None) -> bool:
        user = self._users.get(user_id)
        if user is None or instead_of not in (None, user.password):
            return False
        self._change(user_id, password=password)
        return True

    def set_details(self, user_id: int, details: Details) -> None:
        self._refuse_phone(details, user_id)
        self._change(user_id, details=details)

    def set_pin(self, user_id: int, pin: Pin | None) -> None:
        self._change_account(user_id, pin=pin)

    def account_ids(self, account_numbers: Collection[str]) -> dict[str, int]:
        known = self._by_account_number
        return {number: known[number] for number in account_numbers if number in known}

    def balance(self, user_id: int) -> Decimal:
        return self._accounts[user_id].balance

    def lock(self, user_ids: Collection[int]) -> dict[int, Account]:
        return {user_id: self._accounts[user_id] for user_id in sorted(user_ids) if user_id in self._accounts}

    def move(self, user_id: int, by: Decimal, *, overdraw: bool) -> bool:
        if user_id not in self._accounts:
            return False
        after = EXACT.add(self._accounts[user_id].balance, by)
        if not -AMOUNT_LIMIT < after < AMOUNT_LIMIT or (by < 0 and after < 0 and not overdraw):
            return False
        self._change_account(user_id, balance=after)
        return True

    def balances(self) -> Iterable[tuple[int, Decimal]]:
        return [(user_id, account.balance) for user_id, account in sorted(self._accounts.items())]

    def _change(self, user_id: int, **changes: Any) -> None:
        put(self._users, user_id, attrs.evolve(self._users[user_id], **changes), self._undo)

    def _change_account(self, user_id: int, **changes: Any) -> None:
        put(self._accounts, user_id, attrs.evolve(self._accounts[user_id], **changes), self._undo)

    def _phone_owner(self, phone_number: str | None, country_code: str | None) -> int | None:
        if phone_number is None:
            return None
        key = phone_key(phone_number, country_code)
        return next((user.id for user in self._users.values() if _phone_key(user.details) == key), None)

    def _refuse_phone(self, details: Details, own_id: int | None = None) -> None:
        if self._phone_owner(details.phone_number, details.country_code) not in (None, own_id):
            raise PhoneTaken


def _phone_key(details: Details) -> str | None:
    return None if details.phone_number is None else phone_key(details.phone_number, details.country_code)
