"""The server's keys where the environment names none: made once, in a file beside the database. Source: contract R3."""

from __future__ import annotations

import logging
import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from adapters.durable_names import make_names_durable
from entrypoints.settings import Settings, WrongSetting, parse_keys

Keys = tuple[bytes, ...]

VARIABLES = ("SECRET_KEY", "DATA_KEY")
OTHERS = stat.S_IRWXG | stat.S_IRWXO

_HEAD = "# Hucha's keys. Whoever has them can sign in as anybody; without them, nobody can read what is encrypted.\n"
_log = logging.getLogger("hucha.key_file")


def keys_of(settings: Settings, in_use: Callable[[], bool] = lambda: False) -> tuple[Keys, Keys]:
    """The secret keys and the data keys, each newest first, from the settings; what they lack, from the key file.

    The key file of `var/hucha.db` is `var/hucha.keys`, and is made where there is none. Raises WrongSetting where it
    can't be used, where the database isn't a file and has none, or where it is gone while the database is `in_use`:
    new keys would read nothing of what is in there.
    """
    found = {"SECRET_KEY": settings.secret_key, "DATA_KEY": settings.data_key}
    missing = [name for name in VARIABLES if not found[name]]
    if missing:
        path = _path_of(settings.database_url)
        if path is None:
            raise WrongSetting(missing[0], "is required with this database, and must be the same for all its processes")
        if not path.exists() and in_use():
            raise WrongSetting(missing[0], f"must be set or {path} put back: the data can't be read without")
        kept = _read(path, missing[0])
        for name in missing:
            found[name] = _keys_in(kept, name, path)
    return found["SECRET_KEY"], found["DATA_KEY"]


def _path_of(database_url: str) -> Path | None:
    """Where the keys of an SQLite file are kept; None for any other database."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError):
        return None
    if url.drivername != "sqlite" or not url.database or url.database.startswith((":memory:", "file:")):
        return None
    database = Path(url.database).absolute()
    return database.with_suffix(".keys") if database.suffix != ".keys" else database.with_name(f"{database.name}.keys")


def _read(path: Path, variable: str) -> dict[str, str]:
    """What the file says, after making it where there is none."""
    try:
        if not path.exists():
            _make(path)
        with path.open(encoding="utf-8", errors="surrogateescape") as file:
            if os.fstat(file.fileno()).st_mode & OTHERS:
                raise WrongSetting(variable, f"is kept in {path}, which must be its owner's alone: chmod 600 {path}")
            lines = [line.strip() for line in file]
    except OSError as error:
        raise WrongSetting(variable, f"must be set, since {path} can't keep it: {error.strerror}") from None
    return {name.strip(): text for name, mark, text in (line.partition("=") for line in lines) if mark}


def _keys_in(kept: dict[str, str], name: str, path: Path) -> Keys:
    try:
        return parse_keys(kept.get(name, ""))
    except ValueError as problem:
        raise WrongSetting(name, f"in {path} {problem}") from None


def _make(path: Path) -> None:
    """Write new keys to a file that appears whole or not at all; where another process was faster, its keys stay."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    text = _HEAD + "".join(f"{name}={secrets.token_urlsafe(32)}\n" for name in VARIABLES)
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
            _log.info("made new keys in %s: keep a copy, but not beside one of the database", path)
    finally:
        draft.unlink(missing_ok=True)
        make_names_durable(path.parent)
