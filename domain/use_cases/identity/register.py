"""Become a customer. Sources: seed A, task 1; seed B, tasks 1 and 7; contract G1, A1, B1."""

from __future__ import annotations

import attrs

from domain.model.errors import EmailTaken, PhoneTaken
from domain.model.users import NewUser, User
from domain.rules.registration import Registration
from ports.clock import Clock
from ports.security import Passwords, Secrets
from ports.storage import Storage, Transaction


@attrs.frozen(eq=False, repr=False)
class Register:
    """Makes a user with an account of balance 0.00."""

    storage: Storage
    clock: Clock
    secrets: Secrets
    passwords: Passwords

    def __call__(self, registration: Registration) -> User:
        """Raises EmailTaken, PhoneTaken, PasswordsBusy, StorageUnavailable."""
        self.storage.read(lambda tx: _refuse_taken(tx, registration))  # before the costly hash
        user = NewUser(
            account_number=self.secrets.new_uuid(),
            name=registration.name,
            email=registration.email,
            password=self.passwords.hash(registration.password),
            details=registration.details,
            created_at=self.clock.now(),
        )
        id = self.storage.run(lambda tx: tx.users.add(user))
        return User(id, user.account_number, user.name, user.email, user.password, user.details, user.created_at)


def _refuse_taken(tx: Transaction, registration: Registration) -> None:
    if tx.users.by_email(registration.email) is not None:
        raise EmailTaken
    details = registration.details
    if details.phone_number and tx.users.phone_taken(details.phone_number, details.country_code):
        raise PhoneTaken
