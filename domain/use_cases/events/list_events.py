"""Show what was judged, to operators. Source: contract C6."""

from __future__ import annotations

import attrs

from domain.model.activity import JudgedAction, Stream
from ports.storage import Storage


@attrs.frozen(eq=False, repr=False)
class ListEvents:
    """Lists a user's actions with the codes they raised."""

    storage: Storage
    stream: Stream = "event"

    def __call__(self, user_id: int, limit: int, before: tuple[int, int] | None = None) -> list[JudgedAction]:
        """The latest `limit` actions by (time, id), latest first; `before` continues after the last one shown."""
        return self.storage.read(lambda tx: tx.activity.newest(self.stream, user_id, limit, before))
