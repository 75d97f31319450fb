"""The one way to tell a customer something that happened. Source: contract A8, A9, A11, B10, B12, C7, D8.

Codes and security letters aren't news, and are queued by `queue_mail` alone.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from domain.model.mail import Mail
from domain.model.notifications import NewNotification
from domain.model.topics import news_of
from domain.model.users import Recipient
from domain.use_cases.notifying.queue_mail import queue_mail
from ports.storage import Transaction


@attrs.frozen
class Letter:
    """The letter to go with a notification: its id, the same one in a rerun of the transaction, and its words."""

    message_id: str
    write: Callable[[Recipient], Mail]
    """Called in the transaction, and only where the letter is to be sent."""


def tell_customer(tx: Transaction, news: NewNotification, letter: Letter | None = None) -> None:
    """Keep a notification, queue its letter, and have the commit report that the user has news.

    The transaction is the one that gives the reason to tell: both happen, or neither.
    """
    tx.notifications.add(news)
    tx.topics.add(news_of(news.user_id))
    if letter is not None:
        _write(tx, news, letter)


def _write(tx: Transaction, news: NewNotification, letter: Letter) -> None:
    recipient = tx.users.recipient(news.user_id)
    if recipient is not None:
        mail = attrs.evolve(letter.write(recipient), message_id=letter.message_id)
        queue_mail(tx, mail, news.created_at)
