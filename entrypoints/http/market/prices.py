"""`/market/prices`. Source: seed B, task 5; contract B11."""

from __future__ import annotations

from decimal import Decimal

import falcon
import msgspec

from domain.model.assets import plain
from domain.use_cases.market.show_portfolio import ShowPortfolio
from entrypoints.http.openapi import Operation, Parameter, describe

_NO_PRICES = {500: "The price feed fails"}
_encode = msgspec.json.Encoder(decimal_format="number").encode


class PricesResource:
    """`GET /market/prices`."""

    def __init__(self, portfolio: ShowPortfolio) -> None:
        self._portfolio = portfolio

    @describe(
        Operation(
            summary="What every asset costs now",
            response=dict[str, Decimal],
            answer_example={"AAPL": 81.05, "GOLD": 1162.48},
            answer="Prices by symbol",
            refusals=_NO_PRICES,
        )
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.data = _encode({symbol: plain(price) for symbol, price in self._portfolio.market().items()})


class PriceResource:
    """`GET /market/prices/{symbol}`."""

    def __init__(self, portfolio: ShowPortfolio) -> None:
        self._portfolio = portfolio

    @describe(
        Operation(
            summary="What one asset costs now",
            parameters=(Parameter("symbol", "path", str, "Which asset, in capital letters", required=True),),
            response=Decimal,
            answer_example=1175.95,
            answer="The price",
            refusals=_NO_PRICES,
        )
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, symbol: str) -> None:
        resp.data = _encode(plain(self._portfolio.price(symbol)))
