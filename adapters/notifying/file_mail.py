"""Letters as files, for a laptop without a mail server. Source: contract R3."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from adapters.durable_names import make_names_durable
from domain.model.errors import MailUnavailable
from domain.model.mail import Mail

_IS_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,127}").fullmatch


class FileMailer:
    """Writes each letter to an `.eml` file of its own, named by its `Message-ID`: sent again, it replaces itself.

    Only the owner can read the folder, where it is made here, and the files.
    """

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    def send(self, mail: Mail) -> None:
        from adapters.notifying.internet_message import internet_message  # with the first letter, not at the start

        data = internet_message(mail, self._sender).as_bytes()
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(f"{_name_of(mail.message_id)}.eml", data)
        except OSError as error:
            raise MailUnavailable(f"the mail folder can't be written to: {error.strerror}") from error

    def _write(self, name: str, data: bytes) -> None:
        """All of the file or nothing, whatever happens."""
        number, temporary = tempfile.mkstemp(".tmp", ".", self._folder)  # nobody else can read it
        try:
            with os.fdopen(number, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self._folder / name)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
        make_names_durable(self._folder)


def _name_of(message_id: str) -> str:
    """The id itself, or, where it wouldn't do as a file's name, a digest of it."""
    plain = message_id.strip("<>")
    return plain if _IS_PLAIN(plain) else hashlib.sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()
