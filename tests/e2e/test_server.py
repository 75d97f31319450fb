"""The server on top of waitress 3.0.2: it doesn't spin, serves what waitress serves, and stops in good order.

Apps of the tests' own stand in for Hucha here, so that a handler can be as slow and an answer as large as need be.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from waitress.channel import HTTPChannel

from entrypoints.composition import build_in_memory
from entrypoints.http.app import create_app
from entrypoints.server import LARGEST_REQUEST_BYTES, STOP_SECONDS, Channel, Server, make_server
from entrypoints.settings import Settings, WrongSetting

from .processes import Answers, connect, request, until

MEBIBYTE = 1024 * 1024
TOO_LONG = {"Content-Length": str(LARGEST_REQUEST_BYTES)}
SETUP = Path(__file__).parents[2] / "setup.cfg"
App = Callable[[dict[str, Any], Callable[..., Any]], Iterator[bytes] | list[bytes]]


class Handlers:
    """A WSGI app: `/bytes/N` answers N bytes, `/stream/N` in pieces, `/echo` the body, `/wait` once `go` is set.

    `/bytes/N/unknown` and `/stream/N/unknown` don't say the length; `/nothing` has no body; `/pause/N` gives all but
    the last byte, and that one once `go` is set.
    """

    def __init__(self) -> None:
        self.go = threading.Event()
        self.waiting = threading.Semaphore(0)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes] | list[bytes]:
        _, action, *rest = environ["PATH_INFO"].split("/")
        body: Iterator[bytes] | list[bytes]
        if action == "wait":
            self.waiting.release()
            assert self.go.wait(60)
        if action == "echo":
            data = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            length, body = len(data), [data]
        elif action == "bytes":
            length = int(rest[0])
            body = [content(length)]
        elif action == "pause":
            length = int(rest[0])
            body = self._with_a_pause(content(length))
        elif action == "stream":
            length = int(rest[0])
            whole = content(length)
            body = iter([whole[start : start + 50_000] for start in range(0, length, 50_000)])
        else:
            length, body = 2, [b"ok"]
        if action == "nothing":
            start_response("204 No Content", [])
            return []
        headers = [("Content-Type", "text/plain"), ("Content-Length", str(length))]
        start_response("200 OK", headers[:1] if rest[1:] == ["unknown"] else headers)
        return body

    def _with_a_pause(self, whole: bytes) -> Iterator[bytes]:
        yield whole[:-1]
        assert self.go.wait(60)
        yield whole[-1:]


@cache
def content(length: int) -> bytes:
    """Bytes in which a lost or swapped piece shows."""
    line = b"%09d " % length + b"0123456789abcdef" * 3 + b"\n"
    numbered = b"".join(b"%08d" % number + line for number in range(length // (len(line) + 8) + 1))
    return numbered[:length]


@contextmanager
def running(app: App, *, threads: int = 4, channel: type[HTTPChannel] = Channel) -> Iterator[Server]:
    """A server in a thread of this process; stopped, and waited for, at the end."""
    server = make_server(app, Settings(port=0, threads=threads))
    server.channel_class = channel
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(STOP_SECONDS + 5)
        assert not thread.is_alive(), "the server doesn't stop"
        until(lambda: not server.task_dispatcher.threads)  # one that is left may use the trigger
        server.trigger.close()  # waitress leaves that to the end of the process


@contextmanager
def client_of(server: Server, receive_buffer: int | None = None) -> Iterator[tuple[socket.socket, Answers]]:
    """A connection, and the answers that come over it."""
    with connect("127.0.0.1", int(server.effective_port), receive_buffer=receive_buffer) as client:
        answers = Answers(client)
        try:
            yield client, answers
        finally:
            answers.close()


def has_read_all_that_was_sent(server: Server) -> None:
    """The loop is one thread: when it answers this, it has read what came before."""
    with client_of(server) as (client, answers):
        client.sendall(request("GET", "/now"))
        assert answers.read()[0] == 200


@pytest.mark.parametrize("host", ["*", "bank.example"])
def test_a_host_of_several_addresses_is_refused_with_their_names(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """waitress would want a server for each of them; ours is one."""
    # contract: R3
    found = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1")]
    infos = [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, 0)) for family, address in found]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *asked: infos)
    with pytest.raises(WrongSetting) as refused:
        make_server(None, Settings(host=host, port=0))
    assert str(refused.value) == f"HOST {host} is several addresses: name one of 127.0.0.1, ::1."


def test_waitress_is_the_version_that_the_channel_was_made_for() -> None:
    parser = ConfigParser()
    parser.read(SETUP, encoding="utf-8")
    (pinned,) = re.findall(r"^waitress *== *(\S+)$", parser["options"]["install_requires"], re.MULTILINE)
    assert version("waitress") == pinned == "3.0.2"


class TestBusyWait:
    """While a thread writes an answer, the loop must sleep (entrypoints/server.py)."""

    @staticmethod
    def measured(base: type[HTTPChannel]) -> type[HTTPChannel]:
        """A channel whose threads take 0.3 s to send, and that counts how often the loop comes by meanwhile."""

        class Measured(base):  # type: ignore[misc, valid-type]
            sending = threading.Event()
            visits = 0

            def writable(self) -> bool:
                Measured.visits += self.sending.is_set()
                return bool(super().writable())

            def send(self, data: bytes, do_close: bool = True) -> int:
                if threading.current_thread().name.startswith("waitress"):
                    self.sending.set()
                    time.sleep(0.3)
                    self.sending.clear()
                return int(super().send(data, do_close))

        return Measured

    def visits(self, base: type[HTTPChannel]) -> int:
        channel = self.measured(base)
        with running(Handlers(), channel=channel) as server, client_of(server) as (client, answers):
            client.sendall(request("GET", "/bytes/1000"))
            assert channel.sending.wait(10)
            server.pull_trigger()  # as another connection's request would
            assert answers.read()[2] == content(1000)
        return int(channel.visits)

    def test_the_loop_sleeps_while_a_thread_sends_where_waitress_spins(self) -> None:
        class Plain(HTTPChannel):
            busy = Channel.busy

        ours, waitress = self.visits(Channel), self.visits(Plain)
        assert ours <= 10
        assert waitress > 10 * ours, "or else the Channel has become needless"

    def test_the_loop_sleeps_while_a_handler_works(self) -> None:
        calls = 0

        class Counting(Channel):
            def writable(self) -> bool:
                nonlocal calls
                calls += 1
                return super().writable()

        handlers = Handlers()
        with running(handlers, channel=Counting) as server, client_of(server) as (client, answers):
            client.sendall(request("GET", "/wait"))
            assert handlers.waiting.acquire(timeout=10)
            before = calls
            time.sleep(0.3)
            assert calls - before <= 5, "each turn of the loop asks each connection"
            handlers.go.set()
            assert answers.read()[0] == 200


class TestServing:
    """What works with waitress works with this channel."""

    @pytest.mark.parametrize("size", [0, 1, 100_000, 2 * MEBIBYTE, 20 * MEBIBYTE])
    @pytest.mark.parametrize("way", ["bytes", "stream"])
    def test_answers_of_any_size_arrive_whole(self, way: str, size: int) -> None:
        with running(Handlers()) as server, client_of(server) as (client, answers):
            for _ in range(2):
                client.sendall(request("GET", f"/{way}/{size}"))
                status, _, body = answers.read()
                assert (status, len(body)) == (200, size)
                assert body == content(size)

    @pytest.mark.parametrize("way", ["bytes", "stream"])
    def test_a_slow_reader_gets_everything_and_others_dont_wait_for_it(self, way: str) -> None:
        size = 40 * MEBIBYTE  # far above the high watermark: the thread waits for the loop
        with running(Handlers(), threads=2) as server, client_of(server, 10_000) as (slow, answers):
            slow.sendall(request("GET", f"/{way}/{size}"))
            until(lambda: is_over_the_high_watermark(server))
            for _ in range(20):
                with client_of(server) as (client, quick):
                    client.sendall(request("GET", "/now"))
                    assert quick.read()[2] == b"ok"
            assert answers.read()[2] == content(size)

    @pytest.mark.parametrize("size", [0, 1, 100_000])
    @pytest.mark.parametrize("way", ["bytes", "stream"])
    def test_an_answer_of_unknown_length_goes_in_chunks(self, way: str, size: int) -> None:
        with running(Handlers()) as server, client_of(server) as (client, answers):
            client.sendall(request("GET", f"/{way}/{size}/unknown"))
            assert answers.read()[2] == content(size)

    def test_answers_with_and_without_a_body_can_follow_each_other(self) -> None:
        paths = {"/nothing": b"", "/bytes/5": content(5), "/bytes/0": b"", "/stream/120000": content(120_000)}
        with running(Handlers()) as server:
            for last in paths:
                with client_of(server) as (client, answers):  # what has no length ends the connection, so it comes last
                    order = [path for path in paths if path not in ("/nothing", last)] * 2 + [last]
                    client.sendall(b"".join(request("GET", path) for path in order))
                    assert [answers.read()[2] for _ in order] == [paths[path] for path in order]

    def test_the_head_of_an_answer_comes_once_and_whole(self) -> None:
        with running(Handlers()) as server, client_of(server) as (client, answers):
            for size in (0, 1, 100):
                client.sendall(request("GET", f"/bytes/{size}"))
                status, headers, body = answers.read()
                assert (status, body) == (200, content(size))
                assert headers.keys() == {"content-type", "content-length", "date"}

    def test_requests_that_were_sent_at_once_are_answered_in_order(self) -> None:
        sizes = [1, 300_000, 0, 17, 2_000_000, 5, 100_000] * 5
        with running(Handlers()) as server, client_of(server, 10_000) as (client, answers):
            client.sendall(b"".join(request("GET", f"/bytes/{size}") for size in sizes))
            time.sleep(0.05)  # a reader that lags
            for size in sizes:
                assert answers.read()[2] == content(size)

    def test_an_answer_isnt_held_back_by_the_request_behind_it(self) -> None:
        """The client has sent two requests at once; the first answer is ready, the second takes its time."""
        handlers = Handlers()
        size = 12 * MEBIBYTE  # more than the socket takes at once, less than the high watermark
        with running(handlers) as server, client_of(server, 10_000) as (client, answers):
            client.sendall(request("GET", f"/bytes/{size}") + request("GET", "/wait"))
            assert handlers.waiting.acquire(timeout=10)
            try:
                body = answers.read()[2]
            finally:
                handlers.go.set()
            assert body == content(size)
            assert answers.read()[2] == b"ok"

    def test_a_slow_reader_isnt_forgotten_when_the_loop_comes_by_at_a_bad_moment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The loop is told of what a thread couldn't send while that thread still holds the buffers."""
        monkeypatch.setattr("entrypoints.server.POLL_SECONDS", 3600)  # who is forgotten waits for ever

        class Lingering(Server):
            def pull_trigger(self) -> None:
                super().pull_trigger()
                time.sleep(0.05)  # who writes an answer calls this with the buffers in hand

        handlers = Handlers()
        size = 12 * MEBIBYTE
        with running(handlers) as server, client_of(server, 10_000) as (client, answers):
            server.__class__ = Lingering
            client.sendall(request("GET", f"/pause/{size}"))
            until(lambda: any(channel.total_outbufs_len for channel in list(server.active_channels.values())))
            time.sleep(0.1)
            try:
                pieces = answers.beginning(size - 1)
            finally:
                handlers.go.set()
            assert pieces + answers.rest(1) == content(size)

    def test_bodies_in_chunks_are_read(self) -> None:
        pieces = [b"a", b"bc" * 5000, b"\r\n0\r\n\r\n", b"d" * 100_000]
        with running(Handlers()) as server, client_of(server) as (client, answers):
            for _ in range(2):
                client.sendall(request("POST", "/echo", headers={"Transfer-Encoding": "chunked"}))
                for piece in pieces:
                    client.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
                client.sendall(b"0\r\n\r\n")
                assert answers.read()[2] == b"".join(pieces)

    def test_bodies_that_come_slowly_and_in_pieces_are_read(self) -> None:
        sent = request("POST", "/echo", content(500))
        with running(Handlers()) as server, client_of(server) as (client, answers):
            for start in range(0, len(sent), 37):
                client.sendall(sent[start : start + 37])
                time.sleep(0.001)
            assert answers.read()[2] == content(500)

    def test_who_expects_100_continue_is_told_to_go_on(self) -> None:
        with running(Handlers()) as server, client_of(server) as (client, answers):
            for _ in range(2):
                headers = {"Expect": "100-continue", "Content-Length": "1000"}
                client.sendall(request("POST", "/echo", headers=headers))
                assert answers.read()[0] == 100
                client.sendall(content(1000))
                assert answers.read()[2] == content(1000)

    def test_100_continue_waits_for_the_answer_before_it(self) -> None:
        handlers = Handlers()
        with running(handlers) as server, client_of(server) as (client, answers):
            headers = {"Expect": "100-continue", "Content-Length": "1000"}
            client.sendall(request("GET", "/wait") + request("POST", "/echo", headers=headers))
            assert handlers.waiting.acquire(timeout=10)
            handlers.go.set()
            assert [answers.read()[0], answers.read()[0]] == [200, 100]
            client.sendall(content(1000))
            assert answers.read()[2] == content(1000)

    def test_http_1_0_and_connection_close_end_the_connection(self) -> None:
        for sent in (
            b"GET /bytes/100000 HTTP/1.0\r\n\r\n",
            request("GET", "/bytes/100000", headers={"Connection": "close"}),
        ):
            with running(Handlers()) as server, client_of(server) as (client, answers):
                client.sendall(sent)
                assert answers.read()[2] == content(100_000)
                assert answers.is_closed()

    def test_a_client_that_leaves_in_the_middle_harms_nobody(self) -> None:
        handlers = Handlers()
        with running(handlers, threads=2) as server:
            for path in ("/wait", f"/bytes/{20 * MEBIBYTE}"):
                with client_of(server, 10_000) as (client, _):
                    client.sendall(request("GET", path))
                    if path == "/wait":
                        assert handlers.waiting.acquire(timeout=10)
            handlers.go.set()
            until(lambda: not server.active_channels)
            has_read_all_that_was_sent(server)

    def test_many_connections_at_once(self) -> None:
        with running(Handlers(), threads=8) as server:
            clients = [connect("127.0.0.1", int(server.effective_port)) for _ in range(64)]
            for round in range(5):
                for number, client in enumerate(clients):
                    client.sendall(request("POST", "/echo", b"%d/%d" % (round, number)))
                for number, client in enumerate(clients):
                    assert Answers(client).read()[2] == b"%d/%d" % (round, number)
            for client in clients:
                client.close()


