"""Work that is due at an instant: mail to deliver, things to purge. Source: contract A11, B12, G11."""

from __future__ import annotations

from datetime import datetime

import attrs


@attrs.frozen
class DueJob:
    """One job: its `kind` says who does it, its `subject` what about; a pair of the two exists once.

    `tries` counts how often it was begun since it last succeeded. Instants are UTC.
    """

    id: int
    kind: str
    subject: int
    due_at: datetime
    tries: int
