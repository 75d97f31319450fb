"""Due work is done once inside and at least once outside, whoever fails, and no job spoils another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.clock import SetClock
from adapters.memory.mailer import RecordingMailer
from adapters.memory.storage import MemoryStorage
from adapters.system_secrets import SystemSecrets
from domain.model.codes import CODES_KEPT, OneTimeCode
from domain.model.due_work import DueJob
from domain.model.errors import MailUnavailable, StorageBusy, StorageUnavailable
from domain.model.idempotency import KEYS_KEPT, KeptOutcome
from domain.model.mail import Mail
from domain.model.sessions import RefreshToken, Session
from domain.use_cases.jobs.purge import PURGE_EVERY, Purge
from domain.use_cases.jobs.run_due_work import (
    BATCH,
    FIRST_WAIT,
    LONGEST_WAIT,
    CannotBeDone,
    Handler,
    JobContext,
    JobFailure,
    RunDueWork,
    TransactionalHandler,
    backoff,
)
from domain.use_cases.notifying.deliver_mail import DeliverMail
from domain.use_cases.notifying.queue_mail import MAIL, queue_mail
from ports.mail import Mailer
from ports.storage import Storage, Transaction

NOON = datetime(2024, 11, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SECRETS = SystemSecrets()


class Death(BaseException):
    """The end of a worker's process: no `except Exception` catches it."""


class Mishap(Exception):
    """Something that nobody foresaw."""


@attrs.define
class Unreliable:
    """A mailer that hands over and raises as it is told to, letter by letter."""

    fails: Callable[[Mail], BaseException | None]
    sends_first: bool = False
    sent: list[Mail] = attrs.field(factory=list)

    def send(self, mail: Mail) -> None:
        error = self.fails(mail)
        if error is None or self.sends_first:
            self.sent.append(mail)
        if error is not None:
            raise error


def letter(number: int) -> Mail:
    return Mail("ana@bank.test", "Savings Alert", f"body {number}", f"id-{number}")


def run(storage: Storage, work: Callable[[Transaction], Any]) -> Any:
    return storage.run(work)


def post(storage: Storage, *numbers: int, now: datetime = NOON) -> None:
    run(storage, lambda tx: [queue_mail(tx, letter(number), now) for number in numbers])


def depth(storage: Storage) -> int:
    return int(storage.read(lambda tx: tx.outbox.depth()))


def dead(storage: Storage) -> int:
    return int(storage.read(lambda tx: tx.due_work.dead_count()))


@attrs.define
class House:
    """A storage, its clock, and a worker's due work with what was reported."""

    storage: Storage
    clock: SetClock = attrs.field(factory=lambda: SetClock(NOON))
    reports: list[JobFailure] = attrs.field(factory=list)

    def due_work(self, *handlers: Handler, **others: Any) -> RunDueWork:
        by_kind = {handler.kind: handler for handler in handlers}
        return RunDueWork(self.storage, self.clock, by_kind, self.reports.append, **others)

    def mail(self, mailer: Mailer) -> RunDueWork:
        return self.due_work(DeliverMail(mailer))

    def run(self, due_work: RunDueWork) -> datetime | None:
        return due_work.run_once(self.clock.now())

    def run_to_the_end(self, due_work: RunDueWork) -> None:
        """Run whatever falls due until nothing waits."""
        next_due = self.run(due_work)
        while next_due is not None:
            self.clock.set(max(next_due, self.clock.now()))
            next_due = self.run(due_work)


@pytest.fixture
def house(storage: Storage) -> House:
    return House(storage)


@pytest.fixture
def memory() -> House:
    return House(MemoryStorage())


# --- mail ---


def test_a_letter_leaves_once_after_its_commit(house: House) -> None:
    # contract: A11
    mailer = RecordingMailer()
    post(house.storage, 1, 2)
    assert (depth(house.storage), mailer.sent) == (2, [])
    assert house.run(house.mail(mailer)) is None
    assert [mail.message_id for mail in mailer.sent] == ["<id-1@hucha>", "<id-2@hucha>"]
    assert mailer.sent[0] == Mail("ana@bank.test", "Savings Alert", "body 1", "<id-1@hucha>")
    assert depth(house.storage) == 0
    house.run(house.mail(mailer))
    assert len(mailer.sent) == 2