class TestStopping:
    """No new connections, running requests finish, idle ones are closed (contract R5)."""

    @pytest.fixture
    def endless(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The server would wait for an hour for what isn't finished: it mustn't wait for anything."""
        monkeypatch.setattr("entrypoints.server.STOP_SECONDS", 3600)

    def test_it_stops_at_once_when_there_is_nothing_to_finish(self, endless: None) -> None:
        # contract: R5
        with running(Handlers()) as server, client_of(server) as (idle, answers), client_of(server) as (_, silent):
            idle.sendall(request("GET", "/now"))
            assert answers.read()[0] == 200
            server.stop()
            assert answers.is_closed()
            assert silent.is_closed()

    def test_a_request_that_is_being_served_finishes_and_nobody_new_comes_in(self) -> None:
        # contract: R5
        handlers = Handlers()
        with running(handlers) as server, client_of(server) as (client, answers):
            client.sendall(request("GET", "/wait"))
            assert handlers.waiting.acquire(timeout=10)
            server.stop()
            until(lambda: is_refused(server))
            handlers.go.set()
            assert answers.read()[2] == b"ok"
            assert answers.is_closed()

    def test_requests_that_wait_for_a_thread_finish_too(self) -> None:
        # contract: R5
        handlers = Handlers()
        with running(handlers, threads=1) as server:
            clients = [connect("127.0.0.1", int(server.effective_port)) for _ in range(5)]
            for number, client in enumerate(clients):
                client.sendall(request("GET", "/wait") if number == 0 else request("POST", "/echo", b"%d" % number))
            assert handlers.waiting.acquire(timeout=10)
            until(lambda: len(server.task_dispatcher.queue) == 4)
            server.stop()
            handlers.go.set()
            bodies = [Answers(client).read()[2] for client in clients]
            assert bodies == [b"ok", b"1", b"2", b"3", b"4"]
            for client in clients:
                client.close()

    def test_every_request_of_a_pipeline_that_was_read_finishes(self) -> None:
        # contract: R5
        handlers = Handlers()
        with running(handlers) as server, client_of(server) as (client, answers):
            client.sendall(request("GET", "/wait") + b"".join(request("POST", "/echo", b"%d" % n) for n in range(9)))
            assert handlers.waiting.acquire(timeout=10)
            server.stop()
            handlers.go.set()
            assert [answers.read()[2] for _ in range(10)] == [b"ok", *(b"%d" % number for number in range(9))]
            assert answers.is_closed()

    def test_a_large_answer_on_its_way_to_a_slow_reader_arrives_whole(self) -> None:
        # contract: R5
        size = 20 * MEBIBYTE
        with running(Handlers()) as server, client_of(server, 10_000) as (client, answers):
            client.sendall(request("GET", f"/bytes/{size}"))
            has_read_all_that_was_sent(server)
            server.stop()
            until(lambda: is_refused(server))
            assert answers.read()[2] == content(size)
            assert answers.is_closed()

    def test_a_request_that_hasnt_come_whole_isnt_waited_for(self, endless: None) -> None:
        # contract: R5
        with running(Handlers()) as server, client_of(server) as (client, answers):
            client.sendall(request("POST", "/echo", headers={"Content-Length": "10"}) + b"12345")
            has_read_all_that_was_sent(server)
            server.stop()
            assert answers.is_closed()

    def test_what_a_connection_sends_after_the_stop_isnt_begun(self) -> None:
        """Or else a busy client could hold the server for as long as it is let."""
        # contract: R5
        handlers = Handlers()
        with running(handlers) as server, client_of(server) as (client, answers):
            client.sendall(request("GET", "/wait"))
            assert handlers.waiting.acquire(timeout=10)
            server.stop()
            until(lambda: is_refused(server))
            client.sendall(request("GET", "/wait"))
            time.sleep(0.1)
            handlers.go.set()
            assert answers.read()[2] == b"ok"
            assert answers.is_closed()
            assert not handlers.waiting.acquire(blocking=False)

    def test_stopping_twice_is_stopping_once(self) -> None:
        with running(Handlers()) as server:
            server.stop()
            server.stop()


def is_over_the_high_watermark(server: Server) -> bool:
    waiting = [channel.total_outbufs_len for channel in list(server.active_channels.values())]
    return max(waiting, default=0) > server.adj.outbuf_high_watermark


def is_refused(server: Server) -> bool:
    try:
        socket.create_connection(("127.0.0.1", int(server.effective_port)), timeout=5).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False


class TestHucha:
    """Hucha itself behind this server: what only a real server shows."""

    EVENT = b'{"type": "deposit", "amount": "217.00", "user_id": 11, "time": 35}'
    JSON = {"Content-Type": "application/json"}  # noqa: RUF012  # read only
    VERDICT = b'{"alert":true,"alert_codes":[123],"user_id":11}'

    @pytest.fixture
    def server(self) -> Iterator[Server]:
        with running(create_app(build_in_memory())) as server:
            yield server

    def test_an_event_in_chunks(self, server: Server) -> None:
        with client_of(server) as (client, answers):
            client.sendall(request("POST", "/event", headers={**self.JSON, "Transfer-Encoding": "chunked"}))
            for piece in (self.EVENT[:10], self.EVENT[10:]):
                client.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            client.sendall(b"0\r\n\r\n")
            assert answers.read()[2] == self.VERDICT

    def test_an_event_that_expects_100_continue(self, server: Server) -> None:
        with client_of(server) as (client, answers):
            length = {"Expect": "100-continue", "Content-Length": str(len(self.EVENT))}
            client.sendall(request("POST", "/event", headers=self.JSON | length))
            assert answers.read()[0] == 100
            client.sendall(self.EVENT)
            assert answers.read()[2] == self.VERDICT

    def test_events_in_a_pipeline_with_good_and_bad_ones(self, server: Server) -> None:
        bodies = [self.EVENT, b"nonsense", b"", b"[]", self.EVENT]
        with client_of(server) as (client, answers):
            client.sendall(b"".join(request("POST", "/event", body, self.JSON) for body in bodies))
            assert [answers.read()[0] for _ in bodies] == [200, 400, 400, 400, 200]

    @pytest.mark.parametrize("chunked", [True, False])
    def test_a_body_over_one_mebibyte_is_refused_in_the_words_of_the_route(self, server: Server, chunked: bool) -> None:
        # contract: G4
        body = b" " * (MEBIBYTE + 1)
        with client_of(server) as (client, answers):
            if chunked:
                client.sendall(request("POST", "/event", headers={**self.JSON, "Transfer-Encoding": "chunked"}))
                client.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
            else:
                client.sendall(request("POST", "/event", body, self.JSON))
            status, headers, said = answers.read()
            assert (status, headers["content-type"]) == (413, "application/json")
            assert said == b'{"error":"The body is larger than 1 MiB."}'
            client.sendall(request("POST", "/event", self.EVENT, self.JSON))
            assert answers.read()[2] == self.VERDICT, "the connection is still good"

    @pytest.mark.parametrize(
        ("sent", "status"),
        [
            pytest.param(request("POST", "/event", headers=JSON | TOO_LONG), 413, id="too large a body"),
            pytest.param(request("GET", "/healthz", headers={"X": "x" * 300_000}), 431, id="too many headers"),
            pytest.param(request("GET", "/healthz", headers={"a b": "c"}), 400, id="a bad header"),
            pytest.param(request("POST", "/event", headers={"Content-Length": "-1"}), 400, id="a bad length"),
            pytest.param(request("POST", "/event", headers={"Transfer-Encoding": "gzip"}), 501, id="a strange coding"),
        ],
    )
    def test_what_the_server_itself_refuses_looks_like_every_other_answer(
        self, server: Server, sent: bytes, status: int
    ) -> None:
        # contract: D11, G2
        with client_of(server) as (client, answers):
            client.sendall(sent)
            answered, headers, body = answers.read()
        assert answered == status
        assert headers["x-content-type-options"] == "nosniff"
        assert re.fullmatch("[0-9a-f]{16}", headers["x-request-id"])
        assert "default-src 'none'" in headers["content-security-policy"]
        assert b"waitress" not in body

    def test_two_lengths_or_a_length_and_chunks_arent_believed(self, server: Server) -> None:
        """A proxy in front may read such a request otherwise: request smuggling (RFC 9112, 6.3)."""
        for headers in (
            {"Content-Length": "5, 6"},
            {"Content-Length": "+5"},
            {"Content-Length": "0x5"},
            {"Transfer-Encoding": "chunked, identity"},
            {"Transfer-Encoding": "xchunked"},
        ):
            with client_of(server) as (client, answers):
                client.sendall(request("POST", "/event", headers=self.JSON | headers) + b"12345")
                assert answers.read()[0] in (400, 501)
                assert answers.is_closed()

    def test_head_and_no_content_leave_the_connection_in_step(self, server: Server) -> None:
        with client_of(server) as (client, answers):
            client.sendall(request("OPTIONS", "/event") + request("GET", "/healthz") + request("GET", "/nothing"))
            assert [answers.read()[0] for _ in range(3)] == [200, 200, 404]
        with client_of(server) as (client, _):
            client.sendall(request("HEAD", "/nothing") + request("GET", "/healthz", headers={"Connection": "close"}))
            raw = b"".join(iter(lambda: client.recv(65536), b""))
            assert raw.count(b"HTTP/1.1 ") == 2
            assert raw.endswith(b'\r\n\r\n{"status":"ok"}')
            assert b"nothing here" not in raw

    def test_what_a_proxy_says_reaches_the_app(self, server: Server) -> None:
        """waitress can drop such headers; then a proxy on this machine would open the metrics to everybody."""
        # contract: G11
        with client_of(server) as (client, answers):
            client.sendall(
                request("GET", "/metrics") + request("GET", "/metrics", headers={"X-Forwarded-For": "192.0.2.1"})
            )
            assert [answers.read()[0], answers.read()[0]] == [200, 401]

    def test_the_server_doesnt_say_what_it_is(self, server: Server) -> None:
        with client_of(server) as (client, answers):
            client.sendall(request("GET", "/healthz"))
            assert "server" not in answers.read()[1]
