"""Deposits, withdrawals, transfers and the history. Source: seed B, task 4; contract B7 to B9, G8."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import attrs
import falcon
import msgspec

from domain.model.errors import InvalidFields
from domain.model.transactions import BookedMovement, MovementType
from domain.use_cases.money.move_money import Order
from domain.use_cases.money.show_history import ShowHistory
from entrypoints.http.auth import Authentication
from entrypoints.http.idempotency import Digests, idempotency_key
from entrypoints.http.openapi import Access, Operation, Parameter, describe
from entrypoints.http.paging import MOST_ROWS, Limit, page, query_place
from entrypoints.http.payloads import (
    AmountIn,
    BodyRefused,
    Count,
    all_of,
    milliseconds,
    parse_body,
    query_integer,
    read_body,
)


@attrs.frozen
class CashBody:
    """How much, and the PIN."""

    amount: AmountIn
    pin: str


@attrs.frozen
class TransferBody:
    """How much, to whom, and the PIN; `reference` is shown in both histories."""

    amount: AmountIn
    pin: str
    targetAccountNumber: str  # noqa: N815
    reference: str | msgspec.UnsetType = msgspec.UNSET


@attrs.frozen
class Moved:
    """What was done."""

    msg: str


@attrs.frozen(slots=False)  # written in this order
class HistoryEntry:
    """A movement of money; the type gives its direction. `transactionDate` is in milliseconds since 1970."""

    id: int
    amount: Decimal
    transactionType: MovementType  # noqa: N815
    transactionDate: int  # noqa: N815
    sourceAccountNumber: str  # noqa: N815
    targetAccountNumber: str  # noqa: N815
    reference: str | msgspec.UnsetType = msgspec.UNSET


HISTORY_EXAMPLE = [
    {
        "id": 1,
        "amount": 100000.0,
        "transactionType": "CASH_DEPOSIT",
        "transactionDate": 1729573225112,
        "sourceAccountNumber": "1f0c4b4e-6c1f-4d1c-9a5e-0a3a8f3b7a11",
        "targetAccountNumber": "N/A",
    }
]

_encode = msgspec.json.Encoder(decimal_format="number").encode


class OrderTaker:
    """Reads an order, has it carried out, and says what was done."""

    def __init__(self, move_money: Callable[[Order], int], authentication: Authentication, digests: Digests) -> None:
        self._move_money = move_money
        self._authentication = authentication
        self._digests = digests

    def __call__(self, req: falcon.Request, resp: falcon.Response, type: MovementType, done: str) -> None:
        claims = self._authentication.claims(req)  # the session is looked up in the transaction that moves the money
        try:
            body = read_body(req)
            fields = parse_body(body)
            key = idempotency_key(req, claims.account_number, body, self._digests)
        except (BodyRefused, InvalidFields):
            self._authentication.user(req)  # who isn't signed in learns nothing else
            raise
        amount, target, reference = (fields.get(name) for name in ("amount", "targetAccountNumber", "reference"))
        self._move_money(Order(type, claims, fields.get("pin"), amount, target, reference, key))
        resp.data = msgspec.json.encode(Moved(done))


class DepositResource:
    """`POST /api/account/deposit`."""

    def __init__(self, take: OrderTaker) -> None:
        self._take = take

    @describe(
        Operation(
            summary="Deposit cash",
            request=CashBody,
            example={"pin": "1811", "amount": "100000.0"},
            response=Moved,
            answer_example={"msg": "Cash deposited successfully"},
            answer="The money is in the account",
            access=Access.PIN,
            moves_money=True,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._take(req, resp, "CASH_DEPOSIT", "Cash deposited successfully")


class WithdrawResource:
    """`POST /api/account/withdraw`."""

    def __init__(self, take: OrderTaker) -> None:
        self._take = take

    @describe(
        Operation(
            summary="Withdraw cash",
            request=CashBody,
            example={"amount": 20000.0, "pin": "1811"},
            response=Moved,
            answer_example={"msg": "Cash withdrawn successfully"},
            answer="The money is paid out",
            access=Access.PIN,
            moves_money=True,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._take(req, resp, "CASH_WITHDRAWAL", "Cash withdrawn successfully")


class FundTransferResource:
    """`POST /api/account/fund-transfer`."""

    def __init__(self, take: OrderTaker) -> None:
        self._take = take

    @describe(
        Operation(
            summary="Transfer money to another account",
            request=TransferBody,
            example={
                "amount": 1000.0,
                "pin": "1811",
                "targetAccountNumber": "0b0c4b4e-6c1f-4d1c-9a5e-0a3a8f3b7a11",
            },
            response=Moved,
            answer_example={"msg": "Fund transferred successfully"},
            answer="The money is in the other account",
            access=Access.PIN,
            refusals={404: "There is no such account"},
            moves_money=True,
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._take(req, resp, "CASH_TRANSFER", "Fund transferred successfully")


class TransactionsResource:
    """`GET /api/account/transactions`."""

    def __init__(self, show_history: ShowHistory, authentication: Authentication) -> None:
        self._show_history = show_history
        self._authentication = authentication

    @describe(
        Operation(
            summary="List the movements of the account, newest first",
            description="All of them, or pages by `limit` and `before`; the `Link` header leads to the next page.",
            parameters=(
                Parameter("limit", "query", Limit, "How many at most; all unless told"),
                Parameter("before", "query", Count, "Only movements with ids below this"),
            ),
            response=list[HistoryEntry],
            answer_example=HISTORY_EXAMPLE,
            answer="The movements",
            access=Access.USER,
        )
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        identity = self._authentication.user(req)
        limit, before = all_of(
            lambda: query_integer(req, "limit", largest=MOST_ROWS, default=0) or None,
            lambda: query_place(req, "before"),
        )
        booked = self._show_history(identity, None if limit is None else limit + 1, before)
        if limit is not None:
            booked = page(booked, limit, req, resp, lambda last: {"before": last.id})
        resp.data = _encode([_entry(one) for one in booked])


def _entry(booked: BookedMovement) -> HistoryEntry:
    movement = booked.movement
    return HistoryEntry(
        booked.id,
        movement.amount,
        movement.type,
        milliseconds(movement.timestamp),
        booked.source_account_number,
        booked.target_account_number or "N/A",
        msgspec.UNSET if movement.reference is None else movement.reference,
    )