def test_a_transaction_that_fails_leaves_no_letter(house: House) -> None:
    def work(tx: Transaction) -> None:
        queue_mail(tx, letter(1), NOON)
        raise Mishap

    with pytest.raises(Mishap):
        run(house.storage, work)
    mailer = RecordingMailer()
    assert house.run(house.mail(mailer)) is None
    assert (depth(house.storage), mailer.sent) == (0, [])


def test_a_letter_without_an_id_of_its_own_is_a_mistake(memory: House) -> None:
    with pytest.raises(AssertionError, match="id"):
        run(memory.storage, lambda tx: queue_mail(tx, Mail("a@b.test", "s", "b"), NOON))


def test_a_letter_that_cant_go_now_goes_later_under_the_same_id(house: House) -> None:
    # contract: A11
    fails = [MailUnavailable("it is down"), MailUnavailable("it is down")]
    mailer = Unreliable(lambda mail: fails.pop() if fails else None, sends_first=True)
    post(house.storage, 1)
    due_work = house.mail(mailer)
    next_due = house.run(due_work)
    assert next_due is not None and NOON < next_due <= NOON + FIRST_WAIT
    assert house.run(due_work) == next_due, "not before it is due"
    assert len(mailer.sent) == 1
    house.run_to_the_end(due_work)
    assert [mail.message_id for mail in mailer.sent] == ["<id-1@hucha>"] * 3
    assert (depth(house.storage), dead(house.storage)) == (0, 0)
    assert [(one.job.tries, one.dead) for one in house.reports] == [(1, False), (2, False)]
    assert house.reports[0].reason == "The mail couldn't be sent: it is down"


def test_a_letter_that_is_refused_for_good_stays_in_the_outbox_and_the_others_go(house: House) -> None:
    mailer = Unreliable(lambda mail: MailUnavailable("no", permanent=True) if "2" in mail.body else None)
    post(house.storage, 1, 2, 3)
    house.run_to_the_end(house.mail(mailer))
    assert [mail.body for mail in mailer.sent] == ["body 1", "body 3"]
    assert (depth(house.storage), dead(house.storage)) == (1, 1)
    (report,) = house.reports
    assert report.dead and report.job.tries == 1 and report.reason == "The mail couldn't be sent: no"


def test_a_dead_mail_server_is_given_up_after_about_three_days_and_nothing_is_lost(house: House) -> None:
    post(house.storage, 1)
    house.run_to_the_end(house.mail(Unreliable(lambda mail: MailUnavailable("it is down"))))
    assert timedelta(days=2.5) < house.clock.now() - NOON < timedelta(days=3.5)
    assert len(house.reports) == DeliverMail.most_tries
    assert [report.dead for report in house.reports] == [False] * (len(house.reports) - 1) + [True]
    assert (depth(house.storage), dead(house.storage)) == (1, 1)


def test_a_worker_that_dies_after_sending_sends_again_under_the_same_id(house: House) -> None:
    # contract: A11
    dying = Unreliable(lambda mail: Death(), sends_first=True)
    post(house.storage, 1)
    with pytest.raises(Death):
        house.run(house.mail(dying))
    mailer = RecordingMailer()
    next_due = house.run(house.mail(mailer))
    assert next_due == NOON + DeliverMail.lease
    assert not mailer.sent, "while the lease runs, nobody else begins"
    house.clock.set(next_due)
    assert house.run(house.mail(mailer)) is None
    assert [mail.message_id for mail in [*dying.sent, *mailer.sent]] == ["<id-1@hucha>"] * 2
    assert depth(house.storage) == 0


def test_a_letter_that_kills_each_worker_is_dead(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DeliverMail, "most_tries", 3)
    post(house.storage, 1, 2)
    mailer = Unreliable(lambda mail: Death() if "1" in mail.body else None)
    for _ in range(3):
        with pytest.raises(Death):
            house.run(house.mail(mailer))
        house.clock.advance(DeliverMail.lease)
    house.run_to_the_end(house.mail(mailer))
    assert [mail.body for mail in mailer.sent] == ["body 2"]
    assert [(report.dead, report.job.tries) for report in house.reports] == [(True, 3)]
    assert depth(house.storage) == 1


