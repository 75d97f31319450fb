"""Letters that wait to be sent, in SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, String, Table, Text, delete, func, select

from adapters.sql.schema_metadata import NO_ID_TWICE, metadata
from adapters.sql.types import Id, Instant
from adapters.sql.upserts import insert_row
from domain.model.mail import Mail
from ports.security import Vault

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("message_id", String(255), nullable=False, unique=True),
    Column("recipient", Text, nullable=False, comment="encrypted"),
    Column("subject", String(255), nullable=False),
    Column("body", Text, nullable=False, comment="encrypted"),
    Column("created_at", Instant, nullable=False),
    info=NO_ID_TWICE,
)


class SqlOutboxStore:
    def __init__(self, connection: Connection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    def add(self, mail: Mail, created_at: datetime) -> int:
        row = {**_mail_to_row(mail, self._vault), "created_at": created_at}
        return insert_row(self._connection, outbox, row)

    def get(self, mail_id: int) -> Mail | None:
        row = self._connection.execute(select(outbox).where(outbox.c.id == mail_id)).one_or_none()
        return None if row is None else _mail_from_row(row, self._vault)

    def remove(self, mail_id: int) -> None:
        self._connection.execute(delete(outbox).where(outbox.c.id == mail_id))

    def depth(self) -> int:
        return self._connection.execute(select(func.count()).select_from(outbox)).scalar_one()


def _mail_to_row(mail: Mail, vault: Vault) -> dict[str, object]:
    return {
        "message_id": mail.message_id,
        "recipient": vault.encrypt(mail.recipient, f"outbox.recipient {mail.message_id}"),
        "subject": mail.subject,
        "body": vault.encrypt(mail.body, f"outbox.body {mail.message_id}"),
    }


def _mail_from_row(row: Any, vault: Vault) -> Mail:
    """Raises ValueError where what was encrypted can't be read with the vault's keys."""
    recipient = vault.decrypt(row.recipient, f"outbox.recipient {row.message_id}")
    body = vault.decrypt(row.body, f"outbox.body {row.message_id}")
    return Mail(recipient, row.subject, body, row.message_id)
