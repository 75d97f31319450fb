"""What the servers of the tests' own have in common: each has a port to itself, and none outlives its test run."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
from collections.abc import Sequence

_STRIDE = 251
_PR_SET_PDEATHSIG = 1


def free_port(ports: Sequence[int]) -> int:
    """One of these on which nobody listens. Test runs at once begin their search far from each other."""
    start = os.getpid() * _STRIDE % len(ports)  # processes that begin together have neighbouring numbers
    for port in [*ports[start:], *ports[:start]]:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no port is free")


def die_with_parent() -> None:
    """For `preexec_fn`: a test run that is killed leaves no server behind (where the system can do that)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
