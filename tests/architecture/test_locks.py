"""The locks are of the requirements as they are, hold hashes alone, and name no index."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
RUNTIME, DEVELOPMENT = "requirements.lock", "requirements-dev.lock"
PYTHONS = ("3.11.0", "3.12.1", "3.13.0")


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, ROOT / ".ci/lock.py"], cwd=folder, capture_output=True, text=True)


def pins(name: str, python: str) -> dict[str, Version]:
    """What a lock installs on Linux by a version of Python."""
    found = {}
    for line in re.findall(r"^([a-z0-9][^\\\n]*?) *\\?$", (ROOT / name).read_text(), flags=re.MULTILINE):
        pin = Requirement(line)
        marker = {"python_full_version": python, "python_version": python[:4], "sys_platform": "linux"}
        if pin.marker is None or pin.marker.evaluate(marker):
            assert pin.name not in found, line
            found[pin.name] = Version(str(pin.specifier).removeprefix("=="))
    return found


def requirements(section: str, option: str) -> list[Requirement]:
    parser = ConfigParser()
    parser.read(ROOT / "setup.cfg")
    lines = map(str.strip, parser[section][option].splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def test_the_locks_are_of_these_requirements() -> None:
    result = check(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("setup.cfg", "install_requires =\n", "install_requires =\n    tzdata >= 2026\n"),
        ("setup.cfg", "pymysql[rsa]", "pymysql"),
        ("setup.cfg", "dev =\n", "dev =\n    flake8\n"),
        ("pyproject.toml", "setuptools>=77", "setuptools>=78"),
    ],
)
def test_requirements_that_changed_without_the_locks_are_noticed(file: str, old: str, new: str, tmp_path: Path) -> None:
    for name in ("setup.cfg", "pyproject.toml", RUNTIME, DEVELOPMENT):
        shutil.copy(ROOT / name, tmp_path)
    assert check(tmp_path).returncode == 0
    text = (tmp_path / file).read_text()
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new))
    result = check(tmp_path)
    assert result.returncode == 1
    assert "make lock" in result.stdout


@pytest.mark.parametrize("python", PYTHONS)
def test_the_locks_meet_every_requirement_on_every_python(python: str) -> None:
    runtime, development = pins(RUNTIME, python), pins(DEVELOPMENT, python)
    assert runtime.items() <= development.items()
    for requirement in requirements("options", "install_requires"):
        assert runtime[requirement.name.lower()] in requirement.specifier, requirement
    for requirement in requirements("options.extras_require", "dev"):
        assert development[requirement.name.lower()] in requirement.specifier, requirement


@pytest.mark.parametrize("name", [RUNTIME, DEVELOPMENT])
def test_each_pin_has_hashes_and_no_place_to_be_fetched_from(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "//" not in text
    assert not re.search(r"^--", text, flags=re.MULTILINE)
    stated = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", one) for one in stated)
