"""`/api/user-actions/subscri...`. Source: seed B, task 8; contract B7, B12, G8."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import falcon
import msgspec
from msgspec import Meta

from domain.model.errors import QuotaReached, Refusal
from domain.model.quotas import STANDARD_QUOTAS
from domain.model.sessions import Identity
from domain.model.subscriptions import (
    LONGEST_INTERVAL_SECONDS,
    LONGEST_SUBSCRIPTION_NAME,
    Subscription,
    SubscriptionPayment,
    SubscriptionStatus,
)
from domain.use_cases.money.guarded_orders import Guard
from domain.use_cases.planning.manage_subscriptions import ManageSubscriptions, SubscriptionTerms
from entrypoints.composition import Hucha
from entrypoints.http.answers import Answer, encode, milliseconds, milliseconds_or_none
from entrypoints.http.fields import USUAL_ROWS, Amount, Count, Limit
from entrypoints.http.metrics import Metrics
from entrypoints.http.operations import Access, Operation, PathParameter, Route, Tag, resource
from entrypoints.http.paging import page
from entrypoints.http.reading import required, wire

SHOWN_PAYMENTS = 100
"""So many of the latest are shown with a subscription."""


@wire(missing=required)
class SubscribeBody:
    """How much is paid how often, and the PIN; `name` is shown in the history."""

    amount: Amount
    intervalSeconds: Annotated[int, Meta(ge=1, le=LONGEST_INTERVAL_SECONDS)]
    name: Annotated[str, Meta(max_length=LONGEST_SUBSCRIPTION_NAME)] | None = None


@wire()
class SubscriptionsQuery:
    """Which subscriptions."""

    limit: Limit = USUAL_ROWS
    after: Annotated[Count, Meta(description="Only subscriptions with ids above this")] = 0


class SubscriptionObject(Answer):
    """A subscription; instants are in milliseconds since 1970. `nextPayment` is null where no more is paid.

    `ended`: the balance didn't cover a payment. `cancelled`: its user wished so.
    """

    id: int
    name: str | None
    amount: Decimal
    intervalSeconds: int
    status: SubscriptionStatus
    payments: int
    nextPayment: int | None
    createdAt: int
    endedAt: int | None


class PaymentObject(Answer):
    """A payment: the instant that it was due, and the transaction of the history that made it."""

    dueAt: int
    transactionId: int


class SubscriptionWithPayments(SubscriptionObject):
    """A subscription with its latest payments, latest first."""

    latestPayments: list[PaymentObject]


_ID = PathParameter("subscription_id", "Which subscription")


@resource
class SubscriptionsResource:
    """Makes, lists and cancels the subscriptions of a customer."""

    tag = Tag("Subscriptions", "Payments that come back by themselves")
    subscriptions: ManageSubscriptions

    @Operation(
        summary="Pay an amount again and again",
        description=(
            "For the first time one interval from now. Each due instant is paid once, late ones too; when the "
            "balance doesn't cover a payment, the subscription ends. `Location` names it."
        ),
        access=Access.PIN,
        moves_money=True,
        body=SubscribeBody,
        example={"pin": "1811", "amount": "100", "intervalSeconds": 5},
        response=str,
        media_types=("text/plain",),
        answer_example="Subscription created successfully.",
        answer="It is made",
        raises=(QuotaReached("subscriptions", STANDARD_QUOTAS.most("subscriptions")),),
    )
    def on_post_subscribe(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        identity: Identity,
        guard: Guard,
        body: SubscribeBody | Refusal,
    ) -> None:
        terms = body if isinstance(body, Refusal) else SubscriptionTerms(body.amount, body.intervalSeconds, body.name)
        id = self.subscriptions.add(identity, guard, terms)
        resp.location = f"/api/user-actions/subscriptions/{id}"
        resp.text = "Subscription created successfully."

    @Operation(
        summary="List the subscriptions, oldest first",
        description="Those that are over too. Pages by `limit` and `after`; the `Link` header leads on.",
        access=Access.USER,
        query=SubscriptionsQuery,
        response=list[SubscriptionObject],
        answer="The subscriptions",
    )
    def on_get_list(
        self, req: falcon.Request, resp: falcon.Response, identity: Identity, query: SubscriptionsQuery
    ) -> None:
        found = self.subscriptions.of_user(identity, query.limit + 1, query.after)
        shown = page(found, query.limit, req, resp, lambda last: {"after": last.id})
        resp.data = encode([_shown(one) for one in shown])

    @Operation(
        summary="Show a subscription and its latest payments",
        access=Access.USER,
        path=(_ID,),
        response=SubscriptionWithPayments,
        answer="The subscription",
    )
    def on_get_one(self, req: falcon.Request, resp: falcon.Response, identity: Identity, subscription_id: int) -> None:
        subscription, payments = self.subscriptions.show(identity, subscription_id, SHOWN_PAYMENTS)
        latest = [_shown_payment(one) for one in payments]
        resp.data = encode(
            SubscriptionWithPayments(**msgspec.structs.asdict(_shown(subscription)), latestPayments=latest)
        )

    @Operation(
        summary="Cancel a subscription",
        description="Nothing more is paid. One that is over stays as it is.",
        access=Access.USER,
        path=(_ID,),
        response=None,
        answer="It is over",
        status=204,
    )
    def on_delete_one(
        self, req: falcon.Request, resp: falcon.Response, identity: Identity, subscription_id: int
    ) -> None:
        self.subscriptions.cancel(identity, subscription_id)


def routes(hucha: Hucha, metrics: Metrics) -> list[Route]:
    """The routes of subscriptions."""
    subscriptions = SubscriptionsResource(hucha.subscriptions)
    return [
        Route("/api/user-actions/subscribe", subscriptions, "subscribe"),
        Route("/api/user-actions/subscriptions", subscriptions, "list"),
        Route("/api/user-actions/subscriptions/{subscription_id}", subscriptions, "one"),
    ]


def _shown(subscription: Subscription) -> SubscriptionObject:
    return SubscriptionObject(
        subscription.id,
        subscription.name,
        subscription.amount,
        subscription.interval_seconds,
        subscription.status,
        subscription.payments,
        milliseconds(subscription.next_due) if subscription.status == "active" else None,
        milliseconds(subscription.created_at),
        milliseconds_or_none(subscription.ended_at),
    )


def _shown_payment(payment: SubscriptionPayment) -> PaymentObject:
    return PaymentObject(milliseconds(payment.due_at), payment.transaction_id)
