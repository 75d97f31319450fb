"""How Hucha says no over HTTP: the one table from errors to statuses, and the forms they are written in.

The same refusal leaves a route in the form of the family that the route belongs to. Source: contract G2, G3, G4, G11;
the sentences are the seeds' own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from enum import Enum
from http import HTTPStatus
from typing import Any, cast

import attrs
import falcon
import msgspec

from domain.model import errors
from domain.model.errors import FieldProblem, InvalidFields
from entrypoints.http.answers import Answer
from entrypoints.http.bodies import BodyRefused

RETRY_AFTER_SECONDS = 1
MOST_PROBLEMS = 100
"""So many bad fields are named; of the others only the number is told."""

LONGEST_ECHO = 256
"""So many characters of what was sent are said again."""

_log = logging.getLogger("hucha.http")


class Dialect(Enum):
    """The families of routes, by the form of their errors."""

    AUTH = "auth"
    """A's register and login: the sentence as `text/plain`."""

    A = "a"
    """The rest of A: `{"msg": sentence}`."""

    B = "b"
    """B: the sentence as `text/plain`."""

    EVENT = "event"
    """C and E: `{"error": sentence}`."""

    PROBLEM = "problem"
    """D and every new prefix, unknown paths too: RFC 9457 `application/problem+json`."""


_FAMILIES: Mapping[str, Dialect] = {
    "/event": Dialect.EVENT,
    "/api/auth/register": Dialect.AUTH,
    "/api/auth/login": Dialect.AUTH,
    "/api/auth/password-reset": Dialect.B,
    "/api/recurring-expenses": Dialect.A,
    "/api/transfers": Dialect.A,
    "/api/alerts": Dialect.A,
    "/api/transactions": Dialect.A,
    "/api/users": Dialect.B,
    "/api/dashboard": Dialect.B,
    "/api/account": Dialect.B,
    "/api/user-actions": Dialect.B,
    "/market": Dialect.B,
}
"""Each family's prefix: the path itself, and all that is below it."""

_DEEPEST_FAMILY = 3


def dialect_of(path: str) -> Dialect:
    """The dialect of the family that the path of a route belongs to."""
    parts = path.split("/")[: _DEEPEST_FAMILY + 1]
    for depth in range(len(parts), 1, -1):
        dialect = _FAMILIES.get("/".join(parts[:depth]))
        if dialect is not None:
            return dialect
    return Dialect.PROBLEM


@attrs.frozen
class Failure:
    """A refusal on its way out. `sentence` is for people; `problems` name fields."""

    status: int
    sentence: str
    problems: tuple[FieldProblem, ...] = ()
    headers: Mapping[str, str] = attrs.field(factory=dict)


class ErrorObject(Answer):
    """What `/event` answers instead of a verdict."""

    error: str


class MessageObject(Answer):
    """What A's routes answer instead of a result."""

    msg: str


class FieldDetail(Answer):
    """One bad field."""

    field: str
    detail: str


class Problem(Answer):
    """An error by RFC 9457; `errors` is there for bad fields."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldDetail] | msgspec.UnsetType = msgspec.UNSET


@attrs.define
class TradeFailed(Exception):
    """Buying and selling say one sentence whatever it was that failed. Source: seed B, task 5; contract B7."""

    sentence: str
    cause: errors.HuchaError


Row = Callable[[Any, Dialect], Failure]
_BEARER = {"WWW-Authenticate": "Bearer"}
_RETRY = {"Retry-After": str(RETRY_AFTER_SECONDS)}


def _says(
    status: int, sentence: str, others: Mapping[Dialect, str] | None = None, headers: Mapping[str, str] | None = None
) -> Row:
    """A row of the table: `sentence`, or the dialect's own among `others`; `{...}` holds data of the error."""

    def failure(error: Exception, dialect: Dialect) -> Failure:
        template = (others or {}).get(dialect, sentence)
        data = attrs.asdict(cast("attrs.AttrsInstance", error)) if "{" in template else {}  # such errors carry data
        data = {name: str(value)[:LONGEST_ECHO] for name, value in data.items()}
        return Failure(status, template.format_map(data), headers=headers or {})

    return failure


