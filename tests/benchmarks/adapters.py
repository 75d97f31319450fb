"""What single calls of adapters cost that a request makes: a password's check, a token, the prices of the market."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import bcrypt
import jwt

from adapters.identity.bcrypt_passwords import BcryptPasswords
from adapters.identity.jwt_tokens import JwtTokens
from adapters.keyring import KeyRing
from adapters.market.simulated_prices import SimulatedPrices
from adapters.memory.clock import SetClock
from domain.model.sessions import Claims
from tests.benchmarks.table import Row, interleaved

ROUNDS = 15
TOKENS = 200
TOKEN_SECONDS = 60e-6
MARKETS = 50
MARKET_SECONDS = 1e-3
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
CHECKED = {"verify_exp": False, "verify_iat": False}


def rows() -> Iterator[Row]:
    """A check over bcrypt's own, a token over PyJWT's, and what has a bound in seconds."""
    passwords = BcryptPasswords(KeyRing([b"p" * 32]), rounds=10, slots=1, waiting=1)
    kept = passwords.hash("Pa$$word-s3cret")
    text, bare_hash = b"x" * 44, kept.hash.encode()
    ours, bare = interleaved(
        ROUNDS,
        [
            lambda: _seconds(lambda: passwords.matches("Pa$$word-s3cret", kept)),
            lambda: _seconds(lambda: bcrypt.checkpw(text, bare_hash)),
        ],
    )
    yield Row(
        "a password's check over bcrypt's",
        f"{ours * 1e3:.1f} ms",
        f"{bare * 1e3:.1f} ms",
        ours / bare,
        wanted=1.05,
        at_least=False,
    )

    ring = KeyRing([b"k" * 32, b"o" * 32])
    issuing = JwtTokens(KeyRing([b"o" * 32]))
    sessions = [Claims("19d3cfc5-5ba5-4c0e-8b0a-1ac0e5b7f0d5", f"{n:032}", NOON, NOON + DAY) for n in range(TOKENS)]
    tokens = [issuing.issue(claims) for claims in sessions]

    def reading() -> float:
        fresh = JwtTokens(ring)  # it remembers what it has verified
        return _seconds(lambda: [fresh.read(token) for token in tokens]) / TOKENS

    def decoding() -> float:
        (key,) = KeyRing([b"o" * 32]).derive("access tokens", 64).values()
        return _seconds(lambda: [jwt.decode(token, key, ["HS512"], CHECKED) for token in tokens]) / TOKENS

    known = JwtTokens(ring)
    read, decoded = interleaved(ROUNDS, [reading, decoding])
    (again,) = interleaved(ROUNDS, [lambda: _seconds(lambda: [known.read(tokens[0]) for _ in tokens]) / TOKENS])
    yield Row(
        "a token is read for the first time over PyJWT's decoding",
        f"{read * 1e6:.1f} us",
        f"{decoded * 1e6:.1f} us",
        read / decoded,
    )
    yield _within("a token is read again", again, TOKEN_SECONDS)

    market, instants = (
        SimulatedPrices(1, SetClock(NOON)),
        (NOON + n * DAY for n in range(10**6)),
    )
    (telling,) = interleaved(MARKETS, [lambda: _seconds(lambda: market.at(next(instants)))])
    yield _within("all prices of the simulated market", telling, MARKET_SECONDS)


def _within(name: str, seconds: float, most: float) -> Row:
    """A row whose reference is what it may take."""
    return Row(name, f"{seconds * 1e6:.1f} us", f"{most * 1e6:.0f} us", seconds / most, wanted=1.0, at_least=False)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
