"""`/api/auth/register` and `/api/users/register`. Sources: seeds A and B, task 1; contract A1, B1, B14."""

from __future__ import annotations

from typing import Any

import falcon
import msgspec

from domain.model.errors import EmailTaken, InvalidEmail, MissingFields, PhoneTaken, WeakPassword
from domain.model.fields import Fields, is_empty
from domain.model.users import LONGEST_NAME, Details, User
from domain.rules.registration import check_registration
from domain.use_cases.identity.register import Register
from entrypoints.composition import Hucha
from entrypoints.http.answers import Answer, encode
from entrypoints.http.fields import Address, CountryCode, Currency, Name, PhoneNumber
from entrypoints.http.metrics import Metrics
from entrypoints.http.operations import Access, Operation, Route, Tag, resource
from entrypoints.http.reading import wire
from entrypoints.settings import Settings

USER_EXAMPLE = {
    "name": "Nuwe Test",
    "email": "nuwe@nuwe.com",
    "phoneNumber": "666888116",
    "address": "Main St",
    "accountNumber": "1f0c4b4e-6c1f-4d1c-9a5e-0a3a8f3b7a11",
    "hashedPassword": "$2b$12$vYWBxACqEIPeoT0O5b0faOHp4ITAHSBvoHDzBePW7tPqzpvqKLi6G",
}

_NEEDED = ("email", "password", "name")


def _named(fields: Fields) -> Fields:
    """With a name: `first_name` and `last_name` make it where it isn't among the keys. Raises MissingFields."""
    if "name" in fields:
        return fields
    parts = [str(fields[name]) for name in ("first_name", "last_name") if not is_empty(fields.get(name))]
    if not parts:
        raise MissingFields(tuple(name for name in _NEEDED if name not in fields))
    return {**fields, "name": " ".join(parts)[:LONGEST_NAME]}


@wire(before=_named)
class RegisterBody:
    """A customer-to-be; without `name`, `first_name` and `last_name` make it."""

    email: str
    password: str
    name: Name = ""
    first_name: Name | None = None
    last_name: Name | None = None
    currency: Currency | None = None


@wire()
class UserRegisterBody:
    """A customer-to-be, with address and phone."""

    name: Name
    password: str
    email: str
    address: Address
    phoneNumber: PhoneNumber
    countryCode: CountryCode | None = None


class Registered(Answer):
    """The new customer."""

    name: str
    hashedPassword: str | msgspec.UnsetType
    email: str


class UserInfo(Answer):
    """A customer, as B shows them; what isn't set is null."""

    name: str
    email: str
    phoneNumber: str | None
    address: str | None
    accountNumber: str
    hashedPassword: str | msgspec.UnsetType


_REFUSED = (InvalidEmail("nuwe"), WeakPassword("Password must be at least 8 characters long"), EmailTaken())


@resource
class RegistrationResource:
    """Makes customers."""

    tag = Tag("Identity", "Register, sign in and out, passwords, the PIN and the profile")
    register: Register
    settings: Settings

    @Operation(
        summary="Register",
        description="Makes a customer with an account of balance 0.00.",
        access=Access.ANYONE,
        counted_as="register",
        body=RegisterBody,
        example={"email": "nuwe@nuwe.com", "password": "NuweTest1$", "name": "Nuwe Test"},
        response=Registered,
        answer_example={
            "name": "Nuwe Test",
            "hashedPassword": "$2b$12$ia0DtGN3VcWSAMG0zwQ/JuYCT.E921nXv6ttbQSzhXhDh1YEBNXIW",
            "email": "nuwe@nuwe.com",
        },
        answer="The new customer",
        status=201,
        raises=(MissingFields(_NEEDED), *_REFUSED),
    )
    def on_post_by_a(self, req: falcon.Request, resp: falcon.Response, body: RegisterBody) -> None:
        details = Details(first_name=body.first_name, last_name=body.last_name, currency=_upper(body.currency))
        policy = self.settings.password_policy
        user = self.register(check_registration(body.name, body.email, body.password, details, policy))
        resp.data = encode(Registered(user.name, shown_hash(user, self.settings), user.email))

    @Operation(
        summary="Register with address and phone number",
        description="Makes a customer with an account of balance 0.00, whose number is a UUID.",
        access=Access.ANYONE,
        counted_as="register",
        body=UserRegisterBody,
        example={
            "name": "Nuwe Test",
            "password": "NuweTest1$",
            "email": "nuwe@nuwe.com",
            "address": "Main St",
            "phoneNumber": "666888116",
        },
        response=UserInfo,
        answer_example=USER_EXAMPLE,
        answer="The new customer",
        raises=(*_REFUSED, PhoneTaken()),
    )
    def on_post_by_b(self, req: falcon.Request, resp: falcon.Response, body: UserRegisterBody) -> None:
        details = Details(address=body.address, phone_number=body.phoneNumber, country_code=body.countryCode)
        user = self.register(check_registration(body.name, body.email, body.password, details))
        resp.data = encode(user_info(user, self.settings))


def routes(hucha: Hucha, metrics: Metrics) -> list[Route]:
    """The routes of registration."""
    registration = RegistrationResource(hucha.register, hucha.settings)
    return [
        Route("/api/auth/register", registration, "by_a"),
        Route("/api/users/register", registration, "by_b"),
    ]


def user_info(user: User, settings: Settings) -> UserInfo:
    """A customer in B's form."""
    details = user.details
    return UserInfo(
        user.name,
        user.email,
        details.phone_number,
        details.address,
        user.account_number,
        shown_hash(user, settings),
    )


def shown_hash(user: User, settings: Settings) -> Any:
    """The hash of the password, which the seeds demand, unless the settings leave it out."""
    return user.password.hash if settings.expose_password_hash else msgspec.UNSET


def _upper(currency: str | None) -> str | None:
    return None if currency is None else currency.upper()
