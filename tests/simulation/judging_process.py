"""A node of the bank in a process of its own: `python -m tests.simulation.judging_process URL SEED THREADS EVENTS`.

It says `ready`, waits for a line, judges random events from several threads at once, and writes one JSON line
per answer: type, amount, user id, time, codes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from random import Random

from domain.model.activity import Action
from domain.rules.activity import Verdict
from entrypoints.composition import build
from entrypoints.settings import Settings

USERS = range(1, 6)
LATENESS_SECONDS = [0, 0, 0, 0, 1, 5, 29, 30, 31, 60, 61, 119, 120, 121, 200, 500]
"""How far behind its neighbours an event may be: ties, and every side of the windows and of what is remembered."""


def random_events(seed: str, count: int) -> Iterator[Action]:
    """Events whose time goes on by a second every few of them; the same for the same seed."""
    random = Random(seed)
    for number in range(count):
        yield Action(
            type=random.choice(["deposit", "withdraw"]),
            amount=Decimal(random.choice([random.randint(1, 25_000), 10_000, 10_001, 5_000, 20_000])).scaleb(-2),
            user_id=random.choice(USERS),
            time=max(0, 300 + number // 2 * 3 - random.choice(LATENESS_SECONDS)),
        )


KEY = b"k" * 32


def main(url: str, seed: str, threads: int, events: int) -> None:
    hucha = build(Settings(database_url=url, threads=threads, secret_key=(KEY,), data_key=(KEY,)))
    print("ready", flush=True)
    sys.stdin.readline()

    def judge(number: int) -> list[Verdict]:
        return [hucha.judge_event(action) for action in random_events(f"{seed}/{number}", events)]

    with ThreadPoolExecutor(threads) as pool:
        for verdicts in pool.map(judge, range(threads)):
            for verdict in verdicts:
                action = verdict.action
                print(json.dumps([action.type, str(action.amount), action.user_id, action.time, list(verdict.codes)]))
    hucha.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
