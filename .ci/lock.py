"""The exact versions that are installed, and the hashes of their files: `make lock` renews them, `make check` looks.

`requirements.lock` holds what `make run` and the image install, `requirements-dev.lock` all that `make install` does;
both hold what builds the package. They serve every Python and system that setup.cfg admits, by markers. The first line
names what they were made for, so a requirement that changed is noticed without the internet.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tomllib
from configparser import ConfigParser
from pathlib import Path

OLDEST_PYTHON = "3.11"
LOCKS = {"requirements.lock": (), "requirements-dev.lock": ("--extra", "dev", "--constraint", "requirements.lock")}
"""Each lock, and what uv is told beside setup.cfg; the second takes its versions from the first."""

HEADER = "# Made by `make lock` for the requirements {digest}; don't edit.\n"


def build_requirements(root: Path) -> list[str]:
    """What builds the package."""
    return list(tomllib.loads((root / "pyproject.toml").read_text())["build-system"]["requires"])


def header(root: Path) -> str:
    """The line that a lock of the requirements in this folder begins with."""
    parser = ConfigParser()
    parser.read(root / "setup.cfg")
    stated = [parser["options"]["python_requires"], parser["options"]["install_requires"]]
    stated += [parser["options.extras_require"]["dev"], *build_requirements(root)]
    lines = [line.strip() for text in stated for line in text.splitlines() if line.strip()]
    return HEADER.format(digest=hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16])


def stale(root: Path) -> list[str]:
    """The locks that weren't made for the requirements as they are now."""
    expected = header(root)
    return [name for name in LOCKS if not (root / name).is_file() or not (root / name).read_text().startswith(expected)]


def renew(root: Path, uv: str, options: list[str]) -> None:
    """Make both locks again; versions that still fit stay, unless an option such as --upgrade says otherwise."""
    for name, more in LOCKS.items():
        command = [uv, "pip", "compile", "setup.cfg", "-", *more, "--output-file", name, "--universal"]
        command += ["--python-version", OLDEST_PYTHON, "--generate-hashes", "--no-header", "--quiet"]
        command += ["--annotation-style", "line", *options]
        subprocess.run(command, cwd=root, check=True, text=True, input="\n".join(build_requirements(root)))
        path = root / name
        path.write_text(header(root) + path.read_text())


def main(arguments: list[str]) -> int:
    """`lock.py` checks; `lock.py UV [OPTION ...]` renews."""
    root = Path.cwd()
    if arguments:
        renew(root, arguments[0], arguments[1:])
        return 0
    for name in stale(root):
        print(f"{name} isn't of these requirements: run `make lock` and commit it.")
    return 1 if stale(root) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
