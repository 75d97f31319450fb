"""Login, refresh and logout, in both families. Sources: seeds A and B, task 1; contract A2, B3, B4, D2, G11."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import falcon

from domain.model.errors import BadCredentials, Unauthenticated, UnknownUser
from domain.model.sessions import Identity, SignedIn
from domain.use_cases.identity.sign_in import SignIn
from entrypoints.composition import Hucha
from entrypoints.http.answers import Answer, encode
from entrypoints.http.auth import is_from_loopback
from entrypoints.http.fields import Credential, Reads
from entrypoints.http.identity.registration import RegistrationResource
from entrypoints.http.metrics import Metrics
from entrypoints.http.operations import Access, Operation, Route, resource
from entrypoints.http.reading import wire
from entrypoints.settings import Settings

COOKIE: Final = "refresh_token"
TOKEN_EXAMPLE: Final = "eyJhbGciOiJIUzUxMiJ9.eyJzdWIiOiIxOWIzMzIiLCJpYXQiOjE3Mjk1NzEzNzV9.6qLQi50B1Sto"  # noqa: S105
COOKIE_PATH: Final = "/api/auth"
EPOCH: Final = datetime.fromtimestamp(0, UTC)
"""When a cookie that shall go has expired."""


def _bad_credentials(names: tuple[str, ...]) -> BadCredentials:
    return BadCredentials()


@wire(missing=_bad_credentials, empty=_bad_credentials)
class LoginBody:
    """A customer's email address and password."""

    email: Credential
    password: Credential


@wire(missing=_bad_credentials, empty=_bad_credentials)
class UserLoginBody:
    """A customer's email address or account number, and password."""

    identifier: Credential
    password: Credential


class TokenAnswer(Answer):
    """The access token: a bearer token for every private route."""

    token: str


def _token(value: object) -> str:
    if isinstance(value, str):
        return value
    raise Unauthenticated


@wire()
class RefreshBody:
    """The refresh token, where it doesn't come in the cookie."""

    refresh_token: Annotated[str, Reads(_token)] | None = None


_LOGIN: dict[str, Any] = {
    "description": "The refresh token comes in an HttpOnly cookie.",
    "access": Access.ANYONE,
    "limited": True,
    "response": TokenAnswer,
    "answer_example": {"token": TOKEN_EXAMPLE},
    "answer": "The access token",
    "audit": "signed in",
    "raises": (UnknownUser("nuwe@nuwe.com"), BadCredentials()),
}
_LOGOUT: dict[str, Any] = {
    "summary": "Sign out",
    "description": "The access token and its refresh tokens are worth nothing from now on, everywhere.",
    "access": Access.USER,
    "answer": "Signed out",
}


@resource
class SigningInResource:
    """Gives tokens, renews them and takes them back."""

    tag = RegistrationResource.tag
    sign_in: SignIn
    settings: Settings

    @Operation(
        summary="Sign in by email address",
        body=LoginBody,
        example={"email": "nuwe@nuwe.com", "password": "NuweTest1$"},
        **_LOGIN,
    )
    def on_post_login_by_a(self, req: falcon.Request, resp: falcon.Response, client: str, body: LoginBody) -> None:
        self._answer(req, resp, self.sign_in(body.email, body.password, client, by_account=False))

    @Operation(
        summary="Sign in by email address or account number",
        body=UserLoginBody,
        example={"identifier": "nuwe@nuwe.com", "password": "NuweTest1$"},
        **_LOGIN,
    )
    def on_post_login_by_b(self, req: falcon.Request, resp: falcon.Response, client: str, body: UserLoginBody) -> None:
        self._answer(req, resp, self.sign_in(body.identifier, body.password, client))

    @Operation(
        summary="Trade a refresh token for new tokens",
        description=(
            "Takes the cookie, or `refresh_token` in the body. Each refresh token works once; using one again ends "
            "all tokens that came of the same sign-in."
        ),
        access=Access.ANYONE,
        body=RefreshBody,
        body_required=False,
        example={},
        response=TokenAnswer,
        answer_example={"token": TOKEN_EXAMPLE},
        answer="The access token; the cookie is renewed too",
        audit="signed in",
        raises=(Unauthenticated(),),
    )
    def on_post_refresh(self, req: falcon.Request, resp: falcon.Response, body: RefreshBody) -> None:
        token = body.refresh_token
        if token is None:
            _check_origin(req, self.settings)
            token = next(iter(req.get_cookie_values(COOKIE) or ()), None)
        if token is None:
            raise Unauthenticated
        self._answer(req, resp, self.sign_in.refresh(token))

    @Operation(response=None, status=204, **_LOGOUT)
    def on_post_logout_by_a(self, req: falcon.Request, resp: falcon.Response, identity: Identity) -> None:
        self._sign_out(req, resp, identity)

    @Operation(response=str, media_types=("text/plain",), answer_example="Logged out successfully", **_LOGOUT)
    def on_get_logout_by_b(self, req: falcon.Request, resp: falcon.Response, identity: Identity) -> None:
        self._sign_out(req, resp, identity)
        resp.text = "Logged out successfully"

    def _answer(self, req: falcon.Request, resp: falcon.Response, signed_in: SignedIn) -> None:
        self._set_cookie(req, resp, signed_in.refresh_token, signed_in.refresh_expires_at)
        resp.data = encode(TokenAnswer(signed_in.access_token))

    def _sign_out(self, req: falcon.Request, resp: falcon.Response, identity: Identity) -> None:
        self.sign_in.sign_out(identity)
        self._set_cookie(req, resp, "", EPOCH)

    def _set_cookie(self, req: falcon.Request, resp: falcon.Response, value: str, expires: datetime) -> None:
        secure = not is_from_loopback(req, self.settings.trusted_proxies)
        resp.set_cookie(
            COOKIE, value, expires=expires, path=COOKIE_PATH, secure=secure, http_only=True, same_site="Strict"
        )


def routes(hucha: Hucha, metrics: Metrics) -> list[Route]:
    """The routes of signing in and out."""
    signing_in = SigningInResource(hucha.sign_in, hucha.settings)
    return [
        Route("/api/auth/login", signing_in, "login_by_a"),
        Route("/api/auth/refresh", signing_in, "refresh"),
        Route("/api/auth/logout", signing_in, "logout_by_a"),
        Route("/api/users/login", signing_in, "login_by_b"),
        Route("/api/users/logout", signing_in, "logout_by_b"),
    ]


def _check_origin(req: falcon.Request, settings: Settings) -> None:
    """Let no page of another origin use the cookie. Raises Unauthenticated."""
    origin = req.get_header("Origin")
    if origin is None or origin in settings.cors_origins:
        return
    if origin.partition("://")[2] != req.get_header("Host"):
        raise Unauthenticated
