"""Buying, selling, and what it comes to. Source: seed B, task 5; contract B7, B10."""

from __future__ import annotations

from decimal import Decimal

import attrs
import falcon
import msgspec

from domain.model.assets import Side, plain
from domain.model.errors import HuchaError, InvalidPin, KeyInFlight, KeyReused, TooManyRequests, Unauthenticated
from domain.rules.portfolio import AssetPerformance, total_profit
from domain.use_cases.market.show_portfolio import ShowPortfolio
from domain.use_cases.market.trade_assets import TradeAssets, TradeOrder
from entrypoints.http.auth import Authentication
from entrypoints.http.dialects import TradeFailed
from entrypoints.http.idempotency import Digests, read_guarded
from entrypoints.http.openapi import Access, Operation, describe
from entrypoints.http.payloads import AmountIn, QuantityIn

TELL_THEMSELVES = (Unauthenticated, InvalidPin, KeyReused, KeyInFlight, TooManyRequests)
"""Refusals that buying and selling answer as every other route does; all else is their own sentence (contract B7)."""


@attrs.frozen
class BuyBody:
    """Which asset, for how much money, and the PIN."""

    assetSymbol: str  # noqa: N815
    pin: str
    amount: AmountIn


@attrs.frozen
class SellBody:
    """Which asset, how many units, and the PIN."""

    assetSymbol: str  # noqa: N815
    pin: str
    quantity: QuantityIn


@attrs.frozen(slots=False)  # written in this order
class AssetObject:
    """How the customer fares with one asset; `averagePrice` and `marketPrice` are null where nothing is held."""

    quantity: Decimal
    averagePrice: Decimal | None  # noqa: N815
    marketPrice: Decimal | None  # noqa: N815
    marketValue: Decimal  # noqa: N815
    realisedProfit: Decimal  # noqa: N815
    unrealisedProfit: Decimal  # noqa: N815


@attrs.frozen(slots=False)
class PerformanceObject:
    """Profit, negative for a loss: of each asset that is or was held, by symbol, and of all."""

    assets: dict[str, AssetObject]
    realisedProfit: Decimal  # noqa: N815
    unrealisedProfit: Decimal  # noqa: N815


_encode = msgspec.json.Encoder(decimal_format="number").encode


class TradeTaker:
    """Reads an order, has it carried out, and says what was done or that it failed."""

    def __init__(self, trade: TradeAssets, authentication: Authentication, digests: Digests) -> None:
        self._trade = trade
        self._authentication = authentication
        self._digests = digests

    def __call__(self, req: falcon.Request, resp: falcon.Response, side: Side, done: str, failed: str) -> None:
        identity, fields, key = read_guarded(req, self._authentication, self._digests)
        size = fields.get("amount" if side == "buy" else "quantity")
        try:
            self._trade(identity, TradeOrder(side, fields.get("assetSymbol"), size, fields.get("pin"), key))
        except TELL_THEMSELVES:
            raise
        except HuchaError as error:
            raise TradeFailed(failed, error) from error
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = done


class BuyAssetResource:
    """`POST /api/account/buy-asset`."""

    def __init__(self, take: TradeTaker) -> None:
        self._take = take

    @describe(
        Operation(
            summary="Buy an asset at the market's price",
            description=(
                "The quantity is rounded down to 12 decimals. Where it fails, nothing was bought; only an answer with "
                "`Retry-After` may be wrong: the same request with the same `Idempotency-Key` tells."
            ),
            request=BuyBody,
            example={"assetSymbol": "GOLD", "pin": "1811", "amount": 1000.0},
            response=str,
            media_types=("text/plain",),
            answer_example="Asset purchase successful.",
            answer="It is bought",
            access=Access.PIN,
            refusals={500: "It couldn't be bought: no funds, no such asset, no prices"},
            moves_money=True,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        failed = "Internal error occurred while purchasing the asset."
        self._take(req, resp, "buy", "Asset purchase successful.", failed)


class SellAssetResource:
    """`POST /api/account/sell-asset`."""

    def __init__(self, take: TradeTaker) -> None:
        self._take = take

    @describe(
        Operation(
            summary="Sell an asset at the market's price",
            description=(
                "The proceeds are rounded down to cents. Where it fails, nothing was sold; only an answer with a "
                "`Retry-After` may be wrong: the same request with the same `Idempotency-Key` tells."
            ),
            request=SellBody,
            example={"assetSymbol": "GOLD", "pin": "1811", "quantity": 0.3},
            response=str,
            media_types=("text/plain",),
            answer_example="Asset sale successful.",
            answer="It is sold",
            access=Access.PIN,
            refusals={500: "It couldn't be sold: not so much is held, no prices"},
            moves_money=True,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        failed = "Internal error occurred while selling the asset."
        self._take(req, resp, "sell", "Asset sale successful.", failed)


class AssetsResource:
    """`GET /api/account/assets`."""

    def __init__(self, portfolio: ShowPortfolio, authentication: Authentication) -> None:
        self._portfolio = portfolio
        self._authentication = authentication

    @describe(
        Operation(
            summary="How much of each asset is held",
            response=dict[str, Decimal],
            answer_example={"GOLD": 0.682994795579},
            answer="Quantities by symbol",
            access=Access.USER,
        )
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        held = self._portfolio.assets(self._authentication.user(req))
        resp.data = _encode({symbol: plain(quantity) for symbol, quantity in held.items()})


class NetWorthResource:
    """`GET /api/account/net-worth`."""

    def __init__(self, portfolio: ShowPortfolio, authentication: Authentication) -> None:
        self._portfolio = portfolio
        self._authentication = authentication

    @describe(
        Operation(
            summary="Cash and assets at the market's prices",
            response=Decimal,
            answer_example=79061.08163071838,
            answer="The net worth, unrounded",
            access=Access.USER,
            refusals={500: "The price feed fails"},
        )
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.data = _encode(plain(self._portfolio.net_worth(self._authentication.user(req))))


class PerformanceResource:
    """`GET /api/account/performance`."""

    def __init__(self, portfolio: ShowPortfolio, authentication: Authentication) -> None:
        self._portfolio = portfolio
        self._authentication = authentication

    @describe(
        Operation(
            summary="Realised and unrealised profit",
            description="By the average cost method. What was sold out is listed too, for its realised profit.",
            response=PerformanceObject,
            answer="The profit of each asset and of all",
            access=Access.USER,
            refusals={500: "The price feed fails"},
        )
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        found = self._portfolio.performance(self._authentication.user(req))
        realised, unrealised = total_profit(found)
        assets = {one.symbol: _shown(one) for one in found}
        resp.data = _encode(PerformanceObject(assets, plain(realised), plain(unrealised)))


def _shown(one: AssetPerformance) -> AssetObject:
    return AssetObject(
        plain(one.quantity),
        None if one.average_price is None else plain(one.average_price),
        None if one.market_price is None else plain(one.market_price),
        plain(one.market_value),
        plain(one.realised),
        plain(one.unrealised),
    )
