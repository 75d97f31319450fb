"""`/api/account/pin`. Source: seed B, task 3; contract B6."""

from __future__ import annotations

import attrs
import falcon
import msgspec

from domain.use_cases.identity.manage_pin import ManagePin
from entrypoints.http.auth import Authentication
from entrypoints.http.openapi import Access, Operation, describe
from entrypoints.http.payloads import parse_body, read_body


@attrs.frozen
class CreatePinBody:
    """A PIN of four digits, and the password."""

    pin: str
    password: str


@attrs.frozen
class UpdatePinBody:
    """The PIN as it is and as it shall be, and the password."""

    oldPin: str  # noqa: N815
    password: str
    newPin: str  # noqa: N815


@attrs.frozen
class ResetPinBody:
    """The password, a one-time password that came by mail, and the PIN as it shall be."""

    password: str
    otp: str
    newPin: str  # noqa: N815


@attrs.frozen
class Done:
    """What was done."""

    msg: str


class CreatePinResource:
    """`POST /api/account/pin/create`."""

    def __init__(self, manage_pin: ManagePin, authentication: Authentication) -> None:
        self._manage_pin = manage_pin
        self._authentication = authentication

    @describe(
        Operation(
            summary="Give the account its PIN",
            request=CreatePinBody,
            example={"pin": "1810", "password": "PassTest1$"},
            response=Done,
            answer_example={"msg": "PIN created successfully"},
            answer="The PIN is set",
            access=Access.USER,
            limited=True,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        identity = self._authentication.user(req)
        fields = parse_body(read_body(req))
        address = self._authentication.address(req)
        self._manage_pin.create(identity, fields.get("pin"), fields.get("password"), address)
        resp.data = msgspec.json.encode(Done("PIN created successfully"))
        self._authentication.log_success(req, "created the PIN")


class UpdatePinResource:
    """`POST /api/account/pin/update`."""

    def __init__(self, manage_pin: ManagePin, authentication: Authentication) -> None:
        self._manage_pin = manage_pin
        self._authentication = authentication

    @describe(
        Operation(
            summary="Change the PIN",
            description="Five wrong PINs in a row lock it for 15 minutes. The customer is told of the change by mail.",
            request=UpdatePinBody,
            example={"oldPin": "1810", "password": "PassTest1$", "newPin": "1811"},
            response=Done,
            answer_example={"msg": "PIN updated successfully"},
            answer="The PIN is changed",
            access=Access.PIN,
            limited=True,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        identity = self._authentication.user(req)
        fields = parse_body(read_body(req))
        self._manage_pin.update(
            identity,
            fields.get("oldPin"),
            fields.get("newPin"),
            fields.get("password"),
            self._authentication.address(req),
        )
        resp.data = msgspec.json.encode(Done("PIN updated successfully"))
        self._authentication.log_success(req, "updated the PIN")


class ResetPinResource:
    """`POST /api/account/pin/reset`."""

    def __init__(self, manage_pin: ManagePin, authentication: Authentication) -> None:
        self._manage_pin = manage_pin
        self._authentication = authentication

    @describe(
        Operation(
            summary="Replace a forgotten PIN",
            description="The one-time password is the one of `/api/auth/password-reset/send-otp`.",
            request=ResetPinBody,
            example={"password": "PassTest1$", "otp": "893392", "newPin": "1812"},
            response=Done,
            answer_example={"msg": "PIN reset successfully"},
            answer="The PIN is changed",
            access=Access.USER,
            limited=True,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        identity = self._authentication.user(req)
        fields = parse_body(read_body(req))
        self._manage_pin.reset(
            identity,
            fields.get("otp"),
            fields.get("newPin"),
            fields.get("password"),
            self._authentication.address(req),
        )
        resp.data = msgspec.json.encode(Done("PIN reset successfully"))
        self._authentication.log_success(req, "reset the PIN")
