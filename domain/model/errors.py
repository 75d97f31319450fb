"""Every way in which Hucha says no, one class each, carrying the facts of the refusal.

    HuchaError
    ├── Refusal                     the caller can mend it
    │   ├── InvalidFields           one or more named fields are wrong
    │   ├── MissingFields           keys that the request must have aren't there
    │   ├── EmptyFields             values that may not be empty are
    │   │   └── EmptyExpense        those of a recurring expense that is to be added
    │   ├── MissingAlertId          no alert is named
    │   ├── InvalidEmail            no email address
    │   ├── WeakPassword            the password breaks a rule
    │   ├── EmailTaken              somebody has this email address
    │   ├── PhoneTaken              somebody has this phone number
    │   ├── UnknownUser             nobody signs in by this identifier
    │   ├── BadCredentials          not this user's password
    │   ├── Unauthenticated         nobody we know
    │   │   └── RefreshTokenReused  a refresh token that was used before: its family is ended
    │   ├── Forbidden               somebody we know, at a door that isn't theirs
    │   ├── InvalidOtp              not the one-time password that we sent, or no longer
    │   ├── InvalidResetToken       not the token that we gave, or no longer
    │   ├── EmptyPin                no PIN
    │   ├── MalformedPin            a new PIN that isn't four digits
    │   ├── PinExists               the account has a PIN already
    │   ├── InvalidPin              not the account's PIN
    │   │   └── PinLocked           too many wrong ones
    │   ├── InsufficientFunds       the balance doesn't cover it
    │   ├── BalanceOutOfRange       the balance would leave what an account can hold
    │   ├── SameAccount             a transfer to oneself
    │   ├── NotEnoughHeld           more is to be sold than there is
    │   ├── TradeTooSmall           a trade that rounds to nothing
    │   ├── HoldingOutOfRange       the holding would leave what can be held
    │   ├── KeyReused               an idempotency key that guarded another request
    │   ├── KeyInFlight             the request with this idempotency key is still running
    │   ├── TooManyRequests         too often; later it may pass
    │   ├── QuotaReached            the customer has as many of them as one may have
    │   ├── OperatorNameTaken       an operator of that name exists
    │   └── NotFound
    │       ├── AccountNotFound
    │       ├── AlertNotFound
    │       ├── ExpenseNotFound
    │       ├── SymbolNotFound      no asset of this symbol has a price
    │       ├── SubscriptionNotFound
    │       ├── QuoteNotFound       no exchange data for these currencies
    │       ├── FeeNotFound         no fee for these currencies
    │       ├── RateNotFound        no exchange rate for these currencies
    │       └── OperatorNotFound
    ├── PaidAlready                 a due instant that was paid is to be paid again: a mistake of ours
    ├── WorkFailed                  heavy work returned or raised what can't be told: a mistake of ours
    └── Unavailable                 the bank can't answer now; the same request may pass later
        ├── KeyMissing              a key that something was made with isn't in force
        ├── Busy                    as much of one kind of work is being done, and waits, as may
        │   └── PasswordsBusy       too many passwords are being checked
        ├── WorkLost                heavy work was broken off
        │   ├── TimedOut            it took too long
        │   ├── OutOfMemory         it took too much memory
        │   └── WorkerDied          who did it is gone
        ├── PricesUnavailable       the price feed fails, or lacks a price that is needed
        ├── MailUnavailable         the mail server can't be reached, or doesn't take it now
        └── StorageUnavailable
            └── StorageBusy         a row stayed locked for too long

No class knows a status code or a media type: `entrypoints/http/dialects.py` holds the one table that does.
"""

from __future__ import annotations

import attrs


class HuchaError(Exception):
    """The root of all refusals and failures that Hucha raises on purpose."""


class Refusal(HuchaError):
    """The request can't be carried out as it is."""


@attrs.frozen
class FieldProblem:
    """One field and what is wrong with it; `detail` reads on after the field's name."""

    field: str
    detail: str


@attrs.define
class InvalidFields(Refusal):
    """Every bad field of a request, named at once."""

    problems: tuple[FieldProblem, ...]

    def __str__(self) -> str:
        return "; ".join(f"{problem.field} {problem.detail}" for problem in self.problems)


@attrs.define
class MissingFields(Refusal):
    """The request lacks these keys."""

    names: tuple[str, ...]


@attrs.define
class EmptyFields(Refusal):
    """These values are null, empty or blank."""

    names: tuple[str, ...]


class EmptyExpense(EmptyFields):
    """Values of a recurring expense that is to be added are empty; seed A has a sentence of its own for it."""


class MissingAlertId(Refusal):
    """The request names no alert."""


@attrs.define
class InvalidEmail(Refusal):
    """This is no email address."""

    email: str


@attrs.define
class WeakPassword(Refusal):
    """The password breaks a rule; `rule` is the rule's sentence."""

    rule: str


class EmailTaken(Refusal):
    """Somebody has this email address; case doesn't count."""


class PhoneTaken(Refusal):
    """Somebody has this phone number."""


@attrs.define
class UnknownUser(Refusal):
    """Nobody has this email address or account number."""

    identifier: str


class BadCredentials(Refusal):
    """The password is wrong, or there is none."""


class Unauthenticated(Refusal):
    """The credentials are missing, malformed, expired, revoked or forged."""


class RefreshTokenReused(Unauthenticated):
    """A refresh token came a second time, so it was stolen, or its successor was; the whole family is ended."""


