"""The names of IANA's time zones, and nothing else."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from adapters.identity.time_zones import spelled_time_zone, time_zones
from domain.model.users import LONGEST_TIME_ZONE


def test_every_name_is_a_zone_that_python_finds_and_fits_its_column() -> None:  # contract: D1
    names = set(time_zones().values())
    assert len(names) > 500
    for name in names:
        assert ZoneInfo(name).key == name
        assert len(name) <= LONGEST_TIME_ZONE
        assert {spelled_time_zone(one) for one in (name, name.upper(), name.lower())} == {name}


@pytest.mark.parametrize(
    "name",
    ["", " ", "Europe", "Europe/", "Europe/Madrid\n", "localtime", "Factory", "../UTC", "İst", "K\u212aT", "+01"],
)
def test_nothing_else_is(name: str) -> None:  # contract: D1
    assert spelled_time_zone(name) is None
