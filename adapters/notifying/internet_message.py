"""A letter as an Internet message (RFC 5322, in MIME)."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr

from domain.model.errors import MailUnavailable
from domain.model.mail import Mail, without_control_characters

_POLICY = SMTP.clone(cte_type="7bit")
"""Lines end with CRLF, and a body that isn't ASCII is encoded: not every server takes eight bits."""


def address_of(text: str) -> Address:
    """An address from `name@host` or `Name <name@host>`; a domain that isn't ASCII is written as IDNA.

    Raises MailUnavailable where it is none.
    """
    name, spec = parseaddr(text) if text.endswith(">") else ("", text)
    local, at, domain = without_control_characters(spec).rpartition("@")
    if not (local and at and domain):
        raise MailUnavailable("an address is none", permanent=True)
    with suppress(UnicodeError):
        domain = domain.encode("idna").decode("ascii")
    try:
        return Address(without_control_characters(name), local, domain)
    except (ValueError, IndexError):
        raise MailUnavailable("an address is none", permanent=True) from None


def internet_message(mail: Mail, sender: str) -> EmailMessage:
    """The letter, dated now. No text of a user's can begin a header of its own. Raises MailUnavailable."""
    message = EmailMessage(_POLICY)
    message["From"] = address_of(sender)
    message["To"] = address_of(mail.recipient)
    message["Subject"] = without_control_characters(mail.subject)
    message["Date"] = datetime.now(UTC)
    message["Message-ID"] = without_control_characters(mail.message_id)
    message.set_content(mail.body)
    return message
