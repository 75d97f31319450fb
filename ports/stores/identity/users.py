"""Users and their balances."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Protocol

from domain.model.users import Account, Details, HashedPassword, NewUser, Pin, Recipient, User


class UserStore(Protocol):
    """Users, each with one account. Address and phone number are encrypted at rest."""

    def add(self, user: NewUser) -> int:
        """Keep a new user with balance 0.00 and no PIN; the id. Raises EmailTaken, PhoneTaken, in this order."""
        ...

    def get(self, user_id: int) -> User | None:
        """The user with this id."""
        ...

    def recipient(self, user_id: int) -> Recipient | None:
        """To whom a letter to this user goes; nothing is decrypted for it."""
        ...

    def by_email(self, email: str) -> User | None:
        """The user with this email address, in any case."""
        ...

    def by_account_number(self, account_number: str) -> User | None:
        """The user with this account."""
        ...

    def phone_taken(self, phone_number: str, country_code: str | None) -> bool:
        """Whether somebody has this phone number."""
        ...

    def set_password(self, user_id: int, password: HashedPassword, *, instead_of: HashedPassword | None = None) -> bool:
        """Keep another password; False, and nothing changes, where the one kept is no longer `instead_of`."""
        ...

    def set_details(self, user_id: int, details: Details) -> None:
        """Keep these details in place of those before. Raises PhoneTaken."""
        ...

    def set_pin(self, user_id: int, pin: Pin | None) -> None:
        """Keep this PIN; the caller holds the account's lock."""
        ...

    def account_ids(self, account_numbers: Collection[str]) -> dict[str, int]:
        """The user ids of the accounts that exist among these numbers."""
        ...

    def balance(self, user_id: int) -> Decimal:
        """The balance as committed, for showing it."""
        ...

    def lock(self, user_ids: Collection[int]) -> dict[int, Account]:
        """These accounts; until the transaction ends, nobody else changes them. Rows are locked in the order of ids."""
        ...

    def move(self, user_id: int, by: Decimal, *, overdraw: bool) -> bool:
        """Add `by` to the balance in one conditional UPDATE; False, and nothing changes, where it mustn't be.

        It mustn't be where the balance would reach ±10^13, or, unless `overdraw`, fall below zero: who owes money
        may receive some. `by` has at most two decimals.
        """
        ...

    def balances(self) -> Iterable[tuple[int, Decimal]]:
        """The balance of every user, by ascending id."""
        ...
