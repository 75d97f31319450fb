"""Past prices from CSV files: exact, a row at a time, and one sentence for whatever is wrong."""  # contract: B13, R2

from __future__ import annotations

import os
import threading
import tracemalloc
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.market.csv_prices import LONGEST_LINE, BadPrices, CsvPrices, PriceRow

HEADER = "time,GOLD,BTC"
FIRST = "2024-11-20,2631.10,98512.4"
NUMBER = "must be a number such as 1464.14"
SOUND = "must be a finite number greater than 0 and below 10^13"
INSTANT = "the time must be an instant from 1900 on, such as 2024-11-20T10:30:00Z"
SYMBOL = "a symbol has 1 to 32 printable characters, the last no blank"
MISPLACED = "a quotation mark or a line end is misplaced, or a cell is too long"
EXAMPLE = Path(__file__).parents[3] / "examples" / "prices.csv"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "prices.csv"


def written(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def read(path: Path) -> list[PriceRow]:
    with CsvPrices(path) as prices:
        return list(prices)


def refused(path: Path) -> str:
    """Why it can't be used, without the file's name."""
    with pytest.raises(BadPrices) as error:
        read(path)
    assert str(error.value) == f"{path}: {error.value.reason}"
    assert error.value.file == str(path)
    return error.value.reason


def test_each_row_is_an_instant_with_the_prices_that_there_are(path: Path) -> None:
    written(path, HEADER, FIRST, "2024-11-20T09:30:00Z,,0.000000000001", "2024-11-20T12:00+02:00,9999999999999.99,")
    assert read(path) == [
        (datetime(2024, 11, 20, tzinfo=UTC), {"GOLD": Decimal("2631.10"), "BTC": Decimal("98512.4")}),
        (datetime(2024, 11, 20, 9, 30, tzinfo=UTC), {"BTC": Decimal("0.000000000001")}),
        (datetime(2024, 11, 20, 10, tzinfo=UTC), {"GOLD": Decimal("9999999999999.99")}),
    ]


def test_the_header_tells_the_symbols(path: Path) -> None:
    with CsvPrices(written(path, "time,BRK.B,EURUSD=X,BTC/USD,7203,größe", "2024-11-20,1,,,,")) as prices:
        assert prices.symbols == ("BRK.B", "EURUSD=X", "BTC/USD", "7203", "größe")


def test_a_row_after_the_first_may_have_no_price(path: Path) -> None:
    assert read(written(path, HEADER, FIRST, "2024-11-21,,"))[1] == (datetime(2024, 11, 21, tzinfo=UTC), {})


def test_prices_are_exact_and_have_12_decimals_at_most(path: Path) -> None:
    texts = ("0.1", "00.10", "2.6311e3", "5E-05", "1464.1234567890125", "1e12")
    written(path, "time,GOLD", *(f"2024-11-{day + 1:02},{text}" for day, text in enumerate(texts)))
    expected = ("0.1", "0.10", "2631.1", "0.00005", "1464.123456789013", "1000000000000")
    assert [prices["GOLD"] for _, prices in read(path)] == [Decimal(text) for text in expected]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_a_file_is_read_whichever_program_wrote_it(path: Path, mark: bytes, end: bytes, last: bool) -> None:
    lines = [HEADER.encode(), FIRST.encode(), b'"2024-11-21","1","2"']
    path.write_bytes(mark + end.join(lines) + (end if last else b""))
    assert [prices for _, prices in read(path)] == [
        {"GOLD": Decimal("2631.10"), "BTC": Decimal("98512.4")},
        {"GOLD": Decimal(1), "BTC": Decimal(2)},
    ]


def test_it_tells_how_far_it_is(path: Path) -> None:
    written(path, HEADER, FIRST, "2024-11-21,1,2", "2024-11-22,1,2")
    ends = [len(f"{HEADER}\n{FIRST}\n"), len(f"{HEADER}\n{FIRST}\n2024-11-21,1,2\n"), path.stat().st_size]
    with CsvPrices(path) as prices:
        assert prices.size == path.stat().st_size
        assert prices.consumed == len(f"{HEADER}\n")
        assert [prices.consumed for _ in prices] == ends


def test_a_pipe_is_read_too_though_nobody_knows_its_size(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=written, args=(pipe, HEADER, FIRST))
    writer.start()
    with CsvPrices(pipe) as prices:
        assert prices.size is None
        assert len(list(prices)) == 1
    writer.join()


def test_a_long_file_is_never_in_memory_as_a_whole(path: Path) -> None:
    with path.open("w") as file:
        print("time,GOLD", file=file)
        for day in range(20_000):
            print(f"{datetime.fromtimestamp(day * 86_400, UTC):%Y-%m-%d},{day + 1}.{'0' * 100}", file=file)
    tracemalloc.start()
    try:
        with CsvPrices(path) as prices:
            assert sum(1 for _ in prices) == 20_000
        assert tracemalloc.get_traced_memory()[1] < path.stat().st_size / 10
    finally:
        tracemalloc.stop()


def test_the_example_is_a_year_of_three_symbols() -> None:
    rows = read(EXAMPLE)
    assert EXAMPLE.stat().st_size < 100_000
    assert len(rows) == 365
    assert set(rows[0][1]) == {"GOLD", "BTC", "AAPL"}


BAD_HEADERS = {
    "an empty file": ("", "line 1, column 1: the header must be time,GOLD,BTC or the like"),
    "a blank line": ("\n", "line 1, column 1: the header must be time,GOLD,BTC or the like"),
    "no header": (f"{FIRST}\n", "line 1, column 1: the header must be time,GOLD,BTC or the like"),
    "another first column": ("date,GOLD\n", "line 1, column 1: the header must be time,GOLD,BTC or the like"),
    "time in capitals": ("Time,GOLD\n", "line 1, column 1: the header must be time,GOLD,BTC or the like"),
    "semicolons": ("time;GOLD\n", "line 1, column 1: the header must be time,GOLD,BTC or the like"),
    "no symbol": ("time\n", "line 1: there must be a symbol after time"),
    "an empty symbol": ("time,,BTC\n", f"line 1, column 2: {SYMBOL}"),
    "a blank behind": ("time,GOLD,BTC \n", f"line 1, column 3: {SYMBOL}"),
    "33 characters": (f"time,{'A' * 33}\n", f"line 1, column 2: {SYMBOL}"),
    "a tabulator": ("time,GO\tLD\n", f"line 1, column 2: {SYMBOL}"),
    "twice the same": ("time,GOLD,BTC,GOLD\n", "line 1, column 4: GOLD is in column 2 already"),
    "no row": (f"{HEADER}\n", "there is no row below the header"),
}


@pytest.mark.parametrize(("text", "reason"), BAD_HEADERS.values(), ids=BAD_HEADERS)
def test_a_file_that_begins_wrongly_is_refused(path: Path, text: str, reason: str) -> None:
    path.write_text(text)
    assert refused(path) == reason


BAD_ROWS = {
    "a column less": ("2024-11-21,1", "there must be 3 columns"),
    "a column more": ("2024-11-21,1,2,3", "there must be 3 columns"),
    "a decimal comma": ("2024-11-21,1,5,2", "there must be 3 columns"),
    "a blank line": ("", "there must be 3 columns"),
    "no time": (",1,2", f"column 1: {INSTANT}"),
    "a time in words": ("yesterday,1,2", f"column 1: {INSTANT}"),
    "seconds since 1970": ("1732147200,1,2", f"column 1: {INSTANT}"),
    "a day that isn't": ("2024-11-31,1,2", f"column 1: {INSTANT}"),
    "before 1900": ("1899-12-31,1,2", f"column 1: {INSTANT}"),
    "the same time": ("2024-11-20,1,2", "column 1: the time must be later than the one before"),
    "the same time elsewhere": ("2024-11-20T01:00+01:00,1,2", "column 1: the time must be later than the one before"),
    "an earlier time": ("2024-11-19,1,2", "column 1: the time must be later than the one before"),
    "a price of nothing": ("2024-11-21,0,2", f"column 2: the price of GOLD {SOUND}"),
    "a price below zero": ("2024-11-21,1,-2", f"column 3: the price of BTC {SOUND}"),
    "too small a price": ("2024-11-21,1,1e-13", f"column 3: the price of BTC {SOUND}"),
    "too large a price": ("2024-11-21,1e13,2", f"column 2: the price of GOLD {SOUND}"),
    "far too large a price": ("2024-11-21,1e999,2", f"column 2: the price of GOLD {SOUND}"),
    "an exponent of many digits": ("2024-11-21,1e9999999999999999999,2", f"column 2: the price of GOLD {NUMBER}"),
    "not a number": ("2024-11-21,NaN,2", f"column 2: the price of GOLD {NUMBER}"),
    "infinite": ("2024-11-21,Infinity,2", f"column 2: the price of GOLD {NUMBER}"),
    "a word": ("2024-11-21,much,2", f"column 2: the price of GOLD {NUMBER}"),
    "a blank": ("2024-11-21, 1,2", f"column 2: the price of GOLD {NUMBER}"),
    "nothing but a blank": ("2024-11-21, ,2", f"column 2: the price of GOLD {NUMBER}"),
    "a plus": ("2024-11-21,+1,2", f"column 2: the price of GOLD {NUMBER}"),
    "a currency": ("2024-11-21,$1,2", f"column 2: the price of GOLD {NUMBER}"),
    "underscores": ("2024-11-21,1_000,2", f"column 2: the price of GOLD {NUMBER}"),
    "other digits": ("2024-11-21,١,2", f"column 2: the price of GOLD {NUMBER}"),
    "a quotation mark inside": ('2024-11-21,"1"5,2', MISPLACED),
    "an open quotation": ('2024-11-21,"1,2', MISPLACED),
    "a carriage return": ("2024-11-21,1\r,2", MISPLACED),
    "an endless cell": (f"2024-11-21,{'1' * 200_000},2", MISPLACED),
    "an endless line": (f"2024-11-21,{'1,' * LONGEST_LINE}", f"it is longer than {LONGEST_LINE} bytes"),
}


@pytest.mark.parametrize(("row", "reason"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_bad_row_is_refused_with_its_place(path: Path, row: str, reason: str) -> None:
    path.write_bytes(f"{HEADER}\n{FIRST}\n{row}\n2024-11-22,1,2\n".encode())
    where = "line 3, " if reason.startswith("column") else "line 3: "
    assert refused(path) == where + reason


def test_the_rows_before_a_bad_one_are_read(path: Path) -> None:
    with CsvPrices(written(path, HEADER, FIRST, "2024-11-21,x,2")) as prices:
        rows = iter(prices)
        assert len(next(rows)[1]) == 2
        with pytest.raises(BadPrices, match="line 3, column 2"):
            next(rows)


def test_the_first_row_must_have_a_price(path: Path) -> None:
    assert refused(written(path, HEADER, "2024-11-20,,", FIRST)) == "line 2: the first row must have a price"


def test_what_isnt_utf_8_is_refused_with_its_line(path: Path) -> None:
    path.write_bytes(f"{HEADER}\n{FIRST}\n2024-11-21,1,".encode() + b"\xff\n")
    assert refused(path) == "line 3: it isn't UTF-8"
    path.write_bytes("time,GÖLD\n".encode("latin-1"))
    assert refused(path) == "line 1: it isn't UTF-8"
    path.write_bytes(f"{HEADER}\n".encode("utf-16"))
    assert refused(path) == "line 1: it isn't UTF-8"


def test_a_file_that_cant_be_read_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "missing.csv") == "it can't be read: No such file or directory"
    assert refused(tmp_path) == "it can't be read: Is a directory"


@given(
    st.lists(st.sampled_from(["time", ",", "GOLD", "\n", '"', "2024-11-20", "1", ".", "e", "-", "\r", "\0", "é", ""]))
)
def test_any_text_is_read_or_refused_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, text: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes("".join(["time,GOLD\n2024-11-19,1\n", *text]).encode())
    with suppress(BadPrices):
        read(path)
