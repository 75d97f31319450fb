"""Login, refresh and logout, in both families. Sources: seeds A and B, task 1; contract A2, B3, B4, D2, G11."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs
import falcon
import msgspec

from domain.model.errors import Unauthenticated
from domain.model.fields import is_empty
from domain.model.sessions import SignedIn
from domain.use_cases.identity.sign_in import SignIn
from entrypoints.http.auth import Authentication, counted_address, is_from_loopback, log_success
from entrypoints.http.openapi import Access, Operation, describe
from entrypoints.http.payloads import parse_body, read_body
from entrypoints.settings import Settings

COOKIE = "refresh_token"
TOKEN_EXAMPLE = "eyJhbGciOiJIUzUxMiJ9.eyJzdWIiOiIxOWIzMzIiLCJpYXQiOjE3Mjk1NzEzNzV9.6qLQi50B1Sto"  # noqa: S105
COOKIE_PATH = "/api/auth"
EPOCH = datetime.fromtimestamp(0, UTC)
"""When a cookie that shall go has expired."""


@attrs.frozen
class LoginBody:
    """A customer's email address and password."""

    email: str
    password: str


@attrs.frozen
class UserLoginBody:
    """A customer's email address or account number, and password."""

    identifier: str
    password: str


@attrs.frozen
class TokenAnswer:
    """The access token: a bearer token for every private route."""

    token: str


@attrs.frozen
class RefreshBody:
    """The refresh token, where it doesn't come in the cookie."""

    refresh_token: str | msgspec.UnsetType = msgspec.UNSET


class AuthLoginResource:
    """`POST /api/auth/login`."""

    def __init__(self, sign_in: SignIn, settings: Settings) -> None:
        self._sign_in = sign_in
        self._settings = settings

    @describe(
        Operation(
            summary="Sign in by email address",
            description="The refresh token comes in an HttpOnly cookie.",
            request=LoginBody,
            example={"email": "nuwe@nuwe.com", "password": "NuweTest1$"},
            response=TokenAnswer,
            answer_example={"token": TOKEN_EXAMPLE},
            answer="The access token",
            refusals={401: "Wrong or empty email or password"},
            limited=True,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        fields = parse_body(read_body(req))
        address = counted_address(req, self._settings.trusted_proxies)
        signed_in = self._sign_in(fields.get("email"), fields.get("password"), address, by_account=False)
        _answer(req, resp, signed_in, self._settings)


class UsersLoginResource:
    """`POST /api/users/login`."""

    def __init__(self, sign_in: SignIn, settings: Settings) -> None:
        self._sign_in = sign_in
        self._settings = settings

    @describe(
        Operation(
            summary="Sign in by email address or account number",
            description="The refresh token comes in an HttpOnly cookie.",
            request=UserLoginBody,
            example={"identifier": "nuwe@nuwe.com", "password": "NuweTest1$"},
            response=TokenAnswer,
            answer_example={"token": TOKEN_EXAMPLE},
            answer="The access token",
            refusals={401: "Wrong or empty identifier or password"},
            limited=True,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        fields = parse_body(read_body(req))
        address = counted_address(req, self._settings.trusted_proxies)
        _answer(req, resp, self._sign_in(fields.get("identifier"), fields.get("password"), address), self._settings)


class RefreshResource:
    """`POST /api/auth/refresh`."""

    def __init__(self, sign_in: SignIn, settings: Settings) -> None:
        self._sign_in = sign_in
        self._settings = settings

    @describe(
        Operation(
            summary="Trade a refresh token for new tokens",
            description=(
                "Takes the cookie, or `refresh_token` in the body. Each refresh token works once; using one again ends "
                "all tokens that came of the same sign-in."
            ),
            request=RefreshBody,
            example={},
            response=TokenAnswer,
            answer_example={"token": TOKEN_EXAMPLE},
            answer="The access token; the cookie is renewed too",
            refusals={401: "Not a refresh token that is in force"},
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        token = parse_body(read_body(req)).get("refresh_token")
        if is_empty(token):
            token = (req.get_cookie_values(COOKIE) or [None])[0]
            _check_origin(req, self._settings)
        if not isinstance(token, str):
            raise Unauthenticated
        _answer(req, resp, self._sign_in.refresh(token), self._settings)


class AuthLogoutResource:
    """`POST /api/auth/logout`."""

    def __init__(self, sign_in: SignIn, authentication: Authentication) -> None:
        self._sign_in = sign_in
        self._authentication = authentication

    @describe(
        Operation(
            summary="Sign out",
            description="The access token and its refresh tokens are worth nothing from now on, everywhere.",
            response=None,
            answer="Signed out",
            status=204,
            access=Access.USER,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        identity = self._authentication.user(req)
        parse_body(read_body(req))
        self._sign_in.sign_out(identity)
        _set_cookie(resp, "", EPOCH, secure=not self._authentication.is_from_loopback(req))
        resp.status = 204


class UsersLogoutResource:
    """`GET /api/users/logout`."""

    def __init__(self, sign_in: SignIn, authentication: Authentication) -> None:
        self._sign_in = sign_in
        self._authentication = authentication

    @describe(
        Operation(
            summary="Sign out",
            description="The access token and its refresh tokens are worth nothing from now on, everywhere.",
            response=str,
            media_types=("text/plain",),
            answer_example="Logged out successfully",
            answer="Signed out",
            access=Access.USER,
        )
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._sign_in.sign_out(self._authentication.user(req))
        _set_cookie(resp, "", EPOCH, secure=not self._authentication.is_from_loopback(req))
        resp.content_type = falcon.MEDIA_TEXT
        resp.data = b"Logged out successfully"


def _answer(req: falcon.Request, resp: falcon.Response, signed_in: SignedIn, settings: Settings) -> None:
    secure = not is_from_loopback(req, settings.trusted_proxies)
    _set_cookie(resp, signed_in.refresh_token, signed_in.refresh_expires_at, secure=secure)
    resp.data = msgspec.json.encode(TokenAnswer(signed_in.access_token))
    log_success(req, settings.trusted_proxies, "signed in")


def _set_cookie(resp: falcon.Response, value: str, expires: datetime, *, secure: bool) -> None:
    resp.set_cookie(COOKIE, value, expires=expires, path=COOKIE_PATH, secure=secure, http_only=True, same_site="Strict")


def _check_origin(req: falcon.Request, settings: Settings) -> None:
    """A cookie comes along unasked, so a page of another origin may not use it. Raises Unauthenticated."""
    origin = req.get_header("Origin")
    if origin is None or origin in settings.cors_origins:
        return
    if origin.partition("://")[2] != req.get_header("Host"):
        raise Unauthenticated
