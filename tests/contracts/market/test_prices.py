"""One suite for every market: what `ports.prices` promises, and what each adds of its own."""

from __future__ import annotations

import gzip
import json
import logging
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from hashlib import blake2b
from itertools import pairwise
from math import floor
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.market.http_feed import FIRST_PAUSE_SECONDS, LARGEST_BODY_BYTES, MOST_TRIES, TOO_LATE
from adapters.market.http_prices import HttpPrices, parse_prices
from adapters.market.simulated_prices import BASE_CENTS, WAVES, SimulatedPrices
from adapters.memory.clock import SetClock
from adapters.memory.prices import FixedPrices
from adapters.system_clock import SystemClock
from domain.model.assets import PRICE_LIMIT, is_symbol, sound_price
from domain.model.errors import PricesUnavailable
from ports.prices import FeedState, Prices
from tests.clocks import SetSeconds
from tests.e2e.processes import until
from tests.patience import PATIENCE_SECONDS, in_time
from tests.price_feed import (
    PRICES,
    Manner,
    PriceFeed,
    bomb,
    drips,
    hangs,
    repeats,
    resets,
    says,
    tells,
    tells_prices,
    waits_for,
)
from tests.smtp_server import certificate

SHORT_SECONDS = 0.2
"""A deadline that a test can wait for."""

LONG_SECONDS = 10 * PATIENCE_SECONDS
"""A deadline that no test waits for."""

AGAIN_SECONDS = 5
"""How long something may take that happens on its own."""

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

OK = b"HTTP/1.1 200 OK\r\n"
FOUND = b"HTTP/1.1 302 Found\r\nLocation: "


def simulated(seed: int = 1, instant: datetime = NOON) -> SimulatedPrices:
    return SimulatedPrices(seed, SetClock(instant))


def reason_of(prices: Prices) -> str:
    with pytest.raises(PricesUnavailable) as refused:
        prices.current()
    reason = refused.value.reason
    assert "s3cret" not in reason and "b0dy" not in reason and "?" not in reason
    assert refused.value.__cause__ is None
    return reason


def reason_in_time(prices: Prices) -> str:
    """Why it is refused, which mustn't hang."""
    return in_time(lambda: reason_of(prices))


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "hucha-prices"]


def comes_true(condition: Callable[[], bool]) -> bool:
    """Whether it does, in a while."""
    until = time.monotonic() + AGAIN_SECONDS
    while not condition() and time.monotonic() < until:
        time.sleep(0.005)
    return condition()


def leaves_nothing(feed: PriceFeed) -> bool:
    """Whether every read ended in a while, and closed its line itself: nothing is left to the garbage collector."""
    return comes_true(lambda: not readers()) and feed.lines() == 0


def asked_by_many(prices: Prices, threads: int = 16) -> list[object]:
    """What each of so many threads gets that ask at the same time: prices, or the reason why there are none."""
    start = threading.Barrier(threads)

    def ask() -> object:
        start.wait()
        try:
            return prices.current()
        except PricesUnavailable as refused:
            return refused.reason

    with ThreadPoolExecutor(threads) as pool:
        return [asked.result() for asked in [pool.submit(ask) for _ in range(threads)]]


@pytest.fixture
def feed() -> Iterator[PriceFeed]:
    with PriceFeed() as feed:
        yield feed
        assert leaves_nothing(feed)


@pytest.fixture(params=["simulated", "fixed", "http"])
def market(request: pytest.FixtureRequest, feed: PriceFeed) -> Prices:
    if request.param == "simulated":
        return SimulatedPrices(1, SystemClock())
    if request.param == "fixed":
        return FixedPrices({"GOLD": "1162.48", "BTC": Decimal("8304.25"), "BRK.B": 410, "XRP": "0.000000000001"})
    return feed.prices()


# --- what the port promises ---


def test_prices_are_exact_and_sound(market: Prices) -> None:
    # contract: B11
    prices = market.current()
    assert prices
    for symbol, price in prices.items():
        assert is_symbol(symbol)
        assert type(price) is Decimal
        assert 0 < price < PRICE_LIMIT
        assert sound_price(price) == price, "at most 12 decimals"


def test_many_threads_ask_at_once(market: Prices) -> None:
    answers = asked_by_many(market)
    symbols = set(market.current())
    assert all(isinstance(answer, dict) or set(answer) == symbols for answer in answers)  # type: ignore[call-overload]


def test_nobody_changes_the_prices_of_others(market: Prices) -> None:
    with pytest.raises(TypeError):
        market.current()["GOLD"] = Decimal(1)  # type: ignore[index]


def test_a_market_that_works_is_not_given_up(market: Prices) -> None:
    market.current()
    assert not market.state().given_up


def test_prices_dont_depend_on_the_callers_decimal_context(market: Prices) -> None:
    with localcontext(prec=2):
        narrow = market.current()
    assert narrow["GOLD"] > 100 and len(narrow["GOLD"].as_tuple().digits) > 2


# --- prices that are set ---


def test_fixed_prices_are_as_they_were_set() -> None:
    prices = FixedPrices({"GOLD": "1162.48"})
    before = prices.current()
    prices.set("GOLD", 1200)
    prices.set("BTC", Decimal("8304.25"))
    assert prices.current() == {"GOLD": 1200, "BTC": Decimal("8304.25")}
    prices.forget("GOLD")
    assert prices.current() == {"BTC": Decimal("8304.25")}
    assert before == {"GOLD": Decimal("1162.48")}, "what was handed out stays"


