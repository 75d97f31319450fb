"""Run a transaction again where the database asks for it, for a bounded time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from adapters.sql.database import Database, Trouble
from domain.model.errors import StorageBusy, StorageUnavailable

T = TypeVar("T")

MOST_ATTEMPTS = 12
MOST_SECONDS = 15

_log = logging.getLogger("hucha.storage")


class Again(Exception):
    """The attempt left nothing behind, or what it left can be recognised: run it again. Its cause is the driver's."""


class Contended(Again):
    """Somebody else held what the attempt needed."""


def meaning(trouble: Trouble, error: DBAPIError) -> Exception:
    """What to raise for an error of the driver."""
    if trouble is Trouble.ROLLED_BACK:
        return Contended()
    if trouble in (Trouble.STOPPED, Trouble.LOST):
        return Again()
    return StorageUnavailable(reason(error)) if trouble is Trouble.UNFIT else error


def connected(engine: Engine, database: Database) -> Connection:
    """A connection of the engine's. Raises StorageUnavailable for any error of the driver that has no other meaning."""
    try:
        return engine.connect()
    except DBAPIError as error:
        if database.trouble(error) is Trouble.OTHER:
            raise StorageUnavailable(reason(error)) from error
        raise


def until_settled(attempt: Callable[[], T]) -> T:
    """Call `attempt` until it doesn't raise Again. Raises StorageUnavailable where that takes too long, as StorageBusy
    where it was the locks of others.
    """
    try:
        try:
            return attempt()
        except Again as first:
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
        retry=retry_if_exception_type(Again),
        wait=wait_random_exponential(multiplier=0.02, max=1),
        stop=stop_after_attempt(MOST_ATTEMPTS) | stop_after_delay(MOST_SECONDS),
        reraise=True,
    )
    try:
        return retrying(attempt)
    except Contended as last:
        raise StorageBusy(reason(last.__cause__)) from last
    except Again as last:
        raise StorageUnavailable(reason(last.__cause__)) from last
