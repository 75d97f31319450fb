"""What Prometheus may ask for. Nothing is global: each app counts by itself.

To count takes numbers only. prometheus_client writes them down when somebody asks, and is imported then: with what it
draws in, it would be a fortieth of the start.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate
from threading import Lock
from typing import TYPE_CHECKING, Final

import attrs

from ports.prices import FeedState

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""Of Prometheus' text format."""

_METHODS: Final = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"))
_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds: an answer is counted in the first that it isn't above."""


@attrs.define(eq=False)
class _Answers:
    """Those of one method, route and status."""

    counts: list[int] = attrs.field(factory=lambda: [0] * (len(_BUCKETS) + 1))
    """By bucket; the last is for what is above all."""

    seconds: float = 0.0
    since: float = attrs.field(factory=time.time)


@attrs.define(eq=False)
class _Firings:
    """Those of one code."""

    count: int = 0
    since: float = attrs.field(factory=time.time)


class Metrics:
    """Counts requests and rule firings."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._answers: dict[tuple[str, str, str], _Answers] = {}
        self._firings: dict[int, _Firings] = {}
        self._price_feed: Callable[[], FeedState] | None = None

    def watch_prices(self, state: Callable[[], FeedState]) -> None:
        """Show how the price feed is, as it is when somebody looks."""
        self._price_feed = state

    def answered(self, method: str, route: str, status: str, seconds: float) -> None:
        """A request was answered."""
        labels = (method if method in _METHODS else "other", route, status)
        bucket = bisect_left(_BUCKETS, seconds)
        with self._lock:
            series = self._answers.get(labels)
            if series is None:
                series = self._answers[labels] = _Answers()
            series.counts[bucket] += 1
            series.seconds += seconds

    def raised(self, codes: tuple[int, ...]) -> None:
        """An event raised these codes."""
        with self._lock:
            for code in codes:
                series = self._firings.get(code)
                if series is None:
                    series = self._firings[code] = _Firings()
                series.count += 1

    def render(self) -> bytes:
        """Everything, in Prometheus' text format."""
        from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest

        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        """What was counted, as prometheus_client asks for it."""
        with self._lock:
            counted = [self._times(), self._alerts()]
        yield from counted
        if self._price_feed is not None:
            yield from _of_price_feed(self._price_feed())

    def _times(self) -> Metric:
        from prometheus_client.metrics_core import HistogramMetricFamily
        from prometheus_client.utils import floatToGoString

        name, labels = "hucha_http_request_seconds", ("method", "route", "status")
        family = HistogramMetricFamily(name, "Time to answer a request, by route", labels=labels)
        limits = [*map(floatToGoString, _BUCKETS), "+Inf"]
        for values, series in self._answers.items():
            family.add_metric(values, list(zip(limits, accumulate(series.counts), strict=True)), series.seconds)
            family.add_sample(f"{name}_created", dict(zip(labels, values, strict=True)), series.since)
        return family

    def _alerts(self) -> Metric:
        from prometheus_client.metrics_core import CounterMetricFamily

        family = CounterMetricFamily("hucha_event_alerts", "Codes raised by the event rules", labels=("code",))
        for code, series in self._firings.items():
            family.add_metric((str(code),), series.count, created=series.since)
        return family


def _of_price_feed(state: FeedState) -> Iterator[Metric]:
    """What the feed counts itself."""
    from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

    yield GaugeMetricFamily(
        "hucha_price_feed_given_up",
        "1 while the price feed's circuit breaker is open, so that no trade is made",
        value=state.given_up,
    )
    yield CounterMetricFamily(
        "hucha_price_feed_unsound_entries",
        "Entries of the price feed's answers that were left out, as they were no sound prices",
        value=state.unsound_entries,
    )