def test_fixed_prices_fail_until_they_recover() -> None:
    prices = FixedPrices({"GOLD": 1})
    prices.fail("the feed is out")
    assert reason_of(prices) == "the feed is out"
    assert prices.state() == FeedState("fixed", given_up=True)
    prices.recover()
    assert prices.current() == {"GOLD": 1}
    assert prices.state() == FeedState("fixed")


@pytest.mark.parametrize(
    ("symbol", "price"),
    [
        ("GOLD ", 1),
        ("", 1),
        ("A" * 33, 1),
        ("GOLD", 0),
        ("GOLD", "-1"),
        ("GOLD", 10**13),
        ("GOLD", "NaN"),
        ("GOLD", 1.5),
    ],
)
def test_what_is_no_price_cant_be_set(symbol: str, price: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        FixedPrices({symbol: price})
    with pytest.raises(ValueError, match="must be"):
        FixedPrices({}).set(symbol, price)


# --- the simulated market ---

GOLDEN = {
    (1, NOON): "66.10 1183.20 76.13 132.68 160.61 344.52 10.81 8319.34 113.72 4.11 1240.33 3.98",
    (1, NOON + timedelta(seconds=30)): (
        "65.78 1187.30 77.07 133.43 161.73 348.11 10.71 8294.77 114.79 4.16 1254.94 3.98"
    ),
    (1, datetime(1900, 1, 1, tzinfo=UTC)): (
        "61.23 1000.84 56.77 135.01 139.74 521.62 10.52 9678.26 71.09 3.61 1188.63 3.72"
    ),
    (2**53 - 1, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)): (
        "98.23 935.02 78.81 119.23 154.87 351.92 11.02 11182.21 93.06 4.03 1255.00 4.23"
    ),
}

second_of_any_year = st.integers(-2_208_988_800, 253_402_300_799)
"""From 1900 to 9999."""

