"""Work that may hang, crash or eat memory, in child processes that are ended when it does."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, overload

import attrs

from adapters.heavy.child_program import FAILED, OUT_OF_MEMORY, RAISED
from domain.model.errors import Busy, OutOfMemory, TimedOut, Unavailable, WorkerDied, WorkFailed

if TYPE_CHECKING:
    from adapters.heavy.child_process import ChildProcess

T = TypeVar("T")

START_SECONDS = 30.0
"""So long may a new child take until it is ready."""

LOOK_SECONDS = 0.025
"""So often is each child at work looked at."""

FRESH = 0.5
"""A child that holds more than this part of a memory limit is replaced before work under that limit begins."""


class HeavyProcesses:
    """At most `children` processes, each with one piece of work at a time, while at most `waiting` callers more wait.

    A child is a fresh interpreter that runs `child_program.py` and nothing of the parent's `__main__`. It has no open
    file of the parent's but stderr, and of the environment only what `child_process.py` lists. It starts when it is
    first needed, stays for the next piece of work, and is replaced after it was ended or died. On Linux all children
    end with the parent however it ends, even by SIGKILL and in the midst of work; elsewhere a child ends after its
    piece of work. What a child starts is ended with it, unless it left the process group.

    The limit of memory is on what the child takes of the machine's memory (RSS), all in all: 15 MiB are Python's own.
    The parent looks at it each 25 ms. Limits that the kernel holds count what is reserved, and libraries such as numpy
    and onnxruntime reserve far more than they use: RLIMIT_AS 5 to 12 times as much with the number of threads, and
    RLIMIT_DATA up to 5 times. So the latter, 1 GiB above the limit, only stops what grows faster than the parent looks.
    Where there is no /proc, only the limit of time holds.

    This guards against accidents, not against attackers: who takes over a child can answer with a pickle of their own.
    An answer's classes are imported by the parent, so plain values are best.

    On a machine of 2 cores a child takes 30 ms to start and end, and a call of one that runs 0.1 ms:

        START="from adapters.heavy.processes import HeavyProcesses as Pool; pool = Pool(1, 0)"
        CALL="pool.run('os:getpid', seconds=5, mib=100)"
        python -m timeit -n 1 -r 20 "$START; $CALL; pool.close()"
        python -m timeit -s "$START" "$CALL"

    Executors of the standard library don't end work that is late, and neither they nor Pebble, which does, watch memory
    or start a child with another environment and without the parent's `__main__`.
    """

    def __init__(self, children: int, waiting: int) -> None:
        self._children = children
        self._places = threading.BoundedSemaphore(children + waiting)
        self._slots = threading.Semaphore(children)
        self._changed = threading.Condition()
        self._idle: list[ChildProcess] = []
        self._watched: set[_Watched] = set()
        self._watcher: threading.Thread | None = None
        self._closed = False
        self._closing = threading.Lock()

    @overload
    def run(self, work: str, *arguments: object, seconds: float, mib: int) -> Any: ...

    @overload
    def run(self, work: Callable[..., T], *arguments: object, seconds: float, mib: int) -> T: ...

    def run(self, work: Callable[..., T] | str, *arguments: object, seconds: float, mib: int) -> T | Any:
        """Have a child call `work`, a function of a module or "module:function", and wait for what it returns.

        `seconds` begin when a child has the work; waiting for a child, and its start, come before. `mib` are MiB.
        Raises Busy at once where too many wait, or after `close`; TimedOut, OutOfMemory, WorkerDied; WorkFailed where
        the result or the exception can't be pickled; ValueError where the work can't be imported by its name; what
        pickling the arguments raises; and what the work raises, with the child's traceback as a note.
        """
        if not self._places.acquire(blocking=False):
            raise Busy
        try:
            order = pickle.dumps((_name_of(work), arguments, mib))
            with self._slots:
                child = self._take(mib)
                answer = self._converse(child, order, seconds, mib)
                self._put_back(child)
            return _outcome(answer)
        finally:
            self._places.release()

    def close(self) -> None:
        """End all children, those at work too, whose callers are told WorkerDied; returns when none is left."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
            for one in self._watched:
                one.child.kill()
            self._changed.notify_all()
        for child in idle:
            child.end()
        with self._closing:
            for _ in range(self._children):
                self._slots.acquire()
            self._slots.release(self._children)

    def _take(self, mib: int) -> ChildProcess:
        """A child that is ready: one that has worked already, where there is one and it is fit for more."""
        while True:
            with self._changed:
                if self._closed:
                    raise Busy
                child = self._idle.pop() if self._idle else None
            if child is None:
                return self._start()
            if child.is_idle() and child.used_mib() <= FRESH * mib:
                return child
            child.end()

    def _put_back(self, child: ChildProcess) -> None:
        with self._changed:
            if not self._closed:
                self._idle.append(child)
                return
        child.end()

    def _start(self) -> ChildProcess:
        from adapters.heavy.child_process import ChildProcess

        try:
            child = ChildProcess()
        except OSError as error:
            raise WorkerDied(None) from error
        self._converse(child, None, START_SECONDS, None)
        return child

    def _converse(self, child: ChildProcess, order: bytes | None, seconds: float, mib: int | None) -> bytes:
        """Give the order, if there is one, and wait for the child's word; end a child that breaks off or a limit."""
        watched = _Watched(child, seconds, mib)
        answer = None
        try:
            with self._watching(watched):
                if order is not None:
                    child.send(order)
                answer = child.receive()
        except (EOFError, OSError):
            pass
        except BaseException:
            child.end()
            raise
        if answer is None or watched.verdict:
            code = child.end()
            raise watched.verdict or (OutOfMemory(mib) if code == OUT_OF_MEMORY and mib else WorkerDied(code))
        return answer

    @contextmanager
    def _watching(self, watched: _Watched) -> Iterator[None]:
        with self._changed:
            if self._closed:
                raise Busy
            if self._watcher is None:
                watcher = threading.Thread(target=self._watch, name="heavy-processes", daemon=True)
                watcher.start()
                self._watcher = watcher
            self._watched.add(watched)
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._watched.remove(watched)

    def _watch(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._watched or self._closed)
                if self._closed:
                    return
                for one in self._watched:
                    one.look()
            time.sleep(LOOK_SECONDS)


