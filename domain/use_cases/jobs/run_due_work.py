"""Do what is due: effects in the world outside, and work in the database. Source: contract A11, B12, B13, R5.

An effect outside (a mail) is claimed with a lease in one transaction, done while none is open, and finished in
another. A worker that dies in between leaves a lease that runs out, and then it is done again: at least once. Work
in the database is taken, done and finished in one transaction, many jobs together: exactly once. What it needs to know
of the world outside is asked before.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import insort
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from operator import attrgetter
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

import attrs

from domain.model.due_work import DueJob
from domain.model.errors import HuchaError, StorageBusy, StorageUnavailable, Unavailable
from ports.clock import Clock
from ports.storage import Storage, Transaction

S = TypeVar("S")
T = TypeVar("T")

MOST_EFFECTS: Final = 32
"""How many effects outside are looked at together."""

BATCH: Final = 128
"""How many jobs of the database are looked at together, and done in one transaction where they are of one kind."""

FIRST_WAIT: Final = timedelta(seconds=1)
LONGEST_WAIT: Final = timedelta(minutes=15)
TRIES_IN_THREE_DAYS: Final = 330

_MOST_DOUBLINGS = 20
_JITTER_PERCENT = 20


@attrs.define
class CannotBeDone(HuchaError):
    """Trying this job again won't help; `reason` is a sentence for operators and holds no secret."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@attrs.frozen
class JobContext(Generic[S]):
    """What a handler works with: the instant `now`, and what was `fetched` of the world outside.

    No job that isn't in hand is due before `until`, which is at most `now`: whoever does the work of several instants
    of one job does those up to it, and what comes of it is in order.
    """

    now: datetime
    until: datetime
    fetched: S


class TransactionalHandler(ABC, Generic[S]):
    """Work that changes nothing but the database."""

    kind: ClassVar[str]
    most_tries: ClassVar[int | None]
    """After how many tries a job is dead; None: never."""

    @abstractmethod
    def fetch(self) -> S:
        """What the work needs to know of the world outside, asked while no transaction is open.

        Where it raises, the jobs are tried again later.
        """

    @abstractmethod
    def work(self, tx: Transaction, jobs: Sequence[DueJob], context: JobContext[S]) -> Sequence[datetime | None]:
        """Do these jobs, longest due first; when each is due again, None where it is done for good.

        What it raises rolls everything back, and then the jobs are done one by one. It may be called again before the
        commit, as any work that is passed to `Storage.run`.
        """


class ExternalHandler(ABC, Generic[S]):
    """Work with an effect in the world outside, which happens at least once."""

    kind: ClassVar[str]
    most_tries: ClassVar[int | None]
    """After how many tries a job is dead; None: never."""

    lease: ClassVar[timedelta]
    """How long one try may take: after that, another worker may begin."""

    @abstractmethod
    def load(self, tx: Transaction, job: DueJob) -> S | None:
        """What the job is about, read in the transaction that claims it; None where there is nothing left to do."""

    @abstractmethod
    def act(self, subject: S) -> None:
        """The effect, while no transaction is open. Raises CannotBeDone where trying again won't help."""

    @abstractmethod
    def finish(self, tx: Transaction, job: DueJob, now: datetime) -> datetime | None:
        """Note that it took effect; when the job is due again, None where it is done for good."""


Handler = TransactionalHandler[Any] | ExternalHandler[Any]


class Executor(Protocol):
    """Who carries out the effects outside."""

    def free(self) -> int:
        """How many more may begin now."""
        ...

    def start(self, act: Callable[[], None]) -> None:
        """Begin one; it may still run when this returns."""
        ...

    def stopping(self) -> bool:
        """Whether no other job may begin."""
        ...


class InlineExecutor:
    """Carries out each effect at once, in the caller's thread."""

    def free(self) -> int:
        return MOST_EFFECTS

    def start(self, act: Callable[[], None]) -> None:
        act()

    def stopping(self) -> bool:
        return False


