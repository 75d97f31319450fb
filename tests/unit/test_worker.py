"""The worker does what is due soon, alone or beside others, whatever becomes of the mail server and the database."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest

from adapters.memory.clock import SetClock
from adapters.memory.mailer import RecordingMailer
from adapters.memory.storage import MemoryStorage
from adapters.sql.unit_of_work import SqlStorage
from adapters.system_clock import SystemClock
from domain.model.due_work import DueJob
from domain.model.errors import StorageUnavailable
from domain.model.mail import Mail
from domain.use_cases.jobs.purge import Purge
from domain.use_cases.jobs.run_due_work import Handler, JobContext, RunDueWork, TransactionalHandler
from domain.use_cases.notifying.deliver_mail import DeliverMail
from domain.use_cases.notifying.queue_mail import queue_mail
from entrypoints.worker import LETTERS_AT_ONCE, POLL_SECONDS, Worker
from ports.clock import Clock
from ports.mail import Mailer
from ports.storage import Storage, Transaction
from tests.conftest import LONG
from tests.smtp_server import Manners, SmtpServer

PATIENCE = 20
"""Seconds after which a test says that something hangs."""

ROOT = Path(__file__).parents[2]


@attrs.define
class Notes(TransactionalHandler[None]):
    """Work in the database that notes what it did."""

    done: list[int] = attrs.field(factory=list)

    kind = "note"
    most_tries = 5

    def fetch(self) -> None:
        pass

    def work(self, tx: Transaction, jobs: Sequence[DueJob], context: JobContext[None]) -> list[datetime | None]:
        self.done += [job.subject for job in jobs]
        return [None for _ in jobs]


@attrs.define
class Gate:
    """A mailer that waits with each letter until the gate is open."""

    opened: threading.Event = attrs.field(factory=threading.Event)
    begun: list[Mail] = attrs.field(factory=list)
    sent: list[Mail] = attrs.field(factory=list)

    def send(self, mail: Mail) -> None:
        self.begun.append(mail)
        assert self.opened.wait(3 * PATIENCE), "longer than anybody else waits"
        self.sent.append(mail)


class HastyClock(SystemClock):
    """A clock whose hours pass in a moment: waits and leases needn't be waited for."""

    def __init__(self, times: int) -> None:
        self._start = datetime.now(UTC)
        self._times = times

    def now(self) -> datetime:
        return self._start + (datetime.now(UTC) - self._start) * self._times


def run_due_work(storage: Storage, *handlers: Handler, clock: Clock | None = None) -> RunDueWork:
    by_kind = {handler.kind: handler for handler in handlers}
    return RunDueWork(storage, clock or SystemClock(), by_kind)


def post(storage: Storage, *numbers: int) -> None:
    for number in numbers:
        mail = Mail("ana@bank.test", "Savings Alert", f"body {number}", f"id-{number}")
        storage.run(lambda tx, mail=mail: queue_mail(tx, mail, datetime.now(UTC)))


def note(storage: Storage, *subjects: int) -> None:
    for subject in subjects:
        now = datetime.now(UTC)
        storage.run(lambda tx, s=subject, now=now: tx.due_work.add("note", s, now))


def depth(storage: Storage) -> int:
    return int(storage.read(lambda tx: tx.outbox.depth()))


