"""The floors of the house hold, and the guards that watch them can fail."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.copies import PACKAGES, ROOT, copy, tool

PLANTED = {
    "Imports only go down": ("domain/model/money.py", "import domain.rules.activity"),
    "The domain is model, rules and use cases, and nothing else": ("domain/helpers.py", ""),
    "The domain and the ports know no vendor": ("ports/storage.py", "import sqlalchemy"),
    "Adapters import no rule and no use case": ("adapters/system_clock.py", "import domain.rules.activity"),
    "No imports go in a circle": ("domain/model/money.py", "import domain.model.assets"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return tool(folder, "lint-imports", "--no-cache")


@pytest.fixture
def copy_of_the_house(tmp_path: Path) -> Path:
    return copy(tmp_path)


def test_the_floors_hold(copy_of_the_house: Path) -> None:
    result = lint(copy_of_the_house)
    assert result.returncode == 0, result.stdout
    assert "5 kept, 0 broken" in result.stdout


@pytest.mark.parametrize("contract", PLANTED)
def test_each_contract_catches_a_planted_violation(contract: str, copy_of_the_house: Path) -> None:
    name, line = PLANTED[contract]
    with (copy_of_the_house / name).open("a") as file:
        file.write(f"\n{line}\n")
    result = lint(copy_of_the_house)
    assert result.returncode == 1
    assert f"{contract} BROKEN" in result.stdout, result.stdout


def test_the_domain_and_ports_import_the_standard_library_attrs_and_themselves() -> None:
    allowed = sys.stdlib_module_names | {"attrs", "domain", "ports"}
    imported = {name for package in ("domain", "ports") for path, name in imports(ROOT / package)}
    assert imported <= allowed


def test_the_event_rules_import_the_standard_library_attrs_and_the_model_only() -> None:
    for module in ("domain/rules/activity.py", "domain/model/activity.py"):
        names = set(full_imports(ROOT / module))
        own = {name for name in names if name.split(".")[0] in PACKAGES}
        assert own <= {"domain.model.activity", "domain.model.errors", "domain.model.money"}
        assert {name.split(".")[0] for name in names - own} <= sys.stdlib_module_names | {"attrs"}


def test_the_event_rules_work_with_nothing_else_installed(tmp_path: Path) -> None:
    """A process that sees the domain and attrs, and no other package."""
    import attr
    import attrs

    shutil.copytree(ROOT / "domain", tmp_path / "domain")
    for package in (attr, attrs):
        shutil.copytree(Path(package.__file__).parent, tmp_path / package.__name__)
    program = (
        "import sys; sys.path.insert(0, '.')\n"
        "from domain.rules.activity import judge\n"
        "from domain.model.activity import Action, UserActivity\n"
        "from decimal import Decimal\n"
        "print(judge(Action('withdraw', Decimal(150), 1, 0), UserActivity()).codes)\n"
    )
    result = subprocess.run([sys.executable, "-I", "-S", "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert result.stdout == "(1100,)\n", result.stderr


def test_no_clock_randomness_or_output_in_model_and_rules() -> None:
    forbidden = {"time", "random", "secrets", "uuid", "logging", "os", "io", "pathlib", "socket", "threading"}
    for floor in ("model", "rules"):
        imported = {name for _, name in imports(ROOT / "domain" / floor)}
        assert not imported & forbidden


def imports(package: Path) -> Iterator[tuple[Path, str]]:
    for path in package.rglob("*.py"):
        for name in full_imports(path):
            yield path, name.split(".")[0]


def full_imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
