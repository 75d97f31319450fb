"""Prices of a feed over HTTP: a JSON object, symbol to number. Source: seed B, task 5; contract B11."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from http import HTTPStatus
from http.client import HTTPException
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import attrs
import pybreaker
import requests
from requests.adapters import HTTPAdapter
from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential_jitter,
)
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import DecodeError, HTTPError, ReadTimeoutError

from domain.model.assets import is_symbol, sound_price
from domain.model.errors import PricesUnavailable
from ports.prices import FeedState

LARGEST_BODY_BYTES = 1 << 20
"""Of the body as it is when it is decoded."""

PIECE_BYTES = 1 << 14
"""Decoded at a time; a gzip file of many empty parts takes time by the square of this."""

MOST_TRIES = 4
FIRST_PAUSE_SECONDS = 0.1
"""Between two tries; each pause is twice the last, and up to so much longer by chance."""

CONNECT_SHARE = 1 / 3
"""So much of the time may it take to connect, so that another try has a chance."""

CLEARING_SHARE = 1 / 20
"""So much of the time is kept for ending a read that takes too long."""

TOO_LATE = "the feed didn't answer in time"

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "Connection": "close",
    "User-Agent": "hucha",
}

_log = logging.getLogger("hucha.prices")

logging.getLogger("urllib3").setLevel(logging.CRITICAL)  # it tells whole URLs, and the query may hold a key


@attrs.frozen
class _Answer:
    """What the feed told, and when that came, by the clock that never goes back."""

    prices: Mapping[str, Decimal]
    came_at: float


class _MayPass(PricesUnavailable):
    """A failure that another try may mend."""


class HttpPrices:
    """Asks a feed whenever the last answer is older than `cache_seconds`, at most once at a time.

    Everybody who asks meanwhile waits for the same answer, and nobody for longer than `deadline_seconds`, whatever the
    server does: retries are a part of that. After `failures_in_a_row` reads failed the feed is given up: for
    `pause_seconds` whoever asks is refused at once, and then the next one's read is a trial, for which nobody else
    waits. Nor do more than `most_waiting` ever wait: a slow feed mustn't hold every thread of a server.

    The answer is good or refused as a whole. No reason and no log line tells the URL's user, password or query, or
    anything of the answer. Proxies and passwords in the environment and in `~/.netrc` are left alone.

    Each read is a thread and a connection of its own, so that no answer waits on a line that went dead unnoticed.
    `monotonic` tells the seconds of any clock that never goes back, for the cache and the pause.
    """

    def __init__(
        self,
        url: str,
        *,
        deadline_seconds: float = 5.0,
        cache_seconds: float = 1.0,
        failures_in_a_row: int = 3,
        pause_seconds: float = 10.0,
        ssl_context: ssl.SSLContext | None = None,
        most_waiting: int = 64,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._shown_url = _without_secrets(url)
        self._deadline_seconds = deadline_seconds
        self._cache_seconds = cache_seconds
        self._context = ssl_context
        if ssl_context is None and urlsplit(url).scheme == "https":
            self._context = ssl.create_default_context()
        self._monotonic = monotonic
        self._breaker = _Breaker(failures_in_a_row, pause_seconds, monotonic)
        self._places = threading.BoundedSemaphore(most_waiting)
        self._lock = threading.Lock()
        self._answer: _Answer | None = None
        self._read: _Read | None = None
        """The one that is under way."""

    def current(self) -> Mapping[str, Decimal]:
        with self._lock:
            answer = self._answer
            if answer is not None and self._monotonic() - answer.came_at < self._cache_seconds:
                return answer.prices
            if self._read is not None and self._breaker.is_on_trial:
                raise PricesUnavailable(self._breaker.reason)
            read = self._read or self._begin()
        if not self._places.acquire(blocking=False):
            raise PricesUnavailable("too many wait for the feed")
        try:
            return read.prices()
        finally:
            self._places.release()

    def state(self) -> FeedState:
        """Given up while the pause lasts, and while a read that took too long hasn't ended."""
        read = self._read
        given_up = self._breaker.is_open or (read is not None and read.is_late)
        return FeedState("feed", given_up, self._shown_url)

    def _begin(self) -> _Read:
        if self._breaker.is_open:
            raise PricesUnavailable(self._breaker.reason)
        read = _Read(self._url, self._context, self._deadline_seconds, self._monotonic)
        try:
            threading.Thread(target=self._run, args=(read,), name="hucha-prices", daemon=True).start()
        except RuntimeError:
            raise PricesUnavailable("no thread can be started") from None
        self._read = read
        return read

    def _run(self, read: _Read) -> None:
        """Read, and let those know who wait; a thread of its own."""
        try:
            self._breaker.call(read.ask)
        except PricesUnavailable as failure:
            read.reason = failure.reason
        except Exception as error:
            read.reason = f"the feed can't be read: {type(error).__name__}"
        with self._lock:
            self._answer = read.answer or self._answer
            self._read = None
        read.ended.set()


