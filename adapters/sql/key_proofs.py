"""Whether the keys are those that the data was made with. Source: contract G7, D10, R3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Column, Connection, String, Table, select, update

from adapters.keyring import proof_of
from adapters.sql.database import Database
from adapters.sql.schema_metadata import metadata
from adapters.sql.upserts import insert_once

key_proofs = Table(
    "key_proofs",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("proof", String(64), nullable=False, comment="tells whether a key is the one that the data was made with"),
)


def wrong_keys(database: Database, keys: Mapping[str, Sequence[bytes]]) -> list[str]:
    """The names of the lists of keys, each newest first, that don't hold the key which the data was made with.

    The first keys that a database ever sees are taken as its own. After that a new one must come before the old one,
    and takes its place. Raises DBAPIError.
    """
    proofs = {name: [proof_of(key) for key in masters] for name, masters in keys.items()}
    with database.reading() as connection:
        kept = _kept(connection)
    if kept != {name: own[0] for name, own in proofs.items()}:
        with database.writing() as connection:
            for name, own in proofs.items():
                connection.execute(insert_once(connection.dialect, key_proofs), {"name": name, "proof": own[0]})
                newer = update(key_proofs).where(key_proofs.c.name == name, key_proofs.c.proof.in_(own[1:]))
                connection.execute(newer.values(proof=own[0]))
            kept = _kept(connection)
            connection.commit()
    return [name for name, own in proofs.items() if kept[name] != own[0]]


def _kept(connection: Connection) -> dict[str, str]:
    rows = connection.execute(select(key_proofs.c.name, key_proofs.c.proof))
    return dict(map(tuple, rows))
