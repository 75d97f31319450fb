"""The parent's end of one child process that does heavy work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from multiprocessing.connection import Pipe
from pathlib import Path

from adapters.heavy import child_program

KEPT_VARIABLES = {"HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "PATH", "TESSDATA_PREFIX", "TMPDIR", "TZ"}
KEPT_PREFIXES = ("LC_", "MKL_", "OMP_", "OPENBLAS_", "PYTHON")
"""What a child gets of the environment: no setting of Hucha's is among it, and so no secret."""

ONE_THREAD = {"OMP_NUM_THREADS": "1"}
"""For numpy and its like: children are as many as the cores that they may take. The environment has the last word."""


class ChildProcess:
    """A fresh interpreter, alone in a session of its own, with stderr and none of the parent's other open files.

    One thread may use it at a time; any may `kill` it before `end` was called. Making it raises OSError where the
    system has no room for it.
    """

    def __init__(self) -> None:
        self._connection, theirs = Pipe()
        lifeline, self._lifeline = os.pipe()
        passed = theirs.fileno(), lifeline
        try:
            self._process = subprocess.Popen(  # noqa: S603  # our own program
                [sys.executable, "-P", child_program.__file__, *map(str, passed)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=_environment(),
                pass_fds=passed,
                start_new_session=True,
            )
        except OSError:
            self._let_go()
            raise
        finally:
            theirs.close()
            os.close(lifeline)

    def receive(self) -> bytes:
        """Wait for the child's word: b"" when it is ready, then an answer to each order. Raises EOFError, OSError."""
        return self._connection.recv_bytes()

    def send(self, order: bytes) -> None:
        """Give an order. Raises OSError where the child is gone."""
        self._connection.send_bytes(order)

    def is_idle(self) -> bool:
        """Whether it lives, where it has nothing to do: then it has nothing to say."""
        return not self._connection.poll()

    def used_mib(self) -> float:
        """What it takes of the machine's memory, in MiB; 0 where the system doesn't tell."""
        with suppress(OSError):
            pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
            return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
        return 0.0

    def kill(self) -> None:
        """End it, and the processes that it started, at once."""
        with suppress(ProcessLookupError, PermissionError):  # macOS forbids it for one that is dead
            os.killpg(self._process.pid, signal.SIGKILL)

    def end(self) -> int:
        """Kill it, wait until it is gone, and let go of it. Its exit code is what it was before; -n is signal n."""
        self.kill()  # before it is waited for: then the id can't be another's yet
        code = self._process.wait()
        self._let_go()
        return code

    def _let_go(self) -> None:
        self._connection.close()
        os.close(self._lifeline)


def _environment() -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if name in KEPT_VARIABLES or name.startswith(KEPT_PREFIXES)
    }
    return ONE_THREAD | kept | {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}
