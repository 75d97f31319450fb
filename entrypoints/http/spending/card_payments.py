"""`/api/transactions`. Source: seed A, task 5; contract A9, A10, G8."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import attrs
import falcon
import msgspec
from msgspec import Meta

from domain.model.errors import EmptyFields, MissingFields, Refusal
from domain.model.fields import parse_instant
from domain.model.idempotency import IdempotencyKey
from domain.model.money import parse_amount
from domain.model.payments import LONGEST_CATEGORY, Payment
from domain.model.sessions import Identity
from domain.model.transactions import BookedMovement
from domain.use_cases.spending.record_card_payment import RecordCardPayment
from entrypoints.composition import Hucha
from entrypoints.http.answers import Answer, InstantOut, encode
from entrypoints.http.fields import USUAL_ROWS, Count, Instant, Limit, Reads, SignedAmount
from entrypoints.http.metrics import Metrics
from entrypoints.http.operations import Access, Operation, PathParameter, Route, Tag, resource
from entrypoints.http.paging import page
from entrypoints.http.reading import wire


def _not_nothing(value: object) -> Decimal:
    amount = parse_amount(value)
    if not amount:
        raise ValueError("must not be 0")
    return amount


def _queried_instant(text: str) -> datetime:
    return parse_instant(text.replace(" ", "+"))  # a plus sign that wasn't escaped


@wire()
class CardPaymentBody:
    """What was spent (positive) or received (negative). `timestamp` is now unless told.

    `user_id` counts for nothing: the payment is the caller's own.
    """

    amount: Annotated[SignedAmount, Reads(_not_nothing)]
    category: Annotated[str, Meta(min_length=1, max_length=LONGEST_CATEGORY)]
    user_id: Any = None
    timestamp: Instant | msgspec.UnsetType = msgspec.UNSET


@wire()
class CardPaymentsQuery:
    """Which payments."""

    limit: Limit = USUAL_ROWS
    cursor: Annotated[Count, Meta(description="Where the page before ended")] | None = None
    category: Annotated[str, Meta(description="Only these; case doesn't count")] | None = None
    from_: (
        Annotated[datetime, Meta(tz=True, description="Only at this instant or later"), Reads(_queried_instant)] | None
    ) = None
    to: Annotated[datetime, Meta(tz=True, description="Only before this instant"), Reads(_queried_instant)] | None = (
        None
    )


class CardPaymentObject(Answer):
    """A card payment, and whether it looked unusual when it was booked."""

    id: int
    user_id: int
    amount: Decimal
    category: str
    timestamp: InstantOut
    fraud: bool


class Recorded(Answer):
    """The payment as it was booked."""

    msg: str
    data: CardPaymentObject


class ReasonObject(Answer):
    """Why one rule fired: the observed value and the threshold that it crossed."""

    rule: str
    sentence: str
    observed: Decimal
    threshold: Decimal
    window: str
    would_pass: str | None


class Explanation(Answer):
    """What was judged when the payment was booked."""

    id: int
    fraud: bool
    reasons: list[ReasonObject]


_EXAMPLE = {"amount": 150.50, "category": "electronics", "timestamp": "2024-11-20T10:30:00Z"}
_SHOWN = {"id": 1, "user_id": 123, **_EXAMPLE, "fraud": True}
_NAMES = ("category",)


@resource
class CardPaymentsResource:
    """Records card payments, and shows them with their verdicts."""

    tag = Tag("Card payments", "What was spent or received, judged for fraud as it is booked")
    record: RecordCardPayment

    @Operation(
        summary="Record a transaction and judge it",
        description=(
            "A positive amount was spent, a negative one received; no funds are asked for. `fraud` is true where "
            "the amount is far above the average day of the last 90, where the category wasn't used in the last 6 "
            "months, or where more than 3 payments in 5 minutes exceed the average day."
        ),
        access=Access.USER,
        moves_money=True,
        body=CardPaymentBody,
        example=_EXAMPLE,
        response=Recorded,
        answer_example={"msg": "Transaction added and evaluated for fraud.", "data": _SHOWN},
        answer="The transaction and its verdict",
        status=201,
        raises=(MissingFields(_NAMES), EmptyFields(_NAMES)),
    )
    def on_post_list(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        identity: Identity,
        key: IdempotencyKey | None,
        body: CardPaymentBody | Refusal,
    ) -> None:
        booked = self.record(identity, _payment(body), key)
        resp.data = encode(Recorded("Transaction added and evaluated for fraud.", _shown(booked)))

    @Operation(
        summary="List the transactions, newest first",
        description="Pages by `limit` and `cursor`; the `Link` header leads to the next page.",
        access=Access.USER,
        query=CardPaymentsQuery,
        response=list[CardPaymentObject],
        answer_example=[_SHOWN],
        answer="The transactions",
    )
    def on_get_list(
        self, req: falcon.Request, resp: falcon.Response, identity: Identity, query: CardPaymentsQuery
    ) -> None:
        found = self.record.list(
            identity,
            query.limit + 1,
            before=query.cursor,
            category=query.category,
            since=query.from_,
            until=query.to,
        )
        asked = {name: value for name in ("category", "from", "to") if (value := req.get_param(name)) is not None}
        shown = page(found, query.limit, req, resp, lambda last: {**asked, "cursor": last.id})
        resp.data = encode([_shown(one) for one in shown])

    @Operation(
        summary="Why a transaction was judged as it was",
        description="What was judged when it was booked, not what would be judged now.",
        access=Access.USER,
        path=(PathParameter("transaction_id", "Which transaction"),),
        response=Explanation,
        answer="The rules that fired, with observed value, threshold and window",
    )
    def on_get_explanation(
        self, req: falcon.Request, resp: falcon.Response, identity: Identity, transaction_id: int
    ) -> None:
        booked, reasons = self.record.explain(identity, transaction_id)
        shown = [ReasonObject(**attrs.asdict(reason)) for reason in reasons]
        resp.data = encode(Explanation(booked.id, bool(booked.movement.fraud), shown))


def routes(hucha: Hucha, metrics: Metrics) -> list[Route]:
    """The routes of card payments."""
    payments = CardPaymentsResource(hucha.record_card_payment)
    return [
        Route("/api/transactions", payments, "list"),
        Route("/api/transactions/{transaction_id}/explanation", payments, "explanation"),
    ]


def _payment(body: CardPaymentBody | Refusal) -> Payment | Refusal:
    if isinstance(body, Refusal):
        return body
    return Payment(body.amount, body.category, None if body.timestamp is msgspec.UNSET else body.timestamp)


def _shown(booked: BookedMovement) -> CardPaymentObject:
    movement = booked.movement
    return CardPaymentObject(
        booked.id,
        movement.user_id,
        movement.amount,
        movement.category or "",
        movement.timestamp,
        bool(movement.fraud),
    )
