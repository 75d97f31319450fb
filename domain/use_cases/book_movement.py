"""The only way that money moves. Source: seed B, task 4; contract B8, B9."""

from __future__ import annotations

from domain.model.errors import BalanceOutOfRange, InsufficientFunds
from domain.model.transactions import Movement
from ports.storage import Transaction


def book_movement(tx: Transaction, movement: Movement, *, overdraw: bool = False) -> int:
    """Book a movement and change the balances that it moves money between, all or nothing; the movement's id.

    The caller holds the locks of these accounts. `overdraw` records what has happened already, whatever the balance.
    Raises InsufficientFunds, BalanceOutOfRange: the transaction must be rolled back then.
    """
    for user_id, by in sorted(movement.effects().items()):
        if not tx.users.move(user_id, by, overdraw=overdraw):
            raise BalanceOutOfRange if by > 0 or overdraw else InsufficientFunds
    return tx.ledger.append(movement)
