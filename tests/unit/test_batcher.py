"""Concurrent callers share a run; each gets its own result or its own error, and nobody waits for ever."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from domain.model.errors import StorageUnavailable, Unavailable
from entrypoints.batcher import Batcher

PATIENCE = 20
"""Seconds after which a test says that a thread hangs."""


class Shared(Exception):
    """Befalls every command."""


class Bad(Exception):
    """One command's own."""


class Call(threading.Thread):
    """One caller, in a thread of its own."""

    def __init__(self, batcher: Callable[[Any], Any], command: Any) -> None:
        super().__init__(daemon=True)
        self._batcher = batcher
        self._command = command
        self.outcome: Any = None
        self.start()

    def run(self) -> None:
        try:
            self.outcome = self._batcher(self._command)
        except BaseException as error:  # the outcome, whatever it is
            self.outcome = error

    def finish(self) -> Any:
        self.join(PATIENCE)
        assert not self.is_alive(), "a caller hangs"
        return self.outcome


class Gated:
    """Runs batches, each of which waits until the gate is open; remembers them."""

    def __init__(self, work: Callable[[Sequence[Any]], Sequence[Any]]) -> None:
        self._work = work
        self._gate = threading.Event()
        self.entered = threading.Event()
        self.batches: list[list[Any]] = []

    def __call__(self, commands: Sequence[Any]) -> Sequence[Any]:
        self.batches.append(list(commands))
        self.entered.set()
        assert self._gate.wait(PATIENCE)
        return self._work(commands)

    def open(self) -> None:
        self._gate.set()


class Impatient(threading.Condition):
    """Every wait is over at once, as if its time had passed; remembers how long each would have been."""

    def __init__(self) -> None:
        super().__init__(threading.Lock())
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        return False


def doubled(commands: Sequence[int]) -> list[int]:
    return [2 * command for command in commands]


def queue_up(batcher: Batcher[Any, Any], commands: Sequence[Any]) -> list[Call]:
    """Callers who wait behind a running batch, in this order."""
    calls = []
    for command in commands:
        waiting = len(batcher._queue)  # there is no other sign that a caller waits
        calls.append(Call(batcher, command))
        deadline = time.monotonic() + PATIENCE
        while len(batcher._queue) == waiting:
            assert time.monotonic() < deadline
            time.sleep(0.0005)
    return calls


@contextmanager
def behind_a_running_batch(
    run: Gated, batcher: Batcher[Any, Any], commands: Sequence[Any], first: Any = 0
) -> Iterator[list[Call]]:
    """While a batch of one runs, these callers queue; when the block ends, the gate is open."""
    leader = Call(batcher, first)
    assert run.entered.wait(PATIENCE)
    calls = queue_up(batcher, commands)
    try:
        yield [leader, *calls]
    finally:
        run.open()


def test_a_command_has_its_own_result() -> None:
    batcher = Batcher(doubled)
    assert [batcher(command) for command in (1, 2, 3)] == [2, 4, 6]


def test_what_queues_while_a_batch_runs_is_carried_out_together_in_order_of_arrival() -> None:
    run = Gated(doubled)
    batcher = Batcher(run)
    with behind_a_running_batch(run, batcher, range(1, 11)) as calls:
        pass
    assert [call.finish() for call in calls] == [2 * command for command in range(11)]
    assert run.batches == [[0], list(range(1, 11))]


