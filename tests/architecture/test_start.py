"""What a start imports: what only some requests or commands need is imported by these."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

START = """
import sys
from wsgiref.util import setup_testing_defaults
from entrypoints import cli, server
from entrypoints.composition import build
from entrypoints.databases import shown_database
from entrypoints.http.app import create_app
from entrypoints.logs import set_up_logs
from entrypoints.settings import Settings
from entrypoints.worker import Worker
settings = Settings()
set_up_logs(settings)
hucha = build(settings)
shown_database(settings)
app = create_app(hucha)
Worker(hucha.due_work, hucha.work_due, prepare=hucha.prepare_work)
environ = {"PATH_INFO": "/healthz", "REMOTE_ADDR": "127.0.0.1"}
setup_testing_defaults(environ)
answers = []
app(environ, lambda status, headers, error=None: answers.append(status))
assert answers == ["200 OK"]
hucha.close()
"""
"""As `hucha serve` does it, to the first answer."""

HEAVY = {
    *("alembic", "bcrypt", "cattrs", "cryptography", "jwt", "limits", "offapi", "prometheus_client", "pygal"),
    *("pymysql", "pythonjsonlogger", "redis", "smtplib", "sqlalchemy.dialects.mysql", "sqlalchemy.orm", "tenacity"),
    *("tqdm", "multiprocessing", "entrypoints.http.openapi", "adapters.sql.mysql", "adapters.market.http_prices"),
    *("adapters.memory.storage", "adapters.sql.every_table", "domain.rules.backtest", "hypothesis", "numpy"),
}
"""Each is a fortieth of the start or more, or draws in what is; none is needed for the first answer."""

LIGHT_COMMAND = "import sys, entrypoints.cli\ntry: entrypoints.cli.main(['--help'])\nexcept SystemExit: pass\n"
NOT_LIGHT = {"attrs", "domain", "ports", "adapters", "falcon", "msgspec", "sqlalchemy", "waitress"}


def imported(program: str, folder: Path) -> set[str]:
    """The modules that are there after the program ran in this folder."""
    tell = "\nprint('\\n'.join(['', *sys.modules]))"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("COV_", "COVERAGE_"))}
    done = subprocess.run(
        [sys.executable, "-c", program + tell], cwd=folder, env=clean, capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines())


def test_the_start_imports_nothing_that_the_first_answer_does_not_need(tmp_path: Path) -> None:
    imported(START, tmp_path)  # makes the database, for which it needs alembic
    assert not HEAVY & imported(START, tmp_path)


def test_the_list_of_what_is_heavy_names_what_there_is(tmp_path: Path) -> None:
    """A name that no longer is one would watch nothing."""
    find = f"import importlib.util, sys\nfor name in {sorted(HEAVY)}: assert importlib.util.find_spec(name), name"
    imported(find, tmp_path)


def test_help_needs_none_of_the_floors(tmp_path: Path) -> None:
    assert not NOT_LIGHT & imported(LIGHT_COMMAND, tmp_path)
