"""The bank's operators."""

from __future__ import annotations

from typing import Protocol

from domain.model.operators import Operator


class OperatorStore(Protocol):
    """Operators by name, which is compared exactly and has no blank at its end, and by the key's fingerprint."""

    def add(self, operator: Operator) -> None:
        """Keep a new operator. Raises OperatorNameTaken."""
        ...

    def remove(self, name: str) -> None:
        """Forget an operator, so that the key is worth nothing. Raises OperatorNotFound."""
        ...

    def by_fingerprint(self, key_fingerprint: str) -> Operator | None:
        """The operator whose key has this fingerprint; None where there is none."""
        ...
