"""`/api/alerts`. Source: seed A, task 4; contract A8."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import falcon

from domain.model.alerts import Alert, AmountReached
from domain.model.errors import AlertNotFound, EmptyFields, MissingAlertId, QuotaReached
from domain.model.quotas import STANDARD_QUOTAS
from domain.model.sessions import Identity
from domain.rules.alerting import progress
from domain.use_cases.notifying.manage_alerts import ManageAlerts
from entrypoints.composition import Hucha
from entrypoints.http.answers import Answer, InstantOut, encode
from entrypoints.http.fields import Amount
from entrypoints.http.metrics import Metrics
from entrypoints.http.operations import Access, Operation, Route, Tag, resource
from entrypoints.http.reading import wire


@wire(missing=EmptyFields)
class AmountReachedBody:
    """A savings goal, and the balance from which on to tell of it."""

    target_amount: Amount
    alert_threshold: Amount


@wire(missing=EmptyFields)
class BalanceDropBody:
    """By how much the balance must fall to be told of."""

    balance_drop_threshold: Amount


@wire(missing=lambda names: MissingAlertId())
class DeleteAlertBody:
    """Which alert to remove."""

    alert_id: int


class AmountReachedObject(Answer):
    """A savings alert."""

    id: int
    user_id: int
    target_amount: Decimal
    alert_threshold: Decimal


class BalanceDropObject(Answer):
    """A balance drop alert."""

    id: int
    user_id: int
    balance_drop_threshold: Decimal


class SavingsAdded(Answer):
    """The alert is set."""

    msg: str
    data: AmountReachedObject


class DropAdded(Answer):
    """The alert is set."""

    msg: str
    data: BalanceDropObject


class ListedAlert(Answer):
    """An alert, how near it is (0 to 1), and whether it has fired; what its kind hasn't got is null."""

    id: int
    user_id: int
    target_amount: Decimal | None
    alert_threshold: Decimal | None
    balance_drop_threshold: Decimal | None
    progress: Decimal
    status: Literal["armed", "fired"]
    created_at: InstantOut


class AlertList(Answer):
    """Every alert, oldest first."""

    data: list[ListedAlert]


class AlertDeleted(Answer):
    """The alert is gone."""

    msg: str


@resource
class AlertsResource:
    """Sets, lists and removes the alerts of a customer."""

    tag = Tag("Alerts", "Letters and notifications when the balance reaches a threshold, or drops")
    alerts: ManageAlerts

    @Operation(
        summary="Tell when savings reach a threshold",
        description="By mail and notification, after a transaction that leaves the balance at or above it.",
        access=Access.USER,
        body=AmountReachedBody,
        example={"target_amount": 5000.0, "alert_threshold": 4500.0},
        response=SavingsAdded,
        answer_example={
            "msg": "Correctly added savings alert!",
            "data": {"id": 1, "user_id": 1, "target_amount": 5000.0, "alert_threshold": 4500.0},
        },
        answer="The alert",
        status=201,
        raises=(QuotaReached("alerts", STANDARD_QUOTAS.most("alerts")),),
    )
    def on_post_amount_reached(
        self, req: falcon.Request, resp: falcon.Response, identity: Identity, body: AmountReachedBody
    ) -> None:
        condition = AmountReached(body.target_amount, body.alert_threshold)
        alert = self.alerts.add_amount_reached(identity, condition)
        data = AmountReachedObject(alert.id, alert.user_id, body.target_amount, body.alert_threshold)
        resp.data = encode(SavingsAdded("Correctly added savings alert!", data))

    @Operation(
        summary="Tell when the balance drops",
        description=(
            "By mail and notification, after a transaction that leaves the balance so much lower than its "
            "highest since the alert was made, or last fired."
        ),
        access=Access.USER,
        body=BalanceDropBody,
        example={"balance_drop_threshold": 100.0},
        response=DropAdded,
        answer_example={
            "msg": "Correctly added balance drop alert!",
            "data": {"id": 2, "user_id": 1, "balance_drop_threshold": 100.0},
        },
        answer="The alert",
        status=201,
        raises=(QuotaReached("alerts", STANDARD_QUOTAS.most("alerts")),),
    )
    def on_post_balance_drop(
        self, req: falcon.Request, resp: falcon.Response, identity: Identity, body: BalanceDropBody
    ) -> None:
        alert = self.alerts.add_balance_drop(identity, body.balance_drop_threshold)
        data = BalanceDropObject(alert.id, alert.user_id, body.balance_drop_threshold)
        resp.data = encode(DropAdded("Correctly added balance drop alert!", data))

    @Operation(
        summary="Remove an alert",
        access=Access.USER,
        body=DeleteAlertBody,
        example={"alert_id": 1},
        response=AlertDeleted,
        answer_example={"msg": "Alert deleted successfully."},
        answer="The alert is gone",
        raises=(MissingAlertId(), AlertNotFound()),
    )
    def on_post_delete(
        self, req: falcon.Request, resp: falcon.Response, identity: Identity, body: DeleteAlertBody
    ) -> None:
        self.alerts.delete(identity, body.alert_id)
        resp.data = encode(AlertDeleted("Alert deleted successfully."))

    @Operation(
        summary="List the alerts with progress and status",
        access=Access.USER,
        response=AlertList,
        answer="The alerts, oldest first",
    )
    def on_get_list(self, req: falcon.Request, resp: falcon.Response, identity: Identity) -> None:
        alerts, balance = self.alerts.list(identity)
        resp.data = encode(AlertList([_listed(alert, balance) for alert in alerts]))


def routes(hucha: Hucha, metrics: Metrics) -> list[Route]:
    """The routes of alerts."""
    alerts = AlertsResource(hucha.manage_alerts)
    return [
        Route("/api/alerts/amount_reached", alerts, "amount_reached"),
        Route("/api/alerts/balance_drop", alerts, "balance_drop"),
        Route("/api/alerts/delete", alerts, "delete"),
        Route("/api/alerts/list", alerts, "list"),
    ]


def _listed(alert: Alert, balance: Decimal) -> ListedAlert:
    condition = alert.condition
    target = threshold = drop = None
    if isinstance(condition, AmountReached):
        target, threshold = condition.target_amount, condition.alert_threshold
    else:
        drop = condition.balance_drop_threshold
    near = progress(alert, balance)
    return ListedAlert(alert.id, alert.user_id, target, threshold, drop, near, alert.status, alert.created_at)
