"""The bot. Source: seed B, task 8; contract B13."""

from __future__ import annotations

from decimal import Decimal

import attrs
import falcon
import msgspec

from domain.model.assets import BookedTrade, plain
from domain.model.transactions import MovementType
from domain.use_cases.market.manage_auto_invest import ManageAutoInvest
from entrypoints.http.auth import Authentication
from entrypoints.http.openapi import Access, Operation, Parameter, describe
from entrypoints.http.paging import LIMIT, page, query_limit, query_place
from entrypoints.http.payloads import Count, all_of, milliseconds, parse_body, read_body


@attrs.frozen
class PinBody:
    """The PIN."""

    pin: str


@attrs.frozen(slots=False)  # written in this order
class BotTradeObject:
    """A trade of the bot's, and why it was made; `id` is the transaction's in the history, `profit` a sale's."""

    id: int
    assetSymbol: str  # noqa: N815
    transactionType: MovementType  # noqa: N815
    quantity: Decimal
    price: Decimal
    amount: Decimal
    profit: Decimal | None
    reason: str
    transactionDate: int  # noqa: N815


@attrs.frozen(slots=False)
class BotObject:
    """Whether the bot trades, how often, and what came of it. `changedAt`: when it was last switched on or off."""

    enabled: bool
    changedAt: int | None  # noqa: N815
    intervalSeconds: int  # noqa: N815
    realisedProfit: Decimal  # noqa: N815
    trades: list[BotTradeObject]


_encode = msgspec.json.Encoder(decimal_format="number").encode


class EnableAutoInvestResource:
    """`POST /api/user-actions/enable-auto-invest`."""

    def __init__(self, bot: ManageAutoInvest, authentication: Authentication) -> None:
        self._bot = bot
        self._authentication = authentication

    @describe(
        Operation(
            summary="Have the bot trade",
            description="At every round it buys a little of what fell by 1 % or more, and sells a part of what rose.",
            request=PinBody,
            example={"pin": "1811"},
            response=str,
            media_types=("text/plain",),
            answer_example="Automatic investment enabled successfully.",
            answer="It does",
            access=Access.PIN,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        identity = self._authentication.user(req)
        self._bot.enable(identity, parse_body(read_body(req)).get("pin"))
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = "Automatic investment enabled successfully."


class DisableAutoInvestResource:
    """`POST /api/user-actions/disable-auto-invest`."""

    def __init__(self, bot: ManageAutoInvest, authentication: Authentication) -> None:
        self._bot = bot
        self._authentication = authentication

    @describe(
        Operation(
            summary="Have the bot stop",
            description="Needs no PIN: nothing is traded any more.",
            response=str,
            media_types=("text/plain",),
            answer_example="Automatic investment disabled successfully.",
            answer="It has stopped",
            access=Access.USER,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        identity = self._authentication.user(req)
        parse_body(read_body(req))  # nothing of it is needed, and what is malformed is refused
        self._bot.disable(identity)
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = "Automatic investment disabled successfully."


class AutoInvestResource:
    """`GET /api/user-actions/auto-invest`."""

    def __init__(self, bot: ManageAutoInvest, authentication: Authentication) -> None:
        self._bot = bot
        self._authentication = authentication

    @describe(
        Operation(
            summary="Show the bot, its trades with their reasons, and its profit",
            description="Trades are newest first, in pages by `limit` and `before`; the `Link` header leads on.",
            parameters=(
                LIMIT,
                Parameter("before", "query", Count, "Only trades with ids below this"),
            ),
            response=BotObject,
            answer="The bot",
            access=Access.USER,
        )
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        identity = self._authentication.user(req)
        limit, before = all_of(
            lambda: query_limit(req),
            lambda: query_place(req, "before"),
        )
        state, trades = self._bot.show(identity, limit + 1, before)
        changed_at = None if state.changed_at is None else milliseconds(state.changed_at)
        seconds = int(self._bot.interval.total_seconds())
        shown = [_shown(one) for one in page(trades, limit, req, resp, lambda last: {"before": last.id})]
        resp.data = _encode(BotObject(state.enabled, changed_at, seconds, plain(state.realised), shown))


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
