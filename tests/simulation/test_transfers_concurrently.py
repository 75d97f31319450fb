"""Two nodes, one database, a node that is killed: no transfer is lost, none is done twice, no cent is made up.

Customers of `hucha serve` transfer money from 16 connections to two processes. Each transfer has an idempotency key,
and whoever loses the connection sends the same transfer to the other node, until it is answered.
"""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from tests.conftest import LONG
from tests.customers import PIN
from tests.e2e.processes import START_SECONDS, Serving, hucha
from tests.e2e.served_customers import CHEAP, KEYS, Answer, Customer, ask, ask_once, balance, history, new_customer

CUSTOMERS = 10
CLIENTS = 16
MONEY = Decimal(1000)
"""Of each customer's, at the beginning."""

MOST_CENTS = 60_000
"""In one transfer: some can't be covered."""

KILLS = 6 if LONG else 1
SECONDS = 4.0 if LONG else 1.5
"""Before each kill, and after the last one."""

ROUNDS = 100 if LONG else 5
PAUSE_SECONDS = 0.02
TRANSFER = "/api/account/fund-transfer"

pytestmark = pytest.mark.proof


@attrs.frozen
class Transfer:
    """One that is sent until it is answered; its reference is its idempotency key too."""

    source: Customer
    target: Customer
    amount: Decimal
    reference: str

    def body(self) -> dict[str, object]:
        return {
            "pin": PIN,
            "amount": str(self.amount),
            "targetAccountNumber": self.target.account_number,
            "reference": self.reference,
        }


@attrs.define
class Client:
    """Sends one transfer after the other, to whichever node answers."""

    nodes: list[Serving]
    customers: list[Customer]
    name: str
    done: list[Transfer] = attrs.field(factory=list)
    refused: list[Transfer] = attrs.field(factory=list)
    wrong: list[Answer] = attrs.field(factory=list)
    moved: int = 0
    """How often a connection was lost and the same transfer sent to another node."""

    def run(self, stopping: threading.Event) -> None:
        """Until told to stop, and then to the answer of the transfer that is under way."""
        chance = random.Random(self.name)
        node = chance.randrange(len(self.nodes))
        connection = self.nodes[node].http()
        while not stopping.is_set() and not self.wrong:
            transfer = self._next(chance)
            while not self.settled(transfer, connection):
                connection.close()
                self.moved += 1
                time.sleep(PAUSE_SECONDS)
                node = (node + 1) % len(self.nodes)
                connection = self.nodes[node].http()
        connection.close()

    def _next(self, chance: random.Random) -> Transfer:
        source, target = chance.sample(self.customers, 2)
        amount = Decimal(chance.randint(1, MOST_CENTS)).scaleb(-2)
        return Transfer(source, target, amount, f"{self.name}/{len(self.done) + len(self.refused)}")

    def settled(self, transfer: Transfer, connection: http.client.HTTPConnection) -> bool:
        """Whether the transfer got an answer that says what became of it."""
        try:
            answer = ask(connection, "POST", TRANSFER, transfer.body(), transfer.source, key=transfer.reference)
        except (OSError, http.client.HTTPException):
            return False
        if answer.status == 200:
            self.done.append(transfer)
        elif (answer.status, answer.text) == (400, "Insufficient balance"):
            self.refused.append(transfer)
        elif answer.status in (409, 503) and "Retry-After" in answer.headers:
            return False
        else:
            self.wrong.append(answer)
        return True


def test_transfers_survive_a_kill_each_exactly_once(tmp_path: Path, empty_url: str) -> None:
    # contract: B8, B9, G8, R5
    environment = {"DATABASE_URL": empty_url, "THREADS": "16", **KEYS, **CHEAP}
    with ExitStack() as stack:
        nodes = [stack.enter_context(Serving(tmp_path, **environment)) for _ in range(2)]
        customers = [new_customer(nodes[0], number, money=str(MONEY)) for number in range(CUSTOMERS)]
        clients = [Client(nodes, customers, f"client {number}") for number in range(CLIENTS)]
        with_kills(nodes, clients, tmp_path, environment, stack)
        node = nodes[-1]
        assert [answer for client in clients for answer in client.wrong] == []
        check_books(node, customers, clients)
        check_replays(node, customers, clients)
        assert_no_crash(node)
    audited = hucha("audit", cwd=tmp_path, **environment)
    assert (audited.returncode, audited.stdout) == (0, f"{CUSTOMERS} accounts, 0 differences\n"), audited


