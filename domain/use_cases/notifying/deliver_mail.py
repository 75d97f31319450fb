"""Hand over the letters of the outbox. Source: contract A11."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from domain.model.due_work import DueJob
from domain.model.errors import MailUnavailable
from domain.model.mail import Mail
from domain.use_cases.jobs.run_due_work import TRIES_IN_THREE_DAYS, CannotBeDone, ExternalHandler
from domain.use_cases.notifying.queue_mail import MAIL
from ports.mail import Mailer
from ports.storage import Transaction


@attrs.frozen(eq=False, repr=False)
class DeliverMail(ExternalHandler[Mail]):
    """Sends each letter after the commit that queued it. One that can't be delivered stays there, a dead letter."""

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
