"""Alembic's entry: migrates over the connection that `adapters.sql.schema` hands in.

The version is written once, behind the last step. MySQL commits at every change of the schema: a version written
between two migrations would be there for good before the claim of the schema was confirmed, and beside the one that
another node may have written meanwhile. What is cut off begins again, for each step does nothing where it was done.
"""

from __future__ import annotations

from alembic import context
from alembic.operations import Operations

from adapters.sql.errors import Retry
from adapters.sql.every_table import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
migrating = context.get_context()
current = migrating.get_current_heads()
context.script.get_revisions(current)  # raises where this version of Hucha doesn't know them
if not current:
    migrating.stamp(context.script, "base")  # makes the table of versions
steps = list(context.script.iterate_revisions("head", current))
with Operations.context(migrating):
    for step in reversed(steps):
        step.module.upgrade()
if steps:
    if migrating.get_current_heads() != current:
        raise Retry from RuntimeError("another node wrote the version first")
    migrating.stamp(context.script, "head")
