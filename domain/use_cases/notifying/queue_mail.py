"""Mail leaves through an outbox: written with what caused it, sent after the commit. Source: contract A11."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import attrs

from domain.model.mail import Mail
from ports.storage import Transaction

MAIL: Final = "mail"
"""The kind of the jobs; their subject is a letter's id in the outbox."""


def queue_mail(tx: Transaction, mail: Mail, now: datetime) -> None:
    """Leave a letter in the outbox, to be sent as soon as the transaction is committed.

    Its `message_id` is an id that was made for it outside of the transaction: `<id@hucha>` is the letter's, however
    often the transaction runs and the letter is sent.
    """
    assert mail.message_id, "a letter without an id would be another one each time"
    letter = attrs.evolve(mail, message_id=f"<{mail.message_id}@hucha>")
    tx.due_work.add(MAIL, tx.outbox.add(letter, now), now)
