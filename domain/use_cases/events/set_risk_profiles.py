"""Watch a user more or less closely. Source: contract C5."""

from __future__ import annotations

import attrs

from domain.model.risk_profiles import STANDARD_PROFILE, RiskProfile
from ports.storage import Storage, Transaction


@attrs.frozen(eq=False, repr=False)
class RiskProfiles:
    """Sets and shows risk profiles."""

    storage: Storage

    def put(self, user_id: int, profile: RiskProfile) -> None:
        """Replace the user's profile; the next action is judged by it. Raises StorageUnavailable."""

        def work(tx: Transaction) -> None:
            tx.risk_profiles.put(user_id, profile)

        self.storage.run(work)

    def get(self, user_id: int) -> RiskProfile:
        """The user's profile; the standard one where none was set. Raises StorageUnavailable."""
        return self.storage.read(lambda tx: tx.risk_profiles.find([user_id])).get(user_id, STANDARD_PROFILE)
