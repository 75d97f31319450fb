"""What the driver's errors mean for the transaction in which they came."""

from __future__ import annotations

from enum import Enum

from sqlalchemy.exc import DBAPIError

from domain.model.errors import StorageUnavailable


class ErrorKind(Enum):
    """What an error of the driver means for the transaction in which it came."""

    ROLLED_BACK = "for certain not committed: run the whole transaction again"
    STOPPED = "the statement was ended from outside: not committed, unless COMMIT was under way"
    LOST = "the connection is gone: not committed, unless COMMIT was under way"
    UNFIT = "full, read-only, spoilt or closed to us: not committed, and trying again won't help"
    OTHER = "a mistake of ours"


class Retry(Exception):
    """The attempt left nothing behind, or what it left can be recognised: run it again. Its cause is the driver's."""


class Contended(Retry):
    """Somebody else held what the attempt needed."""


def meaning(kind: ErrorKind, error: DBAPIError) -> Exception:
    """What to raise for an error of the driver."""
    if kind is ErrorKind.ROLLED_BACK:
        return Contended()
    if kind in (ErrorKind.STOPPED, ErrorKind.LOST):
        return Retry()
    return StorageUnavailable(reason(error)) if kind is ErrorKind.UNFIT else error


def reason(error: BaseException | None) -> str:
    """The driver's own words, without the statement and its values."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return str(error.orig.args[-1] if error.orig.args else error.orig)
    return str(error)
