"""Past prices from a CSV file of any length, a row at a time. Source: contract B13, R2.

    time,GOLD,BTC
    2024-11-20,2631.10,
    2024-11-21T09:30:00Z,2633.58,98512.4

The first column is `time`: ISO 8601, each later than the one before, UTC where it says nothing else. The others are
symbols, in any order. A price is a number such as `2631.10` or `2.6311e3`; where the cell is empty there is none. The
file is UTF-8, with a byte order mark or without, and its lines end with LF or CRLF.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from stat import S_ISREG
from types import TracebackType
from typing import Final

from domain.model.assets import is_symbol, sound_price
from domain.model.fields import parse_instant

LONGEST_LINE: Final = 1 << 20
"""So many bytes has a line at most: a file without line ends isn't read into memory."""

PriceRow = tuple[datetime, dict[str, Decimal]]

_is_number = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?").fullmatch


class BadPrices(ValueError):
    """A file of prices can't be used; `reason` says why, and where in the file, in a sentence without its full stop."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file = file
        self.reason = reason


class CsvPrices:
    """The rows of one file, each an instant with the prices at it by symbol. It is read once, while it is iterated."""

    def __init__(self, path: Path) -> None:
        """Opens it and reads the header. Raises BadPrices."""
        self._path = path
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise self._bad(f"it can't be read: {error.strerror}") from None
        status = os.fstat(self._file.fileno())
        self.size = status.st_size if S_ISREG(status.st_mode) else None
        """How many bytes it has; None for a pipe."""

        self.consumed = 0
        """How many of them have been read."""

        self._line = 0
        try:
            self.symbols = self._header()
        except BadPrices:
            self.close()
            raise

    def __enter__(self) -> CsvPrices:
        return self

    def __exit__(self, type: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __iter__(self) -> Iterator[PriceRow]:
        """Each row below the header; the first has a price. Raises BadPrices at the first that is wrong."""
        before = None
        while (cells := self._next()) is not None:
            if len(cells) != 1 + len(self.symbols):
                raise self._bad_here(f"there must be {1 + len(self.symbols)} columns")
            instant = self._instant(cells[0], before)
            prices = self._prices(cells)
            if before is None and not prices:
                raise self._bad_here("the first row must have a price")
            before = instant
            yield instant, prices
        if before is None:
            raise self._bad("there is no row below the header")

    def _header(self) -> tuple[str, ...]:
        first, *symbols = self._next() or [""]
        if first != "time":
            raise self._bad("line 1, column 1: the header must be time,GOLD,BTC or the like")
        if not symbols:
            raise self._bad("line 1: there must be a symbol after time")
        columns: dict[str, int] = {}
        for column, symbol in enumerate(symbols, start=2):
            if not is_symbol(symbol):
                raise self._bad_here("a symbol has 1 to 32 printable characters, the last no blank", column)
            if symbol in columns:
                raise self._bad_here(f"{symbol} is in column {columns[symbol]} already", column)
            columns[symbol] = column
        return tuple(columns)

    def _instant(self, text: str, before: datetime | None) -> datetime:
        try:
            instant = parse_instant(text)
        except ValueError as problem:
            raise self._bad_here(f"the time {problem}", 1) from None
        if before is not None and instant <= before:
            raise self._bad_here("the time must be later than the one before", 1)
        return instant

    def _prices(self, cells: list[str]) -> dict[str, Decimal]:
        prices = {}
        for column, symbol in enumerate(self.symbols, start=1):
            if text := cells[column]:
                try:
                    prices[symbol] = _price(text)
                except ValueError as problem:
                    raise self._bad_here(f"the price of {symbol} {problem}", column + 1) from None
        return prices

    def _next(self) -> list[str] | None:
        """The cells of the next line; None where there is none."""
        line = self._read_line()
        if not line:
            return None
        self._line += 1
        self.consumed += len(line)
        if len(line) > LONGEST_LINE:
            raise self._bad_here(f"it is longer than {LONGEST_LINE} bytes")
        try:
            text = line.decode("utf-8-sig" if self._line == 1 else "utf-8")
            return next(csv.reader([text], strict=True))
        except UnicodeDecodeError:
            raise self._bad_here("it isn't UTF-8") from None
        except csv.Error:
            raise self._bad_here("a quotation mark or a line end is misplaced, or a cell is too long") from None

    def _read_line(self) -> bytes:
        try:
            return self._file.readline(LONGEST_LINE + 1)
        except OSError as error:
            raise self._bad(f"it can't be read: {error.strerror}") from None

    def _bad_here(self, reason: str, column: int | None = None) -> BadPrices:
        return self._bad(f"line {self._line}{f', column {column}' if column else ''}: {reason}")

    def _bad(self, reason: str) -> BadPrices:
        return BadPrices(str(self._path), reason)


def _price(text: str) -> Decimal:
    if not _is_number(text):
        raise ValueError("must be a number such as 1464.14")
    return sound_price(Decimal(text))
