"""Get another password: with the old one, or with a one-time password. Source: seed B, task 2; contract B1, B5, G7."""

from __future__ import annotations

from datetime import datetime

import attrs

from domain.model.codes import CODES_KEPT, OTP_LIFE, RESET_TOKEN_LIFE, OneTimeCode
from domain.model.errors import BadCredentials, InvalidResetToken, Refusal
from domain.model.mail import Mail
from domain.model.sessions import Identity
from domain.model.users import User, masked_email
from domain.rules.letters import otp_letter, password_changed_letter
from domain.rules.passwords import check_password
from domain.use_cases.identity.check_own_password import check_own_password
from domain.use_cases.identity.find_limited import find_limited
from domain.use_cases.identity.one_time_passwords import too_many_otps, try_otp, use_up
from domain.use_cases.notifying.queue_mail import queue_mail
from domain.use_cases.refusals import or_raise
from ports.clock import Clock
from ports.limits import RateLimits
from ports.security import KeyedHashes, Passwords, Secrets
from ports.storage import Storage, Transaction


@attrs.frozen(eq=False, repr=False)
class ChangePassword:
    """Changes and resets passwords. Every change ends all of the user's sessions and is told by mail."""

    storage: Storage
    clock: Clock
    secrets: Secrets
    passwords: Passwords
    hashes: KeyedHashes
    limits: RateLimits

    def send_otp(self, identifier: str, address: str) -> str:
        """Mail an OTP to the user; returns the address as it may be shown: masked, unless it was given.

        Raises TooManyRequests, UnknownUser, StorageUnavailable.
        """
        user = find_limited(self.storage, self.limits, "otp", identifier, address)
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
        return user.email if "@" in identifier else masked_email(user.email)

    def verify_otp(self, identifier: str, otp: str, address: str) -> str:
        """Trade an OTP for a reset token. Raises TooManyRequests, UnknownUser, InvalidOtp, StorageUnavailable."""
        user = find_limited(self.storage, self.limits, "otp", identifier, address, "verify")
        now, token, id = self.clock.now(), self.secrets.new_uuid(), self.secrets.new_uuid()
        kept = self.hashes.hash("reset-token", id, token)
        reset = OneTimeCode(id, user.id, "reset-token", kept, now, now + RESET_TOKEN_LIFE)

        def work(tx: Transaction) -> Refusal | None:
            tx.users.lock({user.id})
            code = try_otp(tx, self.hashes, user.id, otp, now)
            if isinstance(code, Refusal):
                return code
            use_up(tx, code)
            tx.codes.add(reset)
            return None

        or_raise(self.storage.run(work))
        return token

    def reset(self, identifier: str, token: str, new_password: str, address: str) -> None:
        """Set a new password by a reset token; a password that the rules refuse doesn't use the token up.

        Raises TooManyRequests, UnknownUser, InvalidResetToken, WeakPassword, PasswordsBusy, StorageUnavailable.
        """
        user = find_limited(self.storage, self.limits, "reset", identifier, address)
        now = self.clock.now()
        if self.storage.read(lambda tx: self._reset_code(tx, user, token, now)) is None:
            raise InvalidResetToken
        check_password(new_password)
        hashed = self.passwords.hash(new_password)
        letter = self._letter(password_changed_letter(user.email, user.name))

        def work(tx: Transaction) -> None:
            tx.users.lock({user.id})
            code = self._reset_code(tx, user, token, now)
            if code is None:
                raise InvalidResetToken
            use_up(tx, code)
            tx.users.set_password(user.id, hashed)
            tx.codes.use_all(user.id)
            tx.sessions.end_all(user.id)
            queue_mail(tx, letter, now)

        self.storage.run(work)

    def change(self, identity: Identity, old_password: str, new_password: str, address: str) -> None:
        """Set a new password by the old one.

        Raises TooManyRequests, BadCredentials, WeakPassword, PasswordsBusy, StorageUnavailable.
        """
        user = check_own_password(self.storage, self.passwords, self.limits, identity, old_password, address)
        check_password(new_password)
        hashed, now = self.passwords.hash(new_password), self.clock.now()
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
