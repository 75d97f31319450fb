"""Concurrent requests share commits.

A commit to disk takes far longer than judging an event, so the requests that arrive while one commit runs are
carried out together by the next. The first to wait leads: it gathers the others, runs the batch, hands out the
results and passes the lead on. Where a batch fails, each of its commands is run alone, so that one can't
spoil the others; a failure that all share (the database is gone) is handed to all at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from copy import copy
from typing import Final, Generic, TypeVar

C = TypeVar("C")
R = TypeVar("R")

MOST_COMMANDS: Final = 256
GATHER_SECONDS: Final = 0.002
"""A leader waits at most this long for as many commands as the last batch had."""


class _Ticket(Generic[C, R]):
    """One caller's command and, later, its outcome."""

    __slots__ = ("command", "done", "error", "result", "turn")

    def __init__(self, command: C) -> None:
        self.command = command
        self.done = False
        self.result: R | None = None
        self.error: BaseException | None = None
        self.turn = threading.Lock()
        """Released with the outcome, or, while there is none, with the lead."""
        self.turn.acquire()

    def settle(self, result: R | None, error: BaseException | None = None) -> None:
        self.result, self.error, self.done = result, error, True


class Batcher(Generic[C, R]):
    """Calls `run` with the commands of concurrent callers, in their order of arrival.

    `run` gives one result per command, in the same order, or raises, and then has changed nothing. An error
    of a kind in `shared` would befall each command alone too, and isn't tried again.
    """

    def __init__(
        self,
        run: Callable[[Sequence[C]], Sequence[R]],
        *,
        shared: type[Exception] | tuple[type[Exception], ...] = (),
        most: int = MOST_COMMANDS,
        gather_seconds: float = GATHER_SECONDS,
    ) -> None:
        self._run = run
        self._shared = shared
        self._most = most
        self._gather_seconds = gather_seconds
        self._changed = threading.Condition(threading.Lock())
        self._queue: list[_Ticket[C, R]] = []
        self._led = False
        self._expected = 1
        """How many commands a leader waits for: as many as were in flight when the last batch ended."""

    def __call__(self, command: C) -> R:
        """Carry out one command; returns its result, or raises what it raised."""
        ticket: _Ticket[C, R] = _Ticket(command)
        with self._changed:
            self._queue.append(ticket)
            follows = self._led
            self._led = True
            if follows and len(self._queue) >= self._wanted():
                self._changed.notify()
        if follows:
            ticket.turn.acquire()
        if not ticket.done:
            self._lead()
        if ticket.error is not None:
            raise ticket.error
        return ticket.result  # type: ignore[return-value]  # settled: the batch had this ticket at its head

    def _lead(self) -> None:
        batch = self._gather()
        try:
            self._carry_out(batch)
        except BaseException as error:  # the interpreter is ending, say: nobody may wait for ever
            for ticket in batch:
                if not ticket.done:
                    ticket.settle(None, _twin(error))
            raise
        finally:
            with self._changed:
                self._expected = len(batch) + len(self._queue)
                self._led = bool(self._queue)
                following = batch + self._queue[:1]
            for ticket in following:
                ticket.turn.release()

    def _gather(self) -> list[_Ticket[C, R]]:
        deadline = time.monotonic() + self._gather_seconds
        with self._changed:
            while len(self._queue) < self._wanted():
                patience = deadline - time.monotonic()
                if patience <= 0 or not self._changed.wait(patience):
                    break
            batch, self._queue = self._queue[: self._most], self._queue[self._most :]
        return batch

    def _wanted(self) -> int:
        """How many commands a leader has no reason to wait beyond."""
        return min(self._expected, self._most)

    def _carry_out(self, batch: list[_Ticket[C, R]]) -> None:
        try:
            results = self._run([ticket.command for ticket in batch])
            for ticket, result in zip(batch, results, strict=True):
                ticket.settle(result)
        except Exception as error:
            if len(batch) == 1:
                batch[0].settle(None, error)
                return
            for ticket in batch:
                if isinstance(error, self._shared):
                    ticket.settle(None, _twin(error))
                else:
                    self._carry_out([ticket])


def _twin(error: BaseException) -> BaseException:
    """An equal error for another thread: one object that many raise gathers the tracebacks of all of them.

    An error that can't be copied is its own twin.
    """
    try:
        twin = copy(error)
    except Exception:
        return error
    twin.__cause__, twin.__context__ = error.__cause__, error.__context__
    twin.__suppress_context__ = error.__suppress_context__
    return twin.with_traceback(error.__traceback__)
