"""Tell who is signed in. Source: contract G7."""

from __future__ import annotations

from datetime import datetime

from domain.model.sessions import Claims, Identity
from ports.storage import Transaction


def identify(tx: Transaction, claims: Claims, now: datetime) -> Identity | None:
    """Who is signed in by a token that says this; None where the session has ended."""
    identity = tx.sessions.identify(claims.session_id, now)
    return identity if identity is not None and identity.account_number == claims.account_number else None