def _invalid_fields(error: InvalidFields, dialect: Dialect) -> Failure:
    named, rest = error.problems[:MOST_PROBLEMS], len(error.problems) - MOST_PROBLEMS
    if rest > 0:
        named += (FieldProblem(f"{rest} more", "is wrong too" if rest == 1 else "are wrong too"),)
    return Failure(400, f"Invalid fields: {InvalidFields(named)}.", named)


def _named(row: Row, detail: str) -> Row:
    """The same row, with the fields that the error names as problems."""

    def failure(error: errors.MissingFields | errors.EmptyFields, dialect: Dialect) -> Failure:
        problems = tuple(FieldProblem(name, detail) for name in error.names)
        return attrs.evolve(row(error, dialect), problems=problems)

    return failure


def _not_found(error: errors.NotFound, dialect: Dialect) -> Failure:
    return Failure(404, str(error) or "There is nothing here.")


def _body_refused(error: BodyRefused, dialect: Dialect) -> Failure:
    return Failure(error.status, error.sentence)


def _too_many(error: errors.TooManyRequests, dialect: Dialect) -> Failure:
    retry = {"Retry-After": str(error.retry_after_seconds)}
    return Failure(429, "Too many requests; try again later.", headers=retry)


def _unavailable(error: errors.Unavailable, dialect: Dialect) -> Failure:
    return Failure(503, "The service is unavailable now; try again later.", headers=_RETRY)


def _trade_failed(error: TradeFailed, dialect: Dialect) -> Failure:
    unavailable = isinstance(error.cause, errors.Unavailable)
    return Failure(500, error.sentence, headers=_RETRY if unavailable else {})


def _no_prices(error: errors.PricesUnavailable, dialect: Dialect) -> Failure:
    return Failure(500, "Internal error occurred while fetching market prices.", headers=_RETRY)


def _falcon(error: falcon.HTTPError, dialect: Dialect) -> Failure:
    phrase = HTTPStatus(error.status_code).phrase
    sentence = _SENTENCES.get(error.status_code, f"{phrase}.")
    return Failure(error.status_code, sentence, headers=dict(error.headers or {}))


def _crash(error: Exception, dialect: Dialect) -> Failure:
    return Failure(500, "Something went wrong on our side.")


_SENTENCES = {404: "There is nothing here.", 405: "This method is not for this resource."}
_NOT_EMPTY = "No empty fields allowed."

