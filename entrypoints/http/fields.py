"""The types of values in requests, each with its constraints: written here, enforced by `reading.py`, told by OpenAPI.

`Meta` holds what a JSON Schema can say; `Reads` names the function that reads a value that it can't.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

import attrs
from msgspec import Meta

from adapters.identity.time_zones import spelled_time_zone
from domain.model.activity import LARGEST_INTEGER
from domain.model.assets import parse_quantity
from domain.model.errors import BadCredentials
from domain.model.fields import parse_day, parse_instant
from domain.model.money import EXACT, parse_amount, parse_positive_amount
from domain.model.users import LONGEST_ADDRESS, LONGEST_COUNTRY_CODE, LONGEST_NAME, LONGEST_PHONE

MOST_ROWS: Final = 1000
USUAL_ROWS: Final = 100


@attrs.frozen
class Reads:
    """The function that reads a value of this type.

    It raises ValueError with a text that reads on after the name, or a refusal that is told in place of all others.
    """

    parse: Callable[[Any], object]


@attrs.frozen
class Says:
    """What is wrong with a text that doesn't match its pattern, for people."""

    sentence: str


def _signed(value: object) -> Decimal:
    return EXACT.plus(parse_amount(value))  # no minus before a zero


_NUMERALS = r"^-?[0-9]+(\.[0-9]+)?$"
POSITIVE_SCHEMA = {
    "oneOf": [
        {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"},
        {"type": "number", "exclusiveMinimum": 0},
    ],
}

Amount = Annotated[
    Decimal,
    Meta(
        description="Positive, at most 2 decimals, below 10^13; a number or a numeric string",
        extra_json_schema=POSITIVE_SCHEMA | {"examples": ["42.00"]},
    ),
    Reads(parse_positive_amount),
]
"""An amount of money."""

SignedAmount = Annotated[
    Decimal,
    Meta(
        description=(
            "Positive: paid; negative: received. At most 2 decimals, nearer to zero than 10^13; "
            "a number or a numeric string"
        ),
        extra_json_schema={
            "oneOf": [{"type": "string", "pattern": _NUMERALS}, {"type": "number"}],
            "examples": [12.99],
        },
    ),
    Reads(_signed),
]

Quantity = Annotated[
    Decimal,
    Meta(
        description="Positive, at most 12 decimals, below 10^20; a number or a numeric string",
        extra_json_schema=POSITIVE_SCHEMA | {"examples": [0.3]},
    ),
    Reads(parse_quantity),
]
"""A quantity of an asset."""

Count = Annotated[int, Meta(ge=0, le=LARGEST_INTEGER)]
"""An id or a time, wherever in a request it stands."""

Instant = Annotated[datetime, Meta(tz=True), Reads(parse_instant)]
Day = Annotated[date, Reads(parse_day)]

Name = Annotated[str, Meta(max_length=LONGEST_NAME)]
Address = Annotated[str, Meta(max_length=LONGEST_ADDRESS)]
PhoneNumber = Annotated[
    str,
    Meta(max_length=LONGEST_PHONE, pattern=r"^\+?[0-9()./ -]*[0-9][0-9()./ -]*$"),
    Says("must be a phone number: digits, blanks and + ( ) . / -"),
]
CountryCode = Annotated[
    str,
    Meta(max_length=LONGEST_COUNTRY_CODE, pattern=r"^(\+?[0-9]{1,4}|[A-Za-z]{2,3})$"),
    Says("must be a calling code such as +34 or a country such as ES"),
]
Currency = Annotated[
    str,
    Meta(max_length=3, pattern=r"^[A-Za-z]{3}$"),
    Says("must be a currency of three letters such as EUR"),
]


def _time_zone(value: object) -> str:
    name = spelled_time_zone(value) if isinstance(value, str) else None
    if name is None:
        raise ValueError("must be an IANA time zone such as Europe/Madrid")
    return name


TimeZone = Annotated[
    str,
    Meta(description="A name of IANA's time zone database; case doesn't count", examples=["Europe/Madrid"]),
    Reads(_time_zone),
]


def _credential(value: object) -> str:
    if isinstance(value, str):
        return value
    raise BadCredentials


Credential = Annotated[str, Reads(_credential)]
"""What proves who somebody is: no string proves it, and that is all that is said."""

Pin = Annotated[Any, Meta(extra_json_schema={"type": "string", "pattern": "^[0-9]{4}$"})]
"""As it came: whatever isn't one is an invalid PIN, at its turn (contract B7)."""

Limit = Annotated[int, Meta(ge=1, le=MOST_ROWS, description=f"How many at most; {USUAL_ROWS} unless told")]
"""How many rows a page may have."""