class Forbidden(Refusal):
    """The caller is known, and may not do this."""


class InvalidOtp(Refusal):
    """The one-time password is wrong, used, expired, or was tried too often."""


class InvalidResetToken(Refusal):
    """The reset token is wrong, used or expired."""


class EmptyPin(Refusal):
    """There is no PIN where one is needed."""


class MalformedPin(Refusal):
    """A PIN is four digits."""


class PinExists(Refusal):
    """The account has a PIN; it can be updated."""


class InvalidPin(Refusal):
    """The PIN is wrong or missing, or the account has none."""


class PinLocked(InvalidPin):
    """Too many wrong PINs in a row: none is compared for a while."""


class InsufficientFunds(Refusal):
    """The balance doesn't cover the amount."""


class BalanceOutOfRange(Refusal):
    """The movement would take a balance to ±10^13 or beyond."""


class SameAccount(Refusal):
    """Source and target are one account."""


class NotEnoughHeld(Refusal):
    """More is to be sold than the account holds."""


class TradeTooSmall(Refusal):
    """The quantity, or the proceeds, round down to nothing."""


class HoldingOutOfRange(Refusal):
    """The purchase would take a holding to 10^20 units or beyond."""


class KeyReused(Refusal):
    """The idempotency key guarded another request of this user."""


class KeyInFlight(Refusal):
    """The request that came first with this idempotency key hasn't ended."""


@attrs.define
class TooManyRequests(Refusal):
    """Again after so many seconds."""

    retry_after_seconds: int


@attrs.define
class QuotaReached(Refusal):
    """The customer has as many of this noun as one may have, or would have more."""

    noun: str
    most: int


@attrs.define
class OperatorNameTaken(Refusal):
    """An operator of this name exists already."""

    name: str

    def __str__(self) -> str:
        return f"An operator named {self.name} exists already."


class NotFound(Refusal):
    """There is no such thing, or it is someone else's."""


class AlertNotFound(NotFound):
    """There is no such alert of this user's."""


@attrs.define
class AccountNotFound(NotFound):
    """There is no account of this number."""

    account_number: str


class QuoteNotFound(NotFound):
    """A code is no currency that we know, or there is no exchange data for these two."""


class FeeNotFound(NotFound):
    """There is no fee for a transfer between these currencies."""


class RateNotFound(NotFound):
    """There is no exchange rate between these currencies."""


class ExpenseNotFound(NotFound):
    """The user has no recurring expense of this id."""


@attrs.define
class SymbolNotFound(NotFound):
    """No asset of this symbol has a price."""

    symbol: str


class SubscriptionNotFound(NotFound):
    """The user has no subscription of this id."""


@attrs.define
class OperatorNotFound(NotFound):
    """There is no operator of this name."""

    name: str

    def __str__(self) -> str:
        return f"There is no operator named {self.name}."


class PaidAlready(HuchaError):
    """An instant of a subscription is to be paid a second time; the transaction must be rolled back."""


@attrs.define
class WorkFailed(HuchaError):
    """Heavy work was done, and its result or its exception can't leave the process that did it."""

    reason: str

    def __str__(self) -> str:
        return f"The work failed: {self.reason}"


class Unavailable(HuchaError):
    """Something that Hucha depends on failed.

    Nothing was changed, unless the database went away for good in the middle of a COMMIT: then nobody knows.
    """


@attrs.define
class KeyMissing(Unavailable):
    """Something was hashed or encrypted with a key that the settings don't hold any more."""

    key_id: str

    def __str__(self) -> str:
        return f"the key {self.key_id} isn't in force"


class Busy(Unavailable):
    """As much heavy work of one kind is being done, and waits, as may at once."""


class PasswordsBusy(Busy):
    """As many passwords are being checked as may be at once."""


class WorkLost(Unavailable):
    """Heavy work was broken off before it was done. The same work may be lost again."""


@attrs.define
class TimedOut(WorkLost):
    """The work wasn't done within so many seconds."""

    seconds: float

    def __str__(self) -> str:
        return f"The work took more than {self.seconds:g} s."


@attrs.define
class OutOfMemory(WorkLost):
    """The work would take more memory than so many MiB."""

    mib: int

    def __str__(self) -> str:
        return f"The work needs more than {self.mib} MiB."


@attrs.define
class WorkerDied(WorkLost):
    """The process that did the work ended: with this exit code, by signal n where it is -n; None: it never began."""

    exit_code: int | None

    def __str__(self) -> str:
        return f"The process that did the work ended ({self.exit_code})."


@attrs.define
class PricesUnavailable(Unavailable):
    """The price feed can't be reached, tells what can't be prices, or lacks one that is needed."""

    reason: str

    def __str__(self) -> str:
        return f"The prices are unavailable: {self.reason}"


@attrs.define
class MailUnavailable(Unavailable):
    """The mail couldn't be handed over. `permanent`: trying again won't help."""

    reason: str
    permanent: bool = False

    def __str__(self) -> str:
        return f"The mail couldn't be sent: {self.reason}"


@attrs.define
class StorageUnavailable(Unavailable):
    """The database can't be reached, or the retries of a transaction are used up."""

    reason: str

    def __str__(self) -> str:
        return f"The database is unavailable: {self.reason}"


class StorageBusy(StorageUnavailable):
    """Somebody else held a row for longer than anyone waits."""
