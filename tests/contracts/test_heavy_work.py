"""The tools for heavy work: threads, and child processes that are ended past their limits."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import pytest

from adapters.heavy.processes import HeavyProcesses
from adapters.heavy.threads import HeavyThreads
from domain.model.errors import (
    Busy,
    FieldProblem,
    InvalidFields,
    OutOfMemory,
    PasswordsBusy,
    TimedOut,
    WorkerDied,
    WorkFailed,
)
from entrypoints.settings import Settings
from tests.contracts import pieces_of_work as work

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells and holds all of this")
MIB = 128
PATIENCE_SECONDS = 20


class Thing:
    """What can be held weakly."""


def use(thing: Thing, fails: bool) -> float:
    return 1 / (not fails)


@pytest.fixture
def pool() -> Iterator[HeavyProcesses]:
    made = HeavyProcesses(children=1, waiting=7)
    yield made
    made.close()


def do(pool: HeavyProcesses, work: Callable[..., Any] | str, *arguments: object, seconds: float = 20) -> Any:
    return pool.run(work, *arguments, seconds=seconds, mib=MIB)


class TestThreads:
    def test_what_a_piece_of_work_held_is_let_go(self) -> None:
        threads = HeavyThreads("heavy", slots=1, waiting=0)
        for fails in (False, True):
            thing = Thing()
            seen = weakref.ref(thing)
            with suppress(ZeroDivisionError):
                threads.run(partial(use, thing, fails))
            del thing
            until(lambda seen=seen: gc.collect() >= 0 and seen() is None)  # type: ignore[misc]

    def test_who_finds_no_place_is_told_in_the_works_own_words(self) -> None:
        for busy in (Busy, PasswordsBusy):
            with pytest.raises(busy) as refused:
                HeavyThreads("heavy", 0, 0, busy).run(lambda: None)
            assert type(refused.value) is busy


class TestResults:
    def test_work_is_named_by_a_function_or_a_text(self, pool: HeavyProcesses) -> None:
        assert do(pool, work.square, 7) == 49
        assert do(pool, "tests.contracts.pieces_of_work:square", 8) == 64
        assert do(pool, "pathlib:Path.home") == Path.home()

    def test_a_child_is_used_again_and_outlives_the_thread_that_started_it(self, pool: HeavyProcesses) -> None:
        pids = []
        for _ in range(3):
            thread = threading.Thread(target=lambda: pids.append(do(pool, os.getpid)))
            thread.start()
            thread.join()
        assert len(set(pids)) == 1 and pids[0] != os.getpid()

    def test_each_of_8_threads_has_its_own_results(self) -> None:
        pool = HeavyProcesses(children=2, waiting=6)
        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(partial(do, pool, work.square), range(200))) == [n * n for n in range(200)]
        pool.close()

    def test_an_event_loop_goes_on_meanwhile(self, pool: HeavyProcesses) -> None:
        async def squares() -> list[Any]:
            loop = asyncio.get_running_loop()
            return await asyncio.gather(*(loop.run_in_executor(None, do, pool, work.square, n) for n in range(4)))

        assert asyncio.run(squares()) == [0, 1, 4, 9]

    def test_large_arguments_and_results_pass(self, pool: HeavyProcesses) -> None:
        image = os.urandom(8 * 2**20)
        assert do(pool, "builtins:bytes", image) == image

    @pytest.mark.parametrize("nameless", [lambda: 1, partial(int), "square", "__main__:f"])
    def test_what_has_no_name_to_import_is_refused(self, pool: HeavyProcesses, nameless: Any) -> None:
        with pytest.raises(ValueError, match="can't be imported"):
            do(pool, nameless)

    def test_arguments_that_cant_be_pickled_are_refused_and_free_their_place(self, pool: HeavyProcesses) -> None:
        for _ in range(10):
            with pytest.raises(TypeError):
                do(pool, work.square, threading.Lock())


class TestFailures:
    @pytest.mark.parametrize(
        ("piece", "arguments", "seconds", "error"),
        [
            ("time:sleep", (1000,), 0.2, TimedOut(0.2)),
            (work.hang, (), 0.2, TimedOut(0.2)),
            pytest.param(work.grow, (), 20, OutOfMemory(MIB), marks=linux_only),
            pytest.param(work.swell, (2 * MIB,), 20, OutOfMemory(MIB), marks=linux_only),
            pytest.param("builtins:bytearray", (2**40,), 20, OutOfMemory(MIB), marks=linux_only),
            (work.leave, (3,), 20, WorkerDied(3)),
            (work.crash, (), 20, WorkerDied(-signal.SIGSEGV)),
            (work.exit_politely, (), 20, WorkFailed("it raised SystemExit")),
            (work.raise_awkward, (), 20, WorkFailed("it raised Awkward")),
            (work.unpicklable, (), 20, WorkFailed("its result can't be pickled: TypeError")),
        ],
    )
    def test_each_way_to_fail_is_told_and_the_next_piece_is_done(
        self, pool: HeavyProcesses, piece: Any, arguments: tuple[Any, ...], seconds: float, error: Exception
    ) -> None:
        with pytest.raises(type(error)) as failed:
            do(pool, piece, *arguments, seconds=seconds)
        assert (failed.value.args, str(failed.value)) == (error.args, str(error))
        assert do(pool, work.square, 3) == 9

    @pytest.mark.parametrize(
        "error", [KeyError("x"), InvalidFields((FieldProblem("amount", "is wrong"),)), UnicodeError("ñ")]
    )
    def test_an_exception_arrives_as_itself(self, pool: HeavyProcesses, error: Exception) -> None:
        with pytest.raises(type(error)) as raised:
            do(pool, work.raise_this, error)
        assert raised.value.args == error.args
        assert str(raised.value) == str(error)

    def test_an_exception_brings_the_childs_traceback_as_a_note(self, pool: HeavyProcesses) -> None:
        with pytest.raises(TypeError) as raised:
            do(pool, work.square, "x")
        assert "pieces_of_work.py" in raised.value.__notes__[0]

    def test_an_idle_child_that_died_is_replaced(self, pool: HeavyProcesses) -> None:
        first = do(pool, os.getpid)
        os.kill(first, signal.SIGKILL)
        until(lambda: gone(first))
        assert do(pool, os.getpid) != first

    def test_signals_that_stop_a_server_leave_its_work_alone(self, pool: HeavyProcesses) -> None:
        assert do(pool, work.interrupted) == "unmoved"

    def test_a_child_that_cant_be_started_is_told(self, pool: HeavyProcesses, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "executable", "/nowhere")
        before = len(os.listdir("/dev/fd"))
        with pytest.raises(WorkerDied) as failed:
            do(pool, os.getpid)
        assert failed.value.exit_code is None
        assert len(os.listdir("/dev/fd")) == before
        monkeypatch.undo()
        assert do(pool, work.square, 3) == 9


@linux_only
class TestMemory:
    def test_what_is_reserved_and_not_used_doesnt_count(self, pool: HeavyProcesses) -> None:
        assert do(pool, work.reserve, 5 * MIB) == 5 * MIB * 2**20

    def test_a_child_that_holds_much_is_replaced_before_it_is_too_much(self, pool: HeavyProcesses) -> None:
        pids = [do(pool, work.hold, MIB // 3) for _ in range(6)]
        assert len(set(pids)) == 3

    def test_each_piece_has_its_own_limit(self, pool: HeavyProcesses) -> None:
        child = pool.run(os.getpid, seconds=20, mib=100)
        assert pool.run(work.reserve, 1500, seconds=20, mib=1000)
        assert pool.run(os.getpid, seconds=20, mib=100) == child
        with pytest.raises(OutOfMemory):
            pool.run(work.reserve, 1500, seconds=20, mib=100)


class TestBounds:
    def test_who_finds_no_place_is_told_at_once(self) -> None:
        pool = HeavyProcesses(children=1, waiting=1)
        together = threading.Barrier(4)

        def ask(_: int) -> bool:
            together.wait()
            try:
                do(pool, "time:sleep", 0.3)
            except Busy:
                return False
            return True

        with ThreadPoolExecutor(4) as threads:
            assert sorted(threads.map(ask, range(4))) == [False, False, True, True]
        assert do(pool, work.square, 3) == 9, "the places are free again"
        pool.close()

    def test_nothing_is_started_or_imported_before_it_is_needed(self) -> None:
        program = (
            "import sys, threading\nfrom adapters.heavy.processes import HeavyProcesses\n"
            "HeavyProcesses(2, 2).close()\n"
            "print({'multiprocessing', 'socket', 'subprocess'} & set(sys.modules), threading.active_count())\n"
        )
        unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
        done = subprocess.run(
            [sys.executable, "-c", program], env=unmeasured, capture_output=True, text=True, check=True
        )
        assert done.stdout == "set() 1\n"


@linux_only
class TestEnds:
    def test_close_ends_idle_and_busy_children_and_what_they_started(self, tmp_path: Path) -> None:
        pool = HeavyProcesses(children=2, waiting=2)
        file = tmp_path / "pids"
        with ThreadPoolExecutor(1) as threads:
            lost = threads.submit(do, pool, work.hang, file, seconds=1000)
            until(file.exists)
            pids = [do(pool, os.getpid), *pids_in(file)]
            pool.close()
            assert all(map(gone, pids[:2]))
            until(lambda: all(map(gone, pids)))
            with pytest.raises(WorkerDied):
                lost.result()
        with pytest.raises(Busy):
            do(pool, os.getpid)
        pool.close()

    def test_children_end_with_a_parent_that_is_killed(self, tmp_path: Path) -> None:
        parent = start_parent(tmp_path)
        pids = pids_in(tmp_path / "pids") + pids_in(tmp_path / "idle")
        assert len(pids) == 3 and not any(map(gone, pids))
        with parent:  # which closes its pipes
            parent.kill()
        until(lambda: all(map(gone, pids)))

    def test_children_end_with_a_parent_that_ends(self, tmp_path: Path) -> None:
        parent = start_parent(tmp_path)
        pids = pids_in(tmp_path / "pids") + pids_in(tmp_path / "idle")
        assert parent.communicate(b"end\n", timeout=PATIENCE_SECONDS)[0] == b"main\n", "it runs once, not in children"
        assert parent.returncode == 0
        until(lambda: all(map(gone, pids)))

    def test_work_past_its_time_is_gone_with_what_it_started(self, pool: HeavyProcesses, tmp_path: Path) -> None:
        with pytest.raises(TimedOut):
            do(pool, work.hang, tmp_path / "pids", seconds=2)
        until(lambda: all(map(gone, pids_in(tmp_path / "pids"))))


@linux_only
class TestInheritance:
    def test_a_child_has_no_file_of_its_parents(self, pool: HeavyProcesses, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server, (tmp_path / "database").open("w") as database:
            for number in (server.fileno(), database.fileno()):
                os.set_inheritable(number, True)
            files = do(pool, work.surroundings)["files"]
            assert os.readlink(f"/proc/self/fd/{server.fileno()}") not in files.values()
        assert files.pop(0) == files.pop(1) == "/dev/null"
        files.pop(2)
        assert sorted(name.partition(":")[0] for name in files.values()) == ["pipe", "socket"]

    def test_a_child_knows_no_setting(self, pool: HeavyProcesses, monkeypatch: pytest.MonkeyPatch) -> None:
        names = {name.upper() for name in attrs.fields_dict(Settings)} | {"AWS_SECRET_ACCESS_KEY"}
        for name in names:
            monkeypatch.setenv(name, "s3cret")
        monkeypatch.setenv("LC_NUMERIC", "es_ES.UTF-8")
        seen = do(pool, work.surroundings)
        assert {"SECRET_KEY", "DATA_KEY", "DATABASE_URL", "SMTP_URL", "REDIS_URL"} <= names
        assert not names & set(seen["environment"])
        assert b"s3cret" not in seen["first_environment"]
        assert seen["environment"]["LC_NUMERIC"] == "es_ES.UTF-8"

    def test_a_child_is_its_own_program_and_stands_back(self, pool: HeavyProcesses) -> None:
        seen = do(pool, work.surroundings)
        assert Path(seen["main"]).name == "child_program.py"
        assert seen["niceness"] == 10
        assert not {"pytest", "sqlalchemy", "entrypoints", "domain"} & seen["modules"]


PARENT = """
import sys, threading, os
from pathlib import Path
from adapters.heavy.processes import HeavyProcesses
from tests.contracts import pieces_of_work

print("main", flush=True)
folder = Path(sys.argv[1])
pool = HeavyProcesses(2, 0)
hang = dict(target=pool.run, args=(pieces_of_work.hang, folder / "pids"), kwargs=dict(seconds=1000, mib=100))
threading.Thread(**hang, daemon=True).start()
(folder / "draft").write_text(str(pool.run("os:getpid", seconds=20, mib=100)))
(folder / "draft").rename(folder / "idle")
sys.stdin.readline()
"""
"""A main module without a guard against being imported by its own children."""


def start_parent(folder: Path) -> subprocess.Popen[bytes]:
    """A process with a child that hangs, a process of that child's, and an idle child; their ids are in files."""
    program = folder / "parent.py"
    program.write_text(PARENT)
    parent = subprocess.Popen(
        [sys.executable, program, folder],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    until(lambda: (folder / "pids").exists() and (folder / "idle").exists())
    return parent


def pids_in(file: Path) -> list[int]:
    return [int(pid) for pid in file.read_text().split()]


def gone(pid: int) -> bool:
    """Whether the process has ended, be it that nobody has asked for its exit code."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
