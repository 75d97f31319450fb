"""Reads a whole answer over HTTP by a deadline, whatever the server does.

Every library's time-out begins anew with each byte that comes, so a server that drips bytes can renew it for ever.
Here http.client reads from a line whose every wait ends at one deadline: nothing has to be cut from outside, and
whatever reads on top of the line (headers, chunks, gzip) needn't know of it.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
import zlib
from base64 import b64encode
from contextlib import ExitStack
from gzip import BadGzipFile, GzipFile
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from string import punctuation
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urlsplit

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, stop_before_delay, wait_exponential_jitter

from domain.model.errors import PricesUnavailable

LARGEST_BODY_BYTES = 1 << 20
MOST_TRIES = 4
FIRST_PAUSE_SECONDS = 0.1
CONNECT_SHARE = 1 / 3
TOO_LATE = "the feed didn't answer in time"


class _MayPass(PricesUnavailable):
    """A failure that another try may mend."""


def read_feed(url: str, context: ssl.SSLContext | None, seconds: float) -> bytes:
    """The body of an answer 200, at most 1 MiB once it is decoded; asked for again while that may help.

    An https URL needs a context, and http has none. Connecting to one address may take a third of the seconds, so that
    another has a chance. Nothing is followed; the environment's proxies and passwords are left alone. Raises
    PricesUnavailable, whose reason tells nothing of the URL, and of the answer the status alone. Only a name server can
    make it overrun.
    """
    deadline = time.monotonic() + seconds
    retrying = Retrying(
        retry=retry_if_exception_type(_MayPass),
        wait=wait_exponential_jitter(multiplier=FIRST_PAUSE_SECONDS, jitter=FIRST_PAUSE_SECONDS),
        stop=stop_after_attempt(MOST_TRIES) | stop_before_delay(seconds),
        reraise=True,
    )
    return retrying(_read_once, urlsplit(url), context, seconds * CONNECT_SHARE, deadline)


def _read_once(url: SplitResult, context: ssl.SSLContext | None, patience: float, deadline: float) -> bytes:
    address = url.hostname or "", url.port or (443 if context else 80)
    try:
        with _connected(address, patience, deadline) as plain:
            plain.settimeout(min(patience, _seconds_until(deadline)))  # a handshake's bytes don't renew it
            with context.wrap_socket(plain, server_hostname=address[0]) if context else plain as line:
                connection = HTTPSConnection(*address, context=context) if context else HTTPConnection(*address)
                connection.sock = _Line(line, deadline)
                target = quote(f"{url.path or '/'}?{url.query}".removesuffix("?"), safe=punctuation)
                connection.request("GET", target, headers=_headers(url))
                with connection.getresponse() as answer:
                    return _body_of(answer)
    except ssl.SSLCertVerificationError as error:
        raise PricesUnavailable(f"the feed's certificate isn't trusted: {error.verify_message}") from None
    except (BadGzipFile, zlib.error):
        raise PricesUnavailable("the feed's answer can't be decoded") from None
    except TimeoutError:
        raise _MayPass(TOO_LATE) from None
    except (HTTPException, EOFError) as error:
        raise _MayPass(f"the feed can't be read: {type(error).__name__}") from None
    except OSError as error:
        raise _MayPass(f"the feed can't be reached: {error.strerror or type(error).__name__}") from None


def _connected(address: tuple[str, int], patience: float, deadline: float) -> socket.socket:
    """A connection to the first of a host's addresses that takes one. Raises OSError.

    `socket.create_connection` has its patience with each of them anew, however many there are.
    """
    failure = OSError("the host has no address")
    for family, kind, protocol, _, found in socket.getaddrinfo(*address, type=socket.SOCK_STREAM):
        with ExitStack() as unless_connected:
            try:
                line = unless_connected.enter_context(socket.socket(family, kind, protocol))
                line.settimeout(min(patience, _seconds_until(deadline)))
                line.connect(found)
            except OSError as error:
                failure = error
            else:
                unless_connected.pop_all()
                return line
    raise failure


def _headers(url: SplitResult) -> dict[str, str]:
    headers = {"Accept": "application/json", "Accept-Encoding": "gzip", "Connection": "close", "User-Agent": "hucha"}
    if url.username is not None:
        login = f"{unquote(url.username)}:{unquote(url.password or '')}"
        headers["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
    return headers


def _body_of(answer: HTTPResponse) -> bytes:
    if answer.status != 200:
        may_pass = answer.status == 429 or answer.status >= 500
        raise (_MayPass if may_pass else PricesUnavailable)(f"the feed answered {answer.status}")
    coding = answer.getheader("Content-Encoding", "identity").lower()
    if coding not in ("gzip", "identity"):
        raise PricesUnavailable("the feed's answer can't be decoded")
    body = (GzipFile(fileobj=answer) if coding == "gzip" else answer).read(LARGEST_BODY_BYTES + 1)
    if len(body) > LARGEST_BODY_BYTES:
        raise PricesUnavailable("the feed's answer is larger than 1 MiB")
    if answer.length:  # so many bytes were still to come when the line ended
        raise IncompleteRead(b"", answer.length)
    return body


def _seconds_until(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Line(io.RawIOBase):
    """As much of a socket as http.client uses; every wait ends at the deadline."""

    def __init__(self, line: socket.socket, deadline: float) -> None:
        self._line = line
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        self._line.settimeout(_seconds_until(self._deadline))
        self._line.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._line.settimeout(_seconds_until(self._deadline))
        return self._line.recv_into(buffer)

    def close(self) -> None:
        """Left to whoever opened the socket: http.client closes a line before it reads what comes last on it."""
