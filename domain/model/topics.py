"""What a commit has news of, for whoever waits for it. Source: contract A11, B12, D8."""

from __future__ import annotations

from typing import Final, Literal

import attrs


@attrs.frozen
class Topic:
    """Work that fell due, or a user, by id, who has news."""

    name: Literal["due_work", "user"]
    id: int | None = None


WORK_DUE: Final = Topic("due_work")


def news_of(user_id: int) -> Topic:
    """This user has news."""
    return Topic("user", user_id)
