"""The bot. Source: seed B, task 8; contract B13."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import falcon
from msgspec import Meta

from domain.model.assets import BookedTrade, plain
from domain.model.errors import EmptyPin
from domain.model.sessions import Identity
from domain.model.transactions import MovementType
from domain.use_cases.market.manage_auto_invest import ManageAutoInvest
from domain.use_cases.money.guarded_orders import Guard
from entrypoints.composition import Hucha
from entrypoints.http.answers import Answer, encode, milliseconds, milliseconds_or_none
from entrypoints.http.fields import USUAL_ROWS, Count, Limit
from entrypoints.http.metrics import Metrics
from entrypoints.http.operations import Access, Operation, Route, Tag, resource
from entrypoints.http.paging import page
from entrypoints.http.reading import wire


@wire()
class PinBody:
    """The PIN."""


@wire()
class BotQuery:
    """Which of the bot's trades."""

    limit: Limit = USUAL_ROWS
    before: Annotated[Count, Meta(description="Only trades with ids below this")] | None = None


class BotTradeObject(Answer):
    """A trade of the bot's, and why it was made; `id` is the transaction's in the history, `profit` a sale's."""

    id: int
    assetSymbol: str
    transactionType: MovementType
    quantity: Decimal
    price: Decimal
    amount: Decimal
    profit: Decimal | None
    reason: str
    transactionDate: int


class BotObject(Answer):
    """Whether the bot trades, how often, and what came of it. `changedAt`: when it was last switched on or off."""

    enabled: bool
    changedAt: int | None
    intervalSeconds: int
    realisedProfit: Decimal
    trades: list[BotTradeObject]


_TEXT: dict[str, Any] = {"response": str, "media_types": ("text/plain",)}


@resource
class AutoInvestResource:
    """Switches the bot of a customer on and off, and shows what it does."""

    tag = Tag("Auto-invest", "A bot that buys what fell and sells a part of what rose")
    bot: ManageAutoInvest

    @Operation(
        summary="Have the bot trade",
        description="At every round it buys a little of what fell by 1 % or more, and sells a part of what rose.",
        access=Access.PIN,
        body=PinBody,
        example={"pin": "1811"},
        answer_example="Automatic investment enabled successfully.",
        answer="It does",
        raises=(EmptyPin(),),
        **_TEXT,
    )
    def on_post_enable(
        self, req: falcon.Request, resp: falcon.Response, identity: Identity, guard: Guard, body: PinBody
    ) -> None:
        self.bot.enable(identity, guard.pin)
        resp.text = "Automatic investment enabled successfully."

    @Operation(
        summary="Have the bot stop",
        description="Needs no PIN: nothing is traded any more.",
        access=Access.USER,
        answer_example="Automatic investment disabled successfully.",
        answer="It has stopped",
        **_TEXT,
    )
    def on_post_disable(self, req: falcon.Request, resp: falcon.Response, identity: Identity) -> None:
        self.bot.disable(identity)
        resp.text = "Automatic investment disabled successfully."

    @Operation(
        summary="Show the bot, its trades with their reasons, and its profit",
        description="Trades are newest first, in pages by `limit` and `before`; the `Link` header leads on.",
        access=Access.USER,
        query=BotQuery,
        response=BotObject,
        answer="The bot",
    )
    def on_get_bot(self, req: falcon.Request, resp: falcon.Response, identity: Identity, query: BotQuery) -> None:
        state, trades = self.bot.show(identity, query.limit + 1, query.before)
        seconds = int(self.bot.interval.total_seconds())
        shown = [_shown(one) for one in page(trades, query.limit, req, resp, lambda last: {"before": last.id})]
        changed_at = milliseconds_or_none(state.changed_at)
        resp.data = encode(BotObject(state.enabled, changed_at, seconds, plain(state.realised), shown))


def routes(hucha: Hucha, metrics: Metrics) -> list[Route]:
    """The routes of the bot."""
    bot = AutoInvestResource(hucha.auto_invest)
    return [
        Route("/api/user-actions/enable-auto-invest", bot, "enable"),
        Route("/api/user-actions/disable-auto-invest", bot, "disable"),
        Route("/api/user-actions/auto-invest", bot, "bot"),
    ]


def _shown(booked: BookedTrade) -> BotTradeObject:
    trade = booked.trade
    return BotTradeObject(
        booked.id,
        trade.symbol,
        "ASSET_PURCHASE" if trade.side == "buy" else "ASSET_SELL",
        plain(trade.quantity),
        plain(trade.price),
        trade.amount,
        None if trade.profit is None else plain(trade.profit),
        trade.reason or "",
        milliseconds(booked.booked_at),
    )
