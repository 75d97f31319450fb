"""`/api/transfers`: what an international transfer would cost and bring. Source: seed A, task 3; contract A7."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import attrs
import falcon
import msgspec
from msgspec import Meta

from domain.rules.fx import shown
from domain.use_cases.money.quote_transfer import QuoteTransfer
from entrypoints.http.auth import Authentication
from entrypoints.http.openapi import Access, Operation, Parameter, describe
from entrypoints.http.payloads import AmountIn, parse_body, read_body

ORIGIN = "The rates and fees are those of `exchange_rates.csv` and `exchange_fees.csv`, which come with the server."

Currency = Annotated[str, Meta(min_length=1, description="A code of three letters, in any case", examples=["EUR"])]


@attrs.frozen
class SimulationBody:
    """How much, of which currency, into which."""

    amount: AmountIn
    source_currency: Currency
    target_currency: Currency


@attrs.frozen
class Simulated:
    """What would arrive, in a sentence."""

    msg: str


@attrs.frozen
class FeeObject:
    """The share of a transfer that is kept, from 0 to below 1."""

    fee: Decimal


@attrs.frozen
class RateObject:
    """What one unit of the source currency is worth in the target currency."""

    rate: Decimal


_encode = msgspec.json.Encoder(decimal_format="number").encode
_PAIR = (
    Parameter("source_currency", "query", Currency, "The currency that is sent", required=True),
    Parameter("target_currency", "query", Currency, "The currency that arrives", required=True),
)


class SimulateResource:
    """`POST /api/transfers/simulate`."""

    def __init__(self, quote_transfer: QuoteTransfer, authentication: Authentication) -> None:
        self._quote_transfer = quote_transfer
        self._authentication = authentication

    @describe(
        Operation(
            summary="Simulate an international transfer",
            description=f"What arrives is `amount × (1 - fee) × rate`, rounded half-up to cents. {ORIGIN}",
            request=SimulationBody,
            example={"amount": 100.0, "source_currency": "USD", "target_currency": "EUR"},
            response=Simulated,
            answer_example={"msg": "Amount in target currency: 83.3."},
            status=201,
            answer="What would arrive; no money moves",
            access=Access.USER,
            refusals={404: "There is no exchange data for these currencies"},
        )
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._authentication.user(req)
        amount = self._quote_transfer.simulate(parse_body(read_body(req)))
        resp.status = 201
        resp.data = msgspec.json.encode(Simulated(f"Amount in target currency: {shown(amount)}."))


class FeesResource:
    """`GET /api/transfers/fees`."""

    def __init__(self, quote_transfer: QuoteTransfer, authentication: Authentication) -> None:
        self._quote_transfer = quote_transfer
        self._authentication = authentication

    @describe(
        Operation(
            summary="Show the fee of a transfer between two currencies",
            description=ORIGIN,
            parameters=_PAIR,
            response=FeeObject,
            answer_example={"fee": 0.02},
            answer="The fee",
            access=Access.USER,
            refusals={404: "There is no fee for these currencies"},
        )
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._authentication.user(req)
        resp.data = _encode(FeeObject(self._quote_transfer.fee(_asked(req))))


class RatesResource:
    """`GET /api/transfers/rates`."""

    def __init__(self, quote_transfer: QuoteTransfer, authentication: Authentication) -> None:
        self._quote_transfer = quote_transfer
        self._authentication = authentication

    @describe(
        Operation(
            summary="Show the exchange rate between two currencies",
            description=ORIGIN,
            parameters=_PAIR,
            response=RateObject,
            answer_example={"rate": 0.85},
            answer="The rate",
            access=Access.USER,
            refusals={404: "There is no rate for these currencies"},
        )
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._authentication.user(req)
        resp.data = _encode(RateObject(self._quote_transfer.rate(_asked(req))))


def _asked(req: falcon.Request) -> dict[str, str | None]:
    return {parameter.name: req.get_param(parameter.name) for parameter in _PAIR}
