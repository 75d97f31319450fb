"""Whether a customer may have one more. Source: contract G12."""

from __future__ import annotations

from domain.model.errors import QuotaReached
from domain.model.quotas import Noun, Quotas


def check_quota(quotas: Quotas, noun: Noun, present: int, more: int = 1) -> QuotaReached | None:
    """The refusal of so many more beside those that are there; None where they may come.

    To be asked in the transaction that makes them, under the lock of their customer's account: those that are made at
    the same time wait for each other, and count each other. It comes last, after token, key, PIN and the fields.

    >>> check_quota(Quotas({"alerts": 2}), "alerts", present=1)
    >>> check_quota(Quotas({"alerts": 2}), "alerts", present=2)
    QuotaReached(noun='alerts', most=2)
    """
    most = quotas.most(noun)
    return None if present + more <= most else QuotaReached(noun, most)
