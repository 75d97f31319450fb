"""Orders as customers give them: what can't be read is refused once key and PIN have been checked."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from domain.model.assets import Side, parse_quantity
from domain.model.errors import FieldProblem, InvalidFields
from domain.model.idempotency import IdempotencyKey
from domain.model.money import parse_positive_amount
from domain.model.transactions import MovementType
from domain.use_cases.market.trade_assets import TradeOrder
from domain.use_cases.money.guarded_orders import Guard
from domain.use_cases.money.move_money import Cash, Order, Transfer

T = TypeVar("T")


def order(
    type: MovementType,
    user_id: int,
    pin: object,
    amount: object,
    target: str | None = None,
    key: IdempotencyKey | None = None,
) -> Order:
    """A deposit, a withdrawal, or a transfer to this account number, of an amount as it came."""

    def details(read: Decimal) -> Cash | Transfer:
        return Transfer(read, str(target)) if type == "CASH_TRANSFER" else Cash(read)

    return Order(type, user_id, Guard(pin, key), _read(amount, parse_positive_amount, details))


def trade_order(side: Side, symbol: str, size: object) -> TradeOrder | InvalidFields:
    """A purchase for so much money, or a sale of so many units, as they came."""
    parse = parse_positive_amount if side == "buy" else parse_quantity
    return _read(size, parse, lambda read: TradeOrder(side, symbol, read))


def _read(value: object, parse: Callable[[object], Decimal], made: Callable[[Decimal], T]) -> T | InvalidFields:
    try:
        return made(parse(value))
    except ValueError as problem:
        return InvalidFields((FieldProblem("amount", str(problem)),))
