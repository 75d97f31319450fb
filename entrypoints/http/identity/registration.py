"""`/api/auth/register` and `/api/users/register`. Sources: seeds A and B, task 1; contract A1, B1, B14."""

from __future__ import annotations

from typing import Any

import attrs
import falcon
import msgspec

from domain.model.errors import FieldProblem, InvalidFields
from domain.model.fields import Fields
from domain.model.users import User
from domain.rules.passwords import PasswordPolicy
from domain.rules.registration import parse_registration
from domain.use_cases.identity.register import Register
from entrypoints.http.auth import counted_address
from entrypoints.http.openapi import Operation, describe
from entrypoints.http.payloads import parse_body, read_body
from entrypoints.settings import Settings

CAMEL_CASE = {
    "name": "name",
    "password": "password",
    "email": "email",
    "address": "address",
    "phoneNumber": "phone_number",
    "countryCode": "country_code",
}
"""B's names of what a customer tells, and the domain's."""

AUTH_NAMES = ("email", "password", "name", "first_name", "last_name", "currency")
"""What a customer tells A; address and phone number are set later (contract G1)."""

_B_NAMES = {ours: theirs for theirs, ours in CAMEL_CASE.items()}

USER_EXAMPLE = {
    "name": "Nuwe Test",
    "email": "nuwe@nuwe.com",
    "phoneNumber": "666888116",
    "address": "Main St",
    "accountNumber": "1f0c4b4e-6c1f-4d1c-9a5e-0a3a8f3b7a11",
    "hashedPassword": "$2b$12$vYWBxACqEIPeoT0O5b0faOHp4ITAHSBvoHDzBePW7tPqzpvqKLi6G",
}

Text = str | None


@attrs.frozen(slots=False)  # written in this order
class RegisterBody:
    """A customer-to-be; without `name`, `first_name` and `last_name` make it."""

    email: str
    password: str
    name: str | msgspec.UnsetType = msgspec.UNSET
    first_name: str | msgspec.UnsetType = msgspec.UNSET
    last_name: str | msgspec.UnsetType = msgspec.UNSET
    currency: str | msgspec.UnsetType = msgspec.UNSET


@attrs.frozen(slots=False)
class Registered:
    """The new customer."""

    name: str
    hashedPassword: str | msgspec.UnsetType  # noqa: N815
    email: str


@attrs.frozen(slots=False)
class UserRegisterBody:
    """A customer-to-be, with address and phone."""

    name: str
    password: str
    email: str
    address: str
    phoneNumber: str  # noqa: N815
    countryCode: str | msgspec.UnsetType = msgspec.UNSET  # noqa: N815


@attrs.frozen(slots=False)
class UserInfo:
    """A customer, as B shows them; what isn't set is null."""

    name: str
    email: str
    phoneNumber: Text  # noqa: N815
    address: Text
    accountNumber: str  # noqa: N815
    hashedPassword: str | msgspec.UnsetType  # noqa: N815


class AuthRegisterResource:
    """`POST /api/auth/register`."""

    def __init__(self, register: Register, settings: Settings) -> None:
        self._register = register
        self._settings = settings

    @describe(
        Operation(
            summary="Register",
            description="Makes a customer with an account of balance 0.00.",
            request=RegisterBody,
            example={"email": "nuwe@nuwe.com", "password": "NuweTest1$", "name": "Nuwe Test"},
            response=Registered,
            answer_example={
                "name": "Nuwe Test",
                "hashedPassword": "$2b$12$ia0DtGN3VcWSAMG0zwQ/JuYCT.E921nXv6ttbQSzhXhDh1YEBNXIW",
                "email": "nuwe@nuwe.com",
            },
            answer="The new customer",
            status=201,
            limited=True,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        given = parse_body(read_body(req))
        fields = {name: value for name, value in given.items() if name in AUTH_NAMES}
        required = ("email", "password", "name")
        user = _registered(self._register, self._settings, req, fields, required, self._settings.password_policy)
        resp.status = 201
        resp.data = msgspec.json.encode(Registered(user.name, shown_hash(user, self._settings), user.email))


class UsersRegisterResource:
    """`POST /api/users/register`."""

    def __init__(self, register: Register, settings: Settings) -> None:
        self._register = register
        self._settings = settings

    @describe(
        Operation(
            summary="Register with address and phone number",
            description="Makes a customer with an account of balance 0.00, whose number is a UUID.",
            request=UserRegisterBody,
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
            limited=True,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        given = parse_body(read_body(req))
        fields = {CAMEL_CASE[name]: value for name, value in given.items() if name in CAMEL_CASE}
        required = ("name", "password", "email", "address", "phone_number")
        try:
            user = _registered(self._register, self._settings, req, fields, required, "strong")
        except InvalidFields as error:
            raise InvalidFields(tuple(_in_b_names(problem) for problem in error.problems)) from None
        resp.data = msgspec.json.encode(user_info(user, self._settings))


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


def _in_b_names(problem: FieldProblem) -> FieldProblem:
    return attrs.evolve(problem, field=_B_NAMES[problem.field])


def _registered(
    register: Register,
    settings: Settings,
    req: falcon.Request,
    fields: Fields,
    required: tuple[str, ...],
    policy: PasswordPolicy,
) -> User:
    register.allow(counted_address(req, settings.trusted_proxies))
    return register(parse_registration(fields, required, policy))
