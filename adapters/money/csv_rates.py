"""Exchange rates and transfer fees from two CSV files. Source: seed A, task 3; contract A7."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

from domain.model.rates import Quote, parse_fee, parse_rate

SHIPPED: Final = Path(__file__).parent / "data"
"""The folder of the files that come with the package."""

RATES: Final = "exchange_rates.csv"
FEES: Final = "exchange_fees.csv"

_is_code = re.compile(r"[A-Z]{3}").fullmatch
Pair = tuple[str, str]


class BadRates(ValueError):
    """A file of rates or fees holds what it can't; `reason` says what, and on which line."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file = file
        self.reason = reason


class CsvRates:
    """The quotes in a folder's `exchange_rates.csv` and `exchange_fees.csv`, read once, when this is made."""

    def __init__(self, folder: Path = SHIPPED) -> None:
        """Raises BadRates where a file can't be read, a row is wrong, or a pair is in one of the files only."""
        rates = _table(folder / RATES, "rate", parse_rate)
        fees = _table(folder / FEES, "fee", parse_fee)
        _check_twins(RATES, rates, fees)
        _check_twins(FEES, fees, rates)
        origin = f"{RATES} and {FEES}"
        self._quotes = {pair: Quote(*pair, rate, fees[pair][0], origin) for pair, (rate, _) in rates.items()}

    def quote(self, source: str, target: str) -> Quote | None:
        return self._quotes.get((source, target))


def _table(path: Path, column: str, parse: Callable[[str], Decimal]) -> dict[Pair, tuple[Decimal, int]]:
    """Each pair's value, and the line that it is on."""
    found: dict[Pair, tuple[Decimal, int]] = {}
    for line, row in _rows(path, f"currency_from,currency_to,{column}"):
        try:
            pair, value = _parsed(row, column, parse)
            if pair in found:
                raise ValueError(f"{' to '.join(pair)} is on line {found[pair][1]} already")
        except ValueError as problem:
            raise BadRates(path.name, f"line {line}: {problem}") from None
        found[pair] = value, line
    return found


def _rows(path: Path, header: str) -> Iterator[tuple[int, list[str]]]:
    """Each row below the header, with the number of its line. Neither codes nor numbers are ever quoted."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise BadRates(path.name, f"it can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadRates(path.name, "it isn't UTF-8") from None
    if lines[:1] != [header]:
        raise BadRates(path.name, f"line 1: the header must be {header}")
    for line, text in enumerate(lines[1:], start=2):
        yield line, text.split(",")


def _parsed(row: list[str], column: str, parse: Callable[[str], Decimal]) -> tuple[Pair, Decimal]:
    if len(row) != 3:
        raise ValueError("there must be three columns")
    source, target, text = row
    if not (_is_code(source) and _is_code(target)):
        raise ValueError("a currency must be a code of three capital letters such as EUR")
    try:
        return (source, target), parse(text)
    except ValueError as problem:
        raise ValueError(f"the {column} {problem}") from None


def _check_twins(file: str, pairs: dict[Pair, tuple[Decimal, int]], others: dict[Pair, tuple[Decimal, int]]) -> None:
    for pair, (_, line) in pairs.items():
        if pair not in others:
            raise BadRates(file, f"line {line}: {' to '.join(pair)} is missing in the other file")
