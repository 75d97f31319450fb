"""Subscriptions. Source: seed B, task 8; contract B12, G8."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import attrs
import falcon
import msgspec
from msgspec import Meta

from domain.model.subscriptions import (
    LONGEST_INTERVAL_SECONDS,
    LONGEST_SUBSCRIPTION_NAME,
    Subscription,
    SubscriptionPayment,
    SubscriptionStatus,
)
from domain.use_cases.planning.manage_subscriptions import ManageSubscriptions
from entrypoints.http.auth import Authentication
from entrypoints.http.idempotency import Digests, read_guarded
from entrypoints.http.openapi import Access, Operation, Parameter, describe
from entrypoints.http.paging import LIMIT, page, query_limit, query_place
from entrypoints.http.payloads import (
    AmountIn,
    Count,
    all_of,
    milliseconds,
    path_integer,
)

SHOWN_PAYMENTS = 100
"""So many of the latest are shown with a subscription."""

Interval = Annotated[int, Meta(ge=1, le=LONGEST_INTERVAL_SECONDS)]


@attrs.frozen
class SubscribeBody:
    """How much is paid how often, and the PIN; `name` is shown in the history."""

    amount: AmountIn
    intervalSeconds: Interval  # noqa: N815
    pin: str
    name: Annotated[str, Meta(max_length=LONGEST_SUBSCRIPTION_NAME)] | msgspec.UnsetType = msgspec.UNSET


@attrs.frozen(slots=False)  # written in this order
class SubscriptionObject:
    """A subscription; instants are in milliseconds since 1970. `nextPayment` is null where no more is paid.

    `ended`: the balance didn't cover a payment. `cancelled`: its user wished so.
    """

    id: int
    name: str | None
    amount: Decimal
    intervalSeconds: int  # noqa: N815
    status: SubscriptionStatus
    payments: int
    nextPayment: int | None  # noqa: N815
    createdAt: int  # noqa: N815
    endedAt: int | None  # noqa: N815


@attrs.frozen(slots=False)
class PaymentObject:
    """A payment: the instant that it was due, and the transaction of the history that made it."""

    dueAt: int  # noqa: N815
    transactionId: int  # noqa: N815


@attrs.frozen(slots=False)
class SubscriptionWithPayments(SubscriptionObject):
    """A subscription with its latest payments, latest first."""

    latestPayments: list[PaymentObject]  # noqa: N815


_encode = msgspec.json.Encoder(decimal_format="number").encode
_ID = Parameter("subscription_id", "path", Count, "Which subscription", required=True)


class SubscribeResource:
    """`POST /api/user-actions/subscribe`."""

    def __init__(self, subscriptions: ManageSubscriptions, authentication: Authentication, digests: Digests) -> None:
        self._subscriptions = subscriptions
        self._authentication = authentication
        self._digests = digests

    @describe(
        Operation(
            summary="Pay an amount again and again",
            description=(
                "For the first time one interval from now. Each due instant is paid once, late ones too; when the "
                "balance doesn't cover a payment, the subscription ends. `Location` names it."
            ),
            request=SubscribeBody,
            example={"pin": "1811", "amount": "100", "intervalSeconds": 5},
            response=str,
            media_types=("text/plain",),
            answer_example="Subscription created successfully.",
            answer="It is made",
            access=Access.PIN,
            moves_money=True,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        identity, fields, key = read_guarded(req, self._authentication, self._digests)
        id = self._subscriptions.add(identity, fields, key)
        resp.location = f"/api/user-actions/subscriptions/{id}"
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = "Subscription created successfully."


class SubscriptionsResource:
    """`GET /api/user-actions/subscriptions`."""

    def __init__(self, subscriptions: ManageSubscriptions, authentication: Authentication) -> None:
        self._subscriptions = subscriptions
        self._authentication = authentication

    @describe(
        Operation(
            summary="List the subscriptions, oldest first",
            description="Those that are over too. Pages by `limit` and `after`; the `Link` header leads on.",
            parameters=(
                LIMIT,
                Parameter("after", "query", Count, "Only subscriptions with ids above this"),
            ),
            response=list[SubscriptionObject],
            answer="The subscriptions",
            access=Access.USER,
        )
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        identity = self._authentication.user(req)
        limit, after = all_of(
            lambda: query_limit(req),
            lambda: query_place(req, "after"),
        )
        found = self._subscriptions.of_user(identity, limit + 1, after or 0)
        shown = page(found, limit, req, resp, lambda last: {"after": last.id})
        resp.data = _encode([_shown(one) for one in shown])


class SubscriptionResource:
    """`GET` and `DELETE /api/user-actions/subscriptions/{subscription_id}`."""

    def __init__(self, subscriptions: ManageSubscriptions, authentication: Authentication) -> None:
        self._subscriptions = subscriptions
        self._authentication = authentication

    @describe(
        Operation(
            summary="Show a subscription and its latest payments",
            parameters=(_ID,),
            response=SubscriptionWithPayments,
            answer="The subscription",
            access=Access.USER,
        )
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, subscription_id: str) -> None:
        identity = self._authentication.user(req)
        subscription, payments = self._subscriptions.show(identity, path_integer(subscription_id), SHOWN_PAYMENTS)
        latest = [_shown_payment(one) for one in payments]
        resp.data = _encode(SubscriptionWithPayments(**attrs.asdict(_shown(subscription)), latestPayments=latest))

    @describe(
        Operation(
            summary="Cancel a subscription",
            description="Nothing more is paid. One that is over stays as it is.",
            parameters=(_ID,),
            response=None,
            answer="It is over",
            status=204,
            access=Access.USER,
        )
    )
    def on_delete(self, req: falcon.Request, resp: falcon.Response, subscription_id: str) -> None:
        identity = self._authentication.user(req)
        self._subscriptions.cancel(identity, path_integer(subscription_id))
        resp.status = 204


def _shown(subscription: Subscription) -> SubscriptionObject:
    return SubscriptionObject(
        subscription.id or 0,
        subscription.name,
        subscription.amount,
        subscription.interval_seconds,
        subscription.status,
        subscription.payments,
        milliseconds(subscription.next_due) if subscription.status == "active" else None,
        milliseconds(subscription.created_at),
        _milliseconds_or_none(subscription.ended_at),
    )


def _shown_payment(payment: SubscriptionPayment) -> PaymentObject:
    return PaymentObject(milliseconds(payment.due_at), payment.transaction_id)


def _milliseconds_or_none(instant: datetime | None) -> int | None:
    return None if instant is None else milliseconds(instant)
