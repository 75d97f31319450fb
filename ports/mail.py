"""Letters leave the house."""

from __future__ import annotations

from typing import Protocol

from domain.model.mail import Mail


class Mailer(Protocol):
    """Hands letters over to be delivered. Called outside of any transaction."""

    def send(self, mail: Mail) -> None:
        """Hand over one letter; when this returns, it is out of our hands. Bounded in time.

        Raises MailUnavailable, and then it may or may not have been taken: sent again, it has the same `Message-ID`.
        """
        ...
