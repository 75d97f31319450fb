"""A copy of an SQLite database while it is in use. Source: contract G11."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from adapters.durable_names import make_names_durable


def back_up(database: Path, target: Path) -> None:
    """Copy one consistent state of the database into a new file that only its owner can read; writers go on.

    The copy appears whole or not at all. Raises FileExistsError where there is something, OSError, sqlite3.Error.
    """
    if target.exists():
        raise FileExistsError(target)
    partial = target.with_name(f"{target.name}.part-{os.getpid()}")
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        source = sqlite3.connect(f"file:{database.absolute().as_posix()}?mode=ro", uri=True)
        with closing(source), closing(sqlite3.connect(partial)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, without its log beside it
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        os.link(partial, target)  # unlike rename, it never replaces anything
        make_names_durable(target.parent)
    finally:
        partial.unlink()