any_seed = st.integers(0, 2**53 - 1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def at(second: int) -> datetime:
    return EPOCH + timedelta(seconds=second)


@pytest.mark.parametrize(("seed", "instant"), GOLDEN)
def test_the_market_of_a_seed_is_the_same_for_ever(seed: int, instant: datetime) -> None:
    # contract: B11
    prices = simulated(seed, instant).current()
    assert list(prices) == list(BASE_CENTS)
    assert " ".join(map(str, prices.values())) == GOLDEN[seed, instant]


def oracle(seed: int, second: int, symbol: str) -> Fraction:
    """The price as its description has it, in fractions of a cent."""
    price = Fraction(BASE_CENTS[symbol])
    for seconds, thousandths in WAVES:
        knot = second // seconds
        left, right = (
            Fraction(int(blake2b(f"{seed} {symbol} {seconds} {k}".encode(), digest_size=4).hexdigest(), 16), 2**31) - 1
            for k in (knot, knot + 1)
        )
        x = Fraction(second, seconds) - knot
        price *= 1 + Fraction(thousandths, 1000) * (left + (right - left) * (3 * x**2 - 2 * x**3))
    return price


@given(seed=any_seed, second=second_of_any_year, symbol=st.sampled_from(list(BASE_CENTS)))
def test_a_price_is_the_base_raised_or_lowered_by_each_wave(seed: int, second: int, symbol: str) -> None:
    cents = simulated(seed, at(second)).current()[symbol] * 100
    assert -Fraction(1, 2) <= oracle(seed, second, symbol) - Fraction(cents) < Fraction(1, 2)


def test_every_process_sees_the_same_market() -> None:
    program = (
        (
            "from datetime import UTC, datetime\n"
            "from adapters.memory.clock import SetClock\n"
            "from adapters.market.simulated_prices import SimulatedPrices\n"
            f"print(dict(SimulatedPrices(7, SetClock({NOON!r}.replace(tzinfo=UTC))).current()))"
        )
        .replace("datetime.datetime", "datetime")
        .replace("datetime.timezone.utc", "UTC")
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in [("0", "UTC"), ("4711", "Asia/Tokyo")]
    }
    assert seen == {f"{dict(simulated(7).current())}\n"}


def test_a_price_holds_for_its_second() -> None:
    clock = SetClock(NOON)
    prices = SimulatedPrices(1, clock)
    first = prices.current()
    clock.advance(timedelta(microseconds=999_999))
    assert prices.current() is first
    clock.advance(timedelta(microseconds=1))
    assert prices.current() != first
    clock.set(NOON)
    assert prices.current() == first


def test_the_simulation_says_that_it_is_one() -> None:
    assert simulated(4711).state() == FeedState("simulated", detail="seed 4711")


@given(seed=any_seed, other=any_seed, second=second_of_any_year)
def test_another_seed_is_another_market(seed: int, other: int, second: int) -> None:
    same = simulated(seed, at(second)).current() == simulated(other, at(second)).current()
    assert same is (seed == other)


@given(seed=any_seed, second=second_of_any_year)
@example(seed=1, second=-2_208_988_800)
@example(seed=2**53 - 1, second=253_402_300_799)
def test_prices_stay_between_half_of_their_base_and_its_double(seed: int, second: int) -> None:
    for symbol, price in simulated(seed, at(second)).current().items():
        assert price.as_tuple().exponent == -2
        assert BASE_CENTS[symbol] / 2 < price * 100 < BASE_CENTS[symbol] * 2


@given(seed=any_seed, second=second_of_any_year.filter(lambda second: second < 253_402_300_799))
def test_prices_go_from_second_to_second_without_a_jump(seed: int, second: int) -> None:
    market = simulated(seed)
    before, after = market.at(at(second)), market.at(at(second + 1))
    for symbol, price in before.items():
        assert abs(after[symbol] - price) <= max(price / 200, Decimal("0.02")), "half a percent, or two cents"


@cache
def history(step: timedelta, steps: int) -> list[Mapping[str, Decimal]]:
    market = simulated()
    return [market.at(NOON + number * step) for number in range(steps + 1)]


def moves(symbol: str, step: timedelta, steps: int) -> list[float]:
    """How far the price moved within each of so many steps, in percent, ascending."""
    prices = [prices[symbol] for prices in history(step, steps)]
    return sorted(float(abs(after / before - 1) * 100) for before, after in pairwise(prices))


@pytest.mark.parametrize("symbol", BASE_CENTS)
def test_the_market_is_lively(symbol: str) -> None:
    """What the bot needs: moves of a percent within its 30 seconds now and then, and larger ones in the long run."""
    # contract: B13
    bot = moves(symbol, timedelta(seconds=30), 500)
    assert 0.2 < bot[250] < 0.6, "half of the time, a fraction of a percent"
    assert 10 < sum(move > 1 for move in bot) < 150, "sometimes past one"
    assert moves(symbol, timedelta(hours=4), 100)[50] > 1
    assert moves(symbol, timedelta(weeks=3), 100)[80] > 10


# --- the feed: good answers ---


def test_the_feeds_numbers_are_kept_exactly(feed: PriceFeed) -> None:
    # contract: B11
    feed.behaves(
        tells('{"A": 0.1, "B": 123456789012.123456789012, "C": 1e3, "D": 7, "E": 0.12345678901250, "EURUSD=X": 2E-2}')
    )
    prices = feed.prices().current()
    assert prices == {
        "A": Decimal("0.1"),
        "B": Decimal("123456789012.123456789012"),
        "C": 1000,
        "D": 7,
        "E": Decimal("0.123456789013"),
        "EURUSD=X": Decimal("0.02"),
    }


def test_the_feed_is_asked_at_its_whole_url(feed: PriceFeed) -> None:
    feed.prices().current()
    (request,) = feed.requests
    assert request.startswith("GET /feed/prices?key=s3cret HTTP/1.1\r\n")


def test_the_urls_user_and_odd_letters_are_sent_as_the_web_has_them(feed: PriceFeed) -> None:
    url = feed.url.replace("//", "//an%61:s%C3%A9cret@").replace("/feed/prices?", "/größe/%2F?")
    HttpPrices(url).current()
    head = feed.requests[0].splitlines()
    assert head[0] == "GET /gr%C3%B6%C3%9Fe/%2F?key=s3cret HTTP/1.1"
    assert "Authorization: Basic " + b64encode("ana:sécret".encode()).decode() in head
    assert f"Host: 127.0.0.1:{feed.port}" in head


@pytest.mark.parametrize(
    "manner",
    [
        tells(gzip.compress(PRICES.encode()), Content_Encoding="gzip"),
        says(OK + b"\r\n" + PRICES.encode()),
        says(b"%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (OK, len(PRICES), PRICES.encode())),
        says(b"HTTP/1.0 200 OK\r\n\r\n" + PRICES.encode()),
        tells(PRICES, Content_Type="text/html; charset=latin-1"),
        tells(PRICES, Set_Cookie="a=b; Path=/"),
        tells(PRICES.encode("utf-8-sig")),
        tells(PRICES + " " * (LARGEST_BODY_BYTES - len(PRICES))),
    ],
    ids=["gzip", "without length", "chunked", "HTTP 1.0", "odd type", "cookie", "byte order mark", "exactly 1 MiB"],
)
def test_a_good_answer_may_come_in_any_form(feed: PriceFeed, manner: Manner) -> None:
    feed.behaves(manner)
    prices = feed.prices(cache_seconds=0)
    assert prices.current() == prices.current() == json.loads(PRICES, parse_float=Decimal)
    assert "Cookie" not in feed.requests[1]


def test_answers_are_kept_for_a_second(feed: PriceFeed) -> None:
    # contract: B11
    clock = SetSeconds()
    prices = feed.prices(monotonic=clock)
    feed.behaves(tells_prices({"GOLD": 1}), tells_prices({"GOLD": 2}))
    assert prices.current()["GOLD"] == 1
    clock.seconds += 0.999
    assert prices.current()["GOLD"] == 1
    assert feed.hits == 1
    clock.seconds += 0.001
    assert prices.current()["GOLD"] == 2


def test_the_second_counts_from_when_the_answer_came(feed: PriceFeed) -> None:
    clock, answered = SetSeconds(), threading.Event()
    feed.behaves(waits_for(answered, tells_prices({"GOLD": 1})), tells_prices({"GOLD": 2}))
    prices = feed.prices(monotonic=clock)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(prices.current)
        assert comes_true(lambda: feed.hits == 1)
        clock.seconds += 4
        answered.set()
        assert first.result()["GOLD"] == 1
    clock.seconds += 0.9
    assert prices.current()["GOLD"] == 1


def test_an_old_answer_is_no_answer_when_the_feed_fails(feed: PriceFeed) -> None:
    # contract: B11
    clock = SetSeconds()
    prices = feed.prices(monotonic=clock)
    prices.current()
    feed.behaves(tells("b0dy", "404 Not Found"))
    clock.seconds += 1
    assert reason_of(prices) == "the feed answered 404"


def test_many_who_ask_at_once_share_one_read(feed: PriceFeed) -> None:
    everybody_asked = threading.Event()
    feed.behaves(waits_for(everybody_asked, tells(PRICES)))
    prices = feed.prices()
    with ThreadPoolExecutor(16) as pool:
        asked = [pool.submit(prices.current) for _ in range(16)]
        assert comes_true(lambda: feed.hits == 1)
        time.sleep(0.05)
        assert len(readers()) == 1
        everybody_asked.set()
        answers = [one.result() for one in asked]
    assert feed.hits == 1
    assert all(answer is answers[0] for answer in answers)


def test_many_who_ask_at_once_share_one_failure(feed: PriceFeed) -> None:
    feed.behaves(hangs())
    prices = feed.prices(SHORT_SECONDS)
    assert set(in_time(lambda: asked_by_many(prices))) == {TOO_LATE}
    assert feed.hits == 1


# --- the feed: bad answers ---

NO_OBJECT = {
    "HTML": "<html>b0dy</html>",
    "empty": "",
    "blank": " ",
    "null": "null",
    "a number": "7",
    "a string": '"b0dy"',
    "a list": "[1162.48]",
    "a list of pairs": '[["GOLD", 1162.48]]',
    "half an object": '{"GOLD": 1162.48, "b0dy',
    "more than an object": '{"GOLD": 1162.48} {"GOLD": 1162.48}',
    "a line within a name": '{"GOLD": 1162.48, "GO\nLD": 1162.48}',
    "a mark within": '{"GOLD": 1162.48, \ufeff"BTC": 8304.25}',
    "deep": "[" * 100_000,
    "deep objects": '{"A":' * 100_000,
}

UNSOUND = {
    "a string as a price": '"GOLD": "1162.48"',
    "null as a price": '"GOLD": null',
    "true as a price": '"GOLD": true',
    "a list as a price": '"GOLD": [1162.48]',
    "an object as a price": '"GOLD": {"USD": 1162.48}',
    "an empty object as a price": '"GOLD": {}',
    "NaN": '"GOLD": NaN',
    "infinite": '"GOLD": Infinity',
    "minus infinite": '"GOLD": -Infinity',
    "zero": '"GOLD": 0',
    "minus zero": '"GOLD": -0.0',
    "negative": '"GOLD": -1162.48',
    "huge": '"GOLD": 10000000000000',
    "huge when it is rounded": '"GOLD": 9999999999999.9999999999995',
    "out of every range": '"GOLD": 1e400',
    "out of every exponent": '"GOLD": 1e99999999999999999999',
    "below every exponent": '"GOLD": 1e-99999999999999999999',
    "of many digits": '"GOLD": ' + "9" * 5000,
    "too small": '"GOLD": 4.9e-13',
    "a symbol twice": '"GOLD": 1162.48, "GOLD": 1162.49',
    "a symbol twice, the same": '"GOLD": 1162.48, "G\\u004fLD": 1162.48',
    "a symbol twice, unsound once": '"GOLD": 1162.48, "GOLD": null',
    "an empty symbol": '"": 1162.48',
    "a blank": '" ": 1162.48',
    "a blank behind": '"GOLD ": 1162.48',
    "33 characters": f'"{"A" * 33}": 1162.48',
    "a symbol with a line": '"GOLD\\n": 1162.48',
    "a surrogate": '"\\ud800": 1162.48',
}


@pytest.mark.parametrize("body", NO_OBJECT.values(), ids=NO_OBJECT)
def test_what_is_no_object_is_refused_at_once(feed: PriceFeed, body: str) -> None:
    # contract: B11
    feed.behaves(tells(body))
    assert reason_of(feed.prices()) == "the feed's answer is no JSON object"
    assert feed.hits == 1, "what was answered is not asked for again"


@pytest.mark.parametrize("entry", UNSOUND.values(), ids=UNSOUND)
def test_an_unsound_entry_is_left_out_alone(feed: PriceFeed, entry: str) -> None:
    # contract: B11
    feed.behaves(tells(f'{{"BTC": 8304.25, {entry}, "XRP": 4.26}}'))
    prices = feed.prices()
    assert prices.current() == {"BTC": Decimal("8304.25"), "XRP": Decimal("4.26")}
    assert prices.state().unsound_entries == 1


@pytest.mark.parametrize("entry", ["", *UNSOUND.values()], ids=["none", *UNSOUND])
def test_a_feed_without_a_sound_price_has_failed(feed: PriceFeed, entry: str) -> None:
    # contract: B11
    feed.behaves(tells(f"{{{entry}}}"))
    prices = feed.prices(failures_in_a_row=1)
    assert reason_of(prices) == "the feed's answer holds no sound price"
    assert prices.state() == FeedState("feed", True, "http://127.0.0.1", unsound_entries=1 if entry else 0)
    assert feed.hits == 1


def test_a_symbol_may_have_any_printable_name(feed: PriceFeed) -> None:
    # contract: B11
    told = {"BTC/USD": 1, "gold": 2, "GÖLD": 3, "金": 4, "S&P 500": 5, "timestamp": 1732147200, "A" * 32: 6, ".": 7}
    feed.behaves(tells_prices(told))
    assert feed.prices().current() == told


number = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "-"]),
    st.integers(0, 10**14),
    st.sampled_from(["", ".0", ".5", ".0000000000005", ".00000000000049", ".9999999999995", ".123456789012345"]),
    st.sampled_from(["", "e0", "E-13", "e-20", "e+3", "e13", "e400"]),
)
entries = st.lists(
    st.tuples(
        st.text(max_size=2) | st.sampled_from(["GOLD", "BTC/USD", "A" * 32, "A" * 33]),
        number
        | st.sampled_from(["null", "true", '"1"', "[1]", "[]", '{"A": 1}', "{}", "NaN", "Infinity", "1e" + "9" * 30]),
    )
)


