"""Run a transaction again where the database asks for it, for a bounded time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import TimeoutError as PoolTimeout

from adapters.sql.errors import Contended, Retry, reason
from domain.model.errors import StorageBusy, StorageUnavailable

T = TypeVar("T")

MOST_ATTEMPTS = 12
MOST_SECONDS = 15

_log = logging.getLogger("hucha.storage")


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
