"""How a transaction in memory is taken back: every change notes how to undo it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

UndoLog = list[Callable[[], object]]
"""What takes the changes of a transaction back, to be called last first."""


def put(table: dict[K, V], key: K, value: V, undo: UndoLog) -> None:
    """Keep a value in place of the one before."""
    undo.append(partial(table.__setitem__, key, table[key]) if key in table else partial(table.pop, key))
    table[key] = value


def drop(table: dict[K, V], key: K, undo: UndoLog) -> None:
    """Forget a value. Taken back, it is the last one of the table: sort where order counts."""
    undo.append(partial(table.__setitem__, key, table.pop(key)))
