"""A mailer that keeps the letters."""

from __future__ import annotations

from domain.model.mail import Mail


class RecordingMailer:
    """Sends nothing and remembers everything: for notebooks and tests."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        """In the order of sending; a letter that was sent twice is there twice."""

    def send(self, mail: Mail) -> None:
        self.sent.append(mail)
