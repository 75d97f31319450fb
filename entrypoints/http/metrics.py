"""What Prometheus may ask for. One registry per app: nothing global."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ports.prices import FeedState

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

_METHODS = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"))
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@attrs.frozen
class _PriceFeed(Collector):
    """What the feed counts itself."""

    state: Callable[[], FeedState]

    def collect(self) -> Iterator[Metric]:
        state = self.state()
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


class Metrics:
    """Counts requests and rule firings."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self._requests = Histogram(
            "hucha_http_request_seconds",
            "Time to answer a request, by route",
            ("method", "route", "status"),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._firings = Counter(
            "hucha_event_alerts", "Codes raised by the event rules", ("code",), registry=self._registry
        )
        self._by_labels: dict[tuple[str, str, str], Histogram] = {}
        self._by_code: dict[int, Counter] = {}

    def watch_prices(self, state: Callable[[], FeedState]) -> None:
        """Show how the price feed is, as it is when somebody looks."""
        self._registry.register(_PriceFeed(state))

    def answered(self, method: str, route: str, status: str, seconds: float) -> None:
        """A request was answered."""
        labels = (method if method in _METHODS else "other", route, status)
        series = self._by_labels.get(labels)
        if series is None:
            series = self._by_labels[labels] = self._requests.labels(*labels)
        series.observe(seconds)

    def raised(self, codes: tuple[int, ...]) -> None:
        """An event raised these codes."""
        for code in codes:
            series = self._by_code.get(code)
            if series is None:
                series = self._by_code[code] = self._firings.labels(str(code))
            series.inc()

    def render(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self._registry)
