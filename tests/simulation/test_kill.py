"""SIGKILL at any moment loses nothing that was answered, and changes no verdict (contract R5, C6).

`hucha serve` over SQLite judges the events of several keep-alive connections until it is killed, again and again. What
it answered must be stored, once, with the same codes; and everything stored, answered or not, must be what the oracle
says of that order of arrival.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import subprocess
import threading
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from domain.model.activity import Action
from tests.e2e.processes import START_SECONDS, Serving, command, hucha, until
from tests.oracles import codes_of_all, codes_of_last

LONG = os.environ.get("HUCHA_PROOF") == "long"
SEEDS = range(4) if LONG else range(1)
KILLS = 12 if LONG else 2
USERS = 25 if LONG else 4
CONNECTIONS = 8
MOST_ANSWERS = 1500 if LONG else 250
"""Before each kill, at most so many events are answered."""

pytestmark = pytest.mark.proof

Verdict = tuple[Action, tuple[int, ...]]
Stored = tuple[int, Action, tuple[int, ...]]


class Load:
    """Events from several connections, until the server is gone."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._guard = threading.Lock()
        self.sent: set[Action] = set()
        self.answered: list[Verdict] = []
        self.refused: list[str] = []

    def new_action(self) -> Action:
        """One that was never sent before, so that it can be told from every other one."""
        with self._guard:
            while True:
                action = Action(
                    type=self._random.choice(["deposit", "withdraw"]),
                    amount=Decimal(self._random.randint(1, 25_000)).scaleb(-2),
                    user_id=self._random.randint(1, USERS),
                    time=len(self.sent) // 4 + self._random.randint(0, 200),  # mostly later, often late
                )
                if action not in self.sent:
                    self.sent.add(action)
                    return action

    def drive(self, server: Serving) -> None:
        """Send one event after the other over one connection; returns when it breaks."""
        connection = server.http()
        try:
            while True:
                action = self.new_action()
                verdict = judge(connection, action)
                with self._guard:
                    self.answered.append((action, verdict))
        except (OSError, http.client.HTTPException):
            return
        except AssertionError as wrong:
            self.refused.append(str(wrong))
        finally:
            connection.close()

    def until_killed(self, server: Serving) -> None:
        """Drive from every connection; kill the server after a random number of answers."""
        enough = len(self.answered) + self._random.randint(1, MOST_ANSWERS)
        clients = [threading.Thread(target=self.drive, args=(server,), daemon=True) for _ in range(CONNECTIONS)]
        for client in clients:
            client.start()
        until(lambda: len(self.answered) >= enough or self.refused, 4 * START_SECONDS)
        time.sleep(self._random.random() * 0.005)
        server.kill()
        for client in clients:
            client.join(START_SECONDS)
            assert not client.is_alive()
        assert not self.refused


def judge(connection: http.client.HTTPConnection, action: Action) -> tuple[int, ...]:
    body = {"type": action.type, "amount": str(action.amount), "user_id": action.user_id, "time": action.time}
    connection.request("POST", "/event", json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    told = answer.read()
    assert answer.status == 200, told
    return tuple(json.loads(told)["alert_codes"])


def listed(server: Serving, key: str, user_id: int) -> list[Stored]:
    """All events of a user, in order of arrival, by `GET /api/events`."""
    found: list[Stored] = []
    connection = server.http()
    target = f"/api/events?user_id={user_id}&limit=1000"
    while target:
        connection.request("GET", target, headers={"Authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        events = json.loads(answer.read(), parse_float=Decimal)
        assert answer.status == 200, events
        for event in events:
            action = Action(event["type"], Decimal(event["amount"]), event["user_id"], event["time"])
            found.append((event["id"], action, tuple(event["alert_codes"])))
        match = re.match("<([^>]+)>", answer.headers.get("Link", ""))
        target = match[1] if match else ""
    connection.close()
    return sorted(found, key=lambda stored: stored[0])


def check(server: Serving, key: str, load: Load) -> dict[int, list[Action]]:
    """Compare what is stored with what was answered and with the oracle; returns each user's history."""
    stored = {user_id: listed(server, key, user_id) for user_id in range(1, USERS + 1)}
    times = Counter(action for events in stored.values() for _, action, _ in events)
    codes = {action: raised for events in stored.values() for _, action, raised in events}
    assert set(times.values()) <= {1}, "nothing is stored twice"
    assert times.keys() <= load.sent, "nothing is made up"
    assert [(action, codes.get(action)) for action, _ in load.answered] == load.answered, "nothing answered is lost"
    for events in stored.values():
        history = [action for _, action, _ in events]
        assert [raised for _, _, raised in events] == codes_of_all(history)
    return {user_id: [action for _, action, _ in events] for user_id, events in stored.items()}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_kill_under_load_loses_nothing_that_was_answered(tmp_path: Path, seed: int) -> None:
    # contract: C6, R5
    key = hucha("create-operator", "ana", cwd=tmp_path).stdout.strip()
    load = Load(seed)
    for _ in range(KILLS):
        with Serving(tmp_path) as server:
            check(server, key, load)
            load.until_killed(server)
    with Serving(tmp_path) as server:
        histories = check(server, key, load)
        connection = server.http()
        for _ in range(40):  # judging goes on as if nothing had happened
            action = load.new_action()
            history = histories[action.user_id]
            history.append(action)
            assert judge(connection, action) == codes_of_last(history)
        connection.close()
    assert len(load.answered) >= KILLS


@pytest.mark.parametrize("seed", SEEDS)
def test_a_kill_while_it_starts_leaves_a_database_that_the_next_start_takes(tmp_path: Path, seed: int) -> None:
    # contract: R4, R5
    chance = random.Random(seed)
    for _ in range(KILLS):
        environment = {"PORT": "0", "PATH": os.environ["PATH"]}
        process = subprocess.Popen(command("serve"), cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)
        time.sleep(0.2 + chance.random() * 0.6)
        process.kill()
        process.wait()
    with Serving(tmp_path) as server:
        connection = server.http()
        assert judge(connection, Action("withdraw", Decimal("150.00"), 1, 1)) == (1100,)
        connection.close()
