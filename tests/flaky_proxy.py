"""A line to a MySQL or MariaDB server that breaks at a chosen moment.

It stands between the driver and the server and reads along: the client's packets are a length of three
bytes, a number, and a payload, whose first byte is 3 where the rest is SQL.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import Enum

import attrs

_HEADER_BYTES = 4
_QUERY = 3
_CHUNK_BYTES = 65536


class Loss(Enum):
    """What becomes of a packet at which the line breaks."""

    QUESTION = "it never reaches the server"
    ANSWER = "the server carries it out, and its answer gets lost"
    DELAY = "the client loses the line at once, the server receives the packet a little later"


@attrs.frozen
class Packet:
    """What a client sent: its number since the proxy began, from 1, and its SQL, empty where it is none."""

    number: int
    sql: str


class FlakyProxy:
    """Listens on `port` of this machine and carries every byte to the server's port and back."""

    def __init__(self, server_port: int, delay_seconds: float = 0.3) -> None:
        self._server_port = server_port
        self._delay_seconds = delay_seconds
        self._guard = threading.Lock()
        self._loses: Callable[[Packet], Loss | None] = _nothing
        self._lines: set[_Line] = set()
        self.port = 0
        self.packets: list[Packet] = []
        """Everything that clients have sent."""

        self.open()

    def __enter__(self) -> FlakyProxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.shut()

    def break_at(self, at: Callable[[Packet], bool], loss: Loss) -> None:
        """Break one line, once: at the first packet for which `at` says so."""

        def loses(packet: Packet) -> Loss | None:
            with self._guard:  # two lines may come here at once
                if self._loses is not loses or not at(packet):
                    return None
                self._loses = _nothing
                return loss

        self.keep_breaking(loses)

    def keep_breaking(self, loses: Callable[[Packet], Loss | None]) -> None:
        """Break a line at every packet for which `loses` names a loss; a line waits until `loses` returns."""
        self._loses = loses

    def cut(self) -> None:
        """Break every line that is open now; new ones may be made."""
        with self._guard:
            lines = list(self._lines)
        for line in lines:
            line.close()

    def open(self) -> None:
        """Take connections, on the same port as before."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, args=(self._listener,), daemon=True).start()

    def shut(self) -> None:
        """Break every line and take no more: the server can't be reached."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _listen(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server_port))
            except OSError:
                return
            line = _Line(client, server)
            with self._guard:
                self._lines.add(line)
            threading.Thread(target=self._carry_questions, args=(line,), daemon=True).start()
            threading.Thread(target=line.carry_answers, daemon=True).start()

    def _carry_questions(self, line: _Line) -> None:
        with suppress(OSError):
            for data in line.questions():
                loss = self._loss_of(data)
                if loss is None:
                    line.server.sendall(data)
                elif loss is Loss.QUESTION:
                    break
                else:
                    self._lose_answer(line, data, loss)
                    return  # the server answers first, then the line is closed
        line.close()
        with self._guard:
            self._lines.discard(line)

    def _lose_answer(self, line: _Line, data: bytes, loss: Loss) -> None:
        line.silent = True
        if loss is Loss.DELAY:
            _close(line.client)
            time.sleep(self._delay_seconds)
        line.server.sendall(data)

    def _loss_of(self, data: bytes) -> Loss | None:
        payload = data[_HEADER_BYTES:]
        sql = payload[1:].decode("utf-8", "replace") if payload[:1] == bytes([_QUERY]) else ""
        with self._guard:
            packet = Packet(len(self.packets) + 1, sql)
            self.packets.append(packet)
        return self._loses(packet)


def _nothing(packet: Packet) -> Loss | None:
    return None


@attrs.define(eq=False)
class _Line:
    """One client's connection and its counterpart to the server."""

    client: socket.socket
    server: socket.socket
    silent: bool = False
    """Whether the next answer is swallowed, and the line closed instead."""

    def questions(self) -> Iterator[bytes]:
        """The client's packets, header included, until it hangs up."""
        buffer = b""
        while chunk := self.client.recv(_CHUNK_BYTES):
            buffer += chunk
            while len(buffer) >= _HEADER_BYTES:
                size = _HEADER_BYTES + int.from_bytes(buffer[:3], "little")
                if len(buffer) < size:
                    break
                yield buffer[:size]
                buffer = buffer[size:]

    def carry_answers(self) -> None:
        """Carry the server's bytes to the client until either hangs up."""
        with suppress(OSError):
            while chunk := self.server.recv(_CHUNK_BYTES):
                if self.silent:
                    break
                self.client.sendall(chunk)
        self.close()

    def close(self) -> None:
        """Hang up on both sides."""
        _close(self.client)
        _close(self.server)


def _close(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
