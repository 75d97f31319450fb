"""`hucha backtest-bot`, as people call it: a report, a chart, or one sentence (contract B13, R2)."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import termios
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.model.assets import Trade
from domain.rules.backtest import Backtest
from entrypoints.backtest_chart import MOST_MARKS, MOST_STRETCHES, Course, drawn
from entrypoints.cli import main

from .processes import START_SECONDS, command, hucha

EXAMPLE = Path(__file__).parents[2] / "examples" / "prices.csv"
SVG = "{http://www.w3.org/2000/svg}"

CASE_STUDY = """\
time,GOLD,NEW
2024-11-20,1000,
2024-11-21,800,
2024-11-22T10:30:00Z,1200,5
"""

REPORT = """\
3 rows from 2024-11-20 to 2024-11-22 10:30:00
2,000.00 to begin with, 50 % of it invested at once in GOLD
never bought, for want of a price in the first row: NEW

                                     bot        buy and hold
final value                     2,225.00            2,200.00
profit                            225.00              200.00
profit, %                          11.25               10.00
realised                           45.00                0.00
unrealised                        180.00              200.00
largest drawdown, %                10.00               10.00
purchases                              1                   0
sales                                  1                   0

The bot ended with 25.00 more than buying and holding.
"""


def backtest(folder: Path, content: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "prices.csv").write_text(content)
    return hucha("backtest-bot", "prices.csv", *options, cwd=folder)


def refused(finished: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a command that was refused."""
    assert (finished.returncode, finished.stdout) == (1, ""), finished
    assert finished.stderr.count("\n") == 1
    return finished.stderr.removeprefix("hucha: ").removesuffix("\n")


def test_the_report_compares_the_bot_with_buying_and_holding(tmp_path: Path) -> None:
    # contract: B13, R2
    finished = backtest(tmp_path, CASE_STUDY, "--cash", "2000")
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, REPORT, "")
    assert [path.name for path in tmp_path.iterdir()] == ["prices.csv"], "it touches nothing else"


def test_every_option_tells(tmp_path: Path) -> None:
    # contract: B13
    options = ("--cash", "1000", "--invest", "100", "--threshold", "25", "--buy-share", "10", "--sell-share", "100")
    finished = backtest(tmp_path, CASE_STUDY, *options)
    assert "1,000.00 to begin with, 100 % of it" in finished.stdout
    assert "The bot ended with as much as buying and holding." in finished.stdout, "20 % is within 25"
    finished = backtest(tmp_path, CASE_STUDY, *options, "--threshold", "20")
    assert re.search(r"purchases +0 +0\nsales +1 +0\n", finished.stdout), "no cash to buy with, and all is sold"
    assert re.search(r"realised +200.00 +0.00\nunrealised +0.00 +200.00\n", finished.stdout)
    finished = backtest(tmp_path, CASE_STUDY, "--buy-share", "0.5", "--sell-share", "0.0000000001")
    assert "The bot ended with 12.50 more than buying and holding." in finished.stdout
    assert re.search(r"purchases +1 +0\nsales +0 +0\n", finished.stdout)


def test_it_needs_no_settings_and_no_database(tmp_path: Path) -> None:
    # contract: R2, R3
    wrong = {"PORT": "x", "DATABASE_URL": "nonsense"}
    finished = hucha("backtest-bot", str(EXAMPLE), cwd=tmp_path, **wrong)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert finished.stdout.startswith("365 rows from 2025-01-01 to 2025-12-31\n10,000.00 to begin with, 50 %")
    assert list(tmp_path.iterdir()) == []


BAD_OPTIONS = {
    "--cash": ("0", "-5", "1.005", "x", "10000000000000", "NaN", "1e3", ""),
    "--invest": ("0", "100.1", "-1", "x", "1e1", "0.00000000001", "NaN"),
    "--threshold": ("0", "100", "-1", "1%"),
    "--buy-share": ("0", "100.0000000001"),
    "--sell-share": ("0", "200", "9" * 200),
}


