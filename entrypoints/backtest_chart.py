"""The chart of a backtest: both values over time and the bot's trades. Source: contract B13, R2.

What it keeps of the rows is bounded, however many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce
from math import sqrt
from typing import Any, Final

import attrs

from domain.model.assets import Trade
from domain.rules.backtest import BacktestResult

MOST_STRETCHES: Final = 480
"""Each line of the chart has at most two points for each of them, and one at each end. Even."""

MOST_MARKS: Final = 60
"""At most so many places on the chart tell of purchases, and as many of sales."""

INTERVALS: Final = 6
"""Between the labels below the chart."""

LARGEST_RADIUS: Final = 5.0
MANY: Final = 4
"""The area of a mark is its number of trades: the largest stands for the most, but for no fewer than this."""

UNITS_SECONDS: Final = (86_400, 3_600, 60)
CHART: Final = "backtest"
"""The image's id: the same for the same prices."""

PYGAL_STYLES: Final = ("file://style.css", "file://graph.css")
"""Files of that package, which go into the image."""

Point = tuple[Decimal, float]
"""A value, and when: seconds since 1970."""


@attrs.frozen
class Extremes:
    """The lowest and the highest point of a line in a stretch of it."""

    lowest: Point
    highest: Point

    def joined(self, other: Extremes) -> Extremes:
        """Of both stretches."""
        return Extremes(min(self.lowest, other.lowest), max(self.highest, other.highest))


@attrs.frozen
class Stretch:
    """Rows that follow each other, as the chart has them."""

    bot: Extremes
    held: Extremes
    purchases: int
    sales: int

    def joined(self, other: Stretch) -> Stretch:
        """Both, as one."""
        return Stretch(
            self.bot.joined(other.bot),
            self.held.joined(other.held),
            self.purchases + other.purchases,
            self.sales + other.sales,
        )


@attrs.define
class Course:
    """The values from the first row to the last, in stretches of equally many rows that grow with their number."""

    stretches: list[Stretch] = attrs.field(init=False, factory=list)
    first: Stretch | None = attrs.field(init=False, default=None)
    last: Stretch | None = attrs.field(init=False, default=None)
    _rows: int = attrs.field(init=False, default=0)
    _size: int = attrs.field(init=False, default=1)
    """So many rows has each stretch but the last."""

    def add(self, instant: datetime, bot: Decimal, held: Decimal, trades: Sequence[Trade]) -> None:
        """One more row."""
        time = instant.timestamp()
        purchases = sum(trade.side == "buy" for trade in trades)
        points = Extremes((bot, time), (bot, time)), Extremes((held, time), (held, time))
        self.last = Stretch(*points, purchases, len(trades) - purchases)
        self.first = self.first or self.last
        if self._rows == MOST_STRETCHES * self._size:
            self._size *= 2
            pairs = zip(self.stretches[::2], self.stretches[1::2], strict=True)
            self.stretches = [one.joined(other) for one, other in pairs]
        if self._rows % self._size:
            self.stretches[-1] = self.stretches[-1].joined(self.last)
        else:
            self.stretches.append(self.last)
        self._rows += 1

    def points(self, line: str) -> list[tuple[float, Decimal]]:
        """When, and the value then: of `bot` or `held`, in the order of time, at both ends and at every extreme."""
        extremes = [getattr(stretch, line) for stretch in (self.first, *self.stretches, self.last)]
        points = {point for one in extremes for point in (one.lowest, one.highest)}
        return sorted((time, value) for value, time in points)

    def marks(self, kind: str) -> list[tuple[float, Decimal, int]]:
        """When the bot bought (`purchases`), at its lowest, or sold (`sales`), at its highest; its value; how often."""
        each = -(-len(self.stretches) // MOST_MARKS)
        marks = []
        for begin in range(0, len(self.stretches), each):
            traded = [one for one in self.stretches[begin : begin + each] if getattr(one, kind)]
            if traded:
                whole = reduce(Stretch.joined, traded)
                value, time = whole.bot.lowest if kind == "purchases" else whole.bot.highest
                marks.append((time, value, getattr(whole, kind)))
        return marks

    def ticks(self) -> list[float]:
        """Where the axis of time is labelled: at distances as equal as whole days, hours or minutes allow."""
        assert self.first is not None and self.last is not None, "no course is drawn without a row"
        start, end = self.first.bot.lowest[1], self.last.bot.lowest[1]
        unit = next((unit for unit in UNITS_SECONDS if end - start >= 2 * INTERVALS * unit), 1)
        return sorted({(start + (end - start) * number / INTERVALS) // unit * unit for number in range(INTERVALS + 1)})


def drawn(course: Course, result: BacktestResult) -> bytes:
    """Both values over time and the bot's trades, as an SVG image without scripts and links."""
    import pygal
    from pygal.style import Style

    look = Style(
        background="white",
        plot_background="white",
        colors=("#0072B2", "#7F7F7F", "#009E73", "#D55E00"),  # the colour-blind tell them apart too
        font_family="sans-serif",
        label_font_size=12,
        legend_font_size=14,
        guide_stroke_color="#DDDDDD",
        major_guide_stroke_color="#BBBBBB",
    )
    thick = f"inline:#chart-{CHART} .serie-0 .line {{stroke-width: 2.5; stroke-opacity: 1}}"
    chart = pygal.XY(style=look, width=1000, height=560, css=(*PYGAL_STYLES, thick), js=(), margin_right=50)
    chart.uuid = CHART
    chart.title = "Value over time: the auto-invest bot, and buying and holding"
    chart.legend_at_bottom, chart.legend_at_bottom_columns = True, 2
    chart.truncate_legend = chart.truncate_label = -1
    chart.x_labels = course.ticks()
    chart.x_value_formatter = lambda time: shown_instant(datetime.fromtimestamp(time, UTC)).removesuffix(":00")
    chart.value_formatter = lambda value: f"{value:,.2f}".removesuffix(".00")
    for name, line, outcome in (("bot", "bot", result.bot), ("buy and hold", "held", result.held)):
        points = [(time, float(value)) for time, value in course.points(line)]
        chart.add(f"{name}: {money(outcome.final_value)} at the end", points, show_dots=False)
    marks = {kind: course.marks(kind) for kind in ("purchases", "sales")}
    most = max([MANY, *(count for each in marks.values() for *_, count in each)])
    for kind, each in marks.items():
        dots = [
            {"value": (time, float(value)), "node": {"r": LARGEST_RADIUS * sqrt(count / most)}}
            for time, value, count in each
        ]
        chart.add(f"{getattr(result, kind):,} {kind} by the bot", dots, stroke=False)
    chart.add_xml_filter(_picture_only)
    image: bytes = chart.render()
    return image


def _picture_only(root: Any) -> Any:
    """The image without the scripts and comments that pygal puts into it."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag == "script" or not isinstance(child.tag, str):
                parent.remove(child)
    return root


def money(amount: Decimal) -> str:
    """With two decimals, and commas between thousands."""
    return f"{amount:z,.2f}"


def shown_instant(instant: datetime) -> str:
    """The day, and the time of day unless it is midnight."""
    return f"{instant:%Y-%m-%d}" if instant.time() == instant.min.time() else f"{instant:%Y-%m-%d %H:%M:%S}"
