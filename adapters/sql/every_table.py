"""Every table: importing this makes `metadata` whole, for whoever compares it with a database or creates it.

`migrations/` brings a database here; a test compares the two.
"""

from __future__ import annotations

from adapters.sql import key_proofs, unit_of_work  # noqa: F401  # the tables of all stores, and two more
from adapters.sql.schema_metadata import metadata

__all__ = ["metadata"]
