"""What all tables share. Each stands in the file of the store that owns it; `every_table.py` knows them all.

No argument for one dialect stands in a table: it would load that dialect at every start.
"""

from __future__ import annotations

from sqlalchemy import MetaData

NO_ID_TWICE = {"no id twice": True}
"""Of a table whose rows are deleted while somebody may still remember their ids: SQLite would give them away again."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)
