"""Judging batches over a storage equals a naive oracle over the whole history, whatever is cut where."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory.clock import SetClock
from adapters.memory.storage import MemoryStorage
from adapters.sql.opening import open_database
from adapters.sql.schema import migrate
from adapters.sql.unit_of_work import SqlStorage
from domain.model.activity import Action, Stream
from domain.model.risk_profiles import RiskProfile
from domain.rules.ratings import limits_of
from domain.use_cases.events.judge_events import JudgeEvents
from domain.use_cases.events.set_risk_profiles import RiskProfiles
from ports.storage import Storage
from tests.conftest import VAULT
from tests.oracles import codes_of_last
from tests.strategies import actions, profiles

USERS = 3
MOST_SECONDS_REMEMBERED = 122


@attrs.frozen
class Batch:
    """Actions that are judged together."""

    actions: list[Action]


@attrs.frozen
class Rated:
    """A user gets a new profile."""

    user_id: int
    profile: RiskProfile


@attrs.frozen
class Restart:
    """The process ends and another begins."""


STEPS = st.lists(
    st.one_of(
        st.builds(Batch, st.lists(actions(USERS), min_size=1, max_size=12)),
        st.builds(Rated, st.integers(1, USERS), profiles.filter(bool)),
        st.builds(Restart),
    ),
    max_size=12,
)


class Bank:
    """The use cases over a storage that can be opened again."""

    def __init__(self, url: str | None) -> None:
        self._url = url
        self.storage: Storage = MemoryStorage()
        self.restart()

    def restart(self) -> None:
        if self._url is not None:
            self.storage.close()
            database = open_database(self._url, 1)
            migrate(database)
            self.storage = SqlStorage(database, VAULT)
        self.judge = JudgeEvents(self.storage, SetClock())
        self.profiles = RiskProfiles(self.storage)


@contextmanager
def bank_on(kind: str) -> Iterator[Bank]:
    with tempfile.TemporaryDirectory() as folder:
        bank = Bank(None if kind == "memory" else f"sqlite:///{Path(folder) / 'bank.db'}")
        yield bank
        bank.storage.close()


def within_bounds(storage: Storage) -> bool:
    """Whether no user's memory outgrew its seconds."""
    loaded = storage.read(lambda tx: tx.activity.load("event", range(1, USERS + 1)))
    return all(len(activity.timeline.times) <= MOST_SECONDS_REMEMBERED for activity in loaded.values())


def expected(
    history: dict[int, list[Action]], profiles: dict[int, RiskProfile], batch: Sequence[Action]
) -> list[object]:
    codes: list[object] = []
    for action in batch:
        own = history.setdefault(action.user_id, [])
        own.append(action)
        codes.append(codes_of_last(own, limits_of(profiles.get(action.user_id))))
    return codes


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
@given(steps=STEPS)
@settings(max_examples=60)
def test_batches_profiles_and_restarts_in_any_order_equal_the_oracle(kind: str, steps: list[object]) -> None:
    # contract: C3, C4, C5, C6
    history: dict[int, list[Action]] = {}
    profiles: dict[int, RiskProfile] = {}
    with bank_on(kind) as bank:
        for step in steps:
            if isinstance(step, Batch):
                verdicts = bank.judge(step.actions)
                assert [verdict.codes for verdict in verdicts] == expected(history, profiles, step.actions)
                assert within_bounds(bank.storage)
            elif isinstance(step, Rated):
                bank.profiles.put(step.user_id, step.profile)
                profiles[step.user_id] = step.profile
            else:
                bank.restart()


def test_many_late_actions_in_a_batch_read_their_common_past_once() -> None:  # contract: C4
    storage = MemoryStorage()
    judge_events = JudgeEvents(storage, SetClock())
    history = [Action("deposit", Decimal(1), 1, time) for time in (5, 40, 5_000)]
    judge_events(history)
    asked: list[tuple[int, int]] = []
    totals_between = storage.activity.totals_between

    def counting(stream: Stream, user_id: int, start: int, end: int) -> list[tuple[int, int, Decimal]]:
        asked.append((start, end))
        return totals_between(stream, user_id, start, end)

    storage.activity.totals_between = counting  # type: ignore[method-assign]
    late = [Action("deposit", Decimal(30), 1, time) for time in (50, 20, 60, 50, 99, 41, 50)]
    verdicts = judge_events(late)
    assert [verdict.codes for verdict in verdicts] == expected({1: history}, {}, late)
    assert asked == [(20 - 60, 99)]