class _Breaker:
    """Counts failures in a row, and keeps everybody off a feed that fails."""

    def __init__(self, failures_in_a_row: int, pause_seconds: float, monotonic: Callable[[], float]) -> None:
        self._pause_seconds = pause_seconds
        self._memory = _BreakerMemory(monotonic)
        self._breaker = pybreaker.CircuitBreaker(
            failures_in_a_row,
            pause_seconds,
            state_storage=self._memory,
            listeners=[_BreakerLog()],
            throw_new_error_on_trip=False,
        )

    @property
    def is_open(self) -> bool:
        return self._memory.state == pybreaker.STATE_OPEN and self._memory.open_seconds < self._pause_seconds

    @property
    def is_on_trial(self) -> bool:
        """Whether the feed was given up, and a read that may end that is under way."""
        return bool(self._memory.state != pybreaker.STATE_CLOSED)

    @property
    def reason(self) -> str:
        """What to tell those who are kept off."""
        return f"the feed failed {self._breaker.fail_max} times in a row, and is left alone for a while"

    def call(self, work: Callable[[], None]) -> None:
        """Do the work and note how it ends. Raises what it raises, or PricesUnavailable where it isn't done."""
        try:
            self._breaker.call(work)
        except pybreaker.CircuitBreakerError:
            raise PricesUnavailable(self.reason) from None


class _BreakerMemory(pybreaker.CircuitMemoryStorage):
    """Measures the pause by a clock that nobody sets: pybreaker asks the time of day."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._since = 0.0
        super().__init__(pybreaker.STATE_CLOSED)

    @property
    def open_seconds(self) -> float:
        return self._monotonic() - self._since

    @property
    def opened_at(self) -> datetime:
        return datetime.now(UTC) - timedelta(seconds=self.open_seconds)

    @opened_at.setter
    def opened_at(self, now: datetime) -> None:
        self._since = self._monotonic()


class _BreakerLog(pybreaker.CircuitBreakerListener):
    """One line when the feed is given up, one when it answers again; none for trials that fail."""

    def __init__(self) -> None:
        self._reason = ""

    def failure(self, cb: pybreaker.CircuitBreaker, exc: BaseException) -> None:
        self._reason = exc.reason if isinstance(exc, PricesUnavailable) else type(exc).__name__

    def state_change(
        self,
        cb: pybreaker.CircuitBreaker,
        old_state: pybreaker.CircuitBreakerState | None,
        new_state: pybreaker.CircuitBreakerState,
    ) -> None:
        before = old_state.name if old_state else None
        if (before, new_state.name) == (pybreaker.STATE_CLOSED, pybreaker.STATE_OPEN):
            _log.warning("the price feed fails: it is asked less often", extra={"reason": self._reason})
        elif new_state.name == pybreaker.STATE_CLOSED:
            _log.info("the price feed answers again")


class _Read:
    """One reading of the feed, retries included, which one thread does and many may wait for."""

    def __init__(
        self, url: str, context: ssl.SSLContext | None, deadline_seconds: float, monotonic: Callable[[], float]
    ) -> None:
        self.ended = threading.Event()
        self.answer: _Answer | None = None
        self.reason = TOO_LATE
        self._url = url
        self._context = context
        self._deadline_seconds = deadline_seconds
        self._monotonic = monotonic
        self._line = _Line()
        self._deadline = time.monotonic() + deadline_seconds
        self._cut_at = self._deadline - deadline_seconds * CLEARING_SHARE

    @property
    def is_late(self) -> bool:
        return time.monotonic() > self._deadline

    def prices(self) -> Mapping[str, Decimal]:
        """Wait for the answer; whoever waits to the end cuts the line. Raises PricesUnavailable."""
        if not self.ended.wait(self._cut_at - time.monotonic()):
            self._line.cut()
            self.ended.wait(self._deadline - time.monotonic())
        if self.answer is None:
            raise PricesUnavailable(self.reason)
        return self.answer.prices

    def ask(self) -> None:
        """Ask until there is an answer, while time remains. Raises PricesUnavailable."""
        retrying = Retrying(
            retry=retry_if_exception_type(_MayPass),
            wait=wait_exponential_jitter(multiplier=FIRST_PAUSE_SECONDS, jitter=FIRST_PAUSE_SECONDS),
            stop=stop_after_attempt(MOST_TRIES) | stop_before_delay(max(0, self._remaining_seconds())),
            reraise=True,
        )
        body, came_at = retrying(self._ask_once)
        self.answer = _Answer(_prices_in(body), came_at)

    def _ask_once(self) -> tuple[bytes, float]:
        """The body of a good answer, and when it had come. Raises PricesUnavailable."""
        remaining = self._remaining_seconds()
        if remaining <= 0:
            raise PricesUnavailable(TOO_LATE)
        timeouts = (min(remaining, self._deadline_seconds * CONNECT_SHARE), remaining)
        try:
            with (
                _session(self._line, self._context) as session,
                session.get(
                    self._url, headers=_HEADERS, stream=True, allow_redirects=False, timeout=timeouts
                ) as answer,
            ):
                body, came_at = _body_of(answer), self._monotonic()
        except DecodeError:
            raise PricesUnavailable("the feed's answer can't be decoded") from None
        except (requests.RequestException, HTTPError, HTTPException, OSError) as error:
            raise _MayPass(TOO_LATE) if self._line.is_cut else _failure(error) from None
        finally:
            self._line.hang_up()
        if self._line.is_cut:  # to http.client, the end of the line may be the end of the headers, or of the body
            raise PricesUnavailable(TOO_LATE)
        return body, came_at

    def _remaining_seconds(self) -> float:
        return self._cut_at - time.monotonic()


def _body_of(answer: requests.Response) -> bytes:
    """At most so much of it as may be. Raises PricesUnavailable where it isn't to be read, or is too large."""
    status = answer.status_code
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise _MayPass(f"the feed answered {status}")
    if status != HTTPStatus.OK:
        raise PricesUnavailable(f"the feed answered {status}")
    body = b""
    while piece := answer.raw.read(PIECE_BYTES, decode_content=True):
        body += piece
        if len(body) > LARGEST_BODY_BYTES:
            raise PricesUnavailable("the feed's answer is larger than 1 MiB")
    return body


