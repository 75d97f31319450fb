"""The PIN that guards money. Source: seed B, task 3; contract B6."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

from domain.model.errors import BadCredentials, PinExists, Refusal
from domain.model.sessions import Identity
from domain.model.users import Account, Pin, User
from domain.rules.letters import pin_changed_letter
from domain.rules.pins import check_new_pin
from domain.use_cases.identity.check_own_password import check_own_password
from domain.use_cases.identity.one_time_passwords import try_otp, use_up
from domain.use_cases.identity.try_pin import try_pin
from domain.use_cases.notifying.queue_mail import queue_mail
from domain.use_cases.refusals import or_raise
from ports.clock import Clock
from ports.limits import RateLimits
from ports.security import KeyedHashes, Passwords, Secrets
from ports.storage import Storage, Transaction


def _locked(tx: Transaction, user: User) -> Account:
    """The user's account. Raises BadCredentials where the password has changed since it was checked."""
    accounts = tx.users.lock({user.id})
    still = tx.users.get(user.id)
    if still is None or still.password != user.password:
        raise BadCredentials
    return accounts[user.id]


@attrs.frozen(eq=False, repr=False)
class ManagePin:
    """Sets, changes and resets PINs."""

    storage: Storage
    clock: Clock
    secrets: Secrets
    passwords: Passwords
    hashes: KeyedHashes
    limits: RateLimits

    def create(self, identity: Identity, pin: object, password: str, address: str) -> None:
        """Give the account its first PIN.

        Raises BadCredentials, MalformedPin, PinExists, TooManyRequests, PasswordsBusy,
        StorageUnavailable, in this order.
        """
        user = self._check_password(identity, password, address)

        def work(tx: Transaction) -> None:
            account = _locked(tx, user)
            kept = self._new_pin(account, pin)
            if account.pin is not None:
                raise PinExists
            tx.users.set_pin(account.user_id, kept)

        self.storage.run(work)

    def update(self, identity: Identity, old_pin: object, new_pin: object, password: str, address: str) -> None:
        """Replace the PIN by the old one.

        Raises BadCredentials, InvalidPin, PinLocked, MalformedPin, TooManyRequests, PasswordsBusy, StorageUnavailable.
        """
        user = self._check_password(identity, password, address)

        def check(tx: Transaction, account: Account, now: datetime) -> Refusal | None:
            return try_pin(tx, self.hashes, account, old_pin, now)

        self._replace(user, new_pin, check)

    def reset(self, identity: Identity, otp: object, new_pin: object, password: str, address: str) -> None:
        """Replace a forgotten PIN by an OTP; a malformed new PIN doesn't use the OTP up.

        Raises BadCredentials, InvalidOtp, MalformedPin, TooManyRequests, PasswordsBusy, StorageUnavailable.
        """
        user = self._check_password(identity, password, address)

        def check(tx: Transaction, account: Account, now: datetime) -> Refusal | None:
            code = try_otp(tx, self.hashes, account.user_id, otp, now)
            if isinstance(code, Refusal):
                return code
            check_new_pin(new_pin)
            use_up(tx, code)
            return None

        self._replace(user, new_pin, check)

    def _replace(
        self, user: User, new_pin: object, check: Callable[[Transaction, Account, datetime], Refusal | None]
    ) -> None:
        now = self.clock.now()
        letter = attrs.evolve(pin_changed_letter(user.email, user.name), message_id=self.secrets.new_uuid())

        def is_another(account: Account) -> bool:
            kept = account.pin
            return kept is None or not self.hashes.matches(kept.keyed_hash, "pin", str(user.id), str(new_pin))

        def work(tx: Transaction) -> Refusal | None:
            account = _locked(tx, user)
            refusal = check(tx, account, now)
            if refusal is None:
                tx.users.set_pin(user.id, self._new_pin(account, new_pin))
                if is_another(account):
                    queue_mail(tx, letter, now)
            return refusal

        or_raise(self.storage.run(work))

    def _new_pin(self, account: Account, pin: object) -> Pin:
        return Pin(self.hashes.hash("pin", str(account.user_id), check_new_pin(pin)))

    def _check_password(self, identity: Identity, password: str, address: str) -> User:
        return check_own_password(self.storage, self.passwords, self.limits, identity, password, address)
