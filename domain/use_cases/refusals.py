"""Refusals that leave something behind: a counted wrong PIN, say.

What a transaction's work raises is rolled back. A refusal whose traces must stay is returned, so that they are
committed, and raised afterwards.
"""

from __future__ import annotations

from typing import TypeVar

from domain.model.errors import HuchaError

T = TypeVar("T")


def or_raise(result: T | HuchaError) -> T:
    """The result, unless it is a refusal, which is raised."""
    if isinstance(result, HuchaError):
        raise result
    return result
