"""IANA's time zone database, as PyPI's `tzdata` brings it: the same names on every node, whatever its system has."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files


def spelled_time_zone(name: str) -> str | None:
    """A zone's name as IANA spells it, from one that differs by case at most; None where there is no such zone."""
    return time_zones().get(name.lower()) if name.isascii() else None


@cache
def time_zones() -> Mapping[str, str]:
    """The names by their lower case; read when they are first asked for."""
    names = files("tzdata").joinpath("zones").read_text("ascii").split()
    return {name.lower(): name for name in names if name != "Factory"}  # which stands for a machine without a zone
