"""Run a transaction again where the database asks for it, for a bounded time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from adapters.sql.database import Database, ErrorKind
from domain.model.errors import StorageBusy, StorageUnavailable

T = TypeVar("T")

MOST_ATTEMPTS = 12
MOST_SECONDS = 15

_log = logging.getLogger("hucha.storage")


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


def connected(engine: Engine, database: Database) -> Connection:
    """A connection of the engine's. Raises StorageUnavailable for any error of the driver that has no other meaning."""
    try:
        return engine.connect()
    except DBAPIError as error:
        if database.classify(error) is ErrorKind.OTHER:
            raise StorageUnavailable(reason(error)) from error
        raise


def until_settled(attempt: Callable[[], T]) -> T:
    """Call `attempt` until it doesn't raise Retry. Raises StorageUnavailable where that takes too long, as StorageBusy
    where it was the locks of others.
    """
    try:
        try:
            return attempt()
        except Retry as first:
            _log.info("running a transaction again", extra={"reason": reason(first.__cause__)})
        return _retrying(attempt)
    except PoolTimeout as error:
        raise StorageUnavailable("no connection was free in time") from error


def reason(error: BaseException | None) -> str:
    """The driver's own words, without the statement and its values."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return str(error.orig.args[-1] if error.orig.args else error.orig)
    return str(error)


def _retrying(attempt: Callable[[], T]) -> T:
    from tenacity import (
        Retrying,
        retry_if_exception_type,
        stop_after_attempt,
        stop_after_delay,
        wait_random_exponential,
    )

    retrying = Retrying(
        retry=retry_if_exception_type(Retry),
        wait=wait_random_exponential(multiplier=0.02, max=1),
        stop=stop_after_attempt(MOST_ATTEMPTS) | stop_after_delay(MOST_SECONDS),
        reraise=True,
    )
    try:
        return retrying(attempt)
    except Contended as last:
        raise StorageBusy(reason(last.__cause__)) from last
    except Retry as last:
        raise StorageUnavailable(reason(last.__cause__)) from last
