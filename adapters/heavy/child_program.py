"""What runs in a child process of `adapters/heavy/processes.py`: it does what it is told until its parent is gone.

It is a program, started by its path, and imports nothing of Hucha but what the work is in. Its arguments are two file
descriptors: a connection, and the reading end of a pipe that nobody writes to, whose end is the end of the parent.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from contextlib import suppress
from errno import ENOMEM
from importlib import import_module
from operator import attrgetter
from pathlib import Path

RESULT, RAISED, FAILED = range(3)
"""The kinds of answers: with the result, with the exception, with a reason why neither can be told."""

OUT_OF_MEMORY = 113
"""The exit code where memory ended: what is left of it mustn't be needed for an answer."""

RESERVED_MIB = 1024
"""So much may be reserved above the limit. Measured with numpy and onnxruntime: 90 to 270 MiB, 2 to 5 times what they
use; more on a machine of many cores."""

NICENESS = 10
"""How far the child stands back behind processes that answer requests."""

FIRST_TO_GO = "500"
"""Of -1000 to 1000: where the machine's memory ends, the system ends the child before its parent."""


def main() -> None:
    """Take orders, one by one, and answer each."""
    from multiprocessing.connection import Connection

    descriptors = [int(text) for text in sys.argv[1:]]
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    _settle(descriptors[1])
    connection = Connection(descriptors[0])
    with suppress(EOFError, OSError):  # the parent is gone
        connection.send_bytes(b"")
        while True:
            connection.send_bytes(_answer(connection.recv_bytes()))


def _settle(lifeline: int) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):  # what stops the server comes to its children too, who end with it
        signal.signal(number, signal.SIG_IGN)
    os.nice(NICENESS)
    if sys.platform == "linux":
        import fcntl
        import resource

        # The kernel ends this process and those it started, whatever they are doing, when the pipe's other end closes.
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_ASYNC)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a dump would hold what customers sent
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO)


def _answer(order: bytes) -> bytes:
    try:
        name, arguments, mib = pickle.loads(order)  # noqa: S301
        _bound_memory(mib)
        module, _, path = name.partition(":")
        result = attrgetter(path)(import_module(module))(*arguments)
    except BaseException as error:
        if isinstance(error, MemoryError) or getattr(error, "errno", None) == ENOMEM:
            os._exit(OUT_OF_MEMORY)
        return _raised(error)
    try:
        return pickle.dumps((RESULT, result))
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except Exception as error:
        return pickle.dumps((FAILED, f"its result can't be pickled: {type(error).__name__}"))


def _raised(error: BaseException) -> bytes:
    """The answer with the exception and its traceback, or with its name where it can't be made again from a pickle."""
    import traceback

    if isinstance(error, Exception):  # SystemExit must not end a thread of the parent's
        with suppress(Exception):
            error.add_note("In the child process:\n" + "".join(traceback.format_exception(error)))
            answer = pickle.dumps((RAISED, error))
            pickle.loads(answer)  # noqa: S301
            return answer
    return pickle.dumps((FAILED, f"it raised {type(error).__name__}"))


def _bound_memory(mib: int) -> None:
    """What grows faster than the parent looks is stopped here."""
    if sys.platform == "linux":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        soft = (mib + RESERVED_MIB) * 2**20
        resource.setrlimit(resource.RLIMIT_DATA, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


if __name__ == "__main__":
    main()
