"""Two nodes over one database: whoever judges first, every verdict is the one that a single naive node would give."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select

from adapters.sql.events.activity import events
from domain.model.activity import Action
from tests.conftest import LONG
from tests.oracles import codes_of_all
from tests.simulation.judging_process import USERS

PROCESSES = 2
THREADS = 4
EVENTS = 1_000 if LONG else 60
"""By each thread of each process."""

PATIENCE_SECONDS = 600 if LONG else 60
ROOT = Path(__file__).parents[2]

Answer = tuple[str, str, int, int, tuple[int, ...]]
"""Type, amount, user id, time, codes."""


@pytest.mark.proof
def test_two_processes_judge_like_one(empty_url):  # contract: C4, C6, R4
    """They also migrate the database together: it is empty when both start."""
    answers = answers_of(empty_url)
    assert len(answers) == PROCESSES * THREADS * EVENTS

    stored = stored_in(empty_url)
    assert Counter(answers) == Counter(stored)

    arrivals = [Action(type, Decimal(amount), user_id, time) for type, amount, user_id, time, _ in stored]
    assert {action.user_id for action in arrivals} == set(USERS)
    assert [codes for *_, codes in stored] == codes_of_all(arrivals)
    assert {code for *_, codes in stored for code in codes} == {30, 123, 300, 500, 1100}


def answers_of(url: str) -> list[Answer]:
    """Start the processes, let them judge at the same time, and return everything that they answered."""
    with ExitStack() as stack:
        processes = []
        for number in range(PROCESSES):
            node = subprocess.Popen(
                [sys.executable, "-m", "tests.simulation.judging_process", url, str(number), str(THREADS), str(EVENTS)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(node)
            stack.callback(node.kill)
            processes.append(node)
        for node in processes:
            ready = node.stdout.readline()
            assert ready == "ready\n", node.stderr.read()
        for node in processes:
            node.stdin.write("go\n")
            node.stdin.flush()
        answers = []
        for node in processes:
            lines, complaints = node.communicate(timeout=PATIENCE_SECONDS)
            assert node.returncode == 0, complaints
            for line in lines.splitlines():
                type, amount, user_id, time, codes = json.loads(line)
                answers.append((type, amount, user_id, time, tuple(codes)))
        return answers


def stored_in(url: str) -> list[Answer]:
    """Everything that the database holds, in the order of ids."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            rows = connection.execute(select(events).where(events.c.stream == "event").order_by(events.c.id)).all()
    finally:
        engine.dispose()
    return [
        (
            row.type,
            f"{row.amount:.2f}",
            row.user_id,
            row.time,
            tuple(int(code) for code in row.alert_codes.split(",") if code),
        )
        for row in rows
    ]
