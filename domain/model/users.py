"""Customers: who they are, how they prove it, and the one account of each.

Sources: seed A (task 1, `users`), seed B (tasks 1 to 3); contract G1, A1, A3, A12, B1, B6.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import attrs

from domain.model.errors import InvalidEmail

LONGEST_NAME: Final = 128
LONGEST_EMAIL: Final = 128
LONGEST_ADDRESS: Final = 255
LONGEST_ACCOUNT_NUMBER: Final = 36
LONGEST_TIME_ZONE: Final = 64

DEFAULT_CURRENCY: Final = "EUR"
DEFAULT_TIME_ZONE: Final = "UTC"
LONGEST_PHONE: Final = 32
LONGEST_COUNTRY_CODE: Final = 8

PIN_TRIES: Final = 5
"""So many wrong PINs in a row lock the PIN."""

PIN_LOCK: Final = timedelta(minutes=15)

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_MEANS_MORE_IN_A_HEADER = re.compile(r'[<>()\[\],:;\\"]|=\?')
"""RFC 5322, section 3.2.3, and RFC 2047: what would make one mailbox look like several."""


def _or_default_currency(currency: str | None) -> str:
    return DEFAULT_CURRENCY if currency is None else currency


def _or_default_time_zone(name: str | None) -> str:
    return DEFAULT_TIME_ZONE if name is None else name


@attrs.frozen
class HashedPassword:
    """A slow hash, and the id of the key that went into it."""

    hash: str = attrs.field(repr=False)
    key_id: str = attrs.field(repr=False)


@attrs.frozen
class Pin:
    """An account's PIN as a keyed hash, and the wrong ones since the last right one. `locked_until` is UTC."""

    keyed_hash: str = attrs.field(repr=False)
    failures: int = 0
    locked_until: datetime | None = None

    def is_locked(self, now: datetime) -> bool:
        """Whether no PIN is compared at this instant."""
        return self.locked_until is not None and now < self.locked_until

    def after_wrong(self, now: datetime) -> Pin:
        """The PIN after one more wrong try."""
        failures = self.failures + 1
        if failures >= PIN_TRIES:
            return Pin(self.keyed_hash, 0, now + PIN_LOCK)
        return Pin(self.keyed_hash, failures)

    def after_right(self) -> Pin:
        """The PIN after the right one was given."""
        return Pin(self.keyed_hash)


@attrs.frozen
class Details:
    """What users tell of themselves and may change; None where it isn't set, or what holds by default."""

    address: str | None = attrs.field(default=None, repr=False)
    phone_number: str | None = attrs.field(default=None, repr=False)
    country_code: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    currency: str = attrs.field(default=DEFAULT_CURRENCY, converter=_or_default_currency)
    """Three letters."""

    time_zone: str = attrs.field(default=DEFAULT_TIME_ZONE, converter=_or_default_time_zone)
    """A name of IANA's: where the user's days and months begin."""


DetailChanges = Mapping[str, str | None]
"""Some of the details by their names in Details, each as it shall be; None unsets it, and gives a default back."""


@attrs.frozen
class NewUser:
    """A user who is about to be kept. `created_at` is UTC."""

    account_number: str
    name: str
    email: str
    password: HashedPassword
    details: Details
    created_at: datetime


@attrs.frozen
class User:
    """A customer with their account, as kept."""

    id: int
    account_number: str
    name: str
    email: str
    password: HashedPassword
    details: Details
    created_at: datetime


@attrs.frozen
class Recipient:
    """A user as a letter needs to know them."""

    user_id: int
    email: str
    name: str


@attrs.frozen
class Account:
    """The money side of a user, as a transaction that moves money sees it."""

    user_id: int
    account_number: str
    balance: Decimal
    pin: Pin | None = None


def parse_email(text: str) -> str:
    """An email address: one `@`, a dotted domain, no white space or control characters, at most 128 characters.

    Nor does it hold what means something else in the header of a letter: `< > ( ) [ ] , : ; \\ "` and `=?`.

    Raises InvalidEmail.

    >>> parse_email("nuwe@nuwe.com")
    'nuwe@nuwe.com'
    """
    sound = len(text) <= LONGEST_EMAIL and _EMAIL.fullmatch(text) and text.isprintable()
    if not sound or _MEANS_MORE_IN_A_HEADER.search(text):
        raise InvalidEmail(text)
    return text


def email_key(email: str) -> str:
    """What is equal for two spellings of one address: case doesn't count."""
    return email.casefold()


def phone_key(phone_number: str, country_code: str | None) -> str:
    """What is equal for two spellings of one phone number: blanks don't count, the country code does."""
    return "".join(f"{country_code or ''}|{phone_number}".split())


def masked_email(email: str) -> str:
    """An address of which only its owner can tell which one it is.

    >>> masked_email("nuwe@nuwe.com")
    'n***@n***.com'
    """
    name, _, domain = email.partition("@")
    return f"{name[:1]}***@{domain[:1]}***.{domain.rpartition('.')[2]}"
