"""The environment, read once into one frozen object. Source: contract R3.

A wrong value stops the start with one sentence that names the variable.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from typing import TypeVar

import attrs

T = TypeVar("T")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
LOG_FORMATS = ("console", "json")
LARGEST_PORT = 65535
MOST_THREADS = 512
_CORES = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?").fullmatch


@attrs.define
class WrongSetting(Exception):
    """An environment variable holds what it can't."""

    name: str
    problem: str

    def __str__(self) -> str:
        return f"{self.name} {self.problem}."


@attrs.frozen
class Settings:
    """Every setting, with the defaults of a laptop."""

    host: str = "127.0.0.1"
    port: int = 3000
    threads: int = 32
    """Requests served at once; each holds one thread."""

    cpus: frozenset[int] | None = None
    """Cores to stay on; None: all."""

    database_url: str = attrs.field(default="sqlite:///var/hucha.db", repr=False)
    event_api_key: str | None = attrs.field(default=None, repr=False)
    trusted_proxies: tuple[Network, ...] = ()
    log_level: str = "INFO"
    log_format: str = "console"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read the environment; a variable that is unset or blank has its default. Raises WrongSetting."""
        values = {}
        for name, parse in _VARIABLES.items():
            text = environment.get(name, "").strip()
            if text:
                try:
                    values[name.lower()] = parse(text)
                except ValueError as problem:
                    raise WrongSetting(name, str(problem)) from None
        return cls(**values)  # type: ignore[arg-type]  # each value came from its own parser


def _integer(smallest: int, largest: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if text.isascii() and text.isdigit() and smallest <= int(text) <= largest:
            return int(text)
        raise ValueError(f"must be an integer from {smallest} to {largest}")

    return parse


def _one_of(choices: tuple[str, ...], fold: Callable[[str], str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if fold(text) in choices:
            return fold(text)
        raise ValueError(f"must be one of {', '.join(choices)}")

    return parse


def _cpus(text: str) -> frozenset[int]:
    if not hasattr(os, "sched_getaffinity"):
        raise ValueError("can't be set on this system")
    present = os.sched_getaffinity(0)
    cpus: set[int] = set()
    for part in text.split(","):
        found = _CORES(part.strip())
        if not found:
            raise ValueError("must be cores such as 0 or 0,2-3")
        first, last = int(found[1]), int(found[2] or found[1])
        if first > last or not {first, last} <= present:
            raise ValueError(f"must name cores of this machine, which has {', '.join(map(str, sorted(present)))}")
        cpus.update(range(first, last + 1))
    return frozenset(cpus & present)


def _key(text: str) -> str:
    if text.isascii() and text.isprintable() and " " not in text:
        return text
    raise ValueError("must be printable ASCII without blanks, since it travels in a header")


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(","))
    except ValueError:
        raise ValueError("must be networks such as 10.0.0.0/8, separated by commas") from None


_VARIABLES: Mapping[str, Callable[[str], object]] = {
    "HOST": str,
    "PORT": _integer(0, LARGEST_PORT),
    "THREADS": _integer(1, MOST_THREADS),
    "CPUS": _cpus,
    "DATABASE_URL": str,
    "EVENT_API_KEY": _key,
    "TRUSTED_PROXIES": _networks,
    "LOG_LEVEL": _one_of(LOG_LEVELS, str.upper),
    "LOG_FORMAT": _one_of(LOG_FORMATS, str.lower),
}
