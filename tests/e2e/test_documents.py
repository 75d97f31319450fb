"""What the documents show works as they show it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from falcon.testing import TestClient

from entrypoints.composition import build_in_memory
from entrypoints.http.app import create_app

from .processes import hucha

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()


def blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", document, flags=re.MULTILINE | re.DOTALL)


def section(document: str, title: str) -> str:
    """What stands below a heading, up to the next."""
    return document.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_first_curl_of_the_readme_is_answered_as_it_says() -> None:
    curl = next(block for block in blocks(README, "sh") if "curl" in block)
    body = re.search(r"-d '(.*)'", curl)
    assert body is not None
    answer = TestClient(create_app(build_in_memory())).simulate_post(
        "/event", body=body[1], headers={"Content-Type": "application/json"}
    )
    assert answer.json == json.loads(blocks(README, "json")[0])


def test_the_notebook_lines_of_the_readme_print_what_it_says() -> None:
    result = subprocess.run(
        [sys.executable, "-c", blocks(README, "python")[0]], cwd=ROOT, capture_output=True, text=True
    )
    assert result.stdout == blocks(section(README, "In a notebook"), "text")[0], result.stderr


def test_the_backtest_of_the_readme_prints_what_it_says(tmp_path: Path) -> None:
    # contract: B13, R2
    command = next(block for block in blocks(README, "sh") if "backtest-bot" in block)
    assert command.startswith(".venv/bin/hucha backtest-bot examples/prices.csv --svg chart.svg ")
    result = hucha("backtest-bot", str(ROOT / "examples/prices.csv"), "--svg", "chart.svg", cwd=tmp_path)
    assert result.stdout == blocks(section(README, "The market"), "text")[1], result.stderr
    assert (tmp_path / "chart.svg").read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_the_examples_run(example: Path) -> None:
    subprocess.run([sys.executable, example], cwd=ROOT, check=True, capture_output=True, env={"PYTHONPATH": str(ROOT)})


def test_the_worked_example_of_a_new_rule_is_one_class_one_line_and_one_test(tmp_path: Path) -> None:
    rule, test = blocks(section(CONTRIBUTING, "A new event rule, for example"), "python")
    for package in ("domain", "tests"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    module = tmp_path / "domain/rules/activity.py"
    registry = "RULES: Final"
    text = module.read_text().replace(registry, f"{rule}\n\n{registry}")
    module.write_text(text.replace("    DepositsInWindow(),\n", "    MirrorWithdrawal(),\n    DepositsInWindow(),\n"))
    suite = tmp_path / "tests/unit/rules/test_activity.py"
    suite.write_text(f"{suite.read_text()}\n\n{test}")

    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "test_77 or every_rule",
        str(suite),
    ]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env={"PYTHONPATH": str(tmp_path)})
    assert result.returncode == 0, result.stdout
    assert "7 passed" in result.stdout
