"""Notifications' data has keys of the model's own spelling, and due work that nobody tries any more is dead."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

KEYS = {"alertId": "alert_id", "transactionId": "transaction_id", "subscriptionId": "subscription_id"}

RANGE = 10_000
"""So many ids a statement: however many rows there are, each is answered within the driver's time."""


def upgrade() -> None:
    _rename_keys()
    op.execute("UPDATE due_work SET state = 'dead' WHERE state = 'set aside'")
    if op.get_bind().dialect.name == "mysql":  # SQLite keeps no comments
        _comment("due_work", "state", sa.String(16), "due, or dead")
        _comment("due_work", "reason", sa.String(255), "why it is dead", nullable=True)
        _comment("activities", "state", sa.Text(), "what the rules remember of the user's events")


def _rename_keys() -> None:
    """In the text of the JSON, whose writer put no blanks in: within a string, quotes have a backslash before them."""
    notifications = sa.table("notifications", sa.column("id", sa.BigInteger), sa.column("data", sa.Text))
    id = notifications.c.id
    renamed: sa.ColumnElement[str] = notifications.c.data
    for old, new in KEYS.items():
        renamed = sa.func.replace(renamed, f'"{old}":', f'"{new}":')
    connection = op.get_bind()
    lowest, highest = connection.execute(sa.select(sa.func.min(id), sa.func.max(id))).one()
    for first in range(lowest or 1, (highest or 0) + 1, RANGE):
        old_ones = id.between(first, first + RANGE - 1) & notifications.c.data.like('%Id":%')
        connection.execute(sa.update(notifications).where(old_ones).values(data=renamed))
        if connection.dialect.name == "mysql":
            connection.commit()  # as it does by itself at each change of the schema: no lock is held for long


def _comment(table: str, column: str, kind: sa.types.TypeEngine[str], comment: str, *, nullable: bool = False) -> None:
    op.alter_column(table, column, existing_type=kind, existing_nullable=nullable, comment=comment)
