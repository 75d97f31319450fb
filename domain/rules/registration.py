"""What someone must tell to become a customer. Sources: seed A, task 1; seed B, task 1; contract A1, B1, D1."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from domain.model.errors import FieldProblem, InvalidFields
from domain.model.fields import Fields, is_empty, require, texts
from domain.model.users import LONGEST_ADDRESS, LONGEST_NAME, DetailChanges, Details, parse_email
from domain.rules.passwords import PasswordPolicy, check_password

LONGEST_PHONE: Final = 32
LONGEST_COUNTRY_CODE: Final = 8

DETAILS: Final[Mapping[str, int]] = {
    "address": LONGEST_ADDRESS,
    "phone_number": LONGEST_PHONE,
    "country_code": LONGEST_COUNTRY_CODE,
    "first_name": LONGEST_NAME,
    "last_name": LONGEST_NAME,
    "currency": 3,
}
"""What users may tell of themselves, each with its most characters."""

_ANY_LENGTH: Final = 2**20
"""The rules for emails and passwords have sentences of their own for what is too long."""

_CURRENCY = re.compile(r"[A-Za-z]{3}")
_PHONE = re.compile(r"\+?[0-9()./ -]*[0-9][0-9()./ -]*")
_COUNTRY_CODE = re.compile(r"\+?[0-9]{1,4}|[A-Za-z]{2,3}")


@attrs.frozen
class Registration:
    """A customer-to-be."""

    name: str
    email: str
    password: str = attrs.field(repr=False)
    details: Details


def parse_registration(fields: Fields, required: Sequence[str], policy: PasswordPolicy = "strong") -> Registration:
    """Read a registration from untrusted values, checked in the order that the contract gives.

    `first_name` and `last_name` make the name where `name` isn't among the keys.

    Raises MissingFields, EmptyFields, InvalidFields, InvalidEmail and WeakPassword, in this order.
    """
    if "name" not in fields and not (is_empty(fields.get("first_name")) and is_empty(fields.get("last_name"))):
        parts = [str(fields[name]) for name in ("first_name", "last_name") if not is_empty(fields.get(name))]
        fields = {**fields, "name": " ".join(parts)[:LONGEST_NAME]}
    require(fields, required)
    values = texts(fields, {**DETAILS, "name": LONGEST_NAME, "email": _ANY_LENGTH, "password": _ANY_LENGTH})
    details = parse_details(fields)
    email = parse_email(str(values["email"]))
    password = str(values["password"])
    check_password(password, policy)
    return Registration(str(values["name"]), email, password, details)


def parse_details(fields: Fields, before: Details | None = None) -> Details:
    """Read what users tell of themselves; a key that isn't there keeps what was `before`, an empty value unsets it.

    Raises InvalidFields.
    """
    return attrs.evolve(before or Details(), **parse_detail_changes(fields))


def parse_detail_changes(fields: Fields) -> DetailChanges:
    """Read what users change of themselves. Raises InvalidFields."""
    given = texts(fields, {name: most for name, most in DETAILS.items() if name in fields})
    problems = [
        FieldProblem(name, problem)
        for name, pattern, problem in (
            ("phone_number", _PHONE, "must be a phone number: digits, blanks and + ( ) . / -"),
            ("country_code", _COUNTRY_CODE, "must be a calling code such as +34 or a country such as ES"),
            ("currency", _CURRENCY, "must be a currency of three letters such as EUR"),
        )
        if given.get(name) is not None and not pattern.fullmatch(str(given[name]))
    ]
    if problems:
        raise InvalidFields(tuple(problems))
    if given.get("currency"):
        given["currency"] = str(given["currency"]).upper()
    return given
