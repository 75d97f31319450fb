"""Naive twins of clever code: slow, plain, written from the seeds' words and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise

from domain.model.activity import Action

STANDARD = {30: 3, 123: Decimal(200), 300: 3, 500: 5, 1100: Decimal(100)}


def codes_of_last(history: Sequence[Action], limits: Mapping[int, Decimal | int] = STANDARD) -> tuple[int, ...]:
    """The codes that the last action of one user's history, in order of arrival, raises (contract C3, C4, C5)."""
    last = history[-1]
    codes = []

    if last.type == "withdraw" and last.amount > limits[1100]:
        codes.append(1100)

    latest = history[-limits[30] :]
    if len(latest) == limits[30] and all(action.type == "withdraw" for action in latest):
        codes.append(30)

    deposits = [action.amount for action in history if action.type == "deposit"][-limits[300] :]
    rising = all(earlier < later for earlier, later in pairwise(deposits))
    if last.type == "deposit" and len(deposits) == limits[300] and rising:
        codes.append(300)

    within_30 = [a for a in history if a.type == "deposit" and last.time - 30 <= a.time <= last.time]
    if last.type == "deposit" and sum(a.amount for a in within_30) > limits[123]:
        codes.append(123)

    within_60 = [a for a in history if last.time - 60 <= a.time <= last.time]
    if len(within_60) > limits[500]:
        codes.append(500)

    return tuple(sorted(codes))


def codes_of_all(arrivals: Sequence[Action], limits: Mapping[int, Decimal | int] = STANDARD) -> list[tuple[int, ...]]:
    """The codes of each action of a stream of several users, in order of arrival."""
    histories: dict[int, list[Action]] = {}
    codes = []
    for action in arrivals:
        history = histories.setdefault(action.user_id, [])
        history.append(action)
        codes.append(codes_of_last(history, limits))
    return codes
