"""Work for child processes: what goes well, and each way in which it may not. It imports little, as children do too."""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

held: list[bytes] = []


class Awkward(Exception):
    """It can't be made again from its pickle."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


def square(number: int) -> int:
    time.sleep(0.001 * (number % 3))
    return number * number


def grow() -> None:
    while True:
        held.append(b"x" * 2**20)


def hold(mib: int) -> int:
    """Keep so much for good; who it is."""
    held.append(b"x" * (mib * 2**20))
    return os.getpid()


def swell(mib: int) -> None:
    """Take so much, and never end."""
    hold(mib)
    time.sleep(1000)


def reserve(mib: int) -> int:
    """Reserve so much as libraries do, and touch none of it."""
    return len(mmap.mmap(-1, mib * 2**20, flags=mmap.MAP_PRIVATE))


def crash() -> None:
    ctypes.string_at(0)


def leave(code: int) -> None:
    os._exit(code)


def exit_politely() -> None:
    sys.exit(4)


def raise_awkward() -> None:
    raise Awkward("so", "what")


def raise_this(error: Exception) -> None:
    raise error


def unpicklable() -> threading.Lock:
    return threading.Lock()


def interrupted() -> str:
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    return "unmoved"


def hang(pids: Path | None = None) -> None:
    """Hold the interpreter's lock for ever; tell who hangs, and the process that it started, in a file."""
    if pids is not None:
        started = subprocess.Popen(["sleep", "1000"])
        draft = pids.with_suffix(".draft")
        draft.write_text(f"{os.getpid()} {started.pid}")
        draft.rename(pids)
    ctypes.PyDLL(None).sleep(1000)


def surroundings() -> dict[str, Any]:
    """What a child has and is."""
    files = {}
    for name in os.listdir("/proc/self/fd"):
        if os.path.exists(f"/proc/self/fd/{name}"):
            files[int(name)] = os.readlink(f"/proc/self/fd/{name}")
    return {
        "files": files,
        "environment": dict(os.environ),
        "first_environment": Path("/proc/self/environ").read_bytes(),
        "main": sys.modules["__main__"].__file__,
        "niceness": os.getpriority(os.PRIO_PROCESS, 0),
        "modules": set(sys.modules),
    }
