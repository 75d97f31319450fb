"""One suite for every store of due work: what `ports.stores.jobs.due_work` promises."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs
import pytest

from domain.model.due_work import DueJob
from ports.storage import Storage, Transaction
from tests.contracts.transactions import NOON, Mishap, in_parallel, run

KINDS = ("mail", "purge")


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


def add(storage: Storage, *jobs: tuple[str, int, int]) -> None:
    """Add jobs, each as (kind, subject, minute)."""
    run(storage, lambda tx: [tx.due_work.add(kind, subject, at(minute)) for kind, subject, minute in jobs])


def due(storage: Storage, minute: int = 1000, kinds: tuple[str, ...] = KINDS, limit: int = 100) -> list[DueJob]:
    return storage.read(lambda tx: tx.due_work.due(kinds, at(minute), limit))


def subjects(jobs: list[DueJob]) -> list[int]:
    return [job.subject for job in jobs]


def claim(storage: Storage, job: DueJob, minute: int) -> bool:
    return run(storage, lambda tx: tx.due_work.claim(job, at(minute)))


def next_due(storage: Storage, *kinds: str) -> datetime | None:
    return storage.read(lambda tx: tx.due_work.next_due(kinds))


class TestWhatIsDue:
    def test_is_offered_longest_due_first(self, storage):
        add(storage, ("mail", 1, 30), ("purge", 2, 10), ("mail", 3, 20), ("bot", 4, 0), ("mail", 5, 10))
        assert subjects(due(storage)) == [2, 5, 3, 1]
        assert subjects(due(storage, limit=2)) == [2, 5]
        assert subjects(due(storage, kinds=("mail",))) == [5, 3, 1]
        assert due(storage, kinds=()) == []

    def test_is_offered_from_its_instant_on(self, storage):
        add(storage, ("mail", 1, 10))
        assert due(storage, 9) == []
        (job,) = due(storage, 10)
        assert job == DueJob(job.id, "mail", 1, at(10), tries=0)

    def test_exists_once_for_a_kind_and_a_subject(self, storage):
        add(storage, ("mail", 1, 10))
        add(storage, ("mail", 1, 0), ("purge", 1, 0))
        assert [(job.kind, job.due_at) for job in due(storage)] == [("purge", at(0)), ("mail", at(10))]

    def test_of_many_who_add_one_job_one_does(self, storage):
        in_parallel(lambda number: [add(storage, ("mail", subject, number)) for subject in range(5)])
        assert sorted(subjects(due(storage))) == [0, 1, 2, 3, 4]

    def test_tells_when_the_next_one_is_due(self, storage):
        add(storage, ("mail", 1, 30), ("purge", 2, 10))
        assert next_due(storage, "mail") == at(30)
        assert next_due(storage, *KINDS) == at(10)
        assert next_due(storage, "bot") is None
        assert next_due(storage) is None

    def test_what_was_rolled_back_is_not_due(self, storage):
        def work(tx: Transaction) -> None:
            tx.due_work.add("mail", 1, at(0))
            raise Mishap

        with pytest.raises(Mishap):
            run(storage, work)
        assert due(storage) == []
        add(storage, ("mail", 1, 0))
        assert subjects(due(storage)) == [1]


class TestClaims:
    def test_a_claimed_job_is_due_again_at_the_end_of_its_claim(self, storage):
        add(storage, ("mail", 1, 0))
        (job,) = due(storage)
        assert claim(storage, job, 5)
        assert due(storage, 4) == []
        assert due(storage, 5) == [attrs.evolve(job, due_at=at(5), tries=1)]

    def test_a_job_that_somebody_else_claimed_can_not_be(self, storage):
        add(storage, ("mail", 1, 0))
        (job,) = due(storage)
        assert claim(storage, job, 0)
        assert not claim(storage, job, 9)
        assert due(storage) == [attrs.evolve(job, tries=1)]

    def test_of_many_workers_that_saw_one_job_one_gets_it(self, storage):
        add(storage, *(("mail", subject, subject) for subject in range(10)))
        jobs = due(storage)

        def claim_all(_: int) -> list[int]:
            return [job.subject for job in jobs if claim(storage, job, 60)]

        claimed = in_parallel(claim_all)
        assert sorted(subject for some in claimed for subject in some) == list(range(10))
        assert [job.tries for job in due(storage)] == [1] * 10

    def test_a_finished_job_is_forgotten_and_can_be_added_again(self, storage):
        add(storage, ("mail", 1, 0), ("mail", 2, 0))
        first, second = due(storage)
        run(storage, lambda tx: tx.due_work.finish(first))
        assert due(storage) == [second]
        assert not claim(storage, first, 5)
        add(storage, ("mail", 1, 7))
        assert subjects(due(storage)) == [2, 1]

    def test_who_comes_too_late_to_finish_takes_no_other_job_away(self, storage):
        """Two workers did one job, for the first was slow; meanwhile another came in. No id is given twice."""
        add(storage, ("mail", 1, 0))
        (job,) = due(storage)
        run(storage, lambda tx: tx.due_work.finish(job))
        add(storage, ("mail", 1, 0))
        for late in (
            lambda tx: tx.due_work.finish(job),
            lambda tx: tx.due_work.reschedule(job, at(99), tries=9),
            lambda tx: tx.due_work.bury(job, "late"),
        ):
            run(storage, late)
        assert [(one.subject, one.due_at, one.tries) for one in due(storage)] == [(1, at(0), 0)]

    def test_a_job_is_put_off(self, storage):
        add(storage, ("mail", 1, 0))
        (job,) = due(storage)
        claim(storage, job, 5)
        run(storage, lambda tx: tx.due_work.reschedule(job, at(20), tries=0))
        assert due(storage) == [attrs.evolve(job, due_at=at(20), tries=0)]

    def test_a_job_that_can_not_be_done_is_dead(self, storage):
        add(storage, ("mail", 1, 0), ("mail", 2, 10))
        job = due(storage)[0]
        assert storage.read(lambda tx: tx.due_work.dead_count()) == 0
        run(storage, lambda tx: tx.due_work.bury(job, "no such address: " + "x" * 999))
        add(storage, ("mail", 1, 0))
        assert subjects(due(storage)) == [2]
        assert next_due(storage, "mail") == at(10)
        assert not claim(storage, job, 5)
        assert storage.read(lambda tx: tx.due_work.dead_count()) == 1


class TestLocks:
    """Of work in the database: taken, done and made due again in one transaction."""

    def test_gives_those_that_are_as_they_were_seen(self, storage):
        add(storage, *(("purge", subject, subject) for subject in range(5)))
        seen = due(storage)
        assert claim(storage, seen[1], 50)
        run(storage, lambda tx: tx.due_work.finish(seen[2]))
        run(storage, lambda tx: tx.due_work.bury(seen[3], "it can't be done"))
        assert run(storage, lambda tx: tx.due_work.lock([seen[4], *seen[:4]])) == [seen[4], seen[0]]
        assert run(storage, lambda tx: tx.due_work.lock([])) == []

    def test_of_many_workers_that_saw_the_same_jobs_each_is_done_by_one(self, storage):
        add(storage, *(("purge", subject, subject) for subject in range(10)))
        jobs = due(storage)

        def do_all(number: int) -> list[int]:
            def work(tx: Transaction) -> list[int]:
                ours = tx.due_work.lock(jobs[number:])
                for job in ours:
                    tx.due_work.reschedule(job, at(60), tries=0)
                return subjects(ours)

            return run(storage, work)

        done = in_parallel(do_all)
        assert sorted(subject for some in done for subject in some) == list(range(10))
        assert {job.due_at for job in due(storage)} == {at(60)}
