"""The thread that does what is due: at once where it is woken, else within a second. Source: contract A11, R5."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from types import FrameType

import attrs

from domain.model.errors import HuchaError, StorageUnavailable
from domain.use_cases.jobs.run_due_work import JobFailure, RunDueWork

LETTERS_AT_ONCE = 4
"""How many effects outside are under way at most: one server that stalls holds up few, and no work in the database."""

POLL_SECONDS = 1.0
"""How long what another process made due may wait for us."""

SHORTEST_PAUSE_SECONDS = 0.01
PAUSE_SECONDS = 5.0
"""How long the database is left alone after it failed."""

STOP_SECONDS = 10.0
"""How long what is under way may take to finish once the worker was asked to stop."""

_log = logging.getLogger("hucha.worker")


class Worker:
    """Runs due work in a thread until it is stopped.

    `woken` is an event that whoever makes work due may set; `wake` does the same. `prepare` is called once, before
    the first look, and again until it doesn't raise. The first look comes after `rest_seconds`, unless it is woken.
    """

    def __init__(
        self,
        run_due_work: RunDueWork,
        woken: threading.Event | None = None,
        *,
        prepare: Callable[[], None] = lambda: None,
        rest_seconds: float = 0,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._woken = woken or threading.Event()
        self._prepare: Callable[[], None] | None = prepare
        self._rest_seconds = rest_seconds
        self._pause_seconds = pause_seconds
        self._threads = _Threads(LETTERS_AT_ONCE, self._woken.set)
        self._clock = run_due_work.clock
        self._due_work = attrs.evolve(run_due_work, executor=self._threads, report=log_failure)
        self._thread = threading.Thread(target=self._run, name="hucha-worker", daemon=True)
        self._in_trouble = False

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once for what is due."""
        self._woken.set()

    def ask_to_stop(self) -> None:
        """Begin no other job; safe in a signal handler of a thread that doesn't call `wake`."""
        self._threads.stop()
        self._woken.set()

    def stop(self, patience_seconds: float = STOP_SECONDS) -> None:
        """End between two jobs; what is under way has so long. What takes longer is done again later."""
        self.ask_to_stop()
        self._end(patience_seconds)

    def run(self) -> None:
        """Start, and return when somebody asked the worker to stop and it did."""
        self.start()
        while not self._threads.stopping():
            self._thread.join(POLL_SECONDS)
        self._end(STOP_SECONDS)

    def _end(self, patience_seconds: float) -> None:
        deadline = time.monotonic() + patience_seconds
        if self._thread.ident is not None:
            self._thread.join(patience_seconds)
        self._threads.wait(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        if self._rest_seconds:
            self._woken.wait(self._rest_seconds)
        while not self._threads.stopping():
            wait_seconds = self._look()
            self._woken.wait(wait_seconds)
            self._woken.clear()

    def _look(self) -> float:
        """Run what is due; how many seconds to wait before the next look."""
        try:
            if self._prepare is not None:
                self._prepare()
                self._prepare = None
            next_due = self._due_work.run_once(self._clock.now())
        except StorageUnavailable as error:
            _log.warning("due work has to wait", extra={"reason": str(error)})
            return self._pause_seconds
        except Exception as error:
            trace = None if self._in_trouble else error  # once shows where it comes from
            self._in_trouble = True
            _log.error("due work has to wait", extra={"reason": type(error).__name__}, exc_info=trace)
            return self._pause_seconds
        self._in_trouble = False
        if next_due is None:
            return POLL_SECONDS
        seconds = (next_due - self._clock.now()) / timedelta(seconds=1)
        return min(max(seconds, SHORTEST_PAUSE_SECONDS), POLL_SECONDS)


def run_worker(worker: Worker) -> None:
    """Run the worker until SIGTERM or SIGINT, from the main thread."""

    def stop(number: int, frame: FrameType | None) -> None:
        worker.ask_to_stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    _log.info("working")
    worker.run()
    _log.info("stopped")


def log_failure(failure: JobFailure) -> None:
    """One line; at the first try and when a job is dead, an error that nobody foresaw shows where it came from."""
    job, reason = failure.job, {"reason": failure.reason}
    unforeseen = not isinstance(failure.error, HuchaError) and (job.tries == 1 or failure.dead)
    trace = failure.error if unforeseen else None
    if failure.dead:
        _log.error("%s %s is dead, tries: %s", job.kind, job.subject, job.tries, extra=reason, exc_info=trace)
    else:
        _log.warning("%s %s failed, tries: %s", job.kind, job.subject, job.tries, extra=reason, exc_info=trace)


class _Threads:
    """An executor of at most so many threads, each of which does one thing and ends."""

    def __init__(self, most: int, done: Callable[[], None]) -> None:
        self._most = most
        self._done = done
        self._changed = threading.Condition()
        self._running = 0
        self._stopping = False

    def free(self) -> int:
        return self._most - self._running

    def start(self, act: Callable[[], None]) -> None:
        with self._changed:
            self._running += 1
        try:
            threading.Thread(target=self._carry_out, args=(act,), name="hucha-letter", daemon=True).start()
        except RuntimeError:  # the system has no thread left
            self._end_one()
            raise

    def stopping(self) -> bool:
        return self._stopping

    def stop(self) -> None:
        self._stopping = True

    def wait(self, seconds: float) -> None:
        """Return when nothing runs any more, or when the time is up."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running, seconds)

    def _carry_out(self, act: Callable[[], None]) -> None:
        try:
            act()
        except StorageUnavailable as error:
            _log.warning("what was done couldn't be noted, and will be done again", extra={"reason": str(error)})
        except Exception:
            _log.exception("what was done couldn't be noted, and will be done again")
        finally:
            self._end_one()

    def _end_one(self) -> None:
        with self._changed:
            self._running -= 1
            self._changed.notify_all()
        self._done()
