"""Alembic's migrations. A migration that was released is never edited; the next one goes on from it."""

from __future__ import annotations

MYSQL_OPTIONS = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
"""Of every table on MySQL and MariaDB: transactions, all of Unicode, and text that compares by its bytes."""
