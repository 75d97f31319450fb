"""`/api/transfers`: what an international transfer would cost and bring. Source: seed A, task 3; contract A7."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import falcon
from msgspec import Meta

from domain.model.errors import EmptyFields, FeeNotFound, QuoteNotFound, RateNotFound
from domain.model.sessions import Identity
from domain.rules.fx import shown
from domain.use_cases.money.quote_transfer import QuoteTransfer
from entrypoints.composition import Hucha
from entrypoints.http.answers import Answer, encode
from entrypoints.http.fields import Amount
from entrypoints.http.metrics import Metrics
from entrypoints.http.operations import Access, Operation, Route, Tag, resource
from entrypoints.http.reading import wire

ORIGIN = "The rates and fees are those of `exchange_rates.csv` and `exchange_fees.csv`, which come with the server."

CurrencyCode = Annotated[str, Meta(min_length=1, description="A code of three letters, in any case", examples=["EUR"])]


@wire(missing=EmptyFields)
class SimulationBody:
    """How much, of which currency, into which."""

    amount: Amount
    source_currency: CurrencyCode
    target_currency: CurrencyCode


@wire(missing=EmptyFields)
class PairQuery:
    """A pair of currencies."""

    source_currency: Annotated[CurrencyCode, Meta(description="The currency that is sent")]
    target_currency: Annotated[CurrencyCode, Meta(description="The currency that arrives")]


class Simulated(Answer):
    """What would arrive, in a sentence."""

    msg: str


class FeeObject(Answer):
    """The share of a transfer that is kept, from 0 to below 1."""

    fee: Decimal


class RateObject(Answer):
    """What one unit of the source currency is worth in the target currency."""

    rate: Decimal


_EMPTY = EmptyFields(("source_currency",))


@resource
class TransferQuotesResource:
    """Quotes transfers between currencies; no money moves."""

    tag = Tag("Transfer quotes", "What a transfer into another currency would bring")
    quote: QuoteTransfer

    @Operation(
        summary="Simulate an international transfer",
        description=f"What arrives is `amount × (1 - fee) × rate`, rounded half-up to cents. {ORIGIN}",
        access=Access.USER,
        body=SimulationBody,
        example={"amount": 100.0, "source_currency": "USD", "target_currency": "EUR"},
        response=Simulated,
        answer_example={"msg": "Amount in target currency: 83.3."},
        status=201,
        answer="What would arrive; no money moves",
        raises=(_EMPTY, QuoteNotFound()),
    )
    def on_post_simulate(
        self, req: falcon.Request, resp: falcon.Response, identity: Identity, body: SimulationBody
    ) -> None:
        amount = self.quote.simulate(body.amount, body.source_currency, body.target_currency)
        resp.data = encode(Simulated(f"Amount in target currency: {shown(amount)}."))

    @Operation(
        summary="Show the fee of a transfer between two currencies",
        description=ORIGIN,
        access=Access.USER,
        query=PairQuery,
        response=FeeObject,
        answer_example={"fee": 0.02},
        answer="The fee",
        raises=(_EMPTY, FeeNotFound()),
    )
    def on_get_fee(self, req: falcon.Request, resp: falcon.Response, identity: Identity, query: PairQuery) -> None:
        resp.data = encode(FeeObject(self.quote.fee(query.source_currency, query.target_currency)))

    @Operation(
        summary="Show the exchange rate between two currencies",
        description=ORIGIN,
        access=Access.USER,
        query=PairQuery,
        response=RateObject,
        answer_example={"rate": 0.85},
        answer="The rate",
        raises=(_EMPTY, RateNotFound()),
    )
    def on_get_rate(self, req: falcon.Request, resp: falcon.Response, identity: Identity, query: PairQuery) -> None:
        resp.data = encode(RateObject(self.quote.rate(query.source_currency, query.target_currency)))


def routes(hucha: Hucha, metrics: Metrics) -> list[Route]:
    """The routes of transfer quotes."""
    quotes = TransferQuotesResource(hucha.quote_transfer)
    return [
        Route("/api/transfers/simulate", quotes, "simulate"),
        Route("/api/transfers/fees", quotes, "fee"),
        Route("/api/transfers/rates", quotes, "rate"),
    ]