@attrs.define(eq=False)
class _Watched:
    """A child at work, and the limits of its work. Without `mib` its memory isn't looked at."""

    child: ChildProcess
    seconds: float
    mib: int | None
    begun: float = attrs.field(factory=time.monotonic)
    verdict: Unavailable | None = None
    """Why it was killed, where it was."""

    def look(self) -> None:
        """Kill the child where it is past a limit."""
        if self.verdict is None:
            if time.monotonic() - self.begun > self.seconds:
                self.verdict = TimedOut(self.seconds)
            elif self.mib is not None and self.child.used_mib() > self.mib:
                self.verdict = OutOfMemory(self.mib)
            if self.verdict is not None:
                self.child.kill()


def _name_of(work: Callable[..., object] | str) -> str:
    """ "module:function", as the child finds it. Raises ValueError for what it can't find."""
    if isinstance(work, str):
        name = work
    else:
        name = f"{getattr(work, '__module__', None)}:{getattr(work, '__qualname__', '<object>')}"
    if ":" not in name or "<" in name or name.startswith(("None:", "__main__:")):
        raise ValueError(f"{name} can't be imported by its name")
    return name


def _outcome(answer: bytes) -> Any:
    """What the child returned. Raises what it raised, and WorkFailed where that can't be told."""
    try:
        kind, value = pickle.loads(answer)  # noqa: S301  # the class tells what that means
    except Exception as error:
        raise WorkFailed(f"its answer can't be read: {type(error).__name__}") from error
    if kind == RAISED:
        raise value
    if kind == FAILED:
        raise WorkFailed(value)
    return value
