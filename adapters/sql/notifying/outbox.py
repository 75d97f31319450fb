"""Letters that wait to be sent, in SQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from adapters.sql.rows import mail_from_row, mail_to_row
from adapters.sql.tables import outbox
from domain.model.mail import Mail
from ports.security import Vault


class SqlOutboxStore:
    def __init__(self, connection: Connection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    def add(self, mail: Mail, created_at: datetime) -> int:
        row = {**mail_to_row(mail, self._vault), "created_at": created_at}
        (mail_id,) = self._connection.execute(insert(outbox), row).inserted_primary_key
        return int(mail_id)

    def get(self, mail_id: int) -> Mail | None:
        row = self._connection.execute(select(outbox).where(outbox.c.id == mail_id)).one_or_none()
        return None if row is None else mail_from_row(row, self._vault)

    def remove(self, mail_id: int) -> None:
        self._connection.execute(delete(outbox).where(outbox.c.id == mail_id))

    def depth(self) -> int:
        return self._connection.execute(select(func.count()).select_from(outbox)).scalar_one()