def sound_entries(told: list[tuple[str, str]]) -> dict[str, Fraction]:
    """The naive way: every name alone, every number as a fraction, half-up to 12 decimals."""
    sound = {}
    for name, value in told:
        if [other for other, _ in told].count(name) == 1 and value[0] in "-0123456789" and len(value) < 30:
            rounded = Fraction(floor(Fraction(value) * 10**12 + Fraction(1, 2)), 10**12)
            if 1 <= len(name) <= 32 and name.isprintable() and name[-1] != " " and 0 < rounded < 10**13:
                sound[name] = rounded
    return sound


@given(told=entries)
def test_exactly_the_sound_entries_are_taken(told: list[tuple[str, str]]) -> None:
    # contract: B11
    body = ",".join(f"{json.dumps(name)}: {value}" for name, value in told)
    prices, left_out = parse_prices(f"{{{body}}}".encode())
    assert {name: Fraction(price) for name, price in prices.items()} == sound_entries(told)
    assert all(sound_price(price) == price for price in prices.values())
    assert left_out == sorted({name for name, _ in told} - prices.keys())


def test_the_log_names_what_is_left_out_when_that_changes(feed: PriceFeed, caplog: pytest.LogCaptureFixture) -> None:
    # contract: B11
    bodies = ['{"A": 1, "B": 0}', '{"A": 2, "B": null}', '{"A": 1, "C": 0}', '{"A": 1}', "b0dy", '{"A": 1, "C": 0}']
    feed.behaves(*map(tells, bodies))
    prices = feed.prices(cache_seconds=0)
    for body in bodies:
        reason_of(prices) if body == "b0dy" else prices.current()
    lines = [(one.levelname, one.getMessage(), vars(one)["names"]) for one in caplog.records]
    message = "the feed's unsound prices are left out"
    assert lines == [("WARNING", message, ["B"]), ("WARNING", message, ["C"]), ("WARNING", message, ["C"])]
    assert prices.state().unsound_entries == 4


