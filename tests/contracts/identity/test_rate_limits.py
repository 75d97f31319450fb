"""What every counter of tries promises: in memory, and in a Redis of the tests' own."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from limits.strategies import MovingWindowRateLimiter

from adapters.identity import rate_limits
from adapters.identity.rate_limits import LimitsRateLimits, NoRateLimits
from adapters.memory.rate_limits import MemoryRateLimits
from domain.model.errors import TooManyRequests
from ports.limits import RateLimits
from tests.clocks import SetSeconds
from tests.redis import RedisServer, private_server, why_no_redis

RATES = {"login": 10, "register": 60, "otp": 10, "reset": 3}
EMAIL = "nuwe@nuwe.com"
ADDRESS = "203.0.113.9"


@pytest.fixture(scope="module")
def kept_redis() -> Iterator[RedisServer]:
    reason = why_no_redis()
    if reason is not None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    with private_server() as server:
        yield server


@pytest.fixture
def redis(kept_redis: RedisServer) -> Iterator[RedisServer]:
    """A running server without a key in it."""
    with kept_redis.client() as client:
        client.flushall()
    yield kept_redis
    kept_redis.stop()
    kept_redis.start()


@pytest.fixture(params=["memory", "redis"])
def limits(request: pytest.FixtureRequest) -> RateLimits:
    if request.param == "memory":
        return LimitsRateLimits(RATES, None)
    return LimitsRateLimits(RATES, request.getfixturevalue("redis").url)


def tries_until_refused(limits: RateLimits, kind: str, *who: str) -> tuple[int, TooManyRequests]:
    for passed in range(1000):
        try:
            limits.hit(kind, *who)
        except TooManyRequests as refusal:
            return passed, refusal
    raise AssertionError("never refused")


def refused(limits: RateLimits, kind: str, *who: str) -> bool:
    try:
        limits.hit(kind, *who)
    except TooManyRequests:
        return True
    return False


def test_so_many_tries_pass_and_the_next_is_told_when_to_come_again(limits: RateLimits) -> None:
    # contract: G10
    for kind, most in RATES.items():
        passed, refusal = tries_until_refused(limits, kind, ADDRESS, EMAIL)
        assert passed == most
        assert isinstance(refusal.retry_after_seconds, int)
        assert 55 <= refusal.retry_after_seconds <= 60


def test_a_refused_try_doesnt_count(limits: RateLimits) -> None:
    first = tries_until_refused(limits, "reset", EMAIL)[1].retry_after_seconds
    time.sleep(1.1)
    assert tries_until_refused(limits, "reset", EMAIL)[1].retry_after_seconds < first


def test_each_who_and_each_kind_counts_by_itself(limits: RateLimits) -> None:
    # contract: G10
    tries_until_refused(limits, "reset", ADDRESS, EMAIL)
    others = [(ADDRESS, "other@nuwe.com"), ("203.0.113.8", EMAIL), (ADDRESS + EMAIL,), (EMAIL, ADDRESS)]
    others += [(ADDRESS, EMAIL, ""), (ADDRESS + "/" + EMAIL,), (ADDRESS,), ()]
    for who in others:
        assert not refused(limits, "reset", *who), who
    assert not refused(limits, "otp", ADDRESS, EMAIL)
    assert refused(limits, "reset", ADDRESS, EMAIL)


def test_any_text_can_be_counted(limits: RateLimits) -> None:
    for odd in ("", "\0", "\ud800", "ñ\u202e", "{}/%s*", "x" * 1_000_000):
        assert tries_until_refused(limits, "reset", odd)[0] == 3


def test_no_more_pass_than_may_however_many_try_at_once(limits: RateLimits) -> None:
    # contract: G10
    together = threading.Barrier(16)

    def try_five_times(_: int) -> int:
        together.wait()
        return sum(not refused(limits, "login", EMAIL) for _ in range(5))

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(try_five_times, range(16))) == 10


def test_two_nodes_share_their_counts(redis: RedisServer) -> None:
    # contract: G10, R3
    one, other = LimitsRateLimits(RATES, redis.url), LimitsRateLimits(RATES, redis.url)
    assert tries_until_refused(one, "reset", EMAIL)[0] == 3
    assert refused(other, "reset", EMAIL)


def test_redis_learns_no_address_and_forgets_after_a_minute(redis: RedisServer) -> None:
    # contract: D12
    LimitsRateLimits(RATES, redis.url).hit("login", ADDRESS, EMAIL)
    with redis.client() as client:
        (key,) = client.keys()
        assert 0 < client.ttl(key) <= 60
        everything = key + b"".join(client.lrange(key, 0, -1))
    assert EMAIL.encode() not in everything and ADDRESS.encode() not in everything
    assert key.startswith(b"hucha:") and len(key) < 150


class TestRedisThatFails:
    # contract: G10

    @pytest.fixture(autouse=True)
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> SetSeconds:
        """What tells how long Redis has been left alone."""
        clock = SetSeconds()
        monkeypatch.setattr(rate_limits, "time", SimpleNamespace(monotonic=clock, time=time.time))
        return clock

    def test_is_warned_of_once_and_counted_without(
        self,
        redis: RedisServer,
        clock: SetSeconds,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
        outage: Callable[[RedisServer], None],
    ) -> None:
        caplog.set_level(logging.INFO, "hucha.rate_limits")
        limits = LimitsRateLimits(RATES, redis.url)
        limits.hit("login", EMAIL)
        outage(redis)
        asked: list[object] = []
        hit = MovingWindowRateLimiter.hit

        def counted(*what: Any) -> bool:
            asked.append(what)
            return hit(*what)

        monkeypatch.setattr(MovingWindowRateLimiter, "hit", counted)
        assert tries_until_refused(limits, "login", EMAIL)[0] == 10
        clock.seconds += rate_limits.PAUSE_SECONDS - 0.01
        assert refused(limits, "login", EMAIL)
        assert len(asked) == 1, "only the first try waits for it"
        clock.seconds += 0.01
        assert refused(limits, "login", EMAIL)
        assert len(asked) == 2
        warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert [record.name for record in warnings] == ["hucha.rate_limits"]
        assert EMAIL not in caplog.text

    @pytest.fixture(params=["stopped", "frozen"])
    def outage(self, request: pytest.FixtureRequest) -> Callable[[RedisServer], None]:
        return RedisServer.stop if request.param == "stopped" else RedisServer.freeze

    def test_is_used_again_when_it_is_back(
        self, redis: RedisServer, clock: SetSeconds, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "hucha.rate_limits")
        limits = LimitsRateLimits(RATES, redis.url)
        limits.hit("reset", EMAIL)
        redis.stop()
        tries_until_refused(limits, "reset", EMAIL)
        redis.start()
        clock.seconds += rate_limits.PAUSE_SECONDS
        assert tries_until_refused(limits, "reset", EMAIL)[0] == 3, "it is counted in Redis, which came back empty"
        assert refused(LimitsRateLimits(RATES, redis.url), "reset", EMAIL)
        assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]

    def test_may_close_idle_connections(self, redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
        limits = LimitsRateLimits(RATES, redis.url)
        limits.hit("login", EMAIL)
        with redis.client() as client:
            client.client_kill_filter(_type="normal", skipme=True)
        limits.hit("login", EMAIL)
        assert not caplog.records

    def test_gives_away_no_password(self, redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
        # contract: D12
        limits = LimitsRateLimits(RATES, redis.url.replace("//", "//hucha:s3cret@"))
        assert tries_until_refused(limits, "reset", EMAIL)[0] == 3
        (record,) = caplog.records
        shown = f"{caplog.text} {vars(record)} {limits!r}"
        assert "s3cret" not in shown and "AuthenticationError" in shown

    def test_may_be_away_from_the_beginning(self) -> None:
        limits = LimitsRateLimits(RATES, "redis://127.0.0.1:1/0")
        assert tries_until_refused(limits, "reset", EMAIL)[0] == 3


class TestMemory:
    def test_the_window_moves(self) -> None:
        now = [0.0]
        limits = MemoryRateLimits({"otp": 3}, lambda: now[0])
        for instant in (0, 20, 40):
            now[0] = instant
            limits.hit("otp", EMAIL)
        for instant, wait in ((40, 20), (59.5, 1), (59.999, 1)):
            now[0] = instant
            assert tries_until_refused(limits, "otp", EMAIL)[1].retry_after_seconds == wait
        now[0] = 60
        limits.hit("otp", EMAIL)
        assert tries_until_refused(limits, "otp", EMAIL)[1].retry_after_seconds == 20

    def test_what_is_older_than_a_minute_is_forgotten(self) -> None:
        now = [0.0]
        limits = MemoryRateLimits({"otp": 3}, lambda: now[0])
        for number in range(10_000):
            now[0] += 1
            limits.hit("otp", f"{number}")
        assert len(limits._tries) == 60


def test_rate_limits_can_be_off() -> None:
    # contract: G10
    limits = NoRateLimits()
    for _ in range(1000):
        limits.hit("login", ADDRESS, EMAIL)
