"""`/market/prices`. Source: seed B, task 5; contract B11."""

from __future__ import annotations

from decimal import Decimal

import falcon

from domain.model.assets import plain
from domain.model.errors import PricesUnavailable, SymbolNotFound
from domain.use_cases.market.show_portfolio import ShowPortfolio
from entrypoints.composition import Hucha
from entrypoints.http.answers import encode
from entrypoints.http.metrics import Metrics
from entrypoints.http.operations import Access, Operation, PathParameter, Route, Tag, resource

_FAILS = PricesUnavailable("the feed fails")


@resource
class PricesResource:
    """Shows what assets cost now."""

    tag = Tag("Market", "What assets cost now")
    portfolio: ShowPortfolio

    @Operation(
        summary="What every asset costs now",
        access=Access.ANYONE,
        response=dict[str, Decimal],
        answer_example={"AAPL": 81.05, "GOLD": 1162.48},
        answer="Prices by symbol",
        raises=(_FAILS,),
    )
    def on_get_all(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.data = encode({symbol: plain(price) for symbol, price in self.portfolio.market().items()})

    @Operation(
        summary="What one asset costs now",
        access=Access.ANYONE,
        path=(PathParameter("symbol", "Which asset", str),),
        response=Decimal,
        answer_example=1175.95,
        answer="The price",
        raises=(SymbolNotFound("XAU"), _FAILS),
    )
    def on_get_one(self, req: falcon.Request, resp: falcon.Response, symbol: str) -> None:
        resp.data = encode(plain(self.portfolio.price(symbol)))


def routes(hucha: Hucha, metrics: Metrics) -> list[Route]:
    """The routes of the market. A symbol may hold a slash: `BTC/USD`."""
    prices = PricesResource(hucha.portfolio)
    return [
        Route("/market/prices", prices, "all"),
        Route("/market/prices/{symbol}", prices, "one", "/market/prices/{symbol:path}"),
    ]
