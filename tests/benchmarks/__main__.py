"""`make bench`: every benchmark, or those named, such as `python -m tests.benchmarks rules subscriptions`."""

from __future__ import annotations

import sys

from tests.benchmarks import adapters, http, money, rules, spending, startup, subscriptions, walk
from tests.benchmarks.table import machine, show

MODULES = {
    "rules": rules,
    "adapters": adapters,
    "startup": startup,
    "http": http,
    "money": money,
    "spending": spending,
    "subscriptions": subscriptions,
    "walk": walk,
}


def main(names: list[str]) -> None:
    """Measure and print."""
    print(machine())
    show([row for name in names or MODULES for row in MODULES[name].rows()])


if __name__ == "__main__":
    main(sys.argv[1:])
