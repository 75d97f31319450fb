"""What customers see of themselves. Sources: seed B, task 1; seed D; contract B1, B14, D1."""

from __future__ import annotations

from decimal import Decimal

import falcon
import msgspec

from domain.model.errors import PhoneTaken
from domain.model.sessions import Identity
from domain.model.users import User
from domain.use_cases.identity.profile import Profile
from entrypoints.composition import Hucha
from entrypoints.http.answers import Answer, InstantOut, encode
from entrypoints.http.fields import Address, CountryCode, Currency, Name, PhoneNumber, TimeZone
from entrypoints.http.identity.registration import USER_EXAMPLE, RegistrationResource, UserInfo, user_info
from entrypoints.http.metrics import Metrics
from entrypoints.http.operations import Access, Operation, Route, resource
from entrypoints.http.reading import wire
from entrypoints.settings import Settings

ACCOUNT_EXAMPLE = {"accountNumber": USER_EXAMPLE["accountNumber"], "balance": 0.0}

Text = str | None


class AccountInfo(Answer):
    """An account and its balance."""

    accountNumber: str
    balance: Decimal


class ProfileObject(Answer):
    """A customer; what isn't set is null, the currency EUR and the time zone UTC."""

    id: int
    name: str
    email: str
    account_number: str
    first_name: Text
    last_name: Text
    currency: str
    time_zone: str
    address: Text
    phone_number: Text
    country_code: Text
    created_at: InstantOut


@wire()
class SettingsBody:
    """What shall change; null or empty unsets it, and gives currency and time zone their defaults back."""

    first_name: Name | msgspec.UnsetType | None = msgspec.UNSET
    last_name: Name | msgspec.UnsetType | None = msgspec.UNSET
    currency: Currency | msgspec.UnsetType | None = msgspec.UNSET
    time_zone: TimeZone | msgspec.UnsetType | None = msgspec.UNSET
    address: Address | msgspec.UnsetType | None = msgspec.UNSET
    phone_number: PhoneNumber | msgspec.UnsetType | None = msgspec.UNSET
    country_code: CountryCode | msgspec.UnsetType | None = msgspec.UNSET


@resource
class ProfileResource:
    """Shows and changes what a customer tells."""

    tag = RegistrationResource.tag
    profile: Profile
    settings: Settings

    @Operation(
        summary="Show the customer",
        access=Access.USER,
        response=UserInfo,
        answer_example=USER_EXAMPLE,
        answer="The customer",
    )
    def on_get_user(self, req: falcon.Request, resp: falcon.Response, identity: Identity) -> None:
        resp.data = encode(user_info(self.profile.show(identity), self.settings))

    @Operation(
        summary="Show the account",
        access=Access.USER,
        response=AccountInfo,
        answer_example=ACCOUNT_EXAMPLE,
        answer="The balance",
    )
    def on_get_account(self, req: falcon.Request, resp: falcon.Response, identity: Identity) -> None:
        resp.data = encode(AccountInfo(identity.account_number, self.profile.balance(identity)))

    @Operation(summary="Show the profile", access=Access.USER, response=ProfileObject, answer="The customer")
    def on_get_profile(self, req: falcon.Request, resp: falcon.Response, identity: Identity) -> None:
        resp.data = encode(_shown(self.profile.show(identity)))

    @Operation(
        summary="Change the profile",
        description="Changes what is named and leaves the rest; null or empty unsets it.",
        access=Access.USER,
        limited=True,
        body=SettingsBody,
        example={
            "address": "Main St",
            "phone_number": "666888116",
            "country_code": "+34",
            "time_zone": "Europe/Madrid",
        },
        response=ProfileObject,
        answer="The customer as it is now",
        raises=(PhoneTaken(),),
    )
    def on_put_settings(
        self, req: falcon.Request, resp: falcon.Response, identity: Identity, client: str, body: SettingsBody
    ) -> None:
        told = {name: value for name, value in vars(body).items() if value is not msgspec.UNSET}
        if told.get("currency"):
            told["currency"] = told["currency"].upper()
        resp.data = encode(_shown(self.profile.change(identity, told, client)))


def routes(hucha: Hucha, metrics: Metrics) -> list[Route]:
    """The routes of the profile."""
    profile = ProfileResource(hucha.profile, hucha.settings)
    return [
        Route("/api/dashboard/user", profile, "user"),
        Route("/api/dashboard/account", profile, "account"),
        Route("/api/user/profile", profile, "profile"),
        Route("/api/user/settings", profile, "settings"),
    ]


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
        details.time_zone,
        details.address,
        details.phone_number,
        details.country_code,
        user.created_at,
    )
