"""The environment, read once into one frozen object. Source: contract R3.

A wrong value stops the start with one sentence that names the variable.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import attrs

from domain.model.errors import InvalidEmail
from domain.model.quotas import NOUNS, STANDARD_QUOTAS, Noun, Quotas
from domain.model.users import parse_email
from domain.rules.passwords import PasswordPolicy

T = TypeVar("T")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
LOG_FORMATS = ("console", "json")
LARGEST_PORT = 65535
MOST_THREADS = 512
SHORTEST_KEY_BYTES = 32
DAY_SECONDS = 86_400
YEAR_SECONDS = 31_536_000
LARGEST_SEED = 2**53 - 1
MOST_TRIES = 1_000_000
MOST_OF_A_NOUN = 1_000_000_000
PASSWORD_POLICIES = ("strong", "basic")
MAIL_TLS = ("start", "on")
_CORES = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?").fullmatch
_ORIGIN = re.compile(r"(https?)://([a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?").fullmatch
_NAMED_ADDRESS = re.compile(r"(?:[^<>()\[\]@,:;\\\"]* )?<([^<>]+)>").fullmatch
_HOST = re.compile(r"[^\s%@,/\\]+").fullmatch
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SPECIAL_IN_ADDRESSES = frozenset('<>()[],:;\\"')


@attrs.define
class WrongSetting(Exception):
    """An environment variable holds what it can't."""

    name: str
    problem: str

    def __str__(self) -> str:
        return f"{self.name} {self.problem}."


@attrs.frozen
class SmtpServer:
    """Where letters are handed over. `tls`: "start" by STARTTLS, "on" from the first byte, None not at all."""

    host: str
    port: int
    user: str | None = attrs.field(default=None, repr=False)
    password: str | None = attrs.field(default=None, repr=False)
    tls: str | None = None


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
    redis_url: str | None = attrs.field(default=None, repr=False)
    """What several nodes share; None: there is one."""

    secret_key: tuple[bytes, ...] = attrs.field(default=(), repr=False)
    """What signs tokens and goes into hashes, newest first; empty: see `entrypoints/key_file.py`."""

    data_key: tuple[bytes, ...] = attrs.field(default=(), repr=False)
    """What encrypts at rest, newest first; empty: see `entrypoints/key_file.py`."""

    access_token_seconds: int = 86_400
    bcrypt_rounds: int = 12
    password_policy: PasswordPolicy = "strong"  # noqa: S105
    expose_password_hash: bool = True
    rate_limits: bool = True
    login_rate: int = 10
    """Tries a minute for one address and identifier, as are the others."""

    otp_rate: int = 10
    reset_rate: int = 10
    register_rate: int = 60
    smtp_url: SmtpServer | None = None
    """None: each letter is a file in `mail_dir`."""

    mail_dir: Path = Path("var/mail")
    mail_from: str = "Hucha <no-reply@hucha.example>"
    market_prices_url: str | None = attrs.field(default=None, repr=False)
    """The price feed; None: a simulated market in this process."""

    market_seed: int = 1
    """Of the simulated market; nodes with the same seed see the same prices."""

    auto_invest_interval_seconds: int = 30
    quotas: Quotas = STANDARD_QUOTAS
    """How much of each thing one customer may have."""

    cors_origins: tuple[str, ...] = ()
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


def _switch(on: str, off: str) -> Callable[[str], bool]:
    choose = _one_of((on, off), str.lower)

    def parse(text: str) -> bool:
        return choose(text) == on

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


def parse_keys(text: str) -> tuple[bytes, ...]:
    """The keys of a list that is separated by commas, newest first. Raises ValueError, without showing any."""
    found = tuple(part.strip().encode("utf-8", "surrogateescape") for part in text.split(","))
    if min(map(len, found)) < SHORTEST_KEY_BYTES:
        raise ValueError(f"must be at least {SHORTEST_KEY_BYTES} bytes, each key of a list by itself")
    return found


def _url(text: str, schemes: tuple[str, ...], form: str) -> SplitResult:
    """A URL of one of these schemes with a host and without a fragment. Raises ValueError that tells the form only."""
    try:
        url = urlsplit(text)
        sound = url.scheme in schemes and _HOST(url.hostname or "") and url.port != 0 and not url.fragment
    except ValueError:
        sound = False
    if not sound or not text.isprintable() or " " in text:
        raise ValueError(f"must be a URL such as {form}")
    return url