def test_who_lost_the_lease_changes_nothing_any_more(house: House) -> None:
    """A worker that stalls for longer than its lease; another begins meanwhile; the first one comes to."""
    second = Unreliable(lambda mail: MailUnavailable("it is down"))

    def stall(mail: Mail) -> None:
        house.clock.advance(DeliverMail.lease)
        house.run(house.mail(second))

    post(house.storage, 1)
    next_due = house.run(house.mail(Unreliable(stall)))
    assert depth(house.storage) == 1, "the letter is the second worker's now"
    assert next_due is not None and next_due > house.clock.now()
    assert [report.job.tries for report in house.reports] == [2]


def test_a_failure_after_the_lease_was_lost_changes_nothing_either(house: House) -> None:
    second = RecordingMailer()

    def stall(mail: Mail) -> MailUnavailable:
        house.clock.advance(DeliverMail.lease)
        house.run(house.mail(second))
        return MailUnavailable("too late", permanent=True)

    post(house.storage, 1)
    assert house.run(house.mail(Unreliable(stall))) is None
    assert (len(second.sent), depth(house.storage), dead(house.storage), house.reports) == (1, 0, 0, [])


def test_a_job_whose_letter_is_gone_is_done(house: House) -> None:
    run(house.storage, lambda tx: tx.due_work.add(MAIL, 99, NOON))
    mailer = RecordingMailer()
    assert house.run(house.mail(mailer)) is None
    assert not mailer.sent and not house.reports


def test_many_workers_send_each_letter_once(house: House) -> None:
    post(house.storage, *range(40))
    mailers = [RecordingMailer() for _ in range(4)]
    errors: list[BaseException] = []

    def work(mailer: RecordingMailer) -> None:
        try:
            due_work = house.mail(mailer)
            while (next_due := house.run(due_work)) is not None and next_due <= NOON:
                pass  # the clock stands still: nobody's lease runs out
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(mailer,)) for mailer in mailers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    assert sorted(mail.body for mailer in mailers for mail in mailer.sent) == sorted(f"body {n}" for n in range(40))
    assert depth(house.storage) == 0


def test_a_letter_that_cant_be_read_is_tried_later_and_the_others_go(house: House) -> None:
    class HalfBlind(DeliverMail):
        def load(self, tx: Transaction, job: DueJob) -> Mail | None:
            mail = super().load(tx, job)
            if mail is not None and "1" in mail.body:
                raise ValueError("tampered with: " + mail.body)
            return mail

    post(house.storage, 1, 2)
    mailer = RecordingMailer()
    next_due = house.run(house.due_work(HalfBlind(mailer)))
    assert next_due is not None and NOON < next_due <= NOON + FIRST_WAIT
    assert [mail.body for mail in mailer.sent] == ["body 2"]
    assert [(report.reason, report.job.tries) for report in house.reports] == [("ValueError", 1)], "no secret in it"
    assert depth(house.storage) == 1


# --- work in the database ---


@attrs.define
class Writes(TransactionalHandler[None]):
    """Leaves a letter for each job, and may fail afterwards."""

    fails: Callable[[DueJob], Exception | None] = lambda job: None
    every: timedelta | None = None
    seen: list[DueJob] = attrs.field(factory=list)
    looks: list[JobContext[None]] = attrs.field(factory=list)

    kind = "write"
    most_tries: ClassVar[int | None] = 5

    def fetch(self) -> None:
        pass

    def work(self, tx: Transaction, jobs: Sequence[DueJob], context: JobContext[None]) -> list[datetime | None]:
        self.looks.append(context)
        return [self._write(tx, job, context) for job in jobs]

    def _write(self, tx: Transaction, job: DueJob, context: JobContext[None]) -> datetime | None:
        self.seen.append(job)
        tx.outbox.add(attrs.evolve(letter(job.subject), message_id=SECRETS.new_id()), context.now)
        error = self.fails(job)
        if error is not None:
            raise error
        return None if self.every is None else job.due_at + self.every


def add_writes(storage: Storage, *subjects: int) -> None:
    run(storage, lambda tx: [tx.due_work.add("write", subject, NOON) for subject in subjects])


