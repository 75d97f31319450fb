"""Password reset and change. Source: seed B, task 2; contract B1, B5."""

from __future__ import annotations

import attrs
import falcon
import msgspec

from domain.use_cases.identity.change_password import ChangePassword
from entrypoints.http.auth import Authentication, counted_address, log_success
from entrypoints.http.openapi import Access, Operation, describe
from entrypoints.http.payloads import parse_body, read_body
from entrypoints.settings import Settings


@attrs.frozen
class SendOtpBody:
    """Who forgot the password: an email address or account number."""

    identifier: str


@attrs.frozen
class VerifyOtpBody:
    """The one-time password that came by mail."""

    identifier: str
    otp: str


@attrs.frozen
class ResetBody:
    """The new password, and the token that allows it."""

    identifier: str
    resetToken: str  # noqa: N815
    newPassword: str  # noqa: N815


@attrs.frozen
class ChangePasswordBody:
    """The password as it is, and as it shall be."""

    oldPassword: str  # noqa: N815
    newPassword: str  # noqa: N815


@attrs.frozen
class Message:
    """What was done."""

    message: str


@attrs.frozen
class ResetToken:
    """Allows one new password, within 15 minutes."""

    passwordResetToken: str  # noqa: N815


class SendOtpResource:
    """`POST /api/auth/password-reset/send-otp`."""

    def __init__(self, change_password: ChangePassword, settings: Settings) -> None:
        self._change_password = change_password
        self._settings = settings

    @describe(
        Operation(
            summary="Send a one-time password by mail",
            description="It is valid for 10 minutes and 5 tries; only the newest counts. At most 5 within an hour.",
            request=SendOtpBody,
            example={"identifier": "nuwe@nuwe.com"},
            response=Message,
            answer_example={"message": "OTP sent successfully to: nuwe@nuwe.com"},
            answer="The mail is on its way; asked for by account number, its address is masked",
            limited=True,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        fields = parse_body(read_body(req))
        email = self._change_password.send_otp(
            fields.get("identifier"), counted_address(req, self._settings.trusted_proxies)
        )
        resp.data = msgspec.json.encode(Message(f"OTP sent successfully to: {email}"))


class VerifyOtpResource:
    """`POST /api/auth/password-reset/verify-otp`."""

    def __init__(self, change_password: ChangePassword, settings: Settings) -> None:
        self._change_password = change_password
        self._settings = settings

    @describe(
        Operation(
            summary="Trade a one-time password for a reset token",
            request=VerifyOtpBody,
            example={"identifier": "nuwe@nuwe.com", "otp": "893392"},
            response=ResetToken,
            answer_example={"passwordResetToken": "9b1ae6c5-c247-434f-a8e7-893b026db107"},
            answer="The reset token",
            limited=True,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        fields = parse_body(read_body(req))
        token = self._change_password.verify_otp(
            fields.get("identifier"), fields.get("otp"), counted_address(req, self._settings.trusted_proxies)
        )
        resp.data = msgspec.json.encode(ResetToken(token))


class ResetPasswordResource:
    """`POST /api/auth/password-reset`."""

    def __init__(self, change_password: ChangePassword, settings: Settings) -> None:
        self._change_password = change_password
        self._settings = settings

    @describe(
        Operation(
            summary="Set a new password by a reset token",
            description="Ends all sessions of the customer, who is told by mail.",
            request=ResetBody,
            example={
                "identifier": "nuwe@nuwe.com",
                "resetToken": "9b1ae6c5-c247-434f-a8e7-893b026db107",
                "newPassword": "PassTest1$",
            },
            response=Message,
            answer_example={"message": "Password reset successfully"},
            answer="The password is changed",
            limited=True,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        fields = parse_body(read_body(req))
        self._change_password.reset(
            fields.get("identifier"),
            fields.get("resetToken"),
            fields.get("newPassword"),
            counted_address(req, self._settings.trusted_proxies),
        )
        resp.data = msgspec.json.encode(Message("Password reset successfully"))
        log_success(req, self._settings.trusted_proxies, "reset a password")


class ChangePasswordResource:
    """`POST /api/users/change-password`."""

    def __init__(self, change_password: ChangePassword, authentication: Authentication) -> None:
        self._change_password = change_password
        self._authentication = authentication

    @describe(
        Operation(
            summary="Change the password",
            description="Ends all sessions of the customer, this one too; the customer is told by mail.",
            request=ChangePasswordBody,
            example={"oldPassword": "NuweTest1$", "newPassword": "PassTest1$"},
            response=Message,
            answer_example={"message": "Password changed successfully"},
            answer="The password is changed",
            access=Access.USER,
            limited=True,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        identity = self._authentication.user(req)
        fields = parse_body(read_body(req))
        self._change_password.change(
            identity, fields.get("oldPassword"), fields.get("newPassword"), self._authentication.address(req)
        )
        resp.data = msgspec.json.encode(Message("Password changed successfully"))
        self._authentication.log_success(req, "changed the password")
