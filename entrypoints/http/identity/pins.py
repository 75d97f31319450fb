"""`/api/account/pin`. Source: seed B, task 3; contract B6."""

from __future__ import annotations

from typing import Annotated, Any

import falcon
from msgspec import Meta

from domain.model.errors import (
    BadCredentials,
    EmptyFields,
    EmptyPin,
    InvalidOtp,
    InvalidPin,
    MalformedPin,
    PinExists,
    PinLocked,
    Refusal,
)
from domain.model.sessions import Identity
from domain.use_cases.identity.manage_pin import ManagePin
from entrypoints.composition import Hucha
from entrypoints.http.answers import Answer, encode
from entrypoints.http.fields import Credential, Pin
from entrypoints.http.identity.registration import RegistrationResource
from entrypoints.http.metrics import Metrics
from entrypoints.http.operations import Access, Operation, Route, resource
from entrypoints.http.reading import wire


def _empty(names: tuple[str, ...]) -> Refusal:
    """The one-time password comes first, then the PINs, then the password (contract B6)."""
    if "otp" in names:
        return EmptyFields(("otp",))
    return EmptyFields(names) if names == ("password",) else EmptyPin()


@wire(missing=_empty, empty=_empty)
class CreatePinBody:
    """A PIN of four digits, and the password."""

    pin: Pin
    password: Credential


@wire(missing=_empty, empty=_empty)
class UpdatePinBody:
    """The PIN as it is and as it shall be, and the password."""

    oldPin: Pin
    password: Credential
    newPin: Pin


@wire(missing=_empty, empty=_empty)
class ResetPinBody:
    """The password, a one-time password that came by mail, and the PIN as it shall be."""

    password: Credential
    otp: Annotated[Any, Meta(extra_json_schema={"type": "string"})]
    newPin: Pin


class Done(Answer):
    """What was done."""

    msg: str


_PIN: dict[str, Any] = {"access": Access.USER, "limited": True, "response": Done}
_REFUSED = (EmptyPin(), MalformedPin(), BadCredentials())


@resource
class PinsResource:
    """Sets, changes and resets PINs."""

    tag = RegistrationResource.tag
    manage_pin: ManagePin

    @Operation(
        summary="Give the account its PIN",
        body=CreatePinBody,
        example={"pin": "1810", "password": "PassTest1$"},
        answer_example={"msg": "PIN created successfully"},
        answer="The PIN is set",
        audit="created the PIN",
        raises=(*_REFUSED, PinExists()),
        **_PIN,
    )
    def on_post_create(
        self, req: falcon.Request, resp: falcon.Response, identity: Identity, client: str, body: CreatePinBody
    ) -> None:
        self.manage_pin.create(identity, body.pin, body.password, client)
        resp.data = encode(Done("PIN created successfully"))

    @Operation(
        summary="Change the PIN",
        description="Five wrong PINs in a row lock it for 15 minutes. The customer is told of the change by mail.",
        body=UpdatePinBody,
        example={"oldPin": "1810", "password": "PassTest1$", "newPin": "1811"},
        answer_example={"msg": "PIN updated successfully"},
        answer="The PIN is changed",
        audit="updated the PIN",
        raises=(*_REFUSED, InvalidPin(), PinLocked()),
        **_PIN,
    )
    def on_post_update(
        self, req: falcon.Request, resp: falcon.Response, identity: Identity, client: str, body: UpdatePinBody
    ) -> None:
        self.manage_pin.update(identity, body.oldPin, body.newPin, body.password, client)
        resp.data = encode(Done("PIN updated successfully"))

    @Operation(
        summary="Replace a forgotten PIN",
        description="The one-time password is the one of `/api/auth/password-reset/send-otp`.",
        body=ResetPinBody,
        example={"password": "PassTest1$", "otp": "893392", "newPin": "1812"},
        answer_example={"msg": "PIN reset successfully"},
        answer="The PIN is changed",
        audit="reset the PIN",
        raises=(*_REFUSED, InvalidOtp()),
        **_PIN,
    )
    def on_post_reset(
        self, req: falcon.Request, resp: falcon.Response, identity: Identity, client: str, body: ResetPinBody
    ) -> None:
        self.manage_pin.reset(identity, body.otp, body.newPin, body.password, client)
        resp.data = encode(Done("PIN reset successfully"))


def routes(hucha: Hucha, metrics: Metrics) -> list[Route]:
    """The routes of PINs."""
    pins = PinsResource(hucha.manage_pin)
    return [
        Route("/api/account/pin/create", pins, "create"),
        Route("/api/account/pin/update", pins, "update"),
        Route("/api/account/pin/reset", pins, "reset"),
    ]
