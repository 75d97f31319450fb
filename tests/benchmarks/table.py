"""The table that `make bench` prints."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable, Sequence
from importlib.metadata import version

import attrs

VERSIONS = ("falcon", "waitress", "sqlalchemy", "msgspec", "attrs")


@attrs.frozen
class Row:
    """One measured ratio. `wanted` is its bound; `at_least` tells on which side of it the ratio should be."""

    name: str
    subject: str
    reference: str
    ratio: float
    wanted: float | None = None
    at_least: bool = True

    @property
    def verdict(self) -> str:
        """What to say of the bound."""
        if self.wanted is None:
            return ""
        met = self.ratio >= self.wanted if self.at_least else self.ratio <= self.wanted
        return f"{'>=' if self.at_least else '<='} {self.wanted:.2f} {'ok' if met else 'SHORT'}"


def interleaved(rounds: int, measures: Sequence[Callable[[], float]]) -> list[float]:
    """The median of each measure over rounds in which all take turns, so that a busy machine disturbs all alike."""
    taken: list[list[float]] = [[] for _ in measures]
    for _ in range(rounds):
        for results, measure in zip(taken, measures, strict=True):
            results.append(measure())
    return [statistics.median(results) for results in taken]


def machine() -> str:
    """What this was measured on."""
    packages = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}"


def show(rows: Sequence[Row]) -> None:
    """Print the rows in columns."""
    cells = [("measured", "subject", "reference", "ratio", "wanted")]
    cells += [(row.name, row.subject, row.reference, f"{row.ratio:.2f}", row.verdict) for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
