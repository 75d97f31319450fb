"""Letters to users. Source: contract A11, G11."""

from __future__ import annotations

import attrs


@attrs.frozen
class Mail:
    """A plain-text letter. `message_id` stays the same however often it is sent (RFC 5322, section 3.6.4)."""

    recipient: str
    subject: str
    body: str = attrs.field(repr=False)
    message_id: str = ""


def without_control_characters(text: str) -> str:
    """User text, fit for a mail: no character that could end a line or a header.

    >>> without_control_characters("Ana\\r\\nBcc: eve@x.org")
    'AnaBcc: eve@x.org'
    """
    return "".join(character for character in text if character.isprintable())