def _redis_url(text: str) -> str:
    form = "redis://[user:password@]host:port/0 or rediss://..."
    url = _url(text, ("redis", "rediss"), form)
    if url.query or not re.fullmatch(r"(/[0-9]{0,4})?", url.path):
        raise ValueError(f"must be a URL such as {form}")
    return text


def _prices_url(text: str) -> str:
    form = "https://host[:port]/path, without a user and a fragment"
    url = _url(text, ("http", "https"), form)
    if "@" in url.netloc or "#" in text:
        raise ValueError(f"must be a URL such as {form}")
    return text


def _smtp_url(text: str) -> SmtpServer:
    form = "smtp://[user:password@]host:port[?tls=start|on]"
    url = _url(text, ("smtp",), form)
    options = parse_qs(url.query, keep_blank_values=True)
    tls = options.pop("tls", [None])
    sound = not options and len(tls) == 1 and tls[0] in (None, *MAIL_TLS) and url.path in ("", "/")
    if not sound or url.port is None or bool(url.username) != bool(url.password):
        raise ValueError(f"must be a URL such as {form}")
    return SmtpServer(str(url.hostname), url.port, _unquoted(url.username), _unquoted(url.password), tls[0])


def _unquoted(text: str | None) -> str | None:
    return unquote(text) if text else None


def _sender(text: str) -> str:
    named = _NAMED_ADDRESS(text)
    try:
        address = parse_email(named[1] if named else text)
    except InvalidEmail:
        address = ""
    if not address.isascii() or not address or _SPECIAL_IN_ADDRESSES & set(address) or not text.isprintable():
        raise ValueError("must be an address such as bank@hucha.example, or a name and an address in angle brackets")
    return text


def _origins(text: str) -> tuple[str, ...]:
    return tuple(_origin(part.strip().lower()) for part in text.split(","))


def _origin(text: str) -> str:
    """An origin as browsers write it: in lower case, without the port that its scheme has anyway."""
    found = _ORIGIN(text)
    if not found or (found[3] and not 0 < int(found[3]) <= LARGEST_PORT):
        raise ValueError("must be exact origins such as https://bank.example, separated by commas")
    scheme, host, port = found[1], found[2], int(found[3] or _DEFAULT_PORTS[found[1]])
    return f"{scheme}://{host}" if port == _DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"


def _quotas(text: str) -> Quotas:
    number = _integer(1, MOST_OF_A_NOUN)
    changed: dict[Noun, int] = {}
    for part in text.split(","):
        name, _, most = (piece.strip() for piece in part.partition("="))
        if name not in NOUNS:
            raise ValueError(f"must be a list such as alerts=100,sessions=20, of {', '.join(NOUNS)}")
        if NOUNS[name] in changed:
            raise ValueError(f"must name {name} once")
        try:
            changed[NOUNS[name]] = number(most)
        except ValueError as problem:
            raise ValueError(f"{problem} for {name}") from None
    return Quotas(changed)


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
    "REDIS_URL": _redis_url,
    "SECRET_KEY": parse_keys,
    "DATA_KEY": parse_keys,
    "ACCESS_TOKEN_SECONDS": _integer(60, YEAR_SECONDS),
    "BCRYPT_ROUNDS": _integer(4, 16),
    "PASSWORD_POLICY": _one_of(PASSWORD_POLICIES, str.lower),
    "EXPOSE_PASSWORD_HASH": _switch("true", "false"),
    "RATE_LIMITS": _switch("on", "off"),
    "LOGIN_RATE": _integer(1, MOST_TRIES),
    "OTP_RATE": _integer(1, MOST_TRIES),
    "RESET_RATE": _integer(1, MOST_TRIES),
    "REGISTER_RATE": _integer(1, MOST_TRIES),
    "SMTP_URL": _smtp_url,
    "MAIL_DIR": Path,
    "MAIL_FROM": _sender,
    "MARKET_PRICES_URL": _prices_url,
    "MARKET_SEED": _integer(0, LARGEST_SEED),
    "AUTO_INVEST_INTERVAL_SECONDS": _integer(1, DAY_SECONDS),
    "QUOTAS": _quotas,
    "CORS_ORIGINS": _origins,
    "EVENT_API_KEY": _key,
    "TRUSTED_PROXIES": _networks,
    "LOG_LEVEL": _one_of(LOG_LEVELS, str.upper),
    "LOG_FORMAT": _one_of(LOG_FORMATS, str.lower),
}
