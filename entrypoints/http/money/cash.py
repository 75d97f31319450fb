"""Deposits, withdrawals, transfers and the history. Source: seed B, task 4; contract B7 to B9, G8."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Annotated, Any

import falcon
import msgspec
from msgspec import Meta

from domain.model.errors import AccountNotFound, EmptyFields, InsufficientFunds, Refusal, SameAccount
from domain.model.sessions import Claims, Identity
from domain.model.transactions import LONGEST_REFERENCE, BookedMovement, MovementType
from domain.use_cases.money.guarded_orders import Guard
from domain.use_cases.money.move_money import Cash, Order, Transfer
from domain.use_cases.money.show_history import ShowHistory
from entrypoints.composition import Hucha
from entrypoints.http.answers import Answer, encode, milliseconds
from entrypoints.http.fields import Amount, Count, Limit
from entrypoints.http.metrics import Metrics
from entrypoints.http.operations import Access, Operation, Route, Tag, resource
from entrypoints.http.paging import page
from entrypoints.http.reading import required, wire


@wire(missing=required)
class CashBody:
    """How much, and the PIN."""

    amount: Amount


def _missing(names: tuple[str, ...]) -> Refusal:
    """For the account, the seed has a sentence."""
    return required(names) if "amount" in names else EmptyFields(names)


@wire(missing=_missing, in_order=True)  # the amount comes before the account (contract B7)
class TransferBody:
    """How much, to whom, and the PIN; `reference` is shown in both histories."""

    amount: Amount
    targetAccountNumber: Annotated[str, Meta(max_length=LONGEST_REFERENCE)]
    reference: Annotated[str, Meta(max_length=LONGEST_REFERENCE)] | None = None


@wire()
class HistoryQuery:
    """Which part of the history."""

    limit: Annotated[Limit, Meta(description="How many at most; all unless told")] | None = None
    before: Annotated[Count, Meta(description="Only movements with ids below this")] | None = None


class Moved(Answer):
    """What was done."""

    msg: str


class HistoryEntry(Answer):
    """A movement of money; the type gives its direction. `transactionDate` is in milliseconds since 1970."""

    id: int
    amount: Decimal
    transactionType: MovementType
    transactionDate: int
    sourceAccountNumber: str
    targetAccountNumber: str
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
_GUARDED: dict[str, Any] = {
    "access": Access.PIN,
    "moves_money": True,
    "session_in_transaction": True,
    "response": Moved,
}


@resource
class CashResource:
    """Moves a customer's money, and shows what moved it.

    Orders look the session up in the transaction that moves the money.
    """

    tag = Tag("Cash", "Deposits, withdrawals, transfers between accounts, and the history")
    move_money: Callable[[Order], int]
    show_history: ShowHistory

    @Operation(
        summary="Deposit cash",
        body=CashBody,
        example={"pin": "1811", "amount": "100000.0"},
        answer_example={"msg": "Cash deposited successfully"},
        answer="The money is in the account",
        **_GUARDED,
    )
    def on_post_deposit(
        self, req: falcon.Request, resp: falcon.Response, claims: Claims, guard: Guard, body: CashBody | Refusal
    ) -> None:
        self.move_money(Order("CASH_DEPOSIT", claims, guard, _cash(body)))
        resp.data = encode(Moved("Cash deposited successfully"))

    @Operation(
        summary="Withdraw cash",
        body=CashBody,
        example={"amount": 20000.0, "pin": "1811"},
        answer_example={"msg": "Cash withdrawn successfully"},
        answer="The money is paid out",
        raises=(InsufficientFunds(),),
        **_GUARDED,
    )
    def on_post_withdraw(
        self, req: falcon.Request, resp: falcon.Response, claims: Claims, guard: Guard, body: CashBody | Refusal
    ) -> None:
        self.move_money(Order("CASH_WITHDRAWAL", claims, guard, _cash(body)))
        resp.data = encode(Moved("Cash withdrawn successfully"))

    @Operation(
        summary="Transfer money to another account",
        body=TransferBody,
        example={"amount": 1000.0, "pin": "1811", "targetAccountNumber": "0b0c4b4e-6c1f-4d1c-9a5e-0a3a8f3b7a11"},
        answer_example={"msg": "Fund transferred successfully"},
        answer="The money is in the other account",
        raises=(
            AccountNotFound("0b0c4b4e-6c1f-4d1c-9a5e-0a3a8f3b7a11"),
            SameAccount(),
            InsufficientFunds(),
            EmptyFields(("targetAccountNumber",)),
        ),
        **_GUARDED,
    )
    def on_post_transfer(
        self, req: falcon.Request, resp: falcon.Response, claims: Claims, guard: Guard, body: TransferBody | Refusal
    ) -> None:
        if isinstance(body, Refusal):
            details: Transfer | Refusal = body
        else:
            details = Transfer(body.amount, body.targetAccountNumber, body.reference)
        self.move_money(Order("CASH_TRANSFER", claims, guard, details))
        resp.data = encode(Moved("Fund transferred successfully"))

    @Operation(
        summary="List the movements of the account, newest first",
        description="All of them, or pages by `limit` and `before`; the `Link` header leads to the next page.",
        access=Access.USER,
        query=HistoryQuery,
        response=list[HistoryEntry],
        answer_example=HISTORY_EXAMPLE,
        answer="The movements",
    )
    def on_get_history(
        self, req: falcon.Request, resp: falcon.Response, identity: Identity, query: HistoryQuery
    ) -> None:
        limit = query.limit
        booked: Sequence[BookedMovement] = self.show_history(
            identity, None if limit is None else limit + 1, query.before
        )
        if limit is not None:
            booked = page(booked, limit, req, resp, lambda last: {"before": last.id})
        resp.data = encode([_entry(one) for one in booked])


def routes(hucha: Hucha, metrics: Metrics) -> list[Route]:
    """The routes of cash."""
    cash = CashResource(hucha.move_money, hucha.show_history)
    return [
        Route("/api/account/deposit", cash, "deposit"),
        Route("/api/account/withdraw", cash, "withdraw"),
        Route("/api/account/fund-transfer", cash, "transfer"),
        Route("/api/account/transactions", cash, "history"),
    ]


def _cash(body: CashBody | Refusal) -> Cash | Refusal:
    return body if isinstance(body, Refusal) else Cash(body.amount)


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
