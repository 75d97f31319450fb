"""Quotes from CSV files: the shipped ones, and that a bad file stops the start with one sentence."""  # contract: A7

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from adapters.money.csv_rates import FEES, RATES, BadRates, CsvRates
from domain.model.rates import Quote
from entrypoints.settings import WrongSetting
from entrypoints.tools import read_rates
from ports.rates import Rates

RATE_HEADER = "currency_from,currency_to,rate\n"
FEE_HEADER = "currency_from,currency_to,fee\n"
CODE = "a currency must be a code of three capital letters such as EUR"
NUMBER = "must be a number such as 0.02, without a sign"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files with one quote, from USD to EUR."""
    (tmp_path / RATES).write_bytes(f"{RATE_HEADER}USD,EUR,0.85\n".encode())
    (tmp_path / FEES).write_bytes(f"{FEE_HEADER}USD,EUR,0.02\n".encode())
    return tmp_path


def test_each_quote_is_as_its_files_say_and_says_from_which(folder: Path) -> None:
    rates: Rates = CsvRates(folder)
    assert rates.quote("USD", "EUR") == Quote(
        "USD", "EUR", Decimal("0.85"), Decimal("0.02"), "exchange_rates.csv and exchange_fees.csv"
    )


@pytest.mark.parametrize(
    "pair", [("EUR", "USD"), ("USD", "USD"), ("usd", "eur"), ("USD", "XXX"), ("", ""), ("USD", "")]
)
def test_there_is_no_quote_but_those_of_the_files(folder: Path, pair: tuple[str, str]) -> None:
    assert CsvRates(folder).quote(*pair) is None


def test_the_shipped_files_hold_every_pair_of_four_currencies() -> None:
    rates = read_rates()
    codes = ("USD", "EUR", "GBP", "JPY")
    for source in codes:
        for target in codes:
            assert (rates.quote(source, target) is None) is (source == target)


@pytest.mark.parametrize(
    ("source", "target", "rate", "fee"),
    [
        ("USD", "EUR", "0.85", "0.02"),
        ("USD", "JPY", "110.00", "0.01"),
        ("JPY", "EUR", "0.0077", "0.014"),
        ("GBP", "JPY", "151.76", "0.011"),
    ],
)
def test_the_shipped_numbers_are_exact(source: str, target: str, rate: str, fee: str) -> None:
    quote = read_rates().quote(source, target)
    assert quote is not None
    assert (str(quote.rate), str(quote.fee)) == (rate, fee)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_lines_may_end_as_on_any_system(folder: Path, newline: str, last: bool) -> None:
    text = f"{RATE_HEADER}USD,EUR,0.85\n".replace("\n", newline)
    (folder / RATES).write_bytes((text if last else text.rstrip()).encode())
    quote = CsvRates(folder).quote("USD", "EUR")
    assert quote is not None
    assert quote.rate == Decimal("0.85")


BAD_FILES = {
    "empty": (RATES, b"", "line 1: the header must be currency_from,currency_to,rate"),
    "no header": (RATES, b"USD,EUR,0.85\n", "line 1: the header must be currency_from,currency_to,rate"),
    "the other file's header": (
        FEES,
        RATE_HEADER.encode(),
        "line 1: the header must be currency_from,currency_to,fee",
    ),
    "not UTF-8": (RATES, RATE_HEADER.encode() + b"USD,EUR,0.85\xff\n", "it isn't UTF-8"),
}


@pytest.mark.parametrize(("file", "content", "reason"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_file_that_is_no_table_is_refused(folder: Path, file: str, content: bytes, reason: str) -> None:
    (folder / file).write_bytes(content)
    refused(folder, file, reason)


def test_a_file_that_is_not_there_is_refused(folder: Path) -> None:
    (folder / FEES).unlink()
    refused(folder, FEES, "it can't be read: No such file or directory")


BAD_ROWS = {
    "two columns": ("EUR,USD", "there must be three columns"),
    "four columns": ("EUR,USD,1.18,x", "there must be three columns"),
    "a decimal comma": ("EUR,USD,1,18", "there must be three columns"),
    "a blank line": ("", "there must be three columns"),
    "a code of two letters": ("EU,USD,0.5", CODE),
    "a code of four letters": ("EUR,USDT,0.5", CODE),
    "a code in small letters": ("EUR,usd,0.5", CODE),
    "a code with a digit": ("EUR,US1,0.5", CODE),
    "a code of other letters": ("EUR,ÄÖÜ,0.5", CODE),
    "a blank in a code": ("EUR, USD,0.5", CODE),
    "no code": (",USD,0.5", CODE),
    "quotes": ('"EUR","USD","0.5"', CODE),
    "no number": ("EUR,USD,", f"the {{}} {NUMBER}"),
    "a word": ("EUR,USD,much", f"the {{}} {NUMBER}"),
    "below zero": ("EUR,USD,-0.5", f"the {{}} {NUMBER}"),
    "an exponent": ("EUR,USD,5e-1", f"the {{}} {NUMBER}"),
    "infinite": ("EUR,USD,inf", f"the {{}} {NUMBER}"),
    "not a number": ("EUR,USD,nan", f"the {{}} {NUMBER}"),
    "13 decimals": ("EUR,USD,0.1234567890123", "the {} must have at most 12 decimals"),
    "a pair that was there": ("USD,EUR,0.5", "USD to EUR is on line 2 already"),
}


@pytest.mark.parametrize(("row", "reason"), BAD_ROWS.values(), ids=BAD_ROWS)
@pytest.mark.parametrize(("file", "column"), [(RATES, "rate"), (FEES, "fee")])
def test_a_bad_row_is_refused(folder: Path, file: str, column: str, row: str, reason: str) -> None:
    with (folder / file).open("a") as text:
        text.write(f"GBP,USD,0.5\n{row}\n")
    refused(folder, file, f"line 4: {reason.format(column)}")


@pytest.mark.parametrize(
    ("file", "row", "reason"),
    [
        (RATES, "EUR,USD,0", "line 3: the rate must be greater than 0"),
        (RATES, "EUR,USD,1000000000000", "line 3: the rate must be below 10^12"),
        (FEES, "EUR,USD,1", "line 3: the fee must be below 1"),
        (RATES, "EUR,USD,1.18", "line 3: EUR to USD is missing in the other file"),
        (FEES, "EUR,USD,0.03", "line 3: EUR to USD is missing in the other file"),
    ],
)
def test_a_row_that_fits_no_quote_is_refused(folder: Path, file: str, row: str, reason: str) -> None:
    with (folder / file).open("a") as text:
        text.write(f"{row}\n")
    refused(folder, file, reason)


def refused(folder: Path, file: str, reason: str) -> None:
    """By the adapter, and by what starts the bank, in a sentence that names the file."""
    with pytest.raises(BadRates) as error:
        CsvRates(folder)
    assert str(error.value) == f"{file}: {reason}"
    with pytest.raises(WrongSetting) as stopped:
        read_rates(folder)
    assert str(stopped.value) == f"{file} can't be used: {reason}."
