"""How answers are written: exact numbers, and instants. Source: contract G5, G6."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00Z")

InstantOut = Annotated[datetime, Meta(tz=True)]
"""An instant in an answer."""


class Answer(msgspec.Struct):
    """What an answer holds, in the order in which it is written.

    A Struct: making an attrs class takes thirty times as long, and the start waits for every class.
    """


encode = msgspec.json.Encoder(decimal_format="number").encode
"""An answer as JSON; decimals are numbers, exactly as they are."""


def milliseconds(instant: datetime) -> int:
    """Whole milliseconds since 1970, as B writes an instant (contract G6)."""
    passed = instant - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1000 + passed.microseconds // 1000


def milliseconds_or_none(instant: datetime | None) -> int | None:
    """The same, and null where there is no instant."""
    return None if instant is None else milliseconds(instant)
