"""Buying, selling, and what it comes to. Source: seed B, task 5; contract B7, B10."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import falcon
from msgspec import Meta

from domain.model.assets import plain
from domain.model.errors import (
    EmptyFields,
    HuchaError,
    InsufficientFunds,
    InvalidPin,
    KeyInFlight,
    KeyReused,
    NotEnoughHeld,
    PricesUnavailable,
    Refusal,
    TooManyRequests,
    Unauthenticated,
)
from domain.model.sessions import Identity
from domain.rules.portfolio import AssetPerformance, total_profit
from domain.use_cases.market.show_portfolio import ShowPortfolio
from domain.use_cases.market.trade_assets import TradeAssets, TradeOrder
from domain.use_cases.money.guarded_orders import Guard
from entrypoints.composition import Hucha
from entrypoints.http.answers import Answer, encode
from entrypoints.http.dialects import TradeFailed
from entrypoints.http.fields import Amount, Quantity
from entrypoints.http.metrics import Metrics
from entrypoints.http.operations import Access, Operation, Route, Tag, resource
from entrypoints.http.reading import wire

ANSWERED_AS_ELSEWHERE = (Unauthenticated, InvalidPin, KeyReused, KeyInFlight, TooManyRequests)
"""Refusals that buying and selling answer as every other route does; all else is their own sentence (contract B7)."""

NOT_BOUGHT = "Internal error occurred while purchasing the asset."
NOT_SOLD = "Internal error occurred while selling the asset."

Symbol = Annotated[str, Meta(min_length=1)]


@wire(missing=EmptyFields)
class BuyBody:
    """Which asset, for how much money, and the PIN."""

    assetSymbol: Symbol
    amount: Amount


@wire(missing=EmptyFields)
class SellBody:
    """Which asset, how many units, and the PIN."""

    assetSymbol: Symbol
    quantity: Quantity


class AssetObject(Answer):
    """How the customer fares with one asset; `averagePrice` and `marketPrice` are null where nothing is held."""

    quantity: Decimal
    averagePrice: Decimal | None
    marketPrice: Decimal | None
    marketValue: Decimal
    realisedProfit: Decimal
    unrealisedProfit: Decimal


class PerformanceObject(Answer):
    """Profit, negative for a loss: of each asset that is or was held, by symbol, and of all."""

    assets: dict[str, AssetObject]
    realisedProfit: Decimal
    unrealisedProfit: Decimal


_TRADE: dict[str, Any] = {"access": Access.PIN, "moves_money": True, "response": str, "media_types": ("text/plain",)}


@resource
class TradingResource:
    """Buys and sells assets, and shows what a customer holds."""

    tag = Tag("Assets", "Buying and selling at the market's prices, holdings and profit")
    trade: TradeAssets
    portfolio: ShowPortfolio

    @Operation(
        summary="Buy an asset at the market's price",
        description=(
            "The quantity is rounded down to 12 decimals. Where it fails, nothing was bought; only an answer with "
            "`Retry-After` may be wrong: the same request with the same `Idempotency-Key` tells."
        ),
        body=BuyBody,
        example={"assetSymbol": "GOLD", "pin": "1811", "amount": 1000.0},
        answer_example="Asset purchase successful.",
        answer="It is bought",
        raises=(TradeFailed(NOT_BOUGHT, InsufficientFunds()),),
        **_TRADE,
    )
    def on_post_buy(
        self, req: falcon.Request, resp: falcon.Response, identity: Identity, guard: Guard, body: BuyBody | Refusal
    ) -> None:
        order = body if isinstance(body, Refusal) else TradeOrder("buy", body.assetSymbol, body.amount)
        self._carry_out(identity, guard, order, NOT_BOUGHT)
        resp.text = "Asset purchase successful."

    @Operation(
        summary="Sell an asset at the market's price",
        description=(
            "The proceeds are rounded down to cents. Where it fails, nothing was sold; only an answer with a "
            "`Retry-After` may be wrong: the same request with the same `Idempotency-Key` tells."
        ),
        body=SellBody,
        example={"assetSymbol": "GOLD", "pin": "1811", "quantity": 0.3},
        answer_example="Asset sale successful.",
        answer="It is sold",
        raises=(TradeFailed(NOT_SOLD, NotEnoughHeld()),),
        **_TRADE,
    )
    def on_post_sell(
        self, req: falcon.Request, resp: falcon.Response, identity: Identity, guard: Guard, body: SellBody | Refusal
    ) -> None:
        order = body if isinstance(body, Refusal) else TradeOrder("sell", body.assetSymbol, body.quantity)
        self._carry_out(identity, guard, order, NOT_SOLD)
        resp.text = "Asset sale successful."

    def _carry_out(self, identity: Identity, guard: Guard, order: TradeOrder | Refusal, failed: str) -> None:
        try:
            self.trade(identity, guard, order)
        except ANSWERED_AS_ELSEWHERE:
            raise
        except HuchaError as error:
            raise TradeFailed(failed, error) from error

    @Operation(
        summary="How much of each asset is held",
        access=Access.USER,
        response=dict[str, Decimal],
        answer_example={"GOLD": 0.682994795579},
        answer="Quantities by symbol",
    )
    def on_get_assets(self, req: falcon.Request, resp: falcon.Response, identity: Identity) -> None:
        held = self.portfolio.assets(identity)
        resp.data = encode({symbol: plain(quantity) for symbol, quantity in held.items()})

    @Operation(
        summary="Cash and assets at the market's prices",
        access=Access.USER,
        response=Decimal,
        answer_example=79061.08163071838,
        answer="The net worth, unrounded",
        raises=(PricesUnavailable("the feed fails"),),
    )
    def on_get_net_worth(self, req: falcon.Request, resp: falcon.Response, identity: Identity) -> None:
        resp.data = encode(plain(self.portfolio.net_worth(identity)))

    @Operation(
        summary="Realised and unrealised profit",
        description="By the average cost method. What was sold out is listed too, for its realised profit.",
        access=Access.USER,
        response=PerformanceObject,
        answer="The profit of each asset and of all",
        raises=(PricesUnavailable("the feed fails"),),
    )
    def on_get_performance(self, req: falcon.Request, resp: falcon.Response, identity: Identity) -> None:
        found = self.portfolio.performance(identity)
        realised, unrealised = total_profit(found)
        assets = {one.symbol: _shown(one) for one in found}
        resp.data = encode(PerformanceObject(assets, plain(realised), plain(unrealised)))


def routes(hucha: Hucha, metrics: Metrics) -> list[Route]:
    """The routes of trading."""
    trading = TradingResource(hucha.trade_assets, hucha.portfolio)
    return [
        Route("/api/account/buy-asset", trading, "buy"),
        Route("/api/account/sell-asset", trading, "sell"),
        Route("/api/account/assets", trading, "assets"),
        Route("/api/account/net-worth", trading, "net_worth"),
        Route("/api/account/performance", trading, "performance"),
    ]


def _shown(one: AssetPerformance) -> AssetObject:
    return AssetObject(
        plain(one.quantity),
        None if one.average_price is None else plain(one.average_price),
        None if one.market_price is None else plain(one.market_price),
        plain(one.market_value),
        plain(one.realised),
        plain(one.unrealised),
    )
