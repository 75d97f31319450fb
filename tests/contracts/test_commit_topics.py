"""One suite for every storage: what its listener is told of commits, as `ports.storage.Listener` promises."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from adapters.memory.storage import MemoryStorage
from adapters.sql.unit_of_work import SqlStorage
from domain.model.topics import WORK_DUE, Topic, news_of
from domain.use_cases.notifying.queue_mail import MAIL
from ports.storage import Listener, Storage, Transaction
from tests.contracts.test_storage import NOON, Mishap, is_commit, meet_a_locked_file, run, through
from tests.flaky_proxy import FlakyProxy, Loss

Told = list[frozenset[Topic]]
Open = Callable[[Listener], Storage]


@pytest.fixture(params=["memory", "sqlite", "mariadb"])
def open_one(request: pytest.FixtureRequest, open_storage: Callable[..., SqlStorage]) -> Open:
    """Opens an empty storage of each kind with a listener."""
    if request.param == "memory":
        return MemoryStorage
    url = request.getfixturevalue(f"{request.param}_url")
    return lambda listener: open_storage(url, listener=listener)


@pytest.fixture
def told() -> Told:
    return []


@pytest.fixture
def storage(open_one: Open, told: Told) -> Storage:
    return open_one(told.append)


def due(storage: Storage) -> list[int]:
    return [job.subject for job in storage.read(lambda tx: tx.due_work.due([MAIL], NOON, 100))]


def add_work(tx: Transaction, *subjects: int) -> None:
    for subject in subjects:
        tx.due_work.add(MAIL, subject, NOON)


def test_a_commit_is_told_once_with_all_its_topics(storage: Storage, told: Told) -> None:
    def work(tx: Transaction) -> None:
        add_work(tx, 1, 2)
        for user_id in (7, 8, 7):
            tx.topics.add(news_of(user_id))

    run(storage, work)
    assert told == [{WORK_DUE, news_of(7), news_of(8)}]
    run(storage, lambda tx: tx.topics.add(news_of(9)))
    assert told[1:] == [{news_of(9)}]


def test_a_commit_without_topics_is_not_told(storage: Storage, told: Told) -> None:
    run(storage, lambda tx: tx.users.lock([1]))
    storage.read(lambda tx: tx.due_work.next_due([MAIL]))
    assert told == []


def test_what_was_rolled_back_is_never_told(storage: Storage, told: Told) -> None:
    def fail(tx: Transaction) -> None:
        add_work(tx, 1)
        tx.topics.add(news_of(7))
        raise Mishap

    with pytest.raises(Mishap):
        run(storage, fail)
    assert told == []
    run(storage, lambda tx: tx.topics.add(news_of(9)))
    assert told == [{news_of(9)}]


def test_what_a_read_adds_is_never_told(storage: Storage, told: Told) -> None:
    storage.read(lambda tx: tx.topics.add(news_of(7)))
    run(storage, lambda tx: tx.topics.add(news_of(9)))
    assert told == [{news_of(9)}]


def test_a_listener_finds_what_was_committed(open_one: Open) -> None:
    found: list[list[int]] = []
    storage = open_one(lambda topics: found.append(due(storage)))
    run(storage, lambda tx: add_work(tx, 1, 2))
    assert found == [[1, 2]]


def test_a_listener_that_fails_is_logged_and_the_result_stands(
    open_one: Open, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(topics: frozenset[Topic]) -> None:
        raise Mishap

    def work(tx: Transaction) -> str:
        add_work(tx, 1)
        return "the result"

    storage = open_one(fail)
    with caplog.at_level(logging.ERROR, "hucha.storage"):
        assert run(storage, work) == "the result"
    (record,) = caplog.records
    assert record.exc_info is not None and record.exc_info[0] is Mishap
    assert due(storage) == [1]


def test_a_work_that_is_run_again_is_told_as_it_took_effect(
    sqlite_url: str, told: Told, open_storage: Callable[..., SqlStorage]
) -> None:
    attempts: list[None] = []

    def work(tx: Transaction) -> None:
        attempts.append(None)
        tx.topics.add(news_of(len(attempts)))
        if len(attempts) < 3:
            meet_a_locked_file(sqlite_url)

    run(open_storage(sqlite_url, listener=told.append), work)
    assert told == [{news_of(3)}]


@pytest.mark.parametrize(("loss", "effective"), [(Loss.QUESTION, 2), (Loss.ANSWER, 1)])
def test_a_lost_commit_is_told_once_as_it_took_effect(
    mariadb: Any, mariadb_url: str, told: Told, open_storage: Callable[..., SqlStorage], loss: Loss, effective: int
) -> None:
    attempts: list[None] = []

    with FlakyProxy(mariadb.port) as proxy:
        storage = open_storage(through(proxy, mariadb_url), listener=told.append)

        def work(tx: Transaction) -> None:
            attempts.append(None)
            if len(attempts) == 1:
                proxy.break_at(is_commit, loss)
            tx.topics.add(news_of(len(attempts)))

        run(storage, work)
    assert told == [{news_of(effective)}]
