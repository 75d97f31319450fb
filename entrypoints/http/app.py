"""The HTTP API: which resource serves which path. `create_app` makes it whole; nothing is global."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import falcon

from domain.model.errors import (
    BadCredentials,
    Forbidden,
    InvalidOtp,
    InvalidPin,
    InvalidResetToken,
    TooManyRequests,
    Unauthenticated,
    UnknownUser,
)
from entrypoints.composition import Hucha
from entrypoints.http import openapi
from entrypoints.http.auth import Authentication, log_denial
from entrypoints.http.cors import Cors
from entrypoints.http.dialects import Dialect, dialect_of, write
from entrypoints.http.envelope import ROUTE_KEY, Envelope
from entrypoints.http.events.events import EventResource, EventsResource
from entrypoints.http.events.risk_profiles import RiskProfileResource
from entrypoints.http.identity.passwords import (
    ChangePasswordResource,
    ResetPasswordResource,
    SendOtpResource,
    VerifyOtpResource,
)
from entrypoints.http.identity.pins import CreatePinResource, ResetPinResource, UpdatePinResource
from entrypoints.http.identity.profile import (
    DashboardAccountResource,
    DashboardUserResource,
    ProfileResource,
    SettingsResource,
)
from entrypoints.http.identity.registration import AuthRegisterResource, UsersRegisterResource
from entrypoints.http.identity.signing_in import (
    AuthLoginResource,
    AuthLogoutResource,
    RefreshResource,
    UsersLoginResource,
    UsersLogoutResource,
)
from entrypoints.http.market.auto_invest import (
    AutoInvestResource,
    DisableAutoInvestResource,
    EnableAutoInvestResource,
)
from entrypoints.http.market.prices import PriceResource, PricesResource
from entrypoints.http.market.trading import (
    AssetsResource,
    BuyAssetResource,
    NetWorthResource,
    PerformanceResource,
    SellAssetResource,
    TradeTaker,
)
from entrypoints.http.metrics import Metrics
from entrypoints.http.money.cash import (
    DepositResource,
    FundTransferResource,
    OrderTaker,
    TransactionsResource,
    WithdrawResource,
)
from entrypoints.http.money.transfer_quotes import FeesResource, RatesResource, SimulateResource
from entrypoints.http.notifying.alerts import (
    AlertDeleteResource,
    AlertListResource,
    AmountReachedResource,
    BalanceDropResource,
)
from entrypoints.http.openapi import Route
from entrypoints.http.operating.docs import DocsFileResource, DocsResource, OpenApiResource
from entrypoints.http.operating.health import HealthResource, MetricsResource, ReadinessResource
from entrypoints.http.planning.recurring_expenses import (
    BreakdownResource,
    ProjectionResource,
    RecurringExpenseResource,
    RecurringExpensesResource,
)
from entrypoints.http.planning.subscriptions import SubscribeResource, SubscriptionResource, SubscriptionsResource
from entrypoints.http.spending.card_payments import CardTransactionsResource, ExplanationResource
from entrypoints.settings import Network

DENIALS = (
    *(Unauthenticated, Forbidden, BadCredentials, UnknownUser, InvalidPin),
    *(InvalidOtp, InvalidResetToken, TooManyRequests),
)
"""Refusals that leave a line in the log: somebody tried to be, or to do, what they may not."""


def create_app(hucha: Hucha) -> Envelope:
    """The WSGI app over these use cases."""
    metrics = Metrics()
    metrics.watch_prices(hucha.prices.state)
    return Envelope(create_falcon_app(hucha, metrics), metrics)


def create_falcon_app(hucha: Hucha, metrics: Metrics) -> falcon.App[falcon.Request, falcon.Response]:
    """The Falcon app inside: `create_app` without what surrounds every answer."""
    routes = routes_of(hucha, metrics)
    origins = hucha.settings.cors_origins
    app = falcon.App(middleware=[_RouteForMetrics(), *([Cors(origins)] if origins else [])])
    app.resp_options.secure_cookies_by_default = True
    for route in routes:
        app.add_route(route.path, route.resource)
    for kind in (falcon.HTTPError, Exception):  # Falcon has handlers of its own for both
        app.add_error_handler(kind, _write_failure)
    for denial in DENIALS:
        app.add_error_handler(denial, partial(_deny, hucha.settings.trusted_proxies))
    return app


def routes_of(hucha: Hucha, metrics: Metrics) -> list[Route]:
    """Every route, in the order of the documentation."""
    settings = hucha.settings
    authentication = Authentication(hucha.sign_in, hucha.operators, settings.trusted_proxies)
    routes = [
        *_identity_routes(hucha, authentication),
        *_account_routes(hucha, authentication),
        *_alert_and_transaction_routes(hucha, authentication),
        *_planning_routes(hucha, authentication),
        *_transfer_routes(hucha, authentication),
        *_trading_routes(hucha, authentication),
        *_user_action_routes(hucha, authentication),
        Route("/event", EventResource(hucha.judge_event, settings.event_api_key, metrics)),
        Route("/api/events", EventsResource(hucha.list_events, authentication)),
        Route("/api/risk-profiles/{user_id}", RiskProfileResource(hucha.risk_profiles, authentication)),
        Route("/healthz", HealthResource()),
        Route("/readyz", ReadinessResource(hucha.storage, hucha.prices)),
        Route("/metrics", MetricsResource(metrics, authentication, settings)),
        Route("/api/openapi.json", OpenApiResource(lambda: openapi.build(routes))),
        Route("/api/docs", DocsResource()),
        Route("/api/docs/{name}", DocsFileResource()),
    ]
    return routes


def _identity_routes(hucha: Hucha, authentication: Authentication) -> list[Route]:
    settings, change_password = hucha.settings, hucha.change_password
    return [
        Route("/api/auth/register", AuthRegisterResource(hucha.register, settings)),
        Route("/api/auth/login", AuthLoginResource(hucha.sign_in, settings)),
        Route("/api/auth/refresh", RefreshResource(hucha.sign_in, settings)),
        Route("/api/auth/logout", AuthLogoutResource(hucha.sign_in, authentication)),
        Route("/api/auth/password-reset/send-otp", SendOtpResource(change_password, settings)),
        Route("/api/auth/password-reset/verify-otp", VerifyOtpResource(change_password, settings)),
        Route("/api/auth/password-reset", ResetPasswordResource(change_password, settings)),
        Route("/api/users/register", UsersRegisterResource(hucha.register, settings)),
        Route("/api/users/login", UsersLoginResource(hucha.sign_in, settings)),
        Route("/api/users/logout", UsersLogoutResource(hucha.sign_in, authentication)),
        Route("/api/users/change-password", ChangePasswordResource(change_password, authentication)),
        Route("/api/user/profile", ProfileResource(hucha.profile, authentication)),
        Route("/api/user/settings", SettingsResource(hucha.profile, authentication)),
    ]


def _account_routes(hucha: Hucha, authentication: Authentication) -> list[Route]:
    orders = OrderTaker(hucha.move_money, authentication, hucha.digests)
    return [
        Route("/api/dashboard/user", DashboardUserResource(hucha.profile, authentication, hucha.settings)),
        Route("/api/dashboard/account", DashboardAccountResource(hucha.profile, authentication)),
        Route("/api/account/pin/create", CreatePinResource(hucha.manage_pin, authentication)),
        Route("/api/account/pin/update", UpdatePinResource(hucha.manage_pin, authentication)),
        Route("/api/account/pin/reset", ResetPinResource(hucha.manage_pin, authentication)),
        Route("/api/account/deposit", DepositResource(orders)),
        Route("/api/account/withdraw", WithdrawResource(orders)),
        Route("/api/account/fund-transfer", FundTransferResource(orders)),
        Route("/api/account/transactions", TransactionsResource(hucha.show_history, authentication)),
    ]


def _alert_and_transaction_routes(hucha: Hucha, authentication: Authentication) -> list[Route]:
    record, alerts = hucha.record_card_payment, hucha.manage_alerts
    return [
        Route("/api/alerts/amount_reached", AmountReachedResource(alerts, authentication)),
        Route("/api/alerts/balance_drop", BalanceDropResource(alerts, authentication)),
        Route("/api/alerts/delete", AlertDeleteResource(alerts, authentication)),
        Route("/api/alerts/list", AlertListResource(alerts, authentication)),
        Route("/api/transactions", CardTransactionsResource(record, authentication, hucha.digests)),
        Route("/api/transactions/{transaction_id}/explanation", ExplanationResource(record, authentication)),
    ]


def _transfer_routes(hucha: Hucha, authentication: Authentication) -> list[Route]:
    quote_transfer = hucha.quote_transfer
    return [
        Route("/api/transfers/simulate", SimulateResource(quote_transfer, authentication)),
        Route("/api/transfers/fees", FeesResource(quote_transfer, authentication)),
        Route("/api/transfers/rates", RatesResource(quote_transfer, authentication)),
    ]


def _planning_routes(hucha: Hucha, authentication: Authentication) -> list[Route]:
    plan = hucha.plan_expenses
    return [
        Route("/api/recurring-expenses", RecurringExpensesResource(plan, authentication)),
        Route("/api/recurring-expenses/projection", ProjectionResource(plan, authentication)),
        Route("/api/recurring-expenses/projection/breakdown", BreakdownResource(plan, authentication)),
        Route("/api/recurring-expenses/{expense_id}", RecurringExpenseResource(plan, authentication)),
    ]


def _trading_routes(hucha: Hucha, authentication: Authentication) -> list[Route]:
    portfolio, trade = hucha.portfolio, TradeTaker(hucha.trade_assets, authentication, hucha.digests)
    return [
        Route("/market/prices", PricesResource(portfolio)),
        Route("/market/prices/{symbol}", PriceResource(portfolio)),
        Route("/api/account/buy-asset", BuyAssetResource(trade)),
        Route("/api/account/sell-asset", SellAssetResource(trade)),
        Route("/api/account/assets", AssetsResource(portfolio, authentication)),
        Route("/api/account/net-worth", NetWorthResource(portfolio, authentication)),
        Route("/api/account/performance", PerformanceResource(portfolio, authentication)),
    ]


def _user_action_routes(hucha: Hucha, authentication: Authentication) -> list[Route]:
    subscriptions, bot = hucha.subscriptions, hucha.auto_invest
    prefix = "/api/user-actions"
    return [
        Route(f"{prefix}/subscribe", SubscribeResource(subscriptions, authentication, hucha.digests)),
        Route(f"{prefix}/subscriptions", SubscriptionsResource(subscriptions, authentication)),
        Route(f"{prefix}/subscriptions/{{subscription_id}}", SubscriptionResource(subscriptions, authentication)),
        Route(f"{prefix}/enable-auto-invest", EnableAutoInvestResource(bot, authentication)),
        Route(f"{prefix}/disable-auto-invest", DisableAutoInvestResource(bot, authentication)),
        Route(f"{prefix}/auto-invest", AutoInvestResource(bot, authentication)),
    ]


class _RouteForMetrics:
    """Tells the envelope which route matched: after the answer Falcon has forgotten it."""

    def process_resource(self, req: falcon.Request, resp: falcon.Response, resource: object, params: object) -> None:
        req.env[ROUTE_KEY] = req.uri_template


def _deny(
    trusted_proxies: Sequence[Network], req: falcon.Request, resp: falcon.Response, error: Exception, params: Any
) -> None:
    log_denial(req, trusted_proxies, error)
    _write_failure(req, resp, error, params)


def _write_failure(req: falcon.Request, resp: falcon.Response, error: Exception, params: Any) -> None:
    resp.text = None
    resp.media = None
    write(error, dialect_of(req.path) if req.uri_template else Dialect.PROBLEM, resp)  # no route: an unknown path
