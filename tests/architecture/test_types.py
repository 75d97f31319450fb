"""mypy agrees with all four packages, and sees where an adapter doesn't fit its port."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.copies import PACKAGES, copy, tool

STORES = (("adapters/memory", "Memory"), ("adapters/sql", "Sql"))
PLANTED = (
    (
        "of another type",
        "def remove(self, user_id: int, alert_id: int)",
        "def remove(self, user_id: int, alert_id: bytes)",
    ),
    ("too many", "def of_user(self, user_id: int)", "def of_user(self, user_id: int, limit: int)"),
    ("gone", "def save(self, alert: Alert)", "def keep_all(self, alert: Alert)"),
)
"""Each makes the file longer by another number: mypy doesn't look again at one of the same second and size."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy whose types were looked at once: each later look takes a moment."""
    folder = copy(tmp_path_factory.mktemp("house"), ".mypy_cache")
    result = tool(folder, "mypy")
    assert result.returncode == 0, result.stdout
    assert sum(len(list((folder / package).rglob("*.py"))) for package in PACKAGES) == int(result.stdout.split()[-3])
    return folder


@pytest.mark.parametrize(("floor", "prefix"), STORES)
@pytest.mark.parametrize(("old", "new"), [one[1:] for one in PLANTED], ids=[one[0] for one in PLANTED])
def test_a_store_that_does_not_fit_its_port_is_seen(house: Path, floor: str, prefix: str, old: str, new: str) -> None:
    store = house / floor / "notifying/alerts.py"
    text = store.read_text()
    assert old in text
    try:
        store.write_text(text.replace(old, new))
        result = tool(house, "mypy")
    finally:
        store.write_text(text)
    assert result.returncode == 1
    assert f'alerts: expected "AlertStore", got "{prefix}AlertStore"' in result.stdout
