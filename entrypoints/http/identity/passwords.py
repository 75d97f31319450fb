"""Password reset and change. Source: seed B, task 2; contract B1, B5."""

from __future__ import annotations

from typing import Any

import falcon

from domain.model.errors import (
    BadCredentials,
    EmptyFields,
    InvalidOtp,
    InvalidResetToken,
    UnknownUser,
    WeakPassword,
)
from domain.model.sessions import Identity
from domain.use_cases.identity.change_password import ChangePassword
from entrypoints.composition import Hucha
from entrypoints.http.answers import Answer, encode
from entrypoints.http.identity.registration import RegistrationResource
from entrypoints.http.metrics import Metrics
from entrypoints.http.operations import Access, Operation, Route, resource
from entrypoints.http.reading import wire


@wire(missing=EmptyFields)
class SendOtpBody:
    """Who forgot the password: an email address or account number."""

    identifier: str


@wire(missing=EmptyFields)
class VerifyOtpBody:
    """The one-time password that came by mail."""

    identifier: str
    otp: str


@wire(missing=EmptyFields)
class ResetBody:
    """The new password, and the token that allows it."""

    identifier: str
    resetToken: str
    newPassword: str


@wire(missing=EmptyFields)
class ChangePasswordBody:
    """The password as it is, and as it shall be."""

    oldPassword: str
    newPassword: str


class Message(Answer):
    """What was done."""

    message: str


class ResetToken(Answer):
    """Allows one new password, within 15 minutes."""

    passwordResetToken: str


_UNKNOWN = UnknownUser("nuwe@nuwe.com")
_WEAK = WeakPassword("Password must be at least 8 characters long")
_RESET: dict[str, Any] = {"access": Access.ANYONE, "limited": True}


@resource
class PasswordsResource:
    """Changes and resets passwords."""

    tag = RegistrationResource.tag
    change_password: ChangePassword

    @Operation(
        summary="Send a one-time password by mail",
        description="It is valid for 10 minutes and 5 tries; only the newest counts. At most 5 within an hour.",
        body=SendOtpBody,
        example={"identifier": "nuwe@nuwe.com"},
        response=Message,
        answer_example={"message": "OTP sent successfully to: nuwe@nuwe.com"},
        answer="The mail is on its way; asked for by account number, its address is masked",
        raises=(_UNKNOWN,),
        **_RESET,
    )
    def on_post_send_otp(self, req: falcon.Request, resp: falcon.Response, client: str, body: SendOtpBody) -> None:
        email = self.change_password.send_otp(body.identifier, client)
        resp.data = encode(Message(f"OTP sent successfully to: {email}"))

    @Operation(
        summary="Trade a one-time password for a reset token",
        body=VerifyOtpBody,
        example={"identifier": "nuwe@nuwe.com", "otp": "893392"},
        response=ResetToken,
        answer_example={"passwordResetToken": "9b1ae6c5-c247-434f-a8e7-893b026db107"},
        answer="The reset token",
        raises=(_UNKNOWN, InvalidOtp()),
        **_RESET,
    )
    def on_post_verify_otp(self, req: falcon.Request, resp: falcon.Response, client: str, body: VerifyOtpBody) -> None:
        resp.data = encode(ResetToken(self.change_password.verify_otp(body.identifier, body.otp, client)))

    @Operation(
        summary="Set a new password by a reset token",
        description="Ends all sessions of the customer, who is told by mail.",
        body=ResetBody,
        example={
            "identifier": "nuwe@nuwe.com",
            "resetToken": "9b1ae6c5-c247-434f-a8e7-893b026db107",
            "newPassword": "PassTest1$",
        },
        response=Message,
        answer_example={"message": "Password reset successfully"},
        answer="The password is changed",
        audit="reset a password",
        raises=(_UNKNOWN, InvalidResetToken(), _WEAK),
        **_RESET,
    )
    def on_post_reset(self, req: falcon.Request, resp: falcon.Response, client: str, body: ResetBody) -> None:
        self.change_password.reset(body.identifier, body.resetToken, body.newPassword, client)
        resp.data = encode(Message("Password reset successfully"))

    @Operation(
        summary="Change the password",
        description="Ends all sessions of the customer, this one too; the customer is told by mail.",
        access=Access.USER,
        limited=True,
        body=ChangePasswordBody,
        example={"oldPassword": "NuweTest1$", "newPassword": "PassTest1$"},
        response=Message,
        answer_example={"message": "Password changed successfully"},
        answer="The password is changed",
        audit="changed the password",
        raises=(BadCredentials(), _WEAK),
    )
    def on_post_change(
        self, req: falcon.Request, resp: falcon.Response, identity: Identity, client: str, body: ChangePasswordBody
    ) -> None:
        self.change_password.change(identity, body.oldPassword, body.newPassword, client)
        resp.data = encode(Message("Password changed successfully"))


def routes(hucha: Hucha, metrics: Metrics) -> list[Route]:
    """The routes of passwords."""
    passwords = PasswordsResource(hucha.change_password)
    return [
        Route("/api/auth/password-reset/send-otp", passwords, "send_otp"),
        Route("/api/auth/password-reset/verify-otp", passwords, "verify_otp"),
        Route("/api/auth/password-reset", passwords, "reset"),
        Route("/api/users/change-password", passwords, "change"),
    ]
