"""How a storage reports its commits, whichever it is. The promises are `ports.storage.Listener`'s."""

from __future__ import annotations

import logging

from domain.model.topics import Topic
from ports.storage import Listener

_log = logging.getLogger("hucha.storage")


def nobody(topics: frozenset[Topic]) -> None:
    """Listens to nothing."""


def report(topics: frozenset[Topic], listener: Listener) -> None:
    """Tell a commit's topics, if there are any. A listener that fails changes nothing for who committed."""
    if not topics:
        return
    try:
        listener(topics)
    except Exception:
        _log.exception("what listens to commits failed")
