"""What customers see of themselves. Sources: seed B, task 1; seed D; contract B1, B14, D1."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import attrs
import falcon
import msgspec
from msgspec import Meta

from domain.model.users import User
from domain.use_cases.identity.profile import Profile
from entrypoints.http.auth import Authentication
from entrypoints.http.identity.registration import USER_EXAMPLE, Text, UserInfo, user_info
from entrypoints.http.openapi import Access, Operation, describe
from entrypoints.http.payloads import parse_body, read_body
from entrypoints.settings import Settings

ACCOUNT_EXAMPLE = {"accountNumber": USER_EXAMPLE["accountNumber"], "balance": 0.0}


@attrs.frozen(slots=False)  # written in this order
class AccountInfo:
    """An account and its balance."""

    accountNumber: str  # noqa: N815
    balance: Decimal


@attrs.frozen(slots=False)
class ProfileObject:
    """A customer; what isn't set is null."""

    id: int
    name: str
    email: str
    account_number: str
    first_name: Text
    last_name: Text
    currency: Text
    address: Text
    phone_number: Text
    country_code: Text
    created_at: Annotated[datetime, Meta(tz=True)]


@attrs.frozen
class SettingsBody:
    """What shall change; null or empty unsets it."""

    first_name: Text | msgspec.UnsetType = msgspec.UNSET
    last_name: Text | msgspec.UnsetType = msgspec.UNSET
    currency: Text | msgspec.UnsetType = msgspec.UNSET
    address: Text | msgspec.UnsetType = msgspec.UNSET
    phone_number: Text | msgspec.UnsetType = msgspec.UNSET
    country_code: Text | msgspec.UnsetType = msgspec.UNSET


class DashboardUserResource:
    """`GET /api/dashboard/user`."""

    def __init__(self, profile: Profile, authentication: Authentication, settings: Settings) -> None:
        self._profile = profile
        self._authentication = authentication
        self._settings = settings

    @describe(
        Operation(
            summary="Show the customer",
            response=UserInfo,
            answer_example=USER_EXAMPLE,
            answer="The customer",
            access=Access.USER,
        ),
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        user = self._profile.show(self._authentication.user(req))
        resp.data = msgspec.json.encode(user_info(user, self._settings))


class DashboardAccountResource:
    """`GET /api/dashboard/account`."""

    def __init__(self, profile: Profile, authentication: Authentication) -> None:
        self._profile = profile
        self._authentication = authentication

    @describe(
        Operation(
            summary="Show the account",
            response=AccountInfo,
            answer_example=ACCOUNT_EXAMPLE,
            answer="The balance",
            access=Access.USER,
        ),
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        identity = self._authentication.user(req)
        info = AccountInfo(identity.account_number, self._profile.balance(identity))
        resp.data = _encode(info)


class ProfileResource:
    """`GET /api/user/profile`."""

    def __init__(self, profile: Profile, authentication: Authentication) -> None:
        self._profile = profile
        self._authentication = authentication

    @describe(
        Operation(summary="Show the profile", response=ProfileObject, answer="The customer", access=Access.USER),
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.data = _encode(_shown(self._profile.show(self._authentication.user(req))))


class SettingsResource:
    """`PUT /api/user/settings`."""

    def __init__(self, profile: Profile, authentication: Authentication) -> None:
        self._profile = profile
        self._authentication = authentication

    @describe(
        Operation(
            summary="Change the profile",
            description="Changes what is named and leaves the rest; null or empty unsets it.",
            request=SettingsBody,
            example={"address": "Main St", "phone_number": "666888116", "country_code": "+34"},
            response=ProfileObject,
            answer="The customer as it is now",
            access=Access.USER,
            limited=True,
        )
    )
    def on_put(self, req: falcon.Request, resp: falcon.Response) -> None:
        identity = self._authentication.user(req)
        fields = parse_body(read_body(req))
        changed = self._profile.change(identity, fields, self._authentication.address(req))
        resp.data = _encode(_shown(changed))


_encode = msgspec.json.Encoder(decimal_format="number").encode


def _shown(user: User) -> ProfileObject:
    details = user.details
    return ProfileObject(
        user.id,
        user.name,
        user.email,
        user.account_number,
        details.first_name,
        details.last_name,
        details.currency,
        details.address,
        details.phone_number,
        details.country_code,
        user.created_at,
    )
