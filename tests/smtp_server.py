"""A mail server of the test's own, which misbehaves when it is told to, goes away and comes back."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.notifying.smtp_mail import SmtpMailer

USER, PASSWORD = "hucha", "Swordfish-7"
SENDER = "Hucha <no-reply@hucha.example>"


@attrs.frozen
class Server:
    """Where a mailer finds the server, as in the settings."""

    host: str
    port: int
    user: str | None = None
    password: str | None = None
    tls: str | None = None


@attrs.define
class Manners:
    """How the server behaves; each answer is what it says instead of 250."""

    greeting_drops: bool = False
    recipient_answer: str | None = None
    sender_answer: str | None = None
    data_answer: str | None = None
    stalls: bool = False
    """It says nothing to the end of a letter, for ever."""

    dribbles: bool = False
    """Its answer to the end of a letter comes byte by byte, and never ends."""

    drops_within_data: bool = False
    loses_answer: bool = False
    """It takes the letter, and the line breaks before it can say so."""

    stalls_goodbye: bool = False


class SmtpServer:
    """Listens on a port of 127.0.0.1 that stays the same; `tls` is as in the settings."""

    def __init__(self, tls: str | None = None, *, login: bool = False, context: ssl.SSLContext | None = None) -> None:
        self.manners = Manners()
        self.letters: list[EmailMessage] = []
        """What it took, each as often as it was handed over."""

        self.envelopes: list[tuple[str, list[str]]] = []
        """Sender and recipients of each."""

        self.released = threading.Event()
        """Ends every stall."""

        self._tls = tls
        self._login = login
        self._context = context if context or tls is None else certificate().server
        self._port = _free_port()
        self._controller: _Controller | None = None

    def __enter__(self) -> SmtpServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Take connections."""
        controller = _Controller(self, self._port, self._tls, self._login, self._context)
        controller.start()
        self._controller = controller

    def stop(self) -> None:
        """Break every line and take no more."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    @property
    def address(self) -> Server:
        credentials = (USER, PASSWORD) if self._login else (None, None)
        return Server("127.0.0.1", self._port, *credentials, self._tls)

    def mailer(self, timeout_seconds: float = 5, **changes: Any) -> SmtpMailer:
        """A mailer that hands over here; `changes` are to the address."""
        trust = certificate().client if self._tls else None
        return SmtpMailer(attrs.evolve(self.address, **changes), SENDER, timeout_seconds, trust)

    def ids(self) -> list[str]:
        """The `Message-ID` of each letter taken."""
        return [str(letter["Message-ID"]) for letter in self.letters]

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.manners.sender_answer:
            return self.manners.sender_answer
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.manners.recipient_answer:
            return self.manners.recipient_answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.manners.data_answer:
            return self.manners.data_answer
        while self.manners.stalls and not self.released.is_set():
            await asyncio.sleep(0.01)
        while self.manners.dribbles and server.transport is not None:
            server.transport.write(b"2")
            await asyncio.sleep(0.05)
        content = envelope.content
        assert isinstance(content, bytes)
        self.letters.append(message_from_bytes(content, EmailMessage, policy=policy.default))
        self.envelopes.append((str(envelope.mail_from), [str(one) for one in envelope.rcpt_tos]))
        if self.manners.loses_answer:
            server.transport.abort()
        return "250 OK"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        """Whether these are the credentials."""
        known = LoginPassword(USER.encode(), PASSWORD.encode())
        return AuthResult(success=data == known, handled=False)


class _Smtp(SMTP):
    """The protocol, with bad manners."""

    event_handler: SmtpServer

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if self.event_handler.manners.greeting_drops:
            transport.abort()

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if self.event_handler.manners.drops_within_data:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            await self._reader.readuntil(b"\r\n")
            self.transport.abort()
        else:
            await super().smtp_DATA(arg)

    async def smtp_QUIT(self, arg: str) -> None:  # noqa: N802
        if self.event_handler.manners.stalls_goodbye:
            await asyncio.sleep(3600)
        await super().smtp_QUIT(arg)


class _Controller(Controller):
    def __init__(
        self, server: SmtpServer, port: int, tls: str | None, login: bool, context: ssl.SSLContext | None
    ) -> None:
        self._make: Callable[[], SMTP] = lambda: _Smtp(
            server,
            enable_SMTPUTF8=False,
            tls_context=context if tls == "start" else None,
            require_starttls=tls == "start",
            auth_required=login,
            auth_require_tls=False,
            authenticator=server.authenticate if login else None,
            hostname="mail.test",
            loop=self.loop,  # aiosmtpd would give the test's own thread one, and never close it
        )
        from_the_start = context if tls == "on" else None
        super().__init__(
            server, "127.0.0.1", port, ssl_context=from_the_start, ready_timeout=60
        )  # a busy machine is slow

    def factory(self) -> SMTP:
        return self._make()

    def start(self) -> None:
        try:
            super().start()
        except BaseException:
            self._close_loop()
            raise

    def stop(self, no_assert: bool = False) -> None:
        super().stop(no_assert)
        self._close_loop()

    def _close_loop(self) -> None:
        """aiosmtpd leaves it open where its thread ended in any way but the usual one."""
        if not self.loop.is_running() and not self.loop.is_closed():
            self.loop.close()

    def _trigger_server(self) -> None:
        """Not needed: the socket listens by now."""
        self._factory_invoked.set()
        self.smtpd = self.smtpd or self.factory()


@attrs.frozen
class Certificate:
    """A self-signed certificate for 127.0.0.1: who serves by it, and who trusts it."""

    server: ssl.SSLContext
    client: ssl.SSLContext


@cache
def certificate(host: str = "127.0.0.1") -> Certificate:
    """A certificate of this run's own."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        chain = Path(folder, "chain.pem")
        chain.write_bytes(public + private)
        serving.load_cert_chain(chain)
    return Certificate(serving, ssl.create_default_context(cadata=public.decode()))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
