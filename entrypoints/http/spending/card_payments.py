"""`/api/transactions`. Source: seed A, task 5; contract A9, A10, G8."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import attrs
import falcon
import msgspec
from msgspec import Meta

from domain.model.errors import FieldProblem, InvalidFields, Refusal
from domain.model.fields import Fields, parse_instant
from domain.model.payments import Payment, parse_payment
from domain.model.sessions import Identity
from domain.model.transactions import BookedMovement
from domain.use_cases.spending.record_card_payment import RecordCardPayment
from entrypoints.http.auth import Authentication
from entrypoints.http.idempotency import Digests, read_guarded
from entrypoints.http.openapi import Access, Operation, Parameter, describe
from entrypoints.http.paging import LIMIT, page, query_limit, query_place
from entrypoints.http.payloads import (
    Count,
    SignedAmountIn,
    all_of,
    path_integer,
)

SentInstant = Annotated[datetime, Meta(tz=True)]


@attrs.frozen(slots=False)  # written in this order
class TransactionBody:
    """What was spent (positive) or received (negative). `timestamp` is now unless told; `user_id` the caller's own."""

    amount: SignedAmountIn
    category: Annotated[str, Meta(min_length=1, max_length=255)]
    user_id: Count | msgspec.UnsetType = msgspec.UNSET
    timestamp: SentInstant | msgspec.UnsetType = msgspec.UNSET


@attrs.frozen(slots=False)
class TransactionObject:
    """A card payment, and whether it looked unusual when it was booked."""

    id: int
    user_id: int
    amount: Decimal
    category: str
    timestamp: SentInstant
    fraud: bool


@attrs.frozen(slots=False)
class Recorded:
    """The payment as it was booked."""

    msg: str
    data: TransactionObject


@attrs.frozen(slots=False)
class ReasonObject:
    """Why one rule fired: the observed value and the threshold that it crossed."""

    rule: str
    sentence: str
    observed: Decimal
    threshold: Decimal
    window: str
    would_pass: str | None


@attrs.frozen(slots=False)
class Explanation:
    """What was judged when the payment was booked."""

    id: int
    fraud: bool
    reasons: list[ReasonObject]


_encode = msgspec.json.Encoder(decimal_format="number").encode
_EXAMPLE = {"amount": 150.50, "category": "electronics", "timestamp": "2024-11-20T10:30:00Z"}
_SHOWN = {"id": 1, "user_id": 123, **_EXAMPLE, "fraud": True}
_INSTANT = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class CardTransactionsResource:
    """`POST` and `GET /api/transactions`."""

    def __init__(self, record: RecordCardPayment, authentication: Authentication, digests: Digests) -> None:
        self._record = record
        self._authentication = authentication
        self._digests = digests

    @describe(
        Operation(
            summary="Record a transaction and judge it",
            description=(
                "A positive amount was spent, a negative one received; no funds are asked for. `fraud` is true where "
                "the amount is far above the average day of the last 90, where the category wasn't used in the last 6 "
                "months, or where more than 3 payments in 5 minutes exceed the average day."
            ),
            request=TransactionBody,
            example=_EXAMPLE,
            response=Recorded,
            answer_example={"msg": "Transaction added and evaluated for fraud.", "data": _SHOWN},
            answer="The transaction and its verdict",
            status=201,
            access=Access.USER,
            refusals={403: "Another user's id"},
            moves_money=True,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        identity, fields, key = read_guarded(req, self._authentication, self._digests)
        booked = self._record(identity, _payment_or_refusal(fields, identity), key)
        resp.status = 201
        resp.data = _encode(Recorded("Transaction added and evaluated for fraud.", _shown(booked)))

    @describe(
        Operation(
            summary="List the transactions, newest first",
            description="Pages by `limit` and `cursor`; the `Link` header leads to the next page.",
            parameters=(
                LIMIT,
                Parameter("cursor", "query", Count, "Where the page before ended"),
                Parameter("category", "query", str, "Only these; case doesn't count"),
                Parameter("from", "query", _INSTANT, "Only at this instant or later"),
                Parameter("to", "query", _INSTANT, "Only before this instant"),
            ),
            response=list[TransactionObject],
            answer_example=[_SHOWN],
            answer="The transactions",
            access=Access.USER,
        )
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        identity = self._authentication.user(req)
        limit, cursor, since, until = all_of(
            lambda: query_limit(req),
            lambda: query_place(req, "cursor"),
            lambda: _query_instant(req, "from"),
            lambda: _query_instant(req, "to"),
        )
        category = req.get_param("category")
        found = self._record.list(identity, limit + 1, before=cursor, category=category, since=since, until=until)
        asked = {name: value for name in ("category", "from", "to") if (value := req.get_param(name)) is not None}
        shown = page(found, limit, req, resp, lambda last: {**asked, "cursor": last.id})
        resp.data = _encode([_shown(one) for one in shown])


class ExplanationResource:
    """`GET /api/transactions/{transaction_id}/explanation`."""

    def __init__(self, record: RecordCardPayment, authentication: Authentication) -> None:
        self._record = record
        self._authentication = authentication

    @describe(
        Operation(
            summary="Why a transaction was judged as it was",
            description="What was judged when it was booked, not what would be judged now.",
            parameters=(Parameter("transaction_id", "path", Count, "Which transaction", required=True),),
            response=Explanation,
            answer="The rules that fired, with observed value, threshold and window",
            access=Access.USER,
        )
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, transaction_id: str) -> None:
        identity = self._authentication.user(req)
        booked, reasons = self._record.explain(identity, path_integer(transaction_id))
        shown = [ReasonObject(**attrs.asdict(reason)) for reason in reasons]
        resp.data = _encode(Explanation(booked.id, bool(booked.movement.fraud), shown))


def _payment_or_refusal(fields: Fields, identity: Identity) -> Payment | Refusal:
    """What was read, or why it couldn't be: the idempotency key is checked before that is told."""
    try:
        return parse_payment(fields, identity)
    except Refusal as refusal:
        return refusal


def _shown(booked: BookedMovement) -> TransactionObject:
    movement = booked.movement
    return TransactionObject(
        booked.id,
        movement.user_id,
        movement.amount,
        movement.category or "",
        movement.timestamp,
        bool(movement.fraud),
    )


def _query_instant(req: falcon.Request, name: str) -> datetime | None:
    text = req.get_param(name)
    if text is None:
        return None
    try:
        return parse_instant(text.replace(" ", "+"))  # a plus sign that wasn't escaped
    except ValueError as problem:
        raise InvalidFields((FieldProblem(name, str(problem)),)) from None
