"""Mail leaves through an outbox: written with what caused it, sent after the commit. Source: contract A11."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import attrs

from domain.model.due_work import DueJob
from domain.model.errors import MailUnavailable
from domain.model.mail import Mail
from domain.use_cases.jobs.run_due_work import TRIES_IN_THREE_DAYS, CannotBeDone, ExternalHandler
from ports.mail import Mailer
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


@attrs.frozen
class DeliverMail(ExternalHandler[Mail]):
    """Hands the letters of the outbox over. One that can't be delivered stays there, a dead letter."""

    mailer: Mailer

    kind = MAIL
    most_tries = TRIES_IN_THREE_DAYS
    lease = timedelta(minutes=2)

    def load(self, tx: Transaction, job: DueJob) -> Mail | None:
        return tx.outbox.get(job.subject)

    def act(self, subject: Mail) -> None:
        try:
            self.mailer.send(subject)
        except MailUnavailable as error:
            if error.permanent:
                raise CannotBeDone(str(error)) from error
            raise

    def finish(self, tx: Transaction, job: DueJob, now: datetime) -> None:
        tx.outbox.remove(job.subject)
