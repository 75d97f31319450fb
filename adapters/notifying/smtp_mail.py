"""Letters over SMTP (RFC 5321), with STARTTLS (RFC 3207) or TLS from the first byte (RFC 8314). Source: contract R3."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import threading
from contextlib import suppress
from email.message import EmailMessage
from typing import Protocol

from adapters.notifying.internet_message import address_of, internet_message
from domain.model.errors import MailUnavailable
from domain.model.mail import Mail

STEPS_WITHIN_A_SEND = 3
"""A send may take as long as so many steps that all but time out."""

GOODBYE_SECONDS = 1

_READY = 220

_AUTHENTICATION_CODES = (530, 534, 535, 538)
"""RFC 4954, section 6: the settings' fault, which an operator will mend."""

_REASON_CODE = re.compile(rb"[245]\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9.])").match
"""RFC 3463."""


class SmtpServer(Protocol):
    """Where letters are handed over. `tls`: "start" by STARTTLS, "on" from the first byte, None not at all."""

    @property
    def host(self) -> str: ...

    @property
    def port(self) -> int: ...

    @property
    def user(self) -> str | None: ...

    @property
    def password(self) -> str | None: ...

    @property
    def tls(self) -> str | None: ...


class SmtpMailer:
    """Hands each letter over on a connection of its own, to a server whose certificate is verified where it has one.

    What it raises names the step and the codes of the server's answer, not its words: these may repeat the letter. It
    is permanent where the server refuses the recipient or the letter for good (5xx); a server that refuses us, our
    login or our sender needs another setting, and then the letter can go.
    """

    def __init__(
        self, server: SmtpServer, sender: str, timeout_seconds: float = 10, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        self._server = server
        self._sender = sender
        self._timeout_seconds = timeout_seconds
        self._context = ssl_context
        if server.tls is not None and ssl_context is None:
            self._context = ssl.create_default_context()

    def send(self, mail: Mail) -> None:
        message = internet_message(mail, self._sender)
        try:
            self._hand_over(message, address_of(self._sender).addr_spec, address_of(mail.recipient).addr_spec)
        except smtplib.SMTPRecipientsRefused as error:
            raise _refused("the recipient", *next(iter(error.recipients.values()))) from None
        except smtplib.SMTPDataError as error:
            raise _refused("the letter", error.smtp_code, error.smtp_error) from None
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise MailUnavailable(_reason(error)) from None

    def _hand_over(self, message: EmailMessage, sender: str, recipient: str) -> None:
        connection = _Connection(self._server, self._context, self._timeout_seconds)
        try:
            connection.open()
            connection.send_message(message, sender, [recipient])
            connection.say_goodbye()
        finally:
            connection.close()


class _Connection(smtplib.SMTP):
    """A connection whose every step ends in time, and which is cut when all of them together take too long.

    A time-out alone doesn't bound an answer that comes byte by byte.
    """

    def __init__(self, server: SmtpServer, context: ssl.SSLContext | None, timeout_seconds: float) -> None:
        super().__init__(local_hostname=_own_name(), timeout=timeout_seconds)
        self._server = server
        self._context = context
        self._line: socket.socket | None = None
        self._alarm = threading.Timer(STEPS_WITHIN_A_SEND * timeout_seconds, self._cut)
        self._alarm.daemon = True

    def open(self) -> None:
        """Connect, encrypt and log in, as the server's settings say."""
        server = self._server
        self._host = server.host  # whom a certificate must name; smtplib sets it only where its constructor connects
        code, answer = self.connect(server.host, server.port)
        if code != _READY:
            raise smtplib.SMTPConnectError(code, answer)
        if server.tls == "start":
            self.starttls(context=self._context)
        if server.user is not None and server.password is not None:
            self.login(server.user, server.password)

    def say_goodbye(self) -> None:
        """The letter is theirs: whatever comes of a farewell, it was sent."""
        with suppress(OSError, smtplib.SMTPException):
            if self.sock is not None:
                self.sock.settimeout(GOODBYE_SECONDS)
            self.quit()

    def close(self) -> None:
        self._alarm.cancel()
        super().close()
        if self._line is not None:
            self._line.close()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]  # as SMTP_SSL does
        self._line = plain.dup()
        self._alarm.start()
        if self._server.tls != "on":
            return plain
        assert self._context is not None
        return self._context.wrap_socket(plain, server_hostname=host)

    def _cut(self) -> None:
        if self._line is not None:
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)


def _own_name() -> str:
    """What to introduce ourselves by; smtplib would ask the name servers, which may take minutes."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _refused(what: str, code: int, answer: bytes | str) -> MailUnavailable:
    permanent = code // 100 == 5 and code not in _AUTHENTICATION_CODES
    return MailUnavailable(f"the server refused {what} ({_codes(code, answer)})", permanent=permanent)


def _reason(error: Exception) -> str:
    match error:
        case smtplib.SMTPSenderRefused():
            return f"the server refused the sender ({_codes(error.smtp_code, error.smtp_error)})"
        case smtplib.SMTPAuthenticationError():
            return f"the server refused the login ({_codes(error.smtp_code, error.smtp_error)})"
        case smtplib.SMTPResponseException():
            return f"the server refused to talk ({_codes(error.smtp_code, error.smtp_error)})"
        case smtplib.SMTPServerDisconnected():
            return "the server hung up, or didn't answer in time"
        case smtplib.SMTPNotSupportedError():
            return "the server lacks what is needed: STARTTLS, a login, or addresses that aren't ASCII"
        case ssl.SSLCertVerificationError():
            return f"the server's certificate isn't trusted: {error.verify_message}"
        case OSError() if not isinstance(error, smtplib.SMTPException):
            return f"the server can't be reached: {error.strerror or type(error).__name__}"
    return f"no letter can be made or handed over: {type(error).__name__}"


def _codes(code: int, answer: bytes | str) -> str:
    """The reply code with the reason code behind it, if there is one, as in `550 5.1.1`."""
    reason = _REASON_CODE(answer if isinstance(answer, bytes) else answer.encode("ascii", "replace"))
    return f"{code} {reason[0].decode()}" if reason else str(code)