def _prices_in(body: bytes) -> Mapping[str, Decimal]:
    """The prices, exactly as they are written. Raises PricesUnavailable where one isn't sound."""
    try:
        told = json.loads(body.decode(), parse_int=Decimal, parse_float=Decimal, object_pairs_hook=_without_duplicates)
        if not isinstance(told, dict) or not told:
            raise ValueError("no object")
        prices = {_symbol(name): _price(value) for name, value in told.items()}
    except (ValueError, ArithmeticError, RecursionError):
        raise PricesUnavailable("the feed's answer is no JSON object of symbols and prices") from None
    return MappingProxyType(prices)


def _symbol(name: str) -> str:
    if not is_symbol(name):
        raise ValueError("no symbol")
    return name


def _price(value: object) -> Decimal:
    """NaN and infinities come as floats, and all other numbers as Decimals."""
    if not isinstance(value, Decimal):
        raise ValueError("no number")
    return sound_price(value)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) < len(pairs):
        raise ValueError("a name comes twice")
    return told


def _failure(error: BaseException) -> PricesUnavailable:
    """What went wrong on the line, from the first error of a chain: the later ones tell the URL."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    match error:
        case TimeoutError() | ReadTimeoutError():
            return _MayPass(TOO_LATE)
        case ssl.SSLCertVerificationError():
            return PricesUnavailable(f"the feed's certificate isn't trusted: {error.verify_message}")
        case OSError():
            return _MayPass(f"the feed can't be reached: {error.strerror or type(error).__name__}")
    return _MayPass(f"the feed can't be read: {type(error).__name__}")


def _without_secrets(url: str) -> str:
    """The scheme and the host."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{parts.scheme}://[{host}]" if ":" in host else f"{parts.scheme}://{host}"


def _session(line: _Line, context: ssl.SSLContext | None) -> _Session:
    session = _Session()
    session.trust_env = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Transport(line, context))
    return session


class _Session(requests.Session):
    """Knows no redirects: where requests isn't to follow one, it still reads the whole body that comes with it."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class _Transport(HTTPAdapter):
    """Opens connections that can be cut, to servers that the context trusts."""

    def __init__(self, line: _Line, context: ssl.SSLContext | None) -> None:
        self._line = line
        self._context = context
        self._pool: Any = None
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)

    def cert_verify(self, *args: Any) -> None:
        """requests would load certificates of its own beside the context's, for every connection."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        self._pool = super().get_connection_with_tls_context(*args, **kwargs)
        kind = _HttpsConnection if self._pool.scheme == "https" else _HttpConnection
        self._pool.ConnectionCls = partial(kind, line=self._line)
        return self._pool

    def close(self) -> None:
        """requests would leave it to the garbage collector to close what the pool has."""
        super().close()
        if self._pool is not None:
            self._pool.close()


class _Line:
    """The socket that is in use, held so that another thread can cut it."""

    def __init__(self) -> None:
        self.is_cut = False
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def hold(self, plain: socket.socket) -> None:
        """From now on it is this one; a line that is cut stays so."""
        with self._lock:
            self._socket = plain.dup()
        if self.is_cut:
            self.cut()

    def cut(self) -> None:
        """End what waits on the socket now, and what will."""
        with self._lock:
            self.is_cut = True
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def hang_up(self) -> None:
        """Hold it no longer."""
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None


class _HeldByLine:
    """A connection whose socket is held by a line, also while it speaks TLS over it."""

    def __init__(self, *args: Any, line: _Line, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._line = line

    def _new_conn(self) -> socket.socket:
        plain: socket.socket = super()._new_conn()  # type: ignore[misc]  # urllib3's, next in line
        self._line.hold(plain)
        return plain


class _HttpConnection(_HeldByLine, HTTPConnection):
    pass


class _HttpsConnection(_HeldByLine, HTTPSConnection):
    pass