def test_the_log_names_a_few_and_nothing_that_would_break_it(feed: PriceFeed, caplog: pytest.LogCaptureFixture) -> None:
    names = ["\x1b[31m\r\n", "B" * 5000, *(f"C{number:03}" for number in range(500))]
    feed.behaves(tells_prices({"A": 1, **dict.fromkeys(names, 0)}))
    feed.prices().current()
    (line,) = caplog.records
    assert vars(line)["names"] == ["[31m", "B" * 32, "C000", "C001", "C002"]
    assert vars(line)["entries"] == 502


@pytest.mark.parametrize("body", [PRICES.encode("utf-16"), b'{"GOLD\xff": 1}', b"\x80b0dy"])
def test_an_answer_that_isnt_utf_8_is_refused(feed: PriceFeed, body: bytes) -> None:
    feed.behaves(tells(body))
    assert "no JSON object" in reason_of(feed.prices())


@pytest.mark.parametrize(
    ("manner", "reason"),
    [
        (tells(" " * (2 * LARGEST_BODY_BYTES)), "the feed's answer is larger than 1 MiB"),
        (tells(PRICES + " " * (LARGEST_BODY_BYTES - len(PRICES) + 1)), "the feed's answer is larger than 1 MiB"),
        (repeats(OK + b"\r\n", b" " * 65536), "the feed's answer is larger than 1 MiB"),
        (
            repeats(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"400\r\n%s\r\n" % (b" " * 1024)),
            "the feed's answer is larger than 1 MiB",
        ),
        (tells(bomb(), Content_Encoding="gzip"), "the feed's answer is larger than 1 MiB"),
        (tells(gzip.compress(bomb()), Content_Encoding="gzip, gzip"), "the feed's answer can't be decoded"),
        (tells("no gzip, b0dy", Content_Encoding="gzip"), "the feed's answer can't be decoded"),
        (tells("b0dy", "404 Not Found"), "the feed answered 404"),
        (tells("b0dy", "401 Unauthorized", WWW_Authenticate="Basic"), "the feed answered 401"),
        (tells("", "204 No Content"), "the feed answered 204"),
        (tells("", "304 Not Modified"), "the feed answered 304"),
        (tells(PRICES, "203 Non-Authoritative Information"), "the feed answered 203"),
    ],
)
def test_an_answer_that_isnt_to_be_read_is_left_at_once(feed: PriceFeed, manner: Manner, reason: str) -> None:
    # contract: B11
    feed.behaves(manner)
    assert reason_of(feed.prices()) == reason
    assert feed.hits == 1


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_nothing_is_followed(feed: PriceFeed, status: str) -> None:
    # contract: B11
    with PriceFeed() as target:
        feed.behaves(tells(PRICES, status, Location=target.url))
        assert reason_of(feed.prices()) == f"the feed answered {status[:3]}"
        assert target.hits == 0
    assert feed.hits == 1


@pytest.mark.parametrize(
    "manner",
    [
        repeats(FOUND + b"/elsewhere\r\n\r\n", b"b0dy" * 9999),
        hangs(FOUND + b"/elsewhere\r\nContent-Length: 9\r\n\r\n"),
        tells(bomb(), "302 Found", Location="/elsewhere", Content_Encoding="gzip"),
        says(FOUND + b"http://[\r\n\r\n"),
    ],
    ids=["endless", "hanging", "bomb", "to nowhere"],
)
def test_what_comes_with_a_redirect_isnt_even_read(feed: PriceFeed, manner: Manner) -> None:
    feed.behaves(manner)
    assert reason_of(feed.prices()) == "the feed answered 302"


