"""Get another password: with the old one, or with a one-time password. Source: seed B, task 2; contract B1, B5, G7."""

from __future__ import annotations

from datetime import datetime

import attrs

from domain.model.codes import CODES_KEPT, OTP_LIFE, RESET_TOKEN_LIFE, OneTimeCode
from domain.model.errors import (
    BadCredentials,
    EmptyFields,
    FieldProblem,
    InvalidFields,
    InvalidResetToken,
    Refusal,
)
from domain.model.fields import is_empty
from domain.model.mail import Mail
from domain.model.sessions import Identity
from domain.model.users import User, masked_email
from domain.rules.letters import otp_letter, password_changed_letter
from domain.rules.passwords import check_password
from domain.use_cases.identity.one_time_passwords import too_many_otps, try_otp, use_up
from domain.use_cases.identity.sign_in import check_own_password, find_limited
from domain.use_cases.notifying.deliver_mail import queue_mail
from domain.use_cases.refusals import or_raise
from ports.clock import Clock
from ports.limits import RateLimits
from ports.security import KeyedHashes, Passwords, Secrets
from ports.storage import Storage, Transaction


@attrs.frozen
class ChangePassword:
    """Changes and resets passwords. Every change ends all of the user's sessions and is told by mail."""

    storage: Storage
    clock: Clock
    secrets: Secrets
    passwords: Passwords
    hashes: KeyedHashes
    limits: RateLimits

    def send_otp(self, identifier: object, address: str) -> str:
        """Mail an OTP to the user; returns the address as it may be shown: masked, unless it was given.

        Raises EmptyFields, InvalidFields, TooManyRequests, UnknownUser, StorageUnavailable.
        """
        (text,) = _texts(identifier=identifier)
        user = find_limited(self.storage, self.limits, "otp", text, address)
        now, otp, id = self.clock.now(), self.secrets.new_otp(), self.secrets.new_uuid()
        code = OneTimeCode(id, user.id, "otp", self.hashes.hash("otp", id, otp), now, now + OTP_LIFE)
        letter = self._letter(otp_letter(user.email, otp))

        def work(tx: Transaction) -> Refusal | None:
            tx.users.lock({user.id})
            refusal = too_many_otps(tx, user.id, now)
            if refusal is None:
                tx.codes.add(code)
                queue_mail(tx, letter, now)
            return refusal

        or_raise(self.storage.run(work))
        return user.email if "@" in text else masked_email(user.email)

    def verify_otp(self, identifier: object, otp: object, address: str) -> str:
        """Trade an OTP for a reset token.

        Raises EmptyFields, InvalidFields, TooManyRequests, UnknownUser, InvalidOtp, StorageUnavailable.
        """
        text, given = _texts(identifier=identifier, otp=otp)
        user = find_limited(self.storage, self.limits, "otp", text, address, "verify")
        now, token, id = self.clock.now(), self.secrets.new_uuid(), self.secrets.new_uuid()
        kept = self.hashes.hash("reset-token", id, token)
        reset = OneTimeCode(id, user.id, "reset-token", kept, now, now + RESET_TOKEN_LIFE)

        def work(tx: Transaction) -> Refusal | None:
            tx.users.lock({user.id})
            code = try_otp(tx, self.hashes, user.id, given, now)
            if isinstance(code, Refusal):
                return code
            use_up(tx, code)
            tx.codes.add(reset)
            return None

        or_raise(self.storage.run(work))
        return token

    def reset(self, identifier: object, token: object, new_password: object, address: str) -> None:
        """Set a new password by a reset token; a password that the rules refuse doesn't use the token up.

        Raises EmptyFields, InvalidFields, TooManyRequests, UnknownUser, InvalidResetToken, WeakPassword, PasswordsBusy,
        StorageUnavailable.
        """
        text, given, new = _texts(identifier=identifier, resetToken=token, newPassword=new_password)
        user = find_limited(self.storage, self.limits, "reset", text, address)
        now = self.clock.now()
        if self.storage.read(lambda tx: self._reset_code(tx, user, given, now)) is None:
            raise InvalidResetToken
        check_password(new)
        hashed = self.passwords.hash(new)
        letter = self._letter(password_changed_letter(user.email, user.name))

        def work(tx: Transaction) -> None:
            tx.users.lock({user.id})
            code = self._reset_code(tx, user, given, now)
            if code is None:
                raise InvalidResetToken
            use_up(tx, code)
            tx.users.set_password(user.id, hashed)
            tx.codes.use_all(user.id)
            tx.sessions.end_all(user.id)
            queue_mail(tx, letter, now)

        self.storage.run(work)

    def change(self, identity: Identity, old_password: object, new_password: object, address: str) -> None:
        """Set a new password by the old one.

        Raises EmptyFields, InvalidFields, TooManyRequests, BadCredentials, WeakPassword, PasswordsBusy,
        StorageUnavailable.
        """
        old, new = _texts(oldPassword=old_password, newPassword=new_password)
        user = check_own_password(self.storage, self.passwords, self.limits, identity, old, address)
        check_password(new)
        hashed, now = self.passwords.hash(new), self.clock.now()
        letter = self._letter(password_changed_letter(user.email, user.name))

        def work(tx: Transaction) -> None:
            tx.users.lock({user.id})
            if not tx.users.set_password(user.id, hashed, instead_of=user.password):
                raise BadCredentials
            tx.codes.use_all(user.id)
            tx.sessions.end_all(user.id)
            queue_mail(tx, letter, now)

        self.storage.run(work)

    def _reset_code(self, tx: Transaction, user: User, token: str, now: datetime) -> OneTimeCode | None:
        codes = tx.codes.since(user.id, "reset-token", now - CODES_KEPT)
        if codes and codes[-1].is_open(now, most_tries=1):
            newest = codes[-1]
            return newest if self.hashes.matches(newest.keyed_hash, "reset-token", newest.id, token) else None
        return None

    def _letter(self, letter: Mail) -> Mail:
        return attrs.evolve(letter, message_id=self.secrets.new_uuid())


def _texts(**values: object) -> list[str]:
    """These values as strings. Raises EmptyFields, then InvalidFields."""
    empty = tuple(name for name, value in values.items() if is_empty(value))
    if empty:
        raise EmptyFields(empty)
    problems = [FieldProblem(name, "must be a string") for name, value in values.items() if not isinstance(value, str)]
    if problems:
        raise InvalidFields(tuple(problems))
    return [str(value) for value in values.values()]