@pytest.mark.parametrize(
    ("option", "value"), [(option, value) for option in BAD_OPTIONS for value in BAD_OPTIONS[option]]
)
def test_an_option_out_of_range_is_refused_in_one_sentence(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backtest-bot", str(EXAMPLE), option, value]) == 1
    told, sentence = capsys.readouterr()
    assert told == ""
    assert re.fullmatch(rf"hucha: {option} must (be|have) .+\n", sentence)


BAD_FILES = {
    "a bad price": (CASE_STUDY.replace("800", "-800"), (), "prices.csv: line 3, column 2: the price of GOLD must be"),
    "no row": ("time,GOLD\n", (), "prices.csv: there is no row below the header"),
    "too little to invest": (CASE_STUDY, ("--cash", "0.01"), "What is to be invested is too little to buy some of"),
    "too much": ("time,A\n2024-11-20,1e-12\n", ("--cash", "9" + "0" * 12), "What is to be invested"),
}


@pytest.mark.parametrize(("content", "options", "sentence"), BAD_FILES.values(), ids=BAD_FILES)
def test_what_cant_be_tested_is_refused_in_one_sentence(
    tmp_path: Path, content: str, options: Sequence[str], sentence: str
) -> None:
    assert refused(backtest(tmp_path, content, *options)).startswith(sentence)


def test_a_missing_file_is_refused_and_a_wrong_call_is_status_2(tmp_path: Path) -> None:
    missing = hucha("backtest-bot", "missing.csv", cwd=tmp_path)
    assert refused(missing) == "missing.csv: it can't be read: No such file or directory"
    for words in ((), ("a.csv", "b.csv"), ("a.csv", "--cash")):
        wrong = hucha("backtest-bot", *words, cwd=tmp_path)
        assert (wrong.returncode, wrong.stdout) == (2, "")
        assert wrong.stderr.startswith("usage: hucha ")


def test_the_progress_is_shown_on_a_terminal_only(tmp_path: Path) -> None:
    # contract: R2
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    try:
        finished = subprocess.run(
            command("backtest-bot", str(EXAMPLE)), stdout=subprocess.PIPE, stderr=theirs, timeout=START_SECONDS
        )
        shown = os.read(ours, 65_536).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert finished.returncode == 0
    assert "100%" in shown
    assert finished.stdout.startswith(b"365 rows")
    assert hucha("backtest-bot", str(EXAMPLE), cwd=tmp_path).stderr == ""


def test_the_chart_is_a_picture_and_nothing_else(tmp_path: Path) -> None:
    # contract: R2
    chart = tmp_path / "chart.svg"
    chart.write_text("what was there before")
    finished = hucha("backtest-bot", str(EXAMPLE), "--svg", "chart.svg", cwd=tmp_path)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["chart.svg"], "nothing half is left"
    text = chart.read_text()
    assert re.findall(r"https?:[^\"]*", text) == ["http://www.w3.org/2000/svg"], "the format's own name"
    root = ElementTree.fromstring(text)
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "defs", "style", "title", "g", "rect", "path", "text", "circle", "desc"}
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on") or "href" in name]
    assert "url(" not in text
    assert "@import" not in text
    told = "".join(root.itertext())
    bought, sold = re.search(r"purchases +(\d+).*sales +(\d+)", finished.stdout, re.DOTALL).groups()
    assert f"{bought} purchases by the bot" in told
    assert f"{sold} sales by the bot" in told
    again = hucha("backtest-bot", str(EXAMPLE), "--svg", "again.svg", cwd=tmp_path)
    assert again.stdout == finished.stdout
    assert (tmp_path / "again.svg").read_text() == text, "the same prices, the same picture"


def test_a_chart_that_cant_be_written_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    no_such_file, no_folder = "No such file or directory", "Not a directory"
    for place, sentence in (
        ("no/chart.svg", f"no/chart.svg: {no_such_file}"),
        ("prices.csv/chart.svg", f"prices.csv/chart.svg: {no_folder}"),
        ("folder", "folder: a chart can't take its place"),
        ("", ".: a chart can't take its place"),
        ("prices.csv", "prices.csv: a chart can't take its place"),
    ):
        assert refused(backtest(tmp_path, CASE_STUDY, "--svg", place)) == sentence
    assert (tmp_path / "prices.csv").read_text() == CASE_STUDY


def test_a_backtest_that_fails_leaves_the_chart_that_was_there(tmp_path: Path) -> None:
    (tmp_path / "chart.svg").write_text("what was there before")
    refused(backtest(tmp_path, CASE_STUDY + "2024-11-23,x,\n", "--svg", "chart.svg"))
    assert (tmp_path / "chart.svg").read_text() == "what was there before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["chart.svg", "prices.csv"]


START = datetime(2024, 11, 20, tzinfo=UTC)
BOUGHT, SOLD = (Trade("GOLD", side, Decimal(1), Decimal(1), Decimal(1)) for side in ("buy", "sell"))

values = st.integers(1, 100).map(Decimal)
row_groups = st.lists(st.tuples(values, values, st.sampled_from([(), (BOUGHT,), (SOLD,), (BOUGHT, SOLD)])), min_size=1)


@given(row_groups, st.sampled_from([1, 7, 40, 150]))
@example([(Decimal(5), Decimal(5), ())], 1)
def test_a_chart_keeps_the_ends_the_extremes_and_the_trades_of_any_number_of_rows(
    group: list[tuple[Decimal, Decimal, Sequence[Trade]]], times: int
) -> None:
    course, rows = Course(), group * times
    for number, (bot, held, trades) in enumerate(rows):
        course.add(START + timedelta(minutes=number), bot, held, trades)
    assert len(course.stretches) <= MOST_STRETCHES
    for line, told in (("bot", [bot for bot, _, _ in rows]), ("held", [held for _, held, _ in rows])):
        points = course.points(line)
        assert len(points) <= 2 * MOST_STRETCHES + 2
        assert points == sorted(points)
        assert (points[0], points[-1]) == (
            (START.timestamp(), told[0]),
            (START.timestamp() + 60 * (len(rows) - 1), told[-1]),
        )
        assert {min(told), max(told)} <= {value for _, value in points}
        assert all(told[int(time - START.timestamp()) // 60] == value for time, value in points)
    for kind, side in (("purchases", "buy"), ("sales", "sell")):
        marks = course.marks(kind)
        assert len(marks) <= MOST_MARKS
        assert sum(count for *_, count in marks) == sum(trade.side == side for *_, trades in rows for trade in trades)
        assert {(time, value) for time, value, _ in marks} <= set(course.points("bot"))


def test_the_memory_of_a_chart_does_not_grow_with_the_rows() -> None:
    course = Course()
    used = []
    tracemalloc.start()
    try:
        for number in range(4 * MOST_STRETCHES * 16):
            course.add(START + timedelta(minutes=number), Decimal(number), Decimal(number), ())
            if number in (MOST_STRETCHES * 2, 4 * MOST_STRETCHES * 16 - 1):
                used.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert used[1] < 2.5 * used[0]
    assert len(drawn(course, Backtest(Decimal(1)).result())) < 150_000


def test_a_single_row_and_prices_that_stand_still_are_drawn_too(tmp_path: Path) -> None:
    for content in ("time,A\n2024-11-20,5\n", "time,A\n2024-11-20,5\n2024-11-21,5\n"):
        assert backtest(tmp_path, content, "--svg", "chart.svg").returncode == 0
        assert ElementTree.parse(tmp_path / "chart.svg").getroot().tag == f"{SVG}svg"