def test_work_inside_is_done_once_and_ends(house: House) -> None:
    add_writes(house.storage, 1, 2)
    writes = Writes()
    assert house.run(house.due_work(writes)) is None
    assert house.run(house.due_work(writes)) is None
    assert (depth(house.storage), [(job.subject, job.due_at) for job in writes.seen]) == (2, [(1, NOON), (2, NOON)])


def test_work_inside_may_be_due_again_and_sees_when_it_was_due(house: House) -> None:
    """What was missed is made up for, instant by instant."""
    add_writes(house.storage, 1)
    writes = Writes(every=SECOND)
    due_work = house.due_work(writes)
    house.clock.advance(3 * SECOND)
    while (next_due := house.run(due_work)) is not None and next_due <= house.clock.now():
        pass
    assert next_due == NOON + 4 * SECOND
    assert [job.due_at for job in writes.seen] == [NOON + number * SECOND for number in range(4)]
    assert depth(house.storage) == 4


def test_jobs_of_a_kind_are_done_together_and_told_up_to_when_all_is_in_hand(house: House) -> None:
    subjects = range(1, BATCH + 2)
    run(house.storage, lambda tx: [tx.due_work.add("write", number, NOON + number * SECOND) for number in subjects])
    house.clock.advance(timedelta(hours=1))
    writes = Writes()
    due_work = house.due_work(writes)
    assert house.run(due_work) == NOON + subjects[-1] * SECOND
    house.run(due_work)
    now = house.clock.now()
    assert writes.looks == [JobContext(now, NOON + BATCH * SECOND, None), JobContext(now, now, None)]
    assert [job.subject for job in writes.seen] == list(subjects)


def test_work_inside_that_fails_leaves_nothing_but_a_counted_try(house: House) -> None:
    fails = [Mishap("secret"), Mishap("secret")]
    writes = Writes(lambda job: fails.pop() if fails else None)
    add_writes(house.storage, 1)
    due_work = house.due_work(writes)
    next_due = house.run(due_work)
    assert next_due is not None and NOON < next_due <= NOON + FIRST_WAIT
    assert depth(house.storage) == 0
    house.run_to_the_end(due_work)
    assert depth(house.storage) == 1
    assert [(one.job.tries, one.reason, one.dead) for one in house.reports] == [
        (1, "Mishap", False),
        (2, "Mishap", False),
    ]


def test_after_a_batch_failed_no_job_overtakes_another(house: House) -> None:
    """Whatever is due first comes first, and goes up to where the next one begins."""
    # contract: B12
    run(
        house.storage,
        lambda tx: [tx.due_work.add("write", number, NOON + 10 * number * SECOND) for number in (1, 2, 3)],
    )
    house.clock.advance(timedelta(hours=1))
    fails = [Mishap()]
    writes = Writes(lambda job: fails.pop() if fails else None, every=12 * SECOND)
    house.run(house.due_work(writes))
    assert [look.until - NOON for look in writes.looks] == [timedelta(hours=1), 20 * SECOND, 22 * SECOND, 30 * SECOND]
    assert [job.subject for job in writes.seen] == [1, 1, 2, 1]


def test_a_poisoned_job_is_set_back_in_the_look_that_finds_it_whenever_it_is_due(house: House) -> None:
    run(house.storage, lambda tx: [tx.due_work.add("write", number, NOON + number * SECOND) for number in (1, 2, 3)])
    house.clock.advance(timedelta(hours=1))
    house.run(house.due_work(Obedient(lambda job: Mishap() if job.subject == 3 else None)))
    assert (depth(house.storage), [report.job.subject for report in house.reports]) == (2, [3])


def test_what_cant_see_the_world_is_tried_later_and_spoils_no_other(house: House) -> None:
    add_writes(house.storage, 1, 2)
    run(house.storage, lambda tx: tx.due_work.add("blind", 7, NOON))
    house.run(house.due_work(Blind(), Writes()))
    assert depth(house.storage) == 2
    assert [(report.job.kind, report.reason) for report in house.reports] == [("blind", "Mishap")]


class Obedient(Writes):
    """Does nothing that comes after the context's end."""

    def _write(self, tx: Transaction, job: DueJob, context: JobContext[None]) -> datetime | None:
        return super()._write(tx, job, context) if job.due_at <= context.until else job.due_at


