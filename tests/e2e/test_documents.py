"""What the documents show works as they show it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from falcon.testing import TestClient

from entrypoints.composition import build_in_memory
from entrypoints.http.app import create_app

from .processes import START_SECONDS, Serving, hucha

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
TOUR = ("README.md", "docs/events.md", "docs/bank.md", "docs/finance.md", "docs/market.md", "docs/http.md")
"""Documents whose commands go on from each other, in this order."""

SHOWN = re.compile(r"^```sh\n(.*?)^```\n(?:\n^```(?:json|text)\n(.*?)^```\n)?", flags=re.MULTILINE | re.DOTALL)
"""Commands, and what is shown of their output."""

CHANGING = (
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"\$2b\$[./A-Za-z0-9$]+"), "HASH"),
    (re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z"), "INSTANT"),
    (re.compile(r"\d{4}-\d\d(?:-\d\d)?"), "DAY"),
    (re.compile(r"\b1\d{12}\b"), "MILLISECONDS"),
    (re.compile(r'("payments":)\d+'), r"\1SOME"),
)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:E-?\d+)?")


def blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", document, flags=re.MULTILINE | re.DOTALL)


def shown(document: str) -> list[tuple[str, str | None]]:
    """The commands of a document, but those for make, each with its output, where that is shown."""
    found = SHOWN.findall((ROOT / document).read_text())
    return [(commands, output or None) for commands, output in found if not commands.startswith("make")]


def unchanging(output: str, *, numbers: bool = True) -> list[str]:
    """The lines of an output without what differs from run to run."""
    for pattern, name in CHANGING:
        output = pattern.sub(name, output)
    if not numbers:
        output = NUMBER.sub("NUMBER", output)
    return [line.rstrip() for line in output.splitlines() if line.strip()]


def script(commands: str, server: Serving) -> str:
    """Commands as they run here: against this server, with this Python, an answer a line."""
    text = commands.replace("http://127.0.0.1:3000", f"http://{server.host}:{server.port}")
    text = text.replace(".venv/bin/hucha", f"{sys.executable} -m entrypoints.cli")
    text = text.replace("examples/", f"{ROOT}/examples/")
    return re.sub(r"\bcurl ", r"curl --silent --show-error --write-out '\\n' ", text)


def test_the_first_curl_of_the_readme_is_answered_as_it_says() -> None:
    curl = next(block for block in blocks(README, "sh") if "curl" in block)
    body = re.search(r"-d '(.*)'", curl)
    assert body is not None
    answer = TestClient(create_app(build_in_memory())).simulate_post(
        "/event", body=body[1], headers={"Content-Type": "application/json"}
    )
    assert answer.json == json.loads(blocks(README, "json")[0])


@pytest.mark.skipif(not shutil.which("curl") and "CI" not in os.environ, reason="curl isn't installed")
def test_the_tour_is_answered_as_the_documents_say(tmp_path: Path) -> None:
    # contract: B13, R2
    told = [(document, *one) for document in TOUR for one in shown(document)]
    with Serving(tmp_path, BCRYPT_ROUNDS="4") as server:
        mark = "--- the next block ---"
        whole = "".join(f"{script(commands, server)}\necho; echo '{mark}'\n" for _, commands, _ in told)
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LOG_LEVEL": "WARNING"}
        result = subprocess.run(
            ["bash", "-c", whole],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=4 * START_SECONDS,
        )
    assert result.stderr == ""
    outputs = result.stdout.split(f"\n{mark}\n")
    for (document, commands, output), printed in zip(told, outputs, strict=False):
        if output is not None:
            numbers = document != "docs/market.md" or "backtest-bot" in commands
            assert unchanging(printed, numbers=numbers) == unchanging(output, numbers=numbers), commands
    assert len(outputs) == len(told) + 1
    assert (tmp_path / "chart.svg").read_bytes().startswith(b"<?xml")


def test_the_tour_leaves_nothing_that_goes_on_for_ever() -> None:
    commands = "".join(one for document in TOUR for one, _ in shown(document))
    assert commands.count("/user-actions/subscribe ") == commands.count("-X DELETE $B/api/user-actions/subscriptions/")
    assert len(re.findall(r"/alerts/(?:balance_drop|amount_reached)", commands)) == commands.count("/alerts/delete")
    assert commands.count("enable-auto-invest") == 1 == commands.count("disable-auto-invest")


@pytest.mark.parametrize("document", ["README.md", "docs/notebook.md"])
def test_the_python_of_a_document_prints_what_it_says(document: str) -> None:
    text = (ROOT / document).read_text()
    pairs = re.findall(r"^```python\n(.*?)^```\n\n^```text\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    assert len(pairs) == len(blocks(text, "python")) > 0
    for lines, output in pairs:
        result = subprocess.run([sys.executable, "-c", lines], cwd=ROOT, capture_output=True, text=True)
        assert result.stdout == output, result.stderr


def test_the_audit_of_a_new_database_says_what_the_documents_say(tmp_path: Path) -> None:
    assert hucha("migrate", cwd=tmp_path).returncode == 0
    found = dict(shown("docs/operating.md"))
    assert hucha("audit", cwd=tmp_path).stdout == found[".venv/bin/hucha audit\n"]


def test_health_and_metrics_are_as_the_documents_say(tmp_path: Path) -> None:
    with Serving(tmp_path) as server:
        (output,) = (output for commands, output in shown("docs/operating.md") if "healthz" in commands)
        assert output is not None
        connection = server.http()
        for path, line in zip(("/healthz", "/readyz"), output.splitlines(), strict=True):
            connection.request("GET", path)
            assert connection.getresponse().read().decode() == line
        connection.request("GET", "/metrics")
        metrics = connection.getresponse().read().decode()
        connection.close()
    ours = set(re.findall(r"^# TYPE (hucha_\w+) ", metrics, flags=re.MULTILINE))
    documented = re.findall(r"^\| `(hucha_\w+)`", (ROOT / "docs/operating.md").read_text(), flags=re.MULTILINE)
    assert {name for name in ours if not name.endswith("_created")} == set(documented)


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_the_examples_run(example: Path) -> None:
    subprocess.run([sys.executable, example], cwd=ROOT, check=True, capture_output=True, env={"PYTHONPATH": str(ROOT)})


def test_the_worked_example_of_a_new_rule_is_one_class_one_line_and_one_test(tmp_path: Path) -> None:
    example = CONTRIBUTING.partition("\n## A new event rule, for example\n")[2].partition("\n## ")[0]
    rule, test = blocks(example, "python")
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
