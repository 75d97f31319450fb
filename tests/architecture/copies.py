"""Copies of the project, in which a test may change what it likes, and the tools that check them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("domain", "ports", "adapters", "entrypoints")
_NOT_COPIED = shutil.ignore_patterns("__pycache__")


def copy(folder: Path, *names: str) -> Path:
    """The project's packages with its settings, and these files and folders of it, as far as there are such."""
    for name in (*PACKAGES, "setup.cfg", *names):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=_NOT_COPIED)
        elif (ROOT / name).exists():
            shutil.copy2(ROOT / name, folder / name)
    return folder


def tool(folder: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a tool of this environment over a copy."""
    command = [Path(sys.executable).with_name(name), *arguments]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=env)
