"""Give operators their keys, take them back, and know an operator by the key. Source: contract C5."""

from __future__ import annotations

import attrs

from domain.model.errors import FieldProblem, InvalidFields, OperatorNotFound, Unauthenticated
from domain.model.operators import Operator
from ports.clock import Clock
from ports.security import Secrets
from ports.storage import Storage, Transaction

LONGEST_NAME = 128


@attrs.frozen(eq=False, repr=False)
class Operators:
    """The bank's operators. Their keys are shown once and kept as fingerprints."""

    storage: Storage
    clock: Clock
    secrets: Secrets

    def create(self, name: str) -> str:
        """Register an operator (1 to 128 printable characters, no blank at either end) and return the bearer key.

        Raises InvalidFields, OperatorNameTaken, StorageUnavailable.
        """
        if not name or len(name) > LONGEST_NAME or not name.isprintable() or name != name.strip():
            detail = f"must be 1 to {LONGEST_NAME} printable characters without a blank at either end"
            raise InvalidFields((FieldProblem("name", detail),))
        key = self.secrets.new_key()
        operator = Operator(name, self.secrets.fingerprint(key), self.clock.now())

        def work(tx: Transaction) -> None:
            tx.operators.add(operator)

        self.storage.run(work)
        return key

    def revoke(self, name: str) -> None:
        """Make the operator's key worthless at once, on every node. Raises OperatorNotFound, StorageUnavailable."""

        if name != name.strip():  # a database may pass over a blank at the end
            raise OperatorNotFound(name)

        def work(tx: Transaction) -> None:
            tx.operators.remove(name)

        self.storage.run(work)

    def identify(self, key: str) -> Operator:
        """The operator who holds this key. Raises Unauthenticated, StorageUnavailable."""
        fingerprint = self.secrets.fingerprint(key)
        operator = self.storage.read(lambda tx: tx.operators.by_fingerprint(fingerprint))
        if operator is None:
            raise Unauthenticated
        return operator
