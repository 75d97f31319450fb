"""waitress, with an orderly stop and without its busy wait. Source: contract R5.

Both lean on the inner workings of waitress 3.0.2, to which `setup.cfg` is pinned; `tests/e2e/test_server.py` watches
them.
"""

from __future__ import annotations

import errno
import gc
import logging
import signal
import time
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from types import FrameType
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import build_http_date

from entrypoints.http.bodies import too_large
from entrypoints.http.dialects import Failure, dialect_of, form_of
from entrypoints.http.envelope import headers_of_every_answer, new_request_id
from entrypoints.http.operations import LARGEST_BODY_BYTES
from entrypoints.settings import Settings, WrongSetting

STOP_SECONDS = 10
"""How long running requests may take to finish once the server was asked to stop."""

GARBAGE_THRESHOLDS = (10_000, 20, 50)
"""A request leaves next to no cycles behind, so Python's own 700 looks for them too often."""

POLL_SECONDS = 1.0
STOPPING_POLL_SECONDS = 0.02
LARGEST_REQUEST_BYTES = LARGEST_BODY_BYTES + 1024 * 1024
"""What waitress itself refuses, from the head on. It is above the routes' own limits, so that they refuse in their own
words, and not far: up to it a stranger's body is kept in a file before any route is asked.
"""

LARGEST = too_large(LARGEST_BODY_BYTES)
"""How waitress's refusal is worded: by the largest limit that a route has (contract G4)."""

_LOOK_CLOSER = frozenset(("connection", "date", "server", "transfer-encoding"))
_log = logging.getLogger("hucha.server")


@lru_cache(maxsize=1)
def _http_date(second: int) -> str:
    return str(build_http_date(second))


class Task(WSGITask):
    """A request being answered: an answer that is whole leaves in one piece.

    waitress sends the head, then the body: two system calls, at each of which the thread lets go of the interpreter
    and has to wait for it again.
    """

    wrote_header: bool

    def write(self, data: bytes) -> None:
        if self.wrote_header or not self.complete or not data or not self.has_body or self.content_length != len(data):
            super().write(data)
            return
        head = self._head() if self.version == "1.1" and "CONNECTION" not in self.request.headers else None
        self.channel.write_soon((head or self.build_response_header()) + data)
        self.wrote_header = True
        self.content_bytes_written = len(data)

    def _head(self) -> bytes | None:
        """The head of an answer on a connection that stays open; None where waitress has to look closer."""
        names = {name.lower() for name, _ in self.response_headers}
        if "content-length" not in names or names & _LOOK_CLOSER:
            return None
        lines = [f"HTTP/1.1 {self.status}", f"Date: {_http_date(int(self.start_time))}"]
        lines += [f"{name}: {value}" for name, value in self.response_headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Refusal(ErrorTask):
    """What waitress refuses before the app sees it, in the form and with the headers of every other answer."""

    def execute(self) -> None:
        error = self.request.error
        is_too_large = error.code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        sentence = LARGEST.sentence if is_too_large else f"{error.reason}: {str(error.body).rstrip('.')}."
        form, body = form_of(Failure(error.code, sentence), dialect_of(getattr(self.request, "path", "")))
        self.status = f"{error.code} {error.reason}"
        self.response_headers += [("Content-Type", form), *headers_of_every_answer(new_request_id())]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):
    """A connection that asks for the socket only when the loop has something to write.

    While a request is served, its thread writes the answer itself, holding the lock of the buffers. waitress asks to be
    told when the socket takes bytes as soon as there are any, which is always, so its loop spins until that thread is
    done. What a slow reader left behind is in the buffers while nobody holds the lock.
    """

    server: Server
    task_class = Task
    error_task_class = Refusal

    def writable(self) -> bool:
        if self.requests and not self.will_close and self.total_outbufs_len < self.adj.outbuf_high_watermark:
            if not self.total_outbufs_len or not self.outbuf_lock.acquire(blocking=False):
                return False
            self.outbuf_lock.release()
        return bool(super().writable())

    def write_soon(self, data: bytes) -> int:
        written: int = super().write_soon(data)
        if self.total_outbufs_len:
            self.server.pull_trigger()  # if the loop looked before, while the lock was held, it looked away
        return written

    def readable(self) -> bool:
        return not self.server.stopping and bool(super().readable())

    @property
    def busy(self) -> bool:
        """Whether a request is being served or an answer is on its way."""
        return bool(self.requests or self.total_outbufs_len)


class Server(TcpWSGIServer):
    """Serves until it is told to stop, then finishes what it began."""

    channel_class = Channel
    stopping = False

    def run(self) -> None:
        """Serve until `stop`; returns when the last answer is out, or after `STOP_SECONDS`."""
        while not self.stopping:
            wasyncore.loop(timeout=POLL_SECONDS, map=self._map, count=1, use_poll=self.adj.asyncore_use_poll)
        self.accepting = False
        self.del_channel()
        self.socket.close()
        deadline = time.monotonic() + STOP_SECONDS
        while self._close_idle() and time.monotonic() < deadline:
            wasyncore.loop(timeout=STOPPING_POLL_SECONDS, map=self._map, count=1, use_poll=self.adj.asyncore_use_poll)
        self.task_dispatcher.shutdown(timeout=0.1)

    def stop(self) -> None:
        """Ask `run` to end; safe in a signal handler and from any thread."""
        self.stopping = True
        self.pull_trigger()

    def _close_idle(self) -> bool:
        """Close the connections that have nothing to finish; True while others remain."""
        channels = list(self.active_channels.values())
        for channel in channels:
            if not channel.busy:
                channel.handle_close()
        return bool(self.active_channels)


def make_server(app: Any, settings: Settings) -> Server:
    """A server that listens, and doesn't serve yet. Raises WrongSetting where the address can't be had.

    `localhost` is 127.0.0.1. Any other name must stand for one address: a server listens on no second one.
    """
    try:
        adjustments = _adjustments(settings)
    except ValueError:
        raise WrongSetting("HOST", f"{settings.host} is no address of this machine") from None
    addresses = dict.fromkeys(address[0] for *_, address in adjustments.listen)
    if len(addresses) > 1:
        raise WrongSetting("HOST", f"{settings.host} is several addresses: name one of {', '.join(addresses)}")
    try:
        return Server(app, adj=adjustments)
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise WrongSetting("HOST", f"{settings.host} is no address of this machine") from None
        reason = f"{settings.port} on {settings.host} can't be listened on: {error.strerror}"
        raise WrongSetting("PORT", reason) from None


def _adjustments(settings: Settings) -> Adjustments:
    return Adjustments(
        host="127.0.0.1" if settings.host.lower() == "localhost" else settings.host,
        port=settings.port,
        threads=settings.threads,
        ident=None,
        clear_untrusted_proxy_headers=False,  # the app knows whom to believe: entrypoints/http/auth.py
        max_request_body_size=LARGEST_REQUEST_BYTES,
        asyncore_use_poll=True,
        channel_timeout=60,
        connection_limit=1000,
    )


def serve(server: Server, stopping: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGTERM or SIGINT, in the main thread; the signal's handler calls `stopping` too."""

    def stop(number: int, frame: FrameType | None) -> None:
        server.stop()
        stopping()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    gc.freeze()  # what was imported stays: it needn't be looked through for garbage, ever
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    gc.enable()
    host = f"[{server.effective_host}]" if ":" in server.effective_host else server.effective_host
    _log.info("serving http://%s:%s", host, server.effective_port)
    server.run()
    _log.info("stopped")
