"""The worked example of CONTRIBUTING.md, step by step, and how a copy of the project takes it in.

A step is a block of Python or Markdown behind a line that ends in one of

    **path/of/a/file.py**, new:
    **path/of/a/file.py**, after `a line of it`:
    **path/of/a/file.py**, in place of `a line of it`:

or in `and after ...`, `and in place of ...`, of the same file. What is put in is as far to the right as the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

import attrs

_FENCE = re.compile(r"^```(?:python|markdown)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
_WHERE = re.compile(r"(?:\*\*([^*\n]+)\*\*,|and) (?:(new)|(after|in place of) `([^`\n]+)`):\n\n\Z")


@attrs.frozen
class Step:
    """Some code, and where it goes: into a new file, or to the one line that reads so, blanks around it aside."""

    path: str
    code: str
    line: str | None = None
    is_replaced: bool = False


def steps(section: str) -> Iterator[Step]:
    """The steps of a section, in order. Every block in it must say where it goes."""
    path = ""
    end = 0
    for block in _FENCE.finditer(section):
        where = _WHERE.search(section, end, block.start())
        assert where is not None, f"this says not where it goes:\n{block[1]}"
        path = where[1] or path
        yield Step(path, block[1], where[4], where[3] == "in place of")
        end = block.end()


def apply(step: Step, folder: Path) -> None:
    """Do in a copy of the project what a step says."""
    file = folder / step.path
    if step.line is None:
        assert not file.exists(), f"{step.path} isn't new"
        file.write_text(step.code)
        return
    lines = file.read_text().splitlines(keepends=True)
    (at,) = (number for number, line in enumerate(lines) if line.strip() == step.line)
    margin = lines[at][: -len(lines[at].lstrip())]
    lines[at : at + 1] = [*([] if step.is_replaced else [lines[at]]), indent(step.code, margin)]
    file.write_text("".join(lines))
