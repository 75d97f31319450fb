"""`/event`, and the list of what it judged. Source: seeds C and E; contract C1, C2, C6."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal

import falcon
import msgspec
from msgspec import Meta

from domain.model.activity import LARGEST_INTEGER, Action, JudgedAction
from domain.model.money import parse_positive_amount
from domain.rules.activity import Verdict
from domain.use_cases.events.list_events import ListEvents
from entrypoints.composition import Hucha
from entrypoints.http.answers import Answer, InstantOut, encode
from entrypoints.http.bodies import parse_body
from entrypoints.http.fields import POSITIVE_SCHEMA, USUAL_ROWS, Count, Limit, Reads
from entrypoints.http.metrics import Metrics
from entrypoints.http.operations import Access, Operation, Route, Tag, resource
from entrypoints.http.paging import page
from entrypoints.http.reading import required, wire


class EventBody(msgspec.Struct, frozen=True):
    """A user's action; `time` is in seconds."""

    type: Literal["deposit", "withdraw"]
    amount: Annotated[
        msgspec.Raw,
        Meta(
            description="Positive, at most 2 decimals, below 10^13; a number or a numeric string",
            extra_json_schema=POSITIVE_SCHEMA,
        ),
    ]
    user_id: Count
    time: Count


def _cursor(text: str) -> tuple[int, int]:
    first, _, second = text.partition("-")
    found = tuple(int(one) for one in (first, second) if one.isascii() and one.isdigit() and len(one) <= _DIGITS)
    if len(found) != 2 or max(found) > LARGEST_INTEGER:  # time and id
        raise ValueError("must be one that a Link header gave")
    return found[0], found[1]


_DIGITS = len(str(LARGEST_INTEGER))


@wire(missing=required)
class EventsQuery:
    """Whose actions, and which."""

    user_id: Annotated[Count, Meta(description="Whose actions")]
    limit: Limit = USUAL_ROWS
    cursor: Annotated[
        Any, Meta(description="Where the page before ended", extra_json_schema={"type": "string"}), Reads(_cursor)
    ] = None
    """(time, id) of the last action of the page before."""


class EventAnswer(Answer):
    """Whether the action raised any alert, and which codes, ascending."""

    alert: bool
    alert_codes: tuple[int, ...]
    user_id: int


class StoredEvent(Answer):
    """An action as it was judged; `received_at` is when it came in."""

    id: int
    type: Literal["deposit", "withdraw"]
    amount: Decimal
    user_id: int
    time: int
    alert_codes: tuple[int, ...]
    received_at: InstantOut


_decode = msgspec.json.Decoder(EventBody).decode


def parse_event(data: bytes) -> Action:
    """The action in a body of `/event`. Raises InvalidFields and BodyRefused.

    Nearly every body is plain, and msgspec reads it at once. Four colons mean exactly the four fields: no duplicate
    key, nothing nested, no stranger. Whatever isn't so plain takes the strict way, which also words the errors.
    """
    if data.count(b":") == 4:
        try:
            body = _decode(data)
            amount = parse_positive_amount(str(bytes(body.amount), "ascii").strip('"'))
            return Action(body.type, amount, body.user_id, body.time)
        except (msgspec.MsgspecError, ValueError):
            pass
    return Action.parse(parse_body(data))


@resource
class EventsResource:
    """Judges actions, and lists what was judged."""

    tag = Tag("Events", "The event rules, and how closely users are watched")
    judge_event: Callable[[Action], Verdict]
    list_events: ListEvents
    metrics: Metrics

    @Operation(
        summary="Judge an action by the event rules",
        description=(
            "Codes: 1100 a withdrawal over 100; 30 three consecutive withdrawals; 300 three consecutive deposits, "
            "each larger than the one before; 123 more than 200 deposited in 30 seconds; 500 more than five "
            "actions in 60 seconds. The user's risk profile may set other limits. 200 means that it is stored."
        ),
        access=Access.EVENT_KEY,
        body=EventBody,
        reads=parse_event,
        example={"type": "deposit", "amount": "42.00", "user_id": 1, "time": 10},
        response=EventAnswer,
        answer="The verdict",
    )
    def on_post_event(self, req: falcon.Request, resp: falcon.Response, body: Action) -> None:
        verdict = self.judge_event(body)
        codes = verdict.codes
        if codes:
            self.metrics.raised(codes)
        resp.data = encode(EventAnswer(bool(codes), codes, verdict.action.user_id))

    @Operation(
        summary="List a user's judged actions, latest time first",
        description="Pages by `limit` and `cursor`; the `Link` header leads to the next page.",
        access=Access.OPERATOR,
        query=EventsQuery,
        response=list[StoredEvent],
        answer="The actions with their codes",
    )
    def on_get_list(self, req: falcon.Request, resp: falcon.Response, query: EventsQuery) -> None:
        def next_from(last: JudgedAction) -> dict[str, object]:
            return {"user_id": query.user_id, "cursor": f"{last.action.time}-{last.id}"}

        found = self.list_events(query.user_id, query.limit + 1, query.cursor)
        resp.data = encode([_stored(one) for one in page(found, query.limit, req, resp, next_from)])


def routes(hucha: Hucha, metrics: Metrics) -> list[Route]:
    """The routes of events."""
    events = EventsResource(hucha.judge_event, hucha.list_events, metrics)
    return [Route("/event", events, "event"), Route("/api/events", events, "list")]


def _stored(judged: JudgedAction) -> StoredEvent:
    action = judged.action
    return StoredEvent(
        judged.id, action.type, action.amount, action.user_id, action.time, judged.codes, judged.received_at
    )