TABLE: Mapping[type[Exception], Row] = {
    errors.InvalidFields: _invalid_fields,
    errors.MissingFields: _named(
        _says(400, _NOT_EMPTY, {Dialect.AUTH: "All fields are required.", Dialect.A: "No data provided."}),
        "is required",
    ),
    errors.EmptyFields: _named(_says(400, _NOT_EMPTY), "must not be empty"),
    errors.EmptyExpense: _named(_says(400, "No empty fields allowed"), "must not be empty"),
    errors.MissingAlertId: _says(400, "Missing alert ID."),
    errors.AlertNotFound: _says(404, "Alert not found."),
    errors.InvalidEmail: _says(400, "Invalid email: {email}"),
    errors.WeakPassword: _says(400, "{rule}"),
    errors.EmailTaken: _says(400, "Email already exists", {Dialect.AUTH: "Email already exists."}),
    errors.PhoneTaken: _says(400, "Phone number already exists"),
    errors.UnknownUser: _says(
        400,
        "User not found for the given identifier: {identifier}",
        {Dialect.AUTH: "User not found for the given email: {identifier}"},
    ),
    errors.BadCredentials: _says(401, "Bad credentials", {Dialect.AUTH: "Bad credentials."}, _BEARER),
    errors.Unauthenticated: _says(401, "Access Denied", headers=_BEARER),
    errors.Forbidden: _says(403, "Access Denied"),
    errors.InvalidOtp: _says(400, "Invalid OTP"),
    errors.InvalidResetToken: _says(400, "Invalid reset token"),
    errors.EmptyPin: _says(400, "PIN cannot be null or empty"),
    errors.MalformedPin: _says(400, "PIN must be 4 digits"),
    errors.PinExists: _says(400, "PIN already exists"),
    errors.InvalidPin: _says(403, "Invalid PIN"),
    errors.PinLocked: _says(403, "PIN locked"),
    errors.InsufficientFunds: _says(400, "Insufficient balance"),
    errors.BalanceOutOfRange: _says(400, "A balance must stay nearer to zero than 10^13."),
    errors.SameAccount: _says(400, "Cannot transfer to the same account"),
    errors.KeyReused: _says(422, "The idempotency key was used for another request."),
    errors.KeyInFlight: _says(409, "The request with this idempotency key is still running.", headers=_RETRY),
    errors.TooManyRequests: _too_many,
    errors.QuotaReached: _says(422, "Quota reached: {noun} ({most})."),
    errors.NotFound: _not_found,
    errors.AccountNotFound: _says(404, "Account not found: {account_number}"),
    errors.ExpenseNotFound: _says(404, "Expense not found."),
    errors.QuoteNotFound: _says(404, "Invalid currencies or no exchange data available."),
    errors.FeeNotFound: _says(404, "No fee information available for these currencies."),
    errors.RateNotFound: _says(404, "No exchange rate available for these currencies."),
    errors.SymbolNotFound: _says(404, "Asset not found: {symbol}"),
    errors.SubscriptionNotFound: _says(404, "Subscription not found."),
    errors.NotEnoughHeld: _says(400, "Insufficient assets"),
    errors.TradeTooSmall: _says(400, "The trade is too small."),
    errors.HoldingOutOfRange: _says(400, "A holding must stay below 10^20 units."),
    errors.PricesUnavailable: _no_prices,
    errors.Unavailable: _unavailable,
    TradeFailed: _trade_failed,
    BodyRefused: _body_refused,
    falcon.HTTPError: _falcon,
    Exception: _crash,
}
"""Every error that may reach a route's edge; a subclass is found by its nearest ancestor."""


def failure_of(error: Exception, dialect: Dialect) -> Failure:
    """What the table says of an error."""
    return next(TABLE[kind] for kind in type(error).__mro__ if kind in TABLE)(error, dialect)


def form_of(failure: Failure, dialect: Dialect) -> tuple[str, bytes]:
    """The content type and the body of a failure, in the words of a dialect."""
    if dialect in (Dialect.AUTH, Dialect.B):
        return "text/plain; charset=utf-8", failure.sentence.encode()
    if dialect is Dialect.A:
        return "application/json", msgspec.json.encode(MessageObject(failure.sentence))
    if dialect is Dialect.EVENT:
        return "application/json", msgspec.json.encode(ErrorObject(failure.sentence))
    problem = Problem(
        type="about:blank",
        title=HTTPStatus(failure.status).phrase,
        status=failure.status,
        detail=failure.sentence,
        errors=[FieldDetail(one.field, one.detail) for one in failure.problems] or msgspec.UNSET,
    )
    return "application/problem+json", msgspec.json.encode(problem)


def write(error: Exception, dialect: Dialect, resp: falcon.Response) -> None:
    """Put an error into a response, in the words of a dialect, and tell the log of one that is ours."""
    failure = failure_of(error, dialect)
    _tell_log(error)
    resp.status = failure.status
    for name, value in failure.headers.items():
        resp.set_header(name, value)
    resp.content_type, resp.data = form_of(failure, dialect)


def _tell_log(error: Exception) -> None:
    """What operators must know of: never what the customer wrote."""
    if isinstance(error, TradeFailed):
        unavailable = isinstance(error.cause, errors.Unavailable)
        reason = str(error.cause) if unavailable else type(error.cause).__name__
        _log.log(logging.WARNING if unavailable else logging.INFO, "a trade failed", extra={"reason": reason})
    elif isinstance(error, errors.PricesUnavailable):
        _log.warning("no prices", extra={"reason": error.reason})
    elif isinstance(error, errors.Unavailable):
        _log.error("unavailable", extra={"reason": str(error)})
    elif not isinstance(error, errors.HuchaError | BodyRefused | falcon.HTTPError):
        _log.error("a request failed", exc_info=error)