# --- the feed: failures that may pass ---


@pytest.mark.parametrize(
    "failure",
    [
        tells("b0dy", "500 Internal Server Error"),
        tells("b0dy", "503 Service Unavailable", Retry_After="0"),
        tells("b0dy", "429 Too Many Requests"),
        says(b""),
        says(b"SSH-2.0-b0dy\r\n"),
        says(OK + b"Content-Length: 10\r\n\r\n{"),
        says(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"),
        resets(),
        resets(OK + b"Content-Length: 10\r\n\r\n{"),
    ],
    ids=["500", "503", "429", "hangs up", "no HTTP", "ends early", "ends early, chunked", "resets", "resets within"],
)
def test_what_may_pass_is_tried_again(feed: PriceFeed, failure: Manner) -> None:
    # contract: B11
    feed.behaves(failure, tells(PRICES))
    assert feed.prices().current()["GOLD"] == Decimal("1162.48")
    assert feed.hits == 2


def test_a_feed_that_keeps_failing_is_tried_a_few_times_with_growing_pauses(
    feed: PriceFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    # contract: B11
    pauses: list[float] = []
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=pauses.append))
    feed.behaves(tells("b0dy", "503 Service Unavailable"))
    assert reason_in_time(feed.prices(LONG_SECONDS)) == "the feed answered 503"
    assert feed.hits == MOST_TRIES == len(pauses) + 1
    for seconds, least in zip(pauses, (0.1, 0.2, 0.4), strict=True):
        assert least <= seconds <= least + FIRST_PAUSE_SECONDS


def test_no_try_begins_that_couldnt_end_in_time(feed: PriceFeed) -> None:
    feed.behaves(tells("b0dy", "503 Service Unavailable"))
    assert reason_in_time(feed.prices(SHORT_SECONDS)) in ("the feed answered 503", TOO_LATE)
    assert feed.hits < MOST_TRIES


