"""Symbols of up to 32 characters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for table in ("holdings", "trades"):
        with op.batch_alter_table(table) as batch:  # SQLite makes the table anew
            batch.alter_column("symbol", type_=sa.String(32), existing_type=sa.String(16), existing_nullable=False)
