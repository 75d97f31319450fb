"""CONTRIBUTING's worked example of a new noun: a copy of the project takes it in, and passes its checks and tests."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from adapters.sql.schema import head
from tests.architecture.copies import PACKAGES, ROOT, copy, tool
from tests.architecture.worked_example import Step, apply, steps
from tests.conftest import LONG

MOST_FILES = 12
"""So many files of the product may a noun with its routes touch."""

SUITES_OF_ALL = (
    "tests/architecture/test_documented.py",
    "tests/contracts/test_migrations.py",
    "tests/http/test_openapi.py",
    "tests/http/test_authorisation_matrix.py",
    "tests/http/test_errors.py",
)
"""What takes in new tables and routes by itself."""

WHICH = "(payees or agree or would_make or valid_openapi or left_out or unique or quota)"
"""The tests of the noun, of its routes, and of all tables and routes at once."""

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
SECTION = CONTRIBUTING.partition("\n## A new noun, for example\n")[2].partition("\n## ")[0]


def numbered(step: Step) -> Step:
    """The step with the number of the next migration and of the one before."""
    last = head()
    path, code = (text.replace("NEXT", f"{int(last) + 1:04}").replace("LAST", last) for text in (step.path, step.code))
    return attrs.evolve(step, path=path, code=code)


STEPS = [numbered(step) for step in steps(SECTION)]
TOUCHED = sorted({step.path for step in STEPS})


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the noun in it."""
    folder = copy(tmp_path_factory.mktemp("house"), "tests", "docs", ".ruff.toml", ".mypy_cache")
    for step in STEPS:
        apply(step, folder)
    return folder


def test_a_noun_touches_few_files() -> None:
    product = [path for path in TOUCHED if path.split("/")[0] in PACKAGES]
    assert len(product) <= MOST_FILES, product
    assert len(TOUCHED) > len(product), "it has tests too"


def test_it_reads_like_the_rest(house: Path) -> None:
    for arguments in (("check",), ("format", "--check", "--diff")):
        result = tool(house, "ruff", *arguments, "--no-cache", *(path for path in TOUCHED if path.endswith(".py")))
        assert result.returncode == 0, result.stdout


def test_its_types_agree(house: Path) -> None:
    result = tool(house, "mypy")
    assert result.returncode == 0, result.stdout


def test_its_imports_go_down(house: Path) -> None:
    result = tool(house, "lint-imports", "--no-cache")
    assert result.returncode == 0, result.stdout


@pytest.mark.proof
def test_its_tests_pass(house: Path) -> None:
    """Its own, and those that take in every table and route by themselves; those on MariaDB in the long form alone."""
    which = WHICH if LONG else f"{WHICH} and not mariadb"
    suites = [*(path for path in TOUCHED if path.startswith("tests/")), *SUITES_OF_ALL]
    result = tool(house, "pytest", "-v", "-p", "no:cacheprovider", "-n0", "-k", which, *suites)
    assert result.returncode == 0, result.stdout
    assert LONG or "SKIPPED" not in result.stdout
    assert [suite for suite in suites if f"{suite}::" not in result.stdout] == []


def test_a_block_that_does_not_say_where_it_goes_is_refused() -> None:
    good = "**a.py**, new:\n\n```python\nx = 1\n```\n"
    assert list(steps(good)) == [Step("a.py", "x = 1\n")]
    with pytest.raises(AssertionError, match="says not where it goes"):
        list(steps(good + "\nAnd then:\n\n```python\ny = 2\n```\n"))


@pytest.mark.parametrize("line", ["", "x = 1"], ids=["gone", "twice"])
def test_a_line_that_is_not_there_once_is_refused(line: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(f"{line}\n{line}\n")
    with pytest.raises(ValueError, match="unpack"):
        apply(Step("a.py", "y = 2\n", "x = 1"), tmp_path)