def wait_for(happens: Callable[[], object], patience_seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience_seconds
    while not happens():
        assert time.monotonic() < deadline, "it doesn't happen"
        time.sleep(0.002)


class Waits(threading.Event):
    """What wakes a worker; remembers how long each wait was to be, and whether it was cut short."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[tuple[float | None, bool]] = []

    def wait(self, timeout: float | None = None) -> bool:
        woken = super().wait(timeout)
        self.all.append((timeout, woken))
        return woken


@contextmanager
def working(
    storage: Storage,
    *handlers: Handler,
    clock: Clock | None = None,
    pause: float = 0.1,
    waits: threading.Event | None = None,
) -> Iterator[Worker]:
    worker = Worker(run_due_work(storage, *handlers, clock=clock), waits, pause_seconds=pause)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


@pytest.fixture
def only_when_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker doesn't look by itself: who isn't woken waits for an hour."""
    monkeypatch.setattr("entrypoints.worker.POLL_SECONDS", 3600)


@pytest.fixture
def sqlite(sqlite_url: str, open_storage: Callable[[str], SqlStorage]) -> SqlStorage:
    return open_storage(sqlite_url)


@pytest.mark.usefixtures("only_when_woken")
def test_who_is_woken_by_a_commit_delivers_at_once() -> None:
    # contract: A11
    storage, mailer = MemoryStorage(), RecordingMailer()
    with working(storage, DeliverMail(mailer)) as worker:
        time.sleep(0.1)  # it found nothing and waits
        for number in range(5):
            post(storage, number)
            worker.wake()
            wait_for(lambda number=number: len(mailer.sent) == number + 1)


@pytest.mark.usefixtures("only_when_woken")
def test_whoever_holds_the_event_wakes_the_worker() -> None:
    """What wakes it can be made before it, and handed to the storage that it works on."""
    woken, mailer, storage = threading.Event(), RecordingMailer(), MemoryStorage()
    worker = Worker(run_due_work(storage, DeliverMail(mailer)), woken)
    worker.start()
    try:
        time.sleep(0.1)
        post(storage, 1)
        woken.set()
        wait_for(lambda: mailer.sent)
    finally:
        worker.stop()


def test_what_another_process_made_due_is_found_within_a_second(sqlite: SqlStorage) -> None:
    mailer, waits = RecordingMailer(), Waits()
    with working(sqlite, DeliverMail(mailer), waits=waits):
        wait_for(lambda: waits.all)
        post(sqlite, 1)
        wait_for(lambda: mailer.sent)
    assert max(seconds for seconds, _ in waits.all) <= POLL_SECONDS <= 1


@pytest.mark.usefixtures("only_when_woken")
def test_a_mailer_that_stalls_holds_up_no_work_in_the_database(sqlite: SqlStorage) -> None:
    mailer, notes = Gate(), Notes()
    post(sqlite, *range(3 * LETTERS_AT_ONCE))
    with working(sqlite, DeliverMail(mailer), notes) as worker:
        wait_for(lambda: len(mailer.begun) == LETTERS_AT_ONCE)
        note(sqlite, 1, 2, 3)
        worker.wake()
        wait_for(lambda: notes.done == [1, 2, 3])
        assert (len(mailer.begun), mailer.sent) == (LETTERS_AT_ONCE, [])
        mailer.opened.set()
        wait_for(lambda: depth(sqlite) == 0)
    assert len(mailer.sent) == len(mailer.begun) == 3 * LETTERS_AT_ONCE


def test_a_mailer_that_stalls_costs_no_time_of_ours(sqlite: SqlStorage) -> None:
    mailer, waits = Gate(), Waits()
    post(sqlite, *range(3 * LETTERS_AT_ONCE))
    with working(sqlite, DeliverMail(mailer), waits=waits):
        wait_for(lambda: len(mailer.begun) == LETTERS_AT_ONCE)
        wait_for(lambda: len(waits.all) >= 2)
        assert set(waits.all) == {(POLL_SECONDS, False)}, "it sleeps for as long as it may, and nothing wakes it"
        mailer.opened.set()


def test_stopping_lets_what_is_under_way_finish_and_begins_nothing(sqlite: SqlStorage) -> None:
    # contract: R5
    mailer = Gate()
    post(sqlite, *range(3 * LETTERS_AT_ONCE))
    with working(sqlite, DeliverMail(mailer)) as worker:
        wait_for(lambda: len(mailer.begun) == LETTERS_AT_ONCE)
        stopping = threading.Thread(target=worker.stop)
        stopping.start()
        stopping.join(0.2)
        assert stopping.is_alive()
        mailer.opened.set()
        stopping.join(PATIENCE)
        assert not stopping.is_alive()
        assert len(mailer.sent) == len(mailer.begun) == LETTERS_AT_ONCE
        assert depth(sqlite) == 2 * LETTERS_AT_ONCE


@pytest.mark.usefixtures("only_when_woken")
def test_an_idle_worker_stops_at_once_and_one_that_never_started_too() -> None:
    with working(MemoryStorage(), Notes()) as worker:
        time.sleep(0.1)  # it found nothing and waits
        worker.stop()
        assert not worker._thread.is_alive(), "it was woken"
    Worker(run_due_work(MemoryStorage())).stop()


def test_a_database_that_goes_away_is_one_line_a_pause_and_then_work_goes_on(
    sqlite_url: str, sqlite: SqlStorage, caplog: pytest.LogCaptureFixture
) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    away = file.with_suffix(".away")
    mailer, waits = RecordingMailer(), Waits()

    def complaints() -> list[logging.LogRecord]:
        return [record for record in caplog.records if record.name == "hucha.worker"]

    sqlite.check()  # it is this file that it knows
    with working(sqlite, DeliverMail(mailer), pause=0.2, waits=waits) as worker:
        file.rename(away)
        worker.wake()
        wait_for(lambda: waits.all.count((0.2, False)) >= 3)
        told = len(complaints())
        assert 3 <= told <= sum(seconds == 0.2 for seconds, _ in waits.all) + 1, "one before each pause"
        assert all(record.exc_info is None for record in complaints())
        with pytest.raises(StorageUnavailable):
            post(sqlite, 1)
        away.rename(file)
        post(sqlite, 1)
        wait_for(lambda: mailer.sent)


def test_an_error_that_nobody_foresaw_ends_no_worker(caplog: pytest.LogCaptureFixture) -> None:
    class Fickle(SetClock):
        broken = True

        def now(self) -> datetime:
            if self.broken:
                raise RuntimeError("no time")
            return datetime.now(UTC)

    clock, mailer, storage = Fickle(), RecordingMailer(), MemoryStorage()
    post(storage, 1)
    with working(storage, DeliverMail(mailer), clock=clock):
        wait_for(lambda: len(caplog.records) >= 3)
        clock.broken = False
        wait_for(lambda: mailer.sent)
    assert "no time" in caplog.text
    assert [record.exc_info is not None for record in caplog.records][:3] == [True, False, False], "one trace will do"


def test_setbacks_are_logged_in_a_line_each_without_secrets(caplog: pytest.LogCaptureFixture) -> None:
    with SmtpServer() as server:
        server.manners = Manners(data_answer="554 5.7.1 what is body 1")
        storage = MemoryStorage()
        post(storage, 1)
        caplog.set_level(logging.INFO, "hucha")
        with working(storage, DeliverMail(server.mailer())):
            wait_for(lambda: storage.read(lambda tx: tx.due_work.dead_count()))
            wait_for(lambda: "is dead" in caplog.text)
    (record,) = (record for record in caplog.records if record.name == "hucha.worker")
    assert record.levelname == "ERROR"
    assert record.getMessage() == "mail 1 is dead, tries: 1"
    assert record.__dict__["reason"] == "The mail couldn't be sent: the server refused the letter (554 5.7.1)"
    assert record.exc_info is None
    assert "body 1" not in caplog.text and "ana@" not in caplog.text


def test_a_worker_with_nothing_to_do_takes_less_than_a_hundredth_of_a_core(sqlite: SqlStorage) -> None:
    seconds, waits = 10 if LONG else 3, Waits()

    def share() -> float:
        """Of a core, over so many seconds; who else works in this process counts too."""
        spent, known = time.process_time(), len(waits.all)
        time.sleep(seconds)
        assert set(waits.all[known:]) == {(POLL_SECONDS, False)}, "it sleeps for as long as it may"
        return (time.process_time() - spent) / seconds

    with working(sqlite, DeliverMail(RecordingMailer()), Purge(), waits=waits):
        Purge().ensure(sqlite, SystemClock())
        wait_for(lambda: waits.all)
        wait_for(lambda: share() < 0.01)


# --- a real mail server ---


def test_two_workers_hand_each_letter_over_once(sqlite_url: str, open_storage: Callable[[str], SqlStorage]) -> None:
    storages = [open_storage(sqlite_url), open_storage(sqlite_url)]
    with SmtpServer() as server, ExitStack() as workers:
        for storage in storages:
            workers.enter_context(working(storage, DeliverMail(server.mailer())))
        post(storages[0], *range(30))
        wait_for(lambda: depth(storages[0]) == 0)
    assert sorted(server.ids()) == sorted(f"<id-{number}@hucha>" for number in range(30))


TROUBLES = [
    Manners(recipient_answer="450 4.2.0 later"),
    Manners(data_answer="452 full"),
    Manners(sender_answer="550 not you"),
    Manners(greeting_drops=True),
    Manners(drops_within_data=True),
    Manners(stalls=True),
    None,  # it isn't there at all
]


@pytest.mark.parametrize("trouble", TROUBLES, ids=["4xx", "full", "sender", "hangs up", "drops", "stalls", "away"])
def test_no_letter_is_lost_or_doubled_while_the_server_is_in_trouble(
    sqlite: SqlStorage, trouble: Manners | None
) -> None:
    # contract: A11
    with SmtpServer() as server:
        if trouble is None:
            server.stop()
        else:
            server.manners = trouble
        post(sqlite, 1, 2, 3)
        mailer: Mailer = server.mailer(timeout_seconds=0.4)
        with working(sqlite, DeliverMail(mailer), clock=HastyClock(50)):
            time.sleep(0.7)
            assert depth(sqlite) == 3
            assert not server.letters
            server.manners = Manners()
            if trouble is None:
                server.start()
            wait_for(lambda: depth(sqlite) == 0)
    assert sorted(server.ids()) == ["<id-1@hucha>", "<id-2@hucha>", "<id-3@hucha>"]


def test_a_letter_whose_answer_got_lost_comes_again_under_the_same_id(sqlite: SqlStorage) -> None:
    with SmtpServer() as server:
        server.manners = Manners(loses_answer=True)
        post(sqlite, 1)
        with working(sqlite, DeliverMail(server.mailer()), clock=HastyClock(50)):
            wait_for(lambda: server.letters)
            server.manners = Manners()
            wait_for(lambda: depth(sqlite) == 0)
    assert len(server.ids()) >= 2 and set(server.ids()) == {"<id-1@hucha>"}


# --- processes ---

PROGRAM = """
import sys, time
from datetime import timedelta
from pathlib import Path
from adapters.notifying.file_mail import FileMailer
from adapters.sql.opening import open_database
from adapters.sql.unit_of_work import SqlStorage
from adapters.system_clock import SystemClock
from adapters.system_secrets import SystemSecrets
from domain.use_cases.notifying.deliver_mail import DeliverMail
from domain.use_cases.jobs.run_due_work import RunDueWork
from entrypoints.worker import Worker, run_worker
from tests.conftest import VAULT

url, folder, dies = sys.argv[1:]

class Mortal(FileMailer):
    def send(self, mail):
        super().send(mail)
        if dies == "dies":
            print("sent", flush=True)
            time.sleep(3600)

DeliverMail.lease = timedelta(seconds=2)
storage = SqlStorage(open_database(url, 6), VAULT)
mailer = Mortal(Path(folder), "Hucha <no-reply@hucha.example>")
due_work = RunDueWork(storage, SystemClock(), {"mail": DeliverMail(mailer)})
print("working", flush=True)
run_worker(Worker(due_work))
print("stopped", flush=True)
"""


@contextmanager
def process(url: str, folder: Path, dies: str = "lives") -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", PROGRAM, url, str(folder), dies]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None and running.stdout.readline() == "working\n"
        yield running
    finally:
        running.kill()
        running.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_worker_process_in_order(
    sqlite_url: str, sqlite: SqlStorage, tmp_path: Path, number: signal.Signals
) -> None:
    # contract: R5
    folder = tmp_path / "mail"
    with process(sqlite_url, folder) as worker:
        post(sqlite, 1)
        wait_for(lambda: depth(sqlite) == 0)
        worker.send_signal(number)
        rest, _ = worker.communicate(timeout=PATIENCE)
        assert (rest, worker.returncode) == ("stopped\n", 0)
    assert [file.name for file in folder.iterdir()] == ["id-1@hucha.eml"]


def test_a_worker_that_is_killed_between_sending_and_finishing_sends_again(
    sqlite_url: str, sqlite: SqlStorage, tmp_path: Path
) -> None:
    # contract: A11, R5
    post(sqlite, 1)
    with process(sqlite_url, tmp_path / "first", "dies") as worker:
        assert worker.stdout is not None and worker.stdout.readline() == "sent\n"
    assert depth(sqlite) == 1
    with process(sqlite_url, tmp_path / "second"):
        wait_for(lambda: depth(sqlite) == 0)
    names = [file.name for folder in ("first", "second") for file in (tmp_path / folder).iterdir()]
    assert names == ["id-1@hucha.eml"] * 2