def test_a_batch_has_at_most_so_many_and_the_rest_comes_next_in_order() -> None:
    run = Gated(doubled)
    batcher = Batcher(run, most=4)
    with behind_a_running_batch(run, batcher, range(1, 11)) as calls:
        pass
    assert [call.finish() for call in calls] == [2 * command for command in range(11)]
    assert run.batches == [[0], [1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]


def test_a_leader_leads_one_batch_and_hands_over() -> None:
    """A caller who had its result and stayed to carry out others' commands would wait for strangers."""
    second = threading.Event()

    def work(commands: Sequence[int]) -> Sequence[int]:
        if commands[0] != 0:
            assert second.wait(PATIENCE)
        return doubled(commands)

    run = Gated(work)
    batcher = Batcher(run)
    with behind_a_running_batch(run, batcher, [1, 2]) as calls:
        pass
    assert calls[0].finish() == 0
    assert calls[1].is_alive() and calls[2].is_alive()
    second.set()
    assert [call.finish() for call in calls] == [0, 2, 4]


def test_one_bad_command_doesnt_spoil_the_others() -> None:
    kept: list[int] = []

    def work(commands: Sequence[int]) -> Sequence[int]:
        if any(command % 5 == 3 for command in commands):
            raise Bad(*commands)
        kept.extend(commands)
        return doubled(commands)

    run = Gated(work)
    batcher = Batcher(run, shared=Shared)
    with behind_a_running_batch(run, batcher, range(1, 10)) as calls:
        pass
    outcomes = [call.finish() for call in calls]
    for command, outcome in enumerate(outcomes):
        if command % 5 == 3:
            assert isinstance(outcome, Bad) and outcome.args == (command,), "the error of its own run"
        else:
            assert outcome == 2 * command
    assert kept == [0, 1, 2, 4, 5, 6, 7, 9], "each once, in order of arrival"
    assert run.batches[1:] == [list(range(1, 10)), *([command] for command in range(1, 10))]


def test_an_error_that_all_share_is_told_to_all_at_once() -> None:
    def work(commands: Sequence[int]) -> Sequence[int]:
        if commands != [0]:
            raise Shared
        return doubled(commands)

    run = Gated(work)
    batcher = Batcher(run, shared=(Shared, OSError))
    with behind_a_running_batch(run, batcher, range(1, 6)) as calls:
        pass
    outcomes = [call.finish() for call in calls]
    assert outcomes[0] == 0
    assert all(isinstance(outcome, Shared) for outcome in outcomes[1:])
    assert run.batches == [[0], [1, 2, 3, 4, 5]], "it isn't tried again"


class Fatal(BaseException):
    """No Exception: as KeyboardInterrupt and SystemExit."""


@pytest.mark.parametrize("error", [StorageUnavailable("it is gone"), Shared("so it is"), Fatal("the end")])
def test_an_error_that_all_share_is_each_ones_own_object(error: BaseException) -> None:
    """Threads that raise one object write into one traceback, which grows with each."""

    def work(commands: Sequence[int]) -> Sequence[int]:
        if commands != [0]:
            raise error from OSError("the cause")
        return doubled(commands)

    run = Gated(work)
    batcher = Batcher(run, shared=(Shared, Unavailable))
    with behind_a_running_batch(run, batcher, range(1, 6)) as calls:
        pass
    outcomes = [call.finish() for call in calls[1:]]
    assert len({id(outcome) for outcome in outcomes}) == 5
    for outcome in outcomes:
        assert type(outcome) is type(error)
        assert str(outcome) == str(error)
        assert isinstance(outcome.__cause__, OSError)
        assert traceback.extract_tb(outcome.__traceback__)[-1].name == "work", "where it came from"


class Unlike(Shared):
    """Can't be copied: it isn't made of its arguments."""

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"because of {reason}")


def test_a_shared_error_that_cant_be_copied_is_told_to_all_nevertheless() -> None:
    def work(commands: Sequence[int]) -> Sequence[int]:
        if commands != [0]:
            raise Unlike(reason="it")
        return doubled(commands)

    run = Gated(work)
    batcher = Batcher(run, shared=Shared)
    with behind_a_running_batch(run, batcher, range(1, 6)) as calls:
        pass
    assert [str(call.finish()) for call in calls] == ["0", *["because of it"] * 5]


def test_a_shared_error_while_commands_run_alone_is_each_ones_own() -> None:
    def work(commands: Sequence[int]) -> Sequence[int]:
        if len(commands) > 1:
            raise Bad
        if commands == [3]:
            raise Shared
        return doubled(commands)

    run = Gated(work)
    batcher = Batcher(run, shared=Shared)
    with behind_a_running_batch(run, batcher, range(1, 6)) as calls:
        pass
    outcomes = [call.finish() for call in calls]
    assert isinstance(outcomes.pop(3), Shared)
    assert outcomes == [0, 2, 4, 8, 10]


def test_a_failed_batch_leaves_the_next_one_whole() -> None:
    def work(commands: Sequence[str]) -> Sequence[str]:
        if "bad" in commands:
            raise Bad
        return commands

    batcher = Batcher(work)
    for _ in range(3):
        with pytest.raises(Bad):
            batcher("bad")
        assert batcher("good") == "good"


def test_a_fatal_error_reaches_everyone_in_the_batch_and_the_next_batch_runs() -> None:
    def work(commands: Sequence[int]) -> Sequence[int]:
        if 2 in commands:
            raise Fatal
        return doubled(commands)

    run = Gated(work)
    batcher = Batcher(run, most=3)
    with behind_a_running_batch(run, batcher, range(1, 7)) as calls:
        pass
    outcomes = [call.finish() for call in calls]
    assert [type(outcome) for outcome in outcomes] == [int, Fatal, Fatal, Fatal, int, int, int]
    assert batcher(21) == 42


