"""Rules alone: event rules, a projection, a backtest of the bot; each against as little code as does the like."""

from __future__ import annotations

import itertools
import random
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

from domain.model.activity import Action, UserActivity
from domain.model.assets import Holding
from domain.model.recurring import FREQUENCIES, Recurrence
from domain.rules.activity import judge
from domain.rules.auto_invest import decide
from domain.rules.backtest import Backtest
from domain.rules.projection import MOST_MONTHS, project
from entrypoints.http.events.events import parse_event
from tests.benchmarks.load import bodies
from tests.benchmarks.table import Row, interleaved

ROUNDS = 7
EVENTS = 20_000
LONG_HISTORY = 1_000_000
EXPENSES = 10_000
PROJECTIONS = 3
TODAY = date(2024, 11, 20)
PRICE_ROWS = 5_000
SYMBOLS = 10
DAILY, EACH_MINUTE = 0.02, 0.001
"""The standard deviation of a price's change from one row to the next."""


def rows() -> Iterator[Row]:
    """Registered rules over hand-fused; a projection over a loop; a long history over a short one; a backtest."""
    stream = list(itertools.islice(map(parse_event, bodies(seed=1)), EVENTS))
    fused, registered = interleaved(ROUNDS, [lambda: _time(_fused(), stream), lambda: _time(_registered(), stream)])
    yield Row("event rules over a hand-fused function", f"{registered:.2f} us", f"{fused:.2f} us", fused / registered)

    projected, looped = interleaved(PROJECTIONS, [_projecting, _looping])
    yield Row(
        f"a projection of {EXPENSES:,} expenses over {MOST_MONTHS} months over a bare loop per (expense, month)",
        f"{projected:.2f} s",
        f"{looped:.2f} s",
        looped / projected,
    )

    short, long = _activity_after(10), _activity_after(LONG_HISTORY)
    few, many = interleaved(ROUNDS, [lambda: _judging(short), lambda: _judging(long)])
    yield Row(
        f"event after {LONG_HISTORY:,} others over one after 10",
        f"{many:.2f} us",
        f"{few:.2f} us",
        many / few,
        wanted=1.05,
        at_least=False,
    )
    yield from _backtest_rows()


def _backtest_rows() -> Iterator[Row]:
    for name, volatility in (("prices each minute", EACH_MINUTE), ("daily prices, most traded at", DAILY)):
        market = _made_up_market(volatility)
        stepped, compared = interleaved(ROUNDS, [lambda m=market: _stepping(m), lambda m=market: _comparing(m)])
        yield Row(
            f"prices stepped through a backtest ({name}) over a bare loop that compares them",
            f"{stepped:,.0f}/s",
            f"{compared:,.0f}/s",
            stepped / compared,
        )
    decided, compared = interleaved(ROUNDS, [lambda: _deciding(market), lambda: _comparing(market)])
    yield Row(
        "a decision of the bot's over two comparisons",
        f"{1e6 / decided:.2f} us",
        f"{1e6 / compared:.2f} us",
        compared / decided,
    )


def _time(judging: Callable[[Action], object], stream: list[Action]) -> float:
    started = time.perf_counter()
    for action in stream:
        judging(action)
    return (time.perf_counter() - started) / len(stream) * 1e6


def _registered() -> Callable[[Action], object]:
    activities: dict[int, UserActivity] = {}

    def judging(action: Action) -> object:
        activity = activities.get(action.user_id)
        if activity is None:
            activity = activities[action.user_id] = UserActivity()
        return judge(action, activity)

    return judging


def _steady(number: int) -> Action:
    """One user's steady life: an action every seven seconds, so that ten of them fill every window."""
    return parse_event(
        b'{"type": "%s", "amount": "%d.00", "user_id": 1, "time": %d}'
        % ((b"deposit", b"withdraw")[number % 3 == 0], number % 90 + 1, number * 7)
    )


def _activity_after(history: int) -> tuple[UserActivity, int]:
    activity = UserActivity()
    for number in range(history):
        judge(_steady(number), activity)
    return activity, history


def _judging(after: tuple[UserActivity, int]) -> float:
    activity, history = after
    stream = [_steady(history + number) for number in range(EVENTS)]
    twin = activity.copy()
    return _time(lambda action: judge(action, twin), stream)


def _expenses() -> list[Recurrence]:
    return [
        Recurrence("Rent", Decimal(number).scaleb(-2), FREQUENCIES[number % 6], date(2015 + number % 14, 1, 31))
        for number in range(EXPENSES)
    ]