class Blind(Writes):
    """Finds the world outside closed."""

    kind = "blind"

    def fetch(self) -> None:
        raise Mishap


def test_a_batch_of_which_another_worker_took_a_job_is_left_for_the_next_look(house: House) -> None:
    """What that worker left undone of it may come before the rest."""
    # contract: B12
    add_writes(house.storage, 1, 2)
    (first, _) = house.storage.read(lambda tx: tx.due_work.due(["write"], NOON, 2))
    writes = Writes()
    due_work = house.due_work(writes)
    taken = attrs.evolve(due_work, storage=_TakenMeanwhile(house.storage, first))
    house.run(taken)
    assert (depth(house.storage), writes.looks) == (0, [])
    house.run(due_work)
    assert depth(house.storage) == 2


@attrs.define
class _TakenMeanwhile:
    """A storage in which a job is put off by somebody else between the reading and the writing."""

    storage: Storage
    job: DueJob

    def read(self, work: Callable[[Transaction], object]) -> object:
        return self.storage.read(work)

    def run(self, work: Callable[[Transaction], object]) -> object:
        run(self.storage, lambda tx: tx.due_work.reschedule(self.job, self.job.due_at, tries=self.job.tries + 1))
        return self.storage.run(work)


def test_success_makes_the_tries_start_anew(house: House) -> None:
    outcomes = [Mishap(), None, Mishap(), None] * 6
    writes = Writes(lambda job: outcomes.pop(0), every=SECOND)
    add_writes(house.storage, 1)
    due_work = house.due_work(writes)
    while outcomes:
        next_due = house.run(due_work)
        assert next_due is not None
        house.clock.set(max(next_due, house.clock.now()))
    assert {report.job.tries for report in house.reports} == {1}
    assert dead(house.storage) == 0


def test_a_poisoned_job_is_dead_and_reported_and_the_others_go_on(house: House) -> None:
    writes = Writes(lambda job: Mishap() if job.subject == 2 else None)
    add_writes(house.storage, 1, 2, 3)
    house.run_to_the_end(house.due_work(writes))
    assert (depth(house.storage), dead(house.storage)) == (2, 1)
    assert [report.dead for report in house.reports] == [False] * 4 + [True]
    assert {report.job.subject for report in house.reports} == {2}


def test_work_that_cant_be_done_is_dead_at_once(house: House) -> None:
    add_writes(house.storage, 1)
    assert house.run(house.due_work(Writes(lambda job: CannotBeDone("the account is closed")))) is None
    assert [(one.reason, one.dead) for one in house.reports] == [("the account is closed", True)]
    assert depth(house.storage) == 0


def test_a_locked_row_is_the_jobs_own_trouble_and_a_dead_database_is_not(house: House) -> None:
    errors: list[Exception] = [StorageUnavailable("it is gone"), StorageBusy("a row is locked")]
    writes = Writes(lambda job: errors[0] if job.subject == 1 else None)
    add_writes(house.storage, 1, 2)
    due_work = house.due_work(writes)
    with pytest.raises(StorageUnavailable, match="it is gone"):
        house.run(due_work)
    assert (depth(house.storage), house.reports) == (0, []), "the rest is still due, and no try was counted"
    del errors[0]
    house.run(due_work)
    assert depth(house.storage) == 1
    assert [report.job.tries for report in house.reports] == [1]


