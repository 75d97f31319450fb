"""`/api/alerts`. Source: seed A, task 4; contract A8."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

import attrs
import falcon
import msgspec
from msgspec import Meta

from domain.model.alerts import Alert, AmountReached
from domain.rules.alerting import progress
from domain.use_cases.notifying.manage_alerts import ManageAlerts
from entrypoints.http.auth import Authentication
from entrypoints.http.openapi import Access, Operation, describe
from entrypoints.http.payloads import AmountIn, Count, parse_body, read_body


@attrs.frozen(slots=False)  # written in this order
class AmountReachedBody:
    """A savings goal, and the balance from which on to tell of it."""

    target_amount: AmountIn
    alert_threshold: AmountIn


@attrs.frozen
class BalanceDropBody:
    """By how much the balance must fall to be told of."""

    balance_drop_threshold: AmountIn


@attrs.frozen
class DeleteAlertBody:
    """Which alert to remove."""

    alert_id: Count


@attrs.frozen(slots=False)
class AmountReachedObject:
    """A savings alert."""

    id: int
    user_id: int
    target_amount: Decimal
    alert_threshold: Decimal


@attrs.frozen(slots=False)
class BalanceDropObject:
    """A balance drop alert."""

    id: int
    user_id: int
    balance_drop_threshold: Decimal


@attrs.frozen(slots=False)
class SavingsAdded:
    """The alert is set."""

    msg: str
    data: AmountReachedObject


@attrs.frozen(slots=False)
class DropAdded:
    """The alert is set."""

    msg: str
    data: BalanceDropObject


@attrs.frozen(slots=False)
class ListedAlert:
    """An alert, how near it is (0 to 1), and whether it has fired; what its kind hasn't got is null."""

    id: int
    user_id: int
    target_amount: Decimal | None
    alert_threshold: Decimal | None
    balance_drop_threshold: Decimal | None
    progress: Decimal
    status: Literal["armed", "fired"]
    created_at: Annotated[datetime, Meta(tz=True)]


@attrs.frozen
class AlertList:
    """Every alert, oldest first."""

    data: list[ListedAlert]


@attrs.frozen
class AlertDeleted:
    """The alert is gone."""

    msg: str


_encode = msgspec.json.Encoder(decimal_format="number").encode


class AmountReachedResource:
    """`POST /api/alerts/amount_reached`."""

    def __init__(self, alerts: ManageAlerts, authentication: Authentication) -> None:
        self._alerts = alerts
        self._authentication = authentication

    @describe(
        Operation(
            summary="Tell when savings reach a threshold",
            description="By mail and notification, after a transaction that leaves the balance at or above it.",
            request=AmountReachedBody,
            example={"target_amount": 5000.0, "alert_threshold": 4500.0},
            response=SavingsAdded,
            answer_example={
                "msg": "Correctly added savings alert!",
                "data": {"id": 1, "user_id": 1, "target_amount": 5000.0, "alert_threshold": 4500.0},
            },
            answer="The alert",
            status=201,
            access=Access.USER,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        identity = self._authentication.user(req)
        alert = self._alerts.add_amount_reached(identity, parse_body(read_body(req)))
        condition = alert.condition
        assert isinstance(condition, AmountReached) and alert.id is not None
        data = AmountReachedObject(alert.id, alert.user_id, condition.target_amount, condition.alert_threshold)
        resp.status = 201
        resp.data = _encode(SavingsAdded("Correctly added savings alert!", data))


class BalanceDropResource:
    """`POST /api/alerts/balance_drop`."""

    def __init__(self, alerts: ManageAlerts, authentication: Authentication) -> None:
        self._alerts = alerts
        self._authentication = authentication

    @describe(
        Operation(
            summary="Tell when the balance drops",
            description=(
                "By mail and notification, after a transaction that leaves the balance so much lower than its "
                "highest since the alert was made, or last fired."
            ),
            request=BalanceDropBody,
            example={"balance_drop_threshold": 100.0},
            response=DropAdded,
            answer_example={
                "msg": "Correctly added balance drop alert!",
                "data": {"id": 2, "user_id": 1, "balance_drop_threshold": 100.0},
            },
            answer="The alert",
            status=201,
            access=Access.USER,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        identity = self._authentication.user(req)
        alert = self._alerts.add_balance_drop(identity, parse_body(read_body(req)))
        condition = alert.condition
        assert not isinstance(condition, AmountReached) and alert.id is not None
        data = BalanceDropObject(alert.id, alert.user_id, condition.balance_drop_threshold)
        resp.status = 201
        resp.data = _encode(DropAdded("Correctly added balance drop alert!", data))


class AlertDeleteResource:
    """`POST /api/alerts/delete`."""

    def __init__(self, alerts: ManageAlerts, authentication: Authentication) -> None:
        self._alerts = alerts
        self._authentication = authentication

    @describe(
        Operation(
            summary="Remove an alert",
            request=DeleteAlertBody,
            example={"alert_id": 1},
            response=AlertDeleted,
            answer_example={"msg": "Alert deleted successfully."},
            answer="The alert is gone",
            access=Access.USER,
            refusals={404: "There is no such alert"},
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        identity = self._authentication.user(req)
        self._alerts.delete(identity, parse_body(read_body(req)))
        resp.data = _encode(AlertDeleted("Alert deleted successfully."))


class AlertListResource:
    """`GET /api/alerts/list`."""

    def __init__(self, alerts: ManageAlerts, authentication: Authentication) -> None:
        self._alerts = alerts
        self._authentication = authentication

    @describe(
        Operation(
            summary="List the alerts with progress and status",
            response=AlertList,
            answer="The alerts, oldest first",
            access=Access.USER,
        )
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        alerts, balance = self._alerts.list(self._authentication.user(req))
        resp.data = _encode(AlertList([_listed(alert, balance) for alert in alerts]))


def _listed(alert: Alert, balance: Decimal) -> ListedAlert:
    condition = alert.condition
    assert alert.id is not None
    if isinstance(condition, AmountReached):
        amounts = (condition.target_amount, condition.alert_threshold, None)
    else:
        amounts = (None, None, condition.balance_drop_threshold)
    return ListedAlert(alert.id, alert.user_id, *amounts, progress(alert, balance), alert.status, alert.created_at)