def _projecting() -> float:
    expenses = _expenses()
    started = time.perf_counter()
    project(expenses, Decimal("2000.00"), TODAY, MOST_MONTHS)
    return time.perf_counter() - started


def _looping() -> float:
    """Each expense in each month by itself, with whole cents and as little arithmetic as its frequency allows."""
    month_ends = [date(2024 + (11 + n) // 12, (11 + n) % 12 + 1, 1).toordinal() - 1 for n in range(MOST_MONTHS + 1)]
    expenses = [
        (FREQUENCIES.index(one.frequency), int(one.amount * 100), one.start_date.toordinal(), one.start_date)
        for one in _expenses()
    ]
    started = time.perf_counter()
    for number in range(MOST_MONTHS):
        before, end, total = month_ends[number], month_ends[number + 1], 0
        for frequency, cents, begin, start in expenses:
            if frequency < 3:
                days = (1, 7, 14)[frequency]
                if end >= begin:
                    total += cents * ((end - begin) // days - (max(before, begin - days) - begin) // days)
            else:
                passed = (2024 - start.year) * 12 + 11 + number - start.month + 1
                if passed >= 0 and passed % (1, 3, 12)[frequency - 3] == 0:
                    total += cents
    return time.perf_counter() - started


def _made_up_market(volatility: float) -> list[dict[str, Decimal]]:
    dice = random.Random(1)
    prices = {f"S{number}": 100.0 * (number + 1) for number in range(SYMBOLS)}
    market = []
    for _ in range(PRICE_ROWS):
        prices = {symbol: price * (1 + dice.gauss(0, volatility)) for symbol, price in prices.items()}
        market.append({symbol: Decimal(f"{price:.2f}") for symbol, price in prices.items()})
    return market


def _stepping(market: list[dict[str, Decimal]]) -> float:
    """Prices a second."""
    backtest = Backtest(Decimal("10000.00"))
    return _prices_per_second(market, lambda: [backtest.step(row) for row in market])


def _comparing(market: list[dict[str, Decimal]]) -> float:
    """Prices a second, each compared with two limits that never move."""
    limits = {symbol: (price * Decimal("0.99"), price * Decimal("1.01")) for symbol, price in market[0].items()}

    def compare() -> int:
        beyond = 0
        for row in market:
            for symbol, price in row.items():
                low, high = limits[symbol]
                if price <= low or price >= high:
                    beyond += 1
        return beyond

    return _prices_per_second(market, compare)


def _deciding(market: list[dict[str, Decimal]]) -> float:
    """Decisions a second, each to hold."""
    cash = Decimal("10000.00")
    pairs = [(Holding(1, symbol, Decimal(3), 3 * price), price) for row in market for symbol, price in row.items()]
    return _prices_per_second(market, lambda: [decide(holding, price, cash) for holding, price in pairs])


def _prices_per_second(market: list[dict[str, Decimal]], work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return len(market) * SYMBOLS / (time.perf_counter() - started)


def _fused() -> Callable[[Action], object]:  # noqa: C901
    """All five rules in one function over plain lists: no objects, no limits of one's own, no reasons.

    It takes late actions too, but keeps 120 seconds only. What the rules' form costs is measured against this.
    """
    users: dict[int, list[object]] = {}

    def judging(action: Action) -> tuple[int, ...]:  # noqa: C901
        state = users.get(action.user_id)
        if state is None:
            state = users[action.user_id] = [0, 0, 0, [], []]
        withdrawals, rising, previous, times, amounts = state
        now, amount, codes = action.time, action.amount, []
        place = len(times) if not times or now >= times[-1] else bisect_right(times, now)
        if action.type == "deposit":
            withdrawals = 0
            rising = rising + 1 if amount > previous else 1
            previous = amount
            total = amount
            for index in range(place - 1, -1, -1):
                if times[index] < now - 30:
                    break
                total += amounts[index]
            if total > 200:
                codes.append(123)
            if rising >= 3:
                codes.append(300)
        else:
            withdrawals += 1
            if withdrawals >= 3:
                codes.append(30)
        first = place
        while first and times[first - 1] >= now - 60:
            first -= 1
        if place - first >= 5:
            codes.append(500)
        if action.type == "withdraw" and amount > 100:
            codes.append(1100)
        times.insert(place, now)
        amounts.insert(place, amount if action.type == "deposit" else 0)
        if times[0] < times[-1] - 240:
            kept = bisect_right(times, times[-1] - 121)
            del times[:kept], amounts[:kept]
        state[0], state[1], state[2] = withdrawals, rising, previous
        return tuple(codes)

    return judging
