"""Every setting and command is documented, nothing else is, and documents lead to what is there."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.model.quotas import STANDARD_QUOTAS
from entrypoints.composition import QUOTAS
from entrypoints.settings import Settings, WrongSetting

ROOT = Path(__file__).parents[2]
SETTINGS = "docs/settings.md"
DOCUMENTS = sorted(
    path.relative_to(ROOT)
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
    if ".venv" not in path.relative_to(ROOT).parts
)
WITH_PATHS = [path for path in DOCUMENTS if path.name not in ("CHANGELOG.md", "README.md") or path.parts[0] == "docs"]
OF_THE_HOUSE = re.compile(r"`((?:domain|ports|adapters|entrypoints|tests|examples|docs)(?:/[A-Za-z0-9_./*-]*)?)`")


def read_settings(folder: Path) -> set[str]:
    """The environment variables that the code reads: the keys of one dict."""
    tree = ast.parse((folder / "entrypoints/settings.py").read_text())
    (table,) = (
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "_VARIABLES"
    )
    assert isinstance(table, ast.Dict)
    return {ast.literal_eval(key) for key in table.keys if key is not None}


def read_commands(folder: Path) -> set[str]:
    """The commands that the code parses."""
    tree = ast.parse((folder / "entrypoints/cli.py").read_text())
    return {
        ast.literal_eval(node.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_parser"
    }


def rows(folder: Path) -> list[list[str]]:
    """The table of settings: variable, default, range, meaning, example."""
    text = (folder / SETTINGS).read_text().partition("\n## Commands\n")[0]
    lines = re.findall(r"^\| (`[A-Z_]+` .*) \|$", text, flags=re.MULTILINE)
    return [[cell.strip() for cell in line.split(" | ")] for line in lines]


def told_settings(folder: Path) -> list[str]:
    return [row[0].strip("`") for row in rows(folder)]


def told_commands(folder: Path) -> list[str]:
    return re.findall(r"^### `hucha ([a-z-]+)[^`]*`$", (folder / SETTINGS).read_text(), flags=re.MULTILINE)


def differences(folder: Path) -> set[str]:
    """What is documented and not there, or there and not documented; or told twice."""
    settings, commands = told_settings(folder), told_commands(folder)
    twice = {name for told in (settings, commands) for name in told if told.count(name) > 1}
    return twice | (read_settings(folder) ^ set(settings)) | (read_commands(folder) ^ set(commands))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("entrypoints/settings.py", "entrypoints/cli.py", SETTINGS):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_every_setting_and_command_is_documented_and_nothing_else_is() -> None:
    assert differences(ROOT) == set()


@pytest.mark.parametrize(
    ("file", "old", "new", "found"),
    [
        ("entrypoints/settings.py", '    "HOST": str,\n', '    "HOST": str,\n    "PLANTED": str,\n', "PLANTED"),
        (SETTINGS, "| `PORT` |", "| `PLANTED` | none | any | nothing | `x` |\n| `PORT` |", "PLANTED"),
        (SETTINGS, "| `PORT` |", "| `HOST` | none | any | nothing | `x` |\n| `PORT` |", "HOST"),
        (SETTINGS, "### `hucha audit`", "### `hucha planted`\n\n### `hucha audit`", "planted"),
        (
            "entrypoints/cli.py",
            "    audit = commands.add_parser(",
            '    commands.add_parser("planted")\n    audit = commands.add_parser(',
            "planted",
        ),
    ],
)
def test_what_is_planted_on_either_side_is_found(file: str, old: str, new: str, found: str, copy: Path) -> None:
    assert differences(copy) == set()
    text = (copy / file).read_text()
    assert old in text
    (copy / file).write_text(text.replace(old, new))
    assert differences(copy) == {found}


@pytest.mark.parametrize("row", rows(ROOT), ids=lambda row: str(row[0]))
def test_a_setting_has_the_documented_default_and_takes_the_documented_example(row: list[str]) -> None:
    name, default, _, _, example = row
    field = name.strip("`").lower()
    if default.startswith("`"):
        given = Settings.from_environment({field.upper(): default.strip("`")})
        assert getattr(given, field) == getattr(Settings(), field)
    else:
        assert getattr(Settings(), field) in (None, (), STANDARD_QUOTAS)
    try:
        settings = Settings.from_environment({field.upper(): example.strip("`")})
    except WrongSetting:
        assert field == "cpus", "which only a machine with that core takes"
    else:
        assert getattr(settings, field) != getattr(Settings(), field)


@pytest.mark.parametrize("row", rows(ROOT), ids=lambda row: str(row[0]))
def test_a_setting_takes_what_is_in_the_documented_range_and_nothing_else(row: list[str]) -> None:
    name, _, told, _, _ = row
    variable = name.strip("`")
    if bounds := re.fullmatch(r"(\d+) to (\d+)", told):
        first, last = int(bounds[1]), int(bounds[2])
        taken, refused = [str(first), str(last)], [str(first - 1), str(last + 1), "x"]
    elif re.fullmatch(r"`\w+`(, `\w+`)+", told):
        taken, refused = re.findall(r"\w+", told), ["x"]
    else:
        return  # told in words
    for text in taken:
        Settings.from_environment({variable: text})
    for text in refused:
        with pytest.raises(WrongSetting):
            Settings.from_environment({variable: text})


def test_every_quota_is_documented_as_it_is_and_nothing_else_is() -> None:
    text = (ROOT / SETTINGS).read_text().partition("\n## Quotas\n")[2].partition("\n## ")[0]
    told = re.findall(r"^\| ([a-z_]+) \| ([0-9]+) \|", text, flags=re.MULTILINE)
    assert sorted(told) == sorted((one.noun, str(one.most)) for one in QUOTAS)


def links(document: Path) -> Iterator[tuple[Path, str]]:
    """Where a document's links lead: a file, and the heading in it, if any."""
    text = re.sub(r"^```.*?^```", "", (ROOT / document).read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target:
            path, _, heading = target.partition("#")
            yield (ROOT / document).parent / path if path else ROOT / document, heading


def headings(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", document.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in found}


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_link_leads_somewhere(document: Path) -> None:
    for path, heading in links(document):
        assert path.exists(), path
        assert not heading or heading in headings(path), f"{path} has no {heading}"


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        document = waiting.pop().resolve()
        if document not in reached and document.suffix == ".md":
            reached.add(document)
            waiting += [path for path, _ in links(document.relative_to(ROOT))]
    assert {ROOT / document for document in DOCUMENTS} <= reached


@pytest.mark.parametrize("document", WITH_PATHS, ids=str)
def test_every_path_that_is_named_exists(document: Path) -> None:
    named = OF_THE_HOUSE.findall((ROOT / document).read_text())
    assert [path for path in named if not list(ROOT.glob(path.rstrip("/")))] == []


def test_the_paths_that_are_named_are_found() -> None:
    named = OF_THE_HOUSE.findall((ROOT / "docs/architecture.md").read_text())
    assert "entrypoints/http/money/cash.py" in named
    assert not list(ROOT.glob("entrypoints/http/planted.py"))


PACKAGES = sorted(
    path.relative_to(ROOT)
    for floor in ("domain", "ports", "adapters", "entrypoints")
    for path in (ROOT / floor).rglob("__init__.py")
)


def test_every_package_says_what_it_is_for_in_words_of_its_own() -> None:
    told = {path: ast.get_docstring(ast.parse((ROOT / path).read_text())) for path in PACKAGES}
    assert [path for path, text in told.items() if not text] == []
    assert len(set(told.values())) == len(told)


@pytest.mark.parametrize("package", PACKAGES, ids=str)
def test_every_file_that_a_package_names_is_in_it(package: Path) -> None:
    text = ast.get_docstring(ast.parse((ROOT / package).read_text())) or ""
    folder = (ROOT / package).parent
    named = re.findall(r"[\w/]+\.py\b", text) + [f"{one}/" for one in re.findall(r"`(\w+/\w+)`", text)]
    assert [name for name in named if not (folder / name).exists() and not (ROOT / name).exists()] == []