@attrs.frozen
class JobFailure:
    """A job failed. `dead`: it isn't tried again. `reason` is fit for logs, which `error` may not be."""

    job: DueJob
    reason: str
    dead: bool
    error: Exception = attrs.field(repr=False)


def backoff(job_id: int, tries: int) -> timedelta:
    """How long to wait after so many tries (1 or more): from 1 s on twice as long each time, up to 15 min.

    Up to a fifth is taken off, by the job's id and its tries, so that jobs that failed together don't come together.
    """
    longest = min(FIRST_WAIT * (1 << min(tries - 1, _MOST_DOUBLINGS)), LONGEST_WAIT)
    off = (job_id * 7919 + tries * 31) % (_JITTER_PERCENT + 1)
    return longest * (100 - off) / 100


def _unreported(failure: JobFailure) -> None:
    """Nobody wants to know."""


@attrs.frozen(eq=False, repr=False)
class RunDueWork:
    """Runs the jobs of the kinds that it has handlers for. Any number of workers may do so over one storage."""

    storage: Storage
    clock: Clock
    handlers: Mapping[str, Handler]
    """By kind."""

    report: Callable[[JobFailure], None] = _unreported
    executor: Executor = attrs.field(factory=InlineExecutor)

    def run_once(self, now: datetime) -> datetime | None:
        """Run what is due, a bounded number of jobs, and tell when the next is due; None where nothing waits.

        A job that fails is tried again later and spoils no other. While the executor is busy, its kinds don't count.
        Raises StorageUnavailable: then the rest is still due.
        """
        next_due = self._next_due()
        if next_due is None or next_due > now:
            return next_due
        due = self._due(self._transactional_kinds(), now, BATCH)
        until = now if len(due) < BATCH else due[-1].due_at
        for kind, jobs in _by_kind(due).items():
            if self.executor.stopping():
                return now
            self._do_transactional(self.handlers[kind], jobs, now, until)
        for job in self._due(self._external_kinds(), now, min(MOST_EFFECTS, self.executor.free())):
            if self.executor.stopping():
                return job.due_at
            self._begin_external(job)
        return self._next_due()

    def _transactional_kinds(self) -> list[str]:
        return [kind for kind, handler in self.handlers.items() if isinstance(handler, TransactionalHandler)]

    def _external_kinds(self) -> list[str]:
        return [kind for kind, handler in self.handlers.items() if isinstance(handler, ExternalHandler)]

    def _next_due(self) -> datetime | None:
        kinds = self._transactional_kinds() + (self._external_kinds() if self.executor.free() else [])
        return self.storage.read(lambda tx: tx.due_work.next_due(kinds)) if kinds else None

    def _due(self, kinds: list[str], now: datetime, limit: int) -> list[DueJob]:
        if not kinds or limit <= 0:
            return []
        return self.storage.read(lambda tx: tx.due_work.due(kinds, now, limit))

    def _do_transactional(self, handler: Handler, jobs: Sequence[DueJob], now: datetime, until: datetime) -> None:
        assert isinstance(handler, TransactionalHandler)
        try:
            context = JobContext(now, until, handler.fetch())
        except Exception as error:
            for job in jobs:
                self._fail(job, job.tries + 1, error)
            return
        try:
            self._do_batch(handler, jobs, context)
        except Exception as error:  # whatever it is, the other jobs go on
            if len(jobs) == 1 or _is_everyones(error):
                self._fail(jobs[0], jobs[0].tries + 1, error)
            else:
                self._do_alone(handler, jobs, context)

    def _do_alone(self, handler: TransactionalHandler[S], jobs: Sequence[DueJob], context: JobContext[S]) -> None:
        """One job in a transaction, whichever is due first, up to where the next one begins; as many as there are jobs.

        So nothing overtakes anything, and a job that fails is found when its turn has come.
        """
        waiting = list(jobs)
        for _ in jobs:
            if not waiting or self.executor.stopping():
                return
            job = waiting.pop(0)
            until = min(context.until, waiting[0].due_at) if waiting else context.until
            try:
                dues = self._do_batch(handler, [job], attrs.evolve(context, until=until))
            except Exception as error:
                self._fail(job, job.tries + 1, error)
                continue
            if dues is None:
                return
            if dues[0] is not None and dues[0] <= context.until:
                insort(waiting, attrs.evolve(job, due_at=dues[0], tries=0), key=attrgetter("due_at"))

    def _do_batch(
        self, handler: TransactionalHandler[S], jobs: Sequence[DueJob], context: JobContext[S]
    ) -> Sequence[datetime | None] | None:
        """When each job is due again; None, and nothing is done, where another worker was here.

        What that one left undone of its jobs may come before the rest of them.
        """

        def work(tx: Transaction) -> Sequence[datetime | None] | None:
            if len(tx.due_work.lock(jobs)) < len(jobs):
                return None
            dues = handler.work(tx, jobs, context)
            for job, due_again in zip(jobs, dues, strict=True):
                _end(tx, job, due_again)
            return dues

        return self._run(work)

    def _begin_external(self, job: DueJob) -> None:
        handler = self.handlers[job.kind]
        assert isinstance(handler, ExternalHandler)
        if handler.most_tries is not None and job.tries >= handler.most_tries:
            self._fail(job, job.tries, CannotBeDone("no worker that began it lived to tell"))
            return
        claimed = attrs.evolve(job, due_at=self.clock.now() + handler.lease, tries=job.tries + 1)

        def work(tx: Transaction) -> Any:
            if not tx.due_work.claim(job, claimed.due_at):
                return None
            subject = handler.load(tx, job)
            if subject is None:
                tx.due_work.finish(job)
            return subject

        try:
            subject = self._run(work)
        except Exception as error:
            self._fail(job, claimed.tries, error)
            return
        if subject is not None:
            self.executor.start(partial(self._do_external, handler, claimed, subject))

    def _do_external(self, handler: ExternalHandler[S], claimed: DueJob, subject: S) -> None:
        try:
            handler.act(subject)
        except Exception as error:
            self._fail(claimed, claimed.tries, error)
            return
        now = self.clock.now()

        def work(tx: Transaction) -> None:
            if tx.due_work.claim(claimed, now):  # the lease is still ours: what another worker began is theirs to end
                _end(tx, claimed, handler.finish(tx, claimed, now))

        self._run(work)

    def _fail(self, job: DueJob, tries: int, error: Exception) -> None:
        """Make a job due later, or dead, unless another worker has taken it; `job` is its row as last seen."""
        if _is_everyones(error):
            raise error
        most_tries = self.handlers[job.kind].most_tries
        final = isinstance(error, CannotBeDone) or (most_tries is not None and tries >= most_tries)
        again_at = self.clock.now() + backoff(job.id, tries)
        reason = str(error) if isinstance(error, Unavailable | CannotBeDone) else type(error).__name__

        def work(tx: Transaction) -> bool:
            if not tx.due_work.claim(job, again_at):
                return False
            tx.due_work.reschedule(job, again_at, tries=tries)
            if final:
                tx.due_work.bury(job, reason)
            return True

        if self._run(work):
            self.report(JobFailure(attrs.evolve(job, due_at=again_at, tries=tries), reason, final, error))

    def _run(self, work: Callable[[Transaction], T]) -> T:
        return self.storage.run(work)


def _is_everyones(error: Exception) -> bool:
    """Whether the database is gone, so that every other job would fail too."""
    return isinstance(error, StorageUnavailable) and not isinstance(error, StorageBusy)


def _by_kind(jobs: Sequence[DueJob]) -> dict[str, list[DueJob]]:
    """The jobs of each kind, in the order given; the kind of the first job comes first."""
    found: dict[str, list[DueJob]] = {}
    for job in jobs:
        found.setdefault(job.kind, []).append(job)
    return found


def _end(tx: Transaction, job: DueJob, due_again: datetime | None) -> None:
    if due_again is None:
        tx.due_work.finish(job)
    else:
        tx.due_work.reschedule(job, due_again, tries=0)