def test_one_key_at_both_nodes_at_once_moves_money_once(tmp_path: Path, empty_url: str) -> None:
    # contract: G8
    environment = {"DATABASE_URL": empty_url, "THREADS": "16", **KEYS, **CHEAP}
    with ExitStack() as stack:
        nodes = [stack.enter_context(Serving(tmp_path, **environment)) for _ in range(2)]
        customers = [new_customer(nodes[0], number, money=str(MONEY)) for number in range(2)]
        pool = stack.enter_context(ThreadPoolExecutor(CLIENTS))
        for number in range(ROUNDS):
            transfer = Transfer(*customers, Decimal("1.00"), f"round {number}")
            starting = threading.Barrier(CLIENTS)

            def send(client: int, transfer: Transfer = transfer, starting: threading.Barrier = starting) -> Answer:
                starting.wait()
                body, node = transfer.body(), nodes[client % 2]
                return ask_once(node, "POST", TRANSFER, body, transfer.source, key=transfer.reference)

            answers = list(pool.map(send, range(CLIENTS)))
            assert {(answer.status, answer.text) for answer in answers} == {(200, answers[0].text)}
            assert balance(nodes[0], customers[1]) == MONEY + number + 1
        references = [entry.get("reference") for entry in history(nodes[1], customers[1])]
        assert references == [*(f"round {number}" for number in reversed(range(ROUNDS))), None]


def with_kills(
    nodes: list[Serving], clients: list[Client], folder: Path, environment: dict[str, str], stack: ExitStack
) -> None:
    """Let the clients run, and kill a node under them, again and again; each but the last has a successor."""
    stopping = threading.Event()
    threads = [threading.Thread(target=client.run, args=(stopping,), daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    for kill in range(KILLS):
        time.sleep(SECONDS)
        victim = nodes[0]
        victim.kill()
        assert_no_crash(victim)
        if kill < KILLS - 1:
            nodes[0] = stack.enter_context(Serving(folder, **environment))
            nodes.reverse()
    time.sleep(SECONDS)
    stopping.set()
    for thread in threads:
        thread.join(START_SECONDS)
        assert not thread.is_alive(), "every transfer is answered at last"
    assert sum(client.moved for client in clients) >= KILLS, "the kills were felt"


def check_books(node: Serving, customers: list[Customer], clients: list[Client]) -> None:
    """What was answered is booked once and on both sides, what was refused isn't, and nothing else is there."""
    done = {transfer.reference: transfer for client in clients for transfer in client.done}
    assert len(done) > CLIENTS
    seen: Counter[str] = Counter()
    for customer in customers:
        expected = MONEY
        for entry in history(node, customer):
            if entry["transactionType"] != "CASH_TRANSFER":
                continue
            transfer = done[entry["reference"]]
            parties = (transfer.source.account_number, transfer.target.account_number)
            assert (entry["sourceAccountNumber"], entry["targetAccountNumber"]) == parties
            assert entry["amount"] == transfer.amount
            expected += -transfer.amount if customer is transfer.source else transfer.amount
            seen[transfer.reference] += 1
        assert balance(node, customer) == expected >= 0
    assert seen == dict.fromkeys(done, 2), "each transfer is in two histories, once in each"
    assert sum(balance(node, customer) for customer in customers) == CUSTOMERS * MONEY
    assert any(client.refused for client in clients), "some couldn't be covered"


def check_replays(node: Serving, customers: list[Customer], clients: list[Client]) -> None:
    """Every client's first and last transfers are sent again: they are answered as before, and move nothing."""
    before = [balance(node, customer) for customer in customers]
    for client in clients:
        for transfer in (client.done[0], client.done[-1]):
            again = ask_once(node, "POST", TRANSFER, transfer.body(), transfer.source, key=transfer.reference)
            assert again.status == 200, again
    assert [balance(node, customer) for customer in customers] == before


def assert_no_crash(node: Serving) -> None:
    assert "Traceback" not in node.log, node.log
