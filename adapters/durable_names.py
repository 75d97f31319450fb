"""Names of files that are there after a power cut. Source: POSIX, fsync; open(2) of Linux."""

from __future__ import annotations

import os
from pathlib import Path


def make_names_durable(folder: Path) -> None:
    """What was named in this folder stays named: a file's content is durable by its own fsync, its name by this one."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
