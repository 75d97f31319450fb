"""`hucha backtest-bot`: how the bot would have done over a file of past prices. Source: contract B13, R2.

The file is streamed: memory doesn't grow with the number of rows.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Final

from tqdm import tqdm

from adapters.market.csv_prices import BadPrices, CsvPrices
from domain.model.assets import EXACT, plain
from domain.model.errors import HoldingOutOfRange, TradeTooSmall
from domain.model.money import parse_positive_amount, read_number
from domain.rules.auto_invest import Policy
from domain.rules.backtest import Backtest, BacktestResult
from entrypoints.backtest_chart import Course, drawn, money, shown_instant

_PERCENT: Final = 2
_MOST_DECIMALS: Final = 10
_MOST_NAMES: Final = 10


class CannotBacktest(Exception):
    """A file or an option can't be used; the text is one sentence without its full stop."""


def run(parsed: argparse.Namespace) -> str:
    """The report on the command's options, which are strings and paths. Raises CannotBacktest."""
    backtest = _backtest(parsed)
    try:
        with CsvPrices(parsed.prices) as prices, _replacing(parsed.svg, parsed.prices) as chart:
            course = Course()
            count, first, last = _play(backtest, prices, course if chart else None)
            if chart:
                chart.write(drawn(course, backtest.result()))
    except BadPrices as error:
        raise CannotBacktest(str(error)) from None
    except TradeTooSmall:
        raise CannotBacktest("What is to be invested is too little to buy some of every symbol") from None
    except HoldingOutOfRange:
        raise CannotBacktest("What is to be invested buys 10^20 units of a symbol or more") from None
    rows = f"{count:,} rows from {shown_instant(first)} to {shown_instant(last)}"
    return "\n".join([rows, *_beginning(backtest, prices.symbols), "", *_table(backtest.result())])


def _backtest(parsed: argparse.Namespace) -> Backtest:
    try:
        cash = parse_positive_amount(parsed.cash)
    except ValueError as problem:
        raise CannotBacktest(f"--cash {problem}") from None
    policy = Policy(
        threshold=_share("--threshold", parsed.threshold, whole=False),
        buy_share=_share("--buy-share", parsed.buy_share),
        sell_share=_share("--sell-share", parsed.sell_share),
    )
    return Backtest(cash, _share("--invest", parsed.invest), policy)


def _share(option: str, percent: str, *, whole: bool = True) -> Decimal:
    """From 0 to 1, without the 0; with the 1 where it may be the whole."""
    try:
        number = read_number(percent)
    except ValueError:
        number = Decimal(0)
    most = f"{'up to' if whole else 'below'} 100, with at most {_MOST_DECIMALS} decimals"
    if not 0 < number <= 100 or (number == 100 and not whole) or int(number.as_tuple().exponent) < -_MOST_DECIMALS:
        raise CannotBacktest(f"{option} must be a percentage such as 5 or 0.5, above 0 and {most}")
    return EXACT.scaleb(number, -_PERCENT)


def _play(backtest: Backtest, prices: CsvPrices, course: Course | None) -> tuple[int, datetime, datetime]:
    """Step through all rows: how many there are, and when the first and the last were."""
    count, consumed, first = 0, 0, None
    with tqdm(total=prices.size, unit="B", unit_scale=True, disable=None) as bar:  # None: shown on a terminal only
        for instant, row in prices:
            trades = backtest.step(row)
            if course is not None:
                course.add(instant, backtest.bot_value, backtest.held_value, trades)
            first, count = first or instant, count + 1
            bar.update(prices.consumed - consumed)
            consumed = prices.consumed
    assert first is not None, "prices without a row are refused"
    return count, first, instant


@contextmanager
def _replacing(path: Path | None, source: Path) -> Iterator[IO[bytes] | None]:
    """A file that takes this path, whatever is there, once all has gone well; None where there is no path."""
    if path is None:
        yield None
        return
    try:
        if path.exists() and (not path.is_file() or path.samefile(source)):
            raise CannotBacktest(f"{path}: a chart can't take its place")
        partial = path.with_name(f"{path.name}.part-{os.getpid()}")
        with partial.open("xb") as file:
            try:
                yield file
                file.flush()
                partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)
    except OSError as error:
        raise CannotBacktest(f"{path}: {error.strerror}") from None


def _beginning(backtest: Backtest, symbols: Sequence[str]) -> Iterator[str]:
    percent = plain(EXACT.scaleb(backtest.share, _PERCENT))
    yield f"{backtest.cash:,.2f} to begin with, {percent:f} % of it invested at once in {_names(backtest.symbols)}"
    never = sorted(set(symbols) - set(backtest.symbols))
    if never:
        yield f"never bought, for want of a price in the first row: {_names(never)}"


def _names(symbols: Sequence[str]) -> str:
    more = len(symbols) - _MOST_NAMES
    return ", ".join(symbols[:_MOST_NAMES]) + (f" and {more:,} more" if more > 0 else "")


def _table(result: BacktestResult) -> Iterator[str]:
    both = (result.bot, result.held)
    yield _line("", "bot", "buy and hold")
    yield _line("final value", *(money(one.final_value) for one in both))
    yield _line("profit", *(money(one.profit) for one in both))
    yield _line("profit, %", *(_percent(one.profit / one.start_value) for one in both))
    yield _line("realised", *(money(one.realised) for one in both))
    yield _line("unrealised", *(money(one.unrealised) for one in both))
    yield _line("largest drawdown, %", *(_percent(one.largest_drawdown) for one in both))
    yield _line("purchases", f"{result.purchases:,}", "0")
    yield _line("sales", f"{result.sales:,}", "0")
    yield ""
    yield f"The bot ended with {_compared(result)} buying and holding."


def _compared(result: BacktestResult) -> str:
    more = money(result.difference)
    if more == "0.00":
        return "as much as"
    return f"{more.lstrip('-')} {'less' if more.startswith('-') else 'more'} than"


def _line(name: str, bot: str, held: str) -> str:
    return f"{name:<20}{bot:>20}{held:>20}"


def _percent(share: Decimal) -> str:
    return f"{share * 100:z,.2f}"