def test_a_fatal_error_while_commands_run_alone_leaves_nobody_without_an_outcome() -> None:
    """Whoever's command wasn't carried out must hear of it: None would be taken for a result."""
    carried_out: list[int] = []

    def work(commands: Sequence[int]) -> Sequence[int]:
        if len(commands) > 1:
            raise Bad
        if commands == [2]:
            raise Fatal
        carried_out.extend(commands)
        return doubled(commands)

    run = Gated(work)
    batcher = Batcher(run)
    with behind_a_running_batch(run, batcher, range(1, 5)) as calls:
        pass
    outcomes = [call.finish() for call in calls]
    assert outcomes[0] == 0
    assert isinstance(outcomes[2], Fatal)
    for command, outcome in enumerate(outcomes):
        assert isinstance(outcome, BaseException) or (outcome == 2 * command and command in carried_out)
    assert batcher(21) == 42


def test_a_lone_caller_doesnt_wait() -> None:
    batcher = Batcher(doubled, gather_seconds=3600)
    lone = Call(lambda command: [batcher(command) for _ in range(100)], 1)
    assert lone.finish() == [2] * 100


def test_after_a_burst_a_lone_caller_waits_no_longer_than_the_gathering_and_only_once() -> None:
    run = Gated(doubled)
    batcher = Batcher(run, gather_seconds=3600)
    batcher._changed = gathering = Impatient()
    with behind_a_running_batch(run, batcher, range(1, 6)) as calls:
        pass
    for call in calls:
        call.finish()
    gathering.waits.clear()
    assert batcher(1) == 2
    (seconds,) = gathering.waits
    assert 0 < seconds <= 3600
    assert batcher(1) == 2
    assert len(gathering.waits) == 1, "one in flight was expected, one came"


def test_a_leader_waits_for_as_many_as_were_there_before_and_no_longer() -> None:
    """The gathering ends with the last of them, not with the time."""
    run = Gated(doubled)
    batcher = Batcher(run, gather_seconds=3600)
    with behind_a_running_batch(run, batcher, [1, 2, 3]) as calls:
        pass
    assert calls[0].finish() == 0  # four were in flight at the end of its batch, so the next leader waits for a fourth
    time.sleep(0.1)  # it waits by now
    late = Call(batcher, 4)
    assert [call.finish() for call in [*calls, late]] == [0, 2, 4, 6, 8]
    assert run.batches == [[0], [1, 2, 3, 4]]


def test_a_leader_waits_for_no_more_than_fit_into_a_batch() -> None:
    run = Gated(doubled)
    batcher = Batcher(run, most=2, gather_seconds=3600)
    with behind_a_running_batch(run, batcher, [1, 2, 3]) as calls:
        pass
    assert [call.finish() for call in calls[:3]] == [0, 2, 4]  # three were in flight then, of which two fit
    time.sleep(0.1)  # the last of them waits by now
    late = Call(batcher, 4)
    assert [calls[3].finish(), late.finish()] == [6, 8]
    assert run.batches == [[0], [1, 2], [3, 4]]


@pytest.mark.parametrize(("most", "gather_seconds"), [(1, 0.002), (7, 0.0), (7, 0.002), (256, 0.0), (256, 0.002)])
def test_many_threads_and_rounds_lose_nothing_and_hang_never(gather_seconds: float, most: int) -> None:
    threads, rounds = 64, 30
    seen: list[tuple[int, int]] = []
    inside = threading.Lock()

    def work(commands: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        assert inside.acquire(blocking=False), "two batches at once"
        try:
            assert 1 <= len(commands) <= most
            if any(number % 10 == 9 for _, number in commands):
                raise Bad
            time.sleep(0.0002)
            seen.extend(commands)
            return list(commands)
        finally:
            inside.release()

    batcher = Batcher(work, gather_seconds=gather_seconds, most=most)

    def client(thread: int) -> list[Any]:
        outcomes = []
        for number in range(rounds):
            try:
                outcomes.append(batcher((thread, number)))
            except Bad:
                outcomes.append(Bad)
        return outcomes

    calls = [Call(client, thread) for thread in range(threads)]
    for thread, call in enumerate(calls):
        expected = [Bad if number % 10 == 9 else (thread, number) for number in range(rounds)]
        assert call.finish() == expected
    assert len(seen) == len(set(seen)) == threads * rounds * 9 // 10
    for thread in range(threads):
        own = [number for who, number in seen if who == thread]
        assert own == sorted(own), "a caller's commands are carried out in the order of its calls"


def test_many_threads_share_runs() -> None:
    sizes: list[int] = []

    def work(commands: Sequence[int]) -> Sequence[int]:
        sizes.append(len(commands))
        time.sleep(0.002)
        return commands

    batcher = Batcher(work)
    calls = [Call(lambda thread: [batcher(thread) for _ in range(20)], thread) for thread in range(32)]
    for thread, call in enumerate(calls):
        assert call.finish() == [thread] * 20
    assert sum(sizes) == 32 * 20
    assert len(sizes) < 32 * 20 / 4, "at least four to a batch, on average"
