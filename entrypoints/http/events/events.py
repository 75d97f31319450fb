"""`/event`, and the list of what it judged. Source: seeds C and E; contract C1, C2, C6."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

import attrs
import falcon
import msgspec
from msgspec import Meta

from domain.model.activity import Action, JudgedAction
from domain.model.money import parse_positive_amount
from domain.rules.activity import Verdict
from domain.use_cases.events.list_events import ListEvents
from entrypoints.http.auth import Authentication, require_event_key
from entrypoints.http.metrics import Metrics
from entrypoints.http.openapi import Access, Operation, Parameter, describe
from entrypoints.http.paging import LIMIT, page, query_limit
from entrypoints.http.payloads import (
    AmountIn,
    Count,
    all_of,
    parse_body,
    query_cursor,
    query_integer,
    read_body,
)


@attrs.frozen
class EventBody:
    """A user's action; `time` is in seconds."""

    type: Literal["deposit", "withdraw"]
    amount: AmountIn
    user_id: Count
    time: Count


@attrs.frozen
class EventAnswer:
    """Whether the action raised any alert, and which codes, ascending."""

    alert: bool
    alert_codes: tuple[int, ...]
    user_id: int


@attrs.frozen(slots=False)  # written in this order
class StoredEvent:
    """An action as it was judged; `received_at` is when it came in."""

    id: int
    type: Literal["deposit", "withdraw"]
    amount: Decimal
    user_id: int
    time: int
    alert_codes: tuple[int, ...]
    received_at: Annotated[datetime, Meta(tz=True)]


_decode = msgspec.json.Decoder(EventBody).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


def parse_event(data: bytes) -> Action:
    """The action in a body of `/event`. Raises InvalidFields and BodyRefused.

    Nearly every body is plain, and msgspec reads it at once. Four colons mean exactly the four fields: no duplicate
    key, nothing nested, no stranger. Whatever isn't so plain takes the strict way, which also words the errors.
    """
    if data.count(b":") == 4:
        try:
            body = _decode(data)
            amount = parse_positive_amount(str(body.amount, "ascii").strip('"'))  # type: ignore[call-overload]
            return Action(body.type, amount, body.user_id, body.time)
        except (msgspec.MsgspecError, ValueError):
            pass
    return Action.parse(parse_body(data))


class EventResource:
    """`POST /event`."""

    def __init__(self, judge_event: Callable[[Action], Verdict], api_key: str | None, metrics: Metrics) -> None:
        self._judge_event = judge_event
        self._api_key = api_key
        self._metrics = metrics

    @describe(
        Operation(
            summary="Judge an action by the event rules",
            description=(
                "Codes: 1100 a withdrawal over 100; 30 three consecutive withdrawals; 300 three consecutive deposits, "
                "each larger than the one before; 123 more than 200 deposited in 30 seconds; 500 more than five "
                "actions in 60 seconds. The user's risk profile may set other limits. 200 means that it is stored."
            ),
            request=EventBody,
            example={"type": "deposit", "amount": "42.00", "user_id": 1, "time": 10},
            response=EventAnswer,
            answer="The verdict",
            access=Access.EVENT_KEY,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        if self._api_key is not None:
            require_event_key(req, self._api_key)
        verdict = self._judge_event(parse_event(read_body(req)))
        codes = verdict.codes
        if codes:
            self._metrics.raised(codes)
        resp.data = _encode(EventAnswer(bool(codes), codes, verdict.action.user_id))


class EventsResource:
    """`GET /api/events`."""

    def __init__(self, list_events: ListEvents, authentication: Authentication) -> None:
        self._list_events = list_events
        self._authentication = authentication

    @describe(
        Operation(
            summary="List a user's judged actions, latest time first",
            description="Pages by `limit` and `cursor`; the `Link` header leads to the next page.",
            parameters=(
                Parameter("user_id", "query", Count, "Whose actions", required=True),
                LIMIT,
                Parameter("cursor", "query", str, "Where the page before ended"),
            ),
            response=list[StoredEvent],
            answer="The actions with their codes",
            access=Access.OPERATOR,
        )
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._authentication.operator(req)
        user_id, limit, cursor = all_of(
            lambda: query_integer(req, "user_id"),
            lambda: query_limit(req),
            lambda: query_cursor(req),
        )

        def next_from(last: JudgedAction) -> dict[str, object]:
            return {"user_id": user_id, "cursor": f"{last.action.time}-{last.id}"}

        judged = page(self._list_events(user_id, limit + 1, cursor), limit, req, resp, next_from)
        resp.data = _encode([_stored(one) for one in judged])


def _stored(judged: JudgedAction) -> StoredEvent:
    action = judged.action
    assert judged.id is not None
    return StoredEvent(
        judged.id, action.type, action.amount, action.user_id, action.time, judged.codes, judged.received_at
    )