def test_many_workers_do_work_inside_once(house: House) -> None:
    add_writes(house.storage, *range(40))
    threads = [threading.Thread(target=house.run_to_the_end, args=(house.due_work(Writes()),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert depth(house.storage) == 40
    assert not house.reports


def test_jobs_of_a_kind_without_a_handler_are_left_alone(memory: House) -> None:
    run(memory.storage, lambda tx: tx.due_work.add("of another version", 1, NOON))
    assert memory.run(memory.due_work(Writes(), DeliverMail(RecordingMailer()))) is None
    assert memory.run(memory.due_work()) is None
    assert memory.storage.read(lambda tx: tx.due_work.next_due(["of another version"])) == NOON


# --- crews ---


@attrs.define
class Busy:
    """A executor of so many that keeps what it was given and doesn't come to an end."""

    most: int
    ends: bool = False
    begun: list[Callable[[], None]] = attrs.field(factory=list)

    def free(self) -> int:
        return self.most - len(self.begun)

    def start(self, act: Callable[[], None]) -> None:
        self.begun.append(act)

    def stopping(self) -> bool:
        return self.ends


def test_a_busy_executor_holds_up_no_work_in_the_database(memory: House) -> None:
    executor, mailer, writes = Busy(most=2), RecordingMailer(), Writes()
    post(memory.storage, 1, 2, 3)
    due_work = memory.due_work(DeliverMail(mailer), writes, executor=executor)
    assert memory.run(due_work) is None, "letters wait for the executor, not for an instant"
    assert len(executor.begun) == 2
    add_writes(memory.storage, 7)
    assert memory.run(due_work) is None
    assert [job.subject for job in writes.seen] == [7]
    assert len(executor.begun) == 2
    executor.begun.pop()()
    assert memory.run(due_work) is None
    assert len(executor.begun) == 2 and len(mailer.sent) == 1


def test_who_stops_begins_no_other_job(memory: House) -> None:
    executor = Busy(most=2, ends=True)
    writes = Writes()
    post(memory.storage, 1)
    add_writes(memory.storage, 1)
    memory.run(memory.due_work(DeliverMail(RecordingMailer()), writes, executor=executor))
    assert not executor.begun and not writes.seen


# --- waiting ---


@given(st.integers(1, 2**63), st.integers(1, 10_000))
def test_waits_double_up_to_the_longest_and_are_never_much_shorter(job_id: int, tries: int) -> None:
    longest = min(FIRST_WAIT * 2 ** min(tries - 1, 30), LONGEST_WAIT)
    assert longest * 0.8 <= backoff(job_id, tries) <= longest


def test_jobs_that_failed_together_come_apart() -> None:
    assert len({backoff(job_id, 10) for job_id in range(100)}) > 15


# --- purging ---


def test_purging_forgets_what_counts_for_nothing_and_keeps_the_rest(memory: House) -> None:
    # contract: G11
    hour = timedelta(hours=1)

    def fill(tx: Transaction) -> None:
        for name, ends in (("old", NOON - SECOND), ("new", NOON + SECOND)):
            tx.sessions.add(Session(name, 1, name, NOON - hour, ends))
            tx.sessions.add_refresh(RefreshToken(name, name, 1, ends, ends))
        tx.codes.add(OneTimeCode("old", 1, "otp", "h", NOON - CODES_KEPT - SECOND, NOON))
        tx.codes.add(OneTimeCode("new", 1, "otp", "h", NOON - CODES_KEPT + SECOND, NOON))
        tx.idempotency.keep(1, "old", KeptOutcome("f", 1, NOON - KEYS_KEPT - SECOND))
        tx.idempotency.keep(1, "new", KeptOutcome("f", 1, NOON - KEYS_KEPT + SECOND))

    run(memory.storage, fill)
    purge = Purge()
    purge.ensure(memory.storage, memory.clock)
    assert memory.run(memory.due_work(purge)) == NOON + PURGE_EVERY
    long_ago = NOON - timedelta(days=30)

    def look(tx: Transaction) -> list[object]:
        return [
            [tx.sessions.refresh_token(name) is not None for name in ("old", "new")],
            [code.id for code in tx.codes.since(1, "otp", long_ago)],
            [tx.idempotency.find(1, name, long_ago) is not None for name in ("old", "new")],
        ]

    assert memory.storage.read(look) == [[False, True], ["new"], [False, True]]


def test_purging_is_ensured_once_runs_every_hour_and_is_never_given_up(house: House) -> None:
    purge = Purge()
    for _ in range(2):
        purge.ensure(house.storage, house.clock)
    due_work = house.due_work(purge)
    assert house.run(due_work) == NOON + PURGE_EVERY
    house.clock.advance(10 * PURGE_EVERY)
    assert house.run(due_work) == NOON + 11 * PURGE_EVERY, "what was missed isn't made up for"
    purge.ensure(house.storage, house.clock)
    assert house.run(due_work) == NOON + 11 * PURGE_EVERY
    assert Purge.most_tries is None