MISBEHAVIOUR = {
    "hangs before the headers": hangs(),
    "hangs within the status": hangs(b"HTTP/1.1 2"),
    "hangs within the headers": hangs(OK + b"Content-Le"),
    "hangs before the body": hangs(OK + b"Content-Length: 10\r\n\r\n"),
    "hangs within the body": hangs(OK + b'Content-Length: 99\r\n\r\n{"GOLD"'),
    "hangs behind the body": hangs(OK + b"\r\n" + PRICES.encode()),
    "drips the status": drips(b"HTTP/1.1 200 ", b"O"),
    "drips a header": drips(OK + b"X-Long: ", b"x"),
    "drips headers": drips(OK, b"X: y\r\n"),
    "drips the body": drips(OK + b"\r\n", b" "),
    "drips chunks": drips(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "drips the length of a chunk": drips(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "drips trailers": drips(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
    "drips a gzip file": drips(OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"")),
    "a gzip file without end and content": repeats(OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"") * 1000),
    "always bids to go on": repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("manner", MISBEHAVIOUR.values(), ids=MISBEHAVIOUR)
def test_nobody_waits_longer_than_the_deadline_whatever_the_server_does(feed: PriceFeed, manner: Manner) -> None:
    # contract: B11
    feed.behaves(manner)
    assert reason_in_time(feed.prices(SHORT_SECONDS)) == TOO_LATE


@pytest.mark.parametrize(
    "flood",
    [
        repeats(b"", b"HTTP/1.1 200 OK" * 999),
        repeats(OK, b"X: y\r\n" * 999),
        repeats(OK + b"X: ", b"y" * 9999),
        repeats(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1" * 9999),
    ],
    ids=["status", "headers", "header", "length of a chunk"],
)
def test_a_line_without_end_is_not_collected_until_the_deadline(feed: PriceFeed, flood: Manner) -> None:
    feed.behaves(flood, tells("b0dy", "404 Not Found"))
    assert reason_of(feed.prices()) == "the feed answered 404"


def test_a_feed_that_isnt_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    prices = HttpPrices(f"http://127.0.0.1:{port}/?key=s3cret")
    assert reason_in_time(prices) == "the feed can't be reached: Connection refused"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_takes_the_connection_and_says_nothing_is_left_in_time(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        prices = HttpPrices(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/", deadline_seconds=SHORT_SECONDS)
        assert reason_in_time(prices) == TOO_LATE


@pytest.fixture
def full_port() -> Iterator[int]:
    """A port of every address of this machine's own that takes no connection, and refuses none."""
    with socket.create_server(("0.0.0.0", 0), backlog=0) as full:
        port: int = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        yield port
        for one in waiting:
            one.close()


def test_a_server_that_takes_no_connection_is_left_in_time(full_port: int) -> None:
    assert reason_in_time(HttpPrices(f"http://127.0.0.1:{full_port}/", deadline_seconds=SHORT_SECONDS)) == TOO_LATE


def test_a_name_of_many_addresses_has_no_more_time_than_one(monkeypatch: pytest.MonkeyPatch, full_port: int) -> None:
    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (f"127.0.0.{n}", full_port)) for n in range(1, 250)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
    assert reason_in_time(HttpPrices("http://feed.example/", deadline_seconds=SHORT_SECONDS)) == TOO_LATE
    assert comes_true(lambda: not readers())


def test_of_many_addresses_the_first_that_answers_is_asked(monkeypatch: pytest.MonkeyPatch, feed: PriceFeed) -> None:
    hosts = ("127.0.0.9", "127.0.0.1")
    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, feed.port)) for host in hosts]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
    assert HttpPrices(f"http://feed.example:{feed.port}/").current()


def test_a_name_server_that_hangs_holds_up_one_thread_and_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """It can't be cut; until it answers nobody waits for it again."""
    answered = threading.Event()

    def hang(*_: object, **__: object) -> None:
        answered.wait(2 * PATIENCE_SECONDS)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    prices = HttpPrices("http://feed.example/", deadline_seconds=SHORT_SECONDS)
    assert reason_of(prices) == TOO_LATE
    assert comes_true(lambda: prices.state().given_up)
    many = int(10 * PATIENCE_SECONDS / SHORT_SECONDS)  # if each waited, that would be far too long
    assert in_time(lambda: {reason_of(prices) for _ in range(many)}) == {TOO_LATE}
    assert len(readers()) == 1
    answered.set()
    assert comes_true(lambda: not readers())
    assert not prices.state().given_up


def test_a_connection_that_is_made_too_late_is_cut(feed: PriceFeed, monkeypatch: pytest.MonkeyPatch) -> None:
    find, answered = socket.getaddrinfo, threading.Event()

    def find_late(*asked: Any, **how: Any) -> object:
        answered.wait(30)
        return find(*asked, **how)

    monkeypatch.setattr(socket, "getaddrinfo", find_late)
    feed.behaves(drips(OK, b"X: y\r\n"))
    assert reason_of(feed.prices(SHORT_SECONDS)) == TOO_LATE
    answered.set()
    assert leaves_nothing(feed)


@pytest.mark.parametrize("host", ["a..b", ".b", "*.b", "no-such-host.invalid"])
def test_a_host_that_cant_be_found_is_told(host: str) -> None:
    reason = reason_in_time(HttpPrices(f"http://{host}/?key=s3cret", deadline_seconds=SHORT_SECONDS))
    assert reason.startswith(("the feed can't be reached: ", "the feed can't be read: ")) or reason == TOO_LATE


# --- the feed: TLS ---


def test_prices_come_over_tls_from_a_server_that_is_trusted() -> None:
    with PriceFeed(context=certificate().server) as feed:
        assert feed.prices(ssl_context=certificate().client).current()["GOLD"] == Decimal("1162.48")
        assert leaves_nothing(feed)
        assert feed.prices(ssl_context=certificate().client).state().detail == "https://127.0.0.1"


@pytest.mark.parametrize("what", ["hangs within the headers", "drips headers", "drips the body", "drips chunks"])
def test_nobody_waits_longer_over_tls(what: str) -> None:
    with PriceFeed(MISBEHAVIOUR[what], context=certificate().server) as feed:
        assert reason_in_time(feed.prices(SHORT_SECONDS, ssl_context=certificate().client)) == TOO_LATE
        assert leaves_nothing(feed)


def test_a_certificate_that_nobody_vouches_for_is_refused() -> None:
    with PriceFeed(context=certificate().server) as feed:
        assert "certificate isn't trusted" in reason_of(feed.prices())
        assert feed.hits == 0


def test_a_certificate_for_another_host_is_refused() -> None:
    other = certificate("127.0.0.2")
    with PriceFeed(context=other.server) as feed:
        assert "certificate isn't trusted" in reason_of(feed.prices(ssl_context=other.client))
        assert feed.hits == 0


def test_a_server_that_doesnt_speak_tls_is_refused(feed: PriceFeed) -> None:
    prices = HttpPrices(feed.url.replace("http", "https"), deadline_seconds=SHORT_SECONDS)
    assert "the feed" in reason_of(prices)
    assert feed.hits == 0


def test_the_default_context_verifies_certificates() -> None:
    context = HttpPrices("https://feed.example")._context
    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname


# --- the feed: giving up ---


def given_up(feed: PriceFeed, clock: SetSeconds, deadline_seconds: float = 5.0) -> HttpPrices:
    """Prices of a feed that just failed three times in a row."""
    feed.behaves(tells("b0dy", "404 Not Found"))
    prices = feed.prices(deadline_seconds, monotonic=clock, failures_in_a_row=3)
    for number in range(3):
        assert not prices.state().given_up, number
        assert reason_of(prices) == "the feed answered 404"
    return prices


def test_a_feed_that_fails_three_times_is_left_alone_and_whoever_asks_is_refused_at_once(feed: PriceFeed) -> None:
    # contract: B11
    clock = SetSeconds()
    prices = given_up(feed, clock, LONG_SECONDS)
    assert prices.state() == FeedState("feed", given_up=True, detail="http://127.0.0.1")
    feed.behaves(hangs())
    clock.seconds += 9.9
    for _ in range(5):
        assert reason_in_time(prices) == "the feed failed 3 times in a row, and is left alone for a while"
    assert feed.hits == 3 and not readers()


def test_after_a_pause_one_read_tries_whether_it_answers_again(feed: PriceFeed) -> None:
    clock = SetSeconds()
    prices = given_up(feed, clock)
    feed.behaves(tells(PRICES))
    clock.seconds += 10
    assert not prices.state().given_up, "the next one who asks isn't refused at once"
    assert prices.current()["GOLD"] == Decimal("1162.48")
    assert feed.hits == 4
    feed.behaves(tells("b0dy", "404 Not Found"))
    for _ in range(2):
        clock.seconds += 1
        reason_of(prices)
    assert not prices.state().given_up, "failures are counted anew"


def test_one_trial_that_fails_begins_another_pause(feed: PriceFeed) -> None:
    clock = SetSeconds()
    prices = given_up(feed, clock)
    for hits in (4, 5):
        clock.seconds += 10
        assert reason_of(prices) == "the feed answered 404"
        assert prices.state().given_up
        assert "left alone" in reason_of(prices)
        assert feed.hits == hits


def test_many_who_ask_after_the_pause_share_the_trial(feed: PriceFeed) -> None:
    clock = SetSeconds()
    prices = given_up(feed, clock)
    clock.seconds += 10
    reasons = asked_by_many(prices)
    assert feed.hits == 4
    assert set(reasons) <= {"the feed answered 404", "the feed failed 3 times in a row, and is left alone for a while"}


def test_nobody_else_waits_for_a_trial(feed: PriceFeed) -> None:
    clock = SetSeconds()
    prices = given_up(feed, clock, LONG_SECONDS)
    clock.seconds += 10
    answered = threading.Event()
    feed.behaves(waits_for(answered, tells("b0dy", "404 Not Found")))
    with ThreadPoolExecutor(1) as pool:
        trial = pool.submit(reason_of, prices)
        until(lambda: feed.hits == 4)
        assert "left alone" in reason_in_time(prices)
        assert not trial.done()
        answered.set()
        assert trial.result(PATIENCE_SECONDS) == "the feed answered 404"


def test_no_more_wait_for_a_slow_feed_than_may(feed: PriceFeed) -> None:
    """Else it would hold every thread of a server, and stop all that has nothing to do with it."""
    feed.behaves(hangs())
    prices = feed.prices(2.0, most_waiting=3)
    reasons = asked_by_many(prices)
    assert reasons.count(TOO_LATE) == 3
    assert reasons.count("too many wait for the feed") == len(reasons) - 3 > 0
    feed.behaves(tells(PRICES))
    assert prices.current()["GOLD"] > 0


def test_failures_between_successes_dont_add_up(feed: PriceFeed) -> None:
    prices = feed.prices(cache_seconds=0, failures_in_a_row=3)
    for _ in range(3):
        feed.behaves(tells("b0dy", "404 Not Found"), tells("b0dy", "404 Not Found"), tells(PRICES))
        reason_of(prices)
        reason_of(prices)
        prices.current()
    assert not prices.state().given_up


def test_reads_that_take_too_long_count_as_failures(feed: PriceFeed) -> None:
    feed.behaves(drips(OK, b"X: y\r\n"))
    prices = feed.prices(0.1, failures_in_a_row=2)
    for _ in range(2):
        assert reason_of(prices) == TOO_LATE
        assert comes_true(lambda: not readers())
    assert prices.state().given_up


def test_the_log_tells_once_that_the_feed_is_given_up_and_once_that_it_answers_again(
    feed: PriceFeed, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hucha.prices")
    clock = SetSeconds()
    prices = given_up(feed, clock)
    reason_of(prices)
    clock.seconds += 10
    reason_of(prices)
    clock.seconds += 10
    feed.behaves(tells(PRICES))
    prices.current()
    lines = [(record.name, record.levelname, record.getMessage()) for record in caplog.records]
    assert lines == [
        ("hucha.prices", "WARNING", "the price feed fails: it is asked less often"),
        ("hucha.prices", "INFO", "the price feed answers again"),
    ]
    assert caplog.records[0].reason == "the feed answered 404"  # type: ignore[attr-defined]


# --- the feed: secrets ---


@pytest.mark.parametrize(
    "manner",
    [
        tells("b0dy", "404 Not Found"),
        tells("b0dy", "500 b0dy"),
        tells("b0dy"),
        tells('{"GOLD": "b0dy"}'),
        tells("b0dy", Content_Encoding="gzip"),
        says(b"b0dy\r\n"),
        says(OK + b"b0dy b0dy\r\nContent-Length: 4\r\n\r\nb0dy"),
        says(OK + b"Content-Length: 99\r\n\r\nb0dy"),
        says(FOUND + b"/b0dy\r\n\r\n"),
        hangs(),
        resets(),
    ],
)
def test_no_reason_and_no_log_line_tells_a_secret(
    feed: PriceFeed, manner: Manner, caplog: pytest.LogCaptureFixture
) -> None:
    # contract: D12
    caplog.set_level(logging.DEBUG)
    feed.behaves(manner)
    url = feed.url.replace("//", "//us3r:s3cret@")
    prices = HttpPrices(url, deadline_seconds=SHORT_SECONDS, failures_in_a_row=1)
    told = reason_of(prices)
    assert comes_true(lambda: not readers())
    told += reason_of(prices) + str(prices.state()) + caplog.text
    told += "".join(str(vars(record)) for record in caplog.records)
    assert "hucha.prices" in told
    for secret in ("us3r", "s3cret", "key", "/feed", "b0dy"):
        assert secret not in told.replace("pathname", "")


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("https://faas.example:8443/api/v1?key=s3cret", "https://faas.example"),
        ("http://us3r:s3cret@FAAS.example", "http://faas.example"),
        ("http://[::1]:3000/prices", "http://[::1]"),
    ],
)
def test_the_state_names_the_scheme_and_the_host_and_no_more(url: str, source: str) -> None:
    assert HttpPrices(url).state() == FeedState("feed", detail=source)


def test_proxies_and_passwords_in_the_environment_are_left_alone(
    feed: PriceFeed, tmp_path: os.PathLike[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = os.path.join(tmp_path, "netrc")
    with open(netrc, "w") as file:
        file.write("machine 127.0.0.1 login ana password s3cret\n")
    monkeypatch.setenv("NETRC", netrc)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    feed.prices().current()
    assert "Authorization" not in feed.requests[0]
