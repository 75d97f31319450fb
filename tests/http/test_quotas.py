"""How much one customer may have: the last that may come comes, the next is refused in its route's form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import attrs
import pytest
from falcon.testing import Result, TestClient

from adapters.memory.clock import SetClock
from adapters.memory.prices import FixedPrices
from domain.model.quotas import DEFAULT_QUOTAS, Quotas
from entrypoints.composition import Hucha, build
from tests.http.accounts import Customer, at_once, open_account, says
from tests.http.answers import problem_of
from tests.http.investors import SUBSCRIBE, SUBSCRIPTIONS, get, investing_bank, work
from tests.http.notifying.test_alerts import DELETE, DROP, FALL, GOAL, LIST, SAVINGS
from tests.http.planning.test_recurring_expenses import PATH as RECURRING
from tests.http.planning.test_recurring_expenses import TV
from tests.http.signing_in import is_signed_in, login, quick_bank, register, stored_settings

SMALL = Quotas({"alerts": 3, "subscriptions": 3, "recurring": 3, "sessions": 3})
ORDER = {"pin": "1811", "amount": "1", "intervalSeconds": 3600}
REFRESH = "/api/auth/refresh"


@attrs.frozen
class Made:
    """What a customer can make too many of: how, and how many there are."""

    noun: str
    ways: tuple[tuple[str, dict[str, object]], ...]
    list_path: str

    def make(self, customer: Customer, number: int = 0, key: str | None = None) -> Result:
        path, body = self.ways[number % len(self.ways)]
        return customer.ask(path, body, key)

    def count(self, customer: Customer) -> int:
        found = get(customer, self.list_path).json
        rows = found["data"] if isinstance(found, dict) else found
        return sum(row.get("status") not in ("ended", "cancelled") for row in rows)

    def refuses(self, answer: Result, most: int = 3) -> None:
        sentence = f"Quota reached: {self.noun} ({most})."
        if self.noun == "subscriptions":
            says(answer, 422, sentence)
        else:
            assert (answer.status_code, answer.json) == (422, {"msg": sentence})
            assert answer.headers["Content-Type"] == "application/json"


ALERTS = Made("alerts", ((SAVINGS, GOAL), (DROP, FALL)), LIST)
EXPENSES = Made("recurring", ((RECURRING, TV),), RECURRING)
STANDING = Made("subscriptions", ((SUBSCRIBE, ORDER),), SUBSCRIPTIONS)

each = pytest.mark.parametrize("made", [ALERTS, EXPENSES, STANDING], ids=lambda made: made.noun)


@pytest.fixture
def hucha(clock: SetClock) -> Hucha:
    return quick_bank(clock, quotas=SMALL)


@pytest.fixture
def ana(hucha: Hucha) -> Customer:
    return open_account(hucha, "ana", "1000")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hucha]:
    folder: Path = tmp_path_factory.mktemp("quotas")
    hucha = build(stored_settings(folder / "hucha.db", folder / "mail", quotas=SMALL))
    yield hucha
    hucha.close()


@each
def test_the_last_that_may_come_comes_and_the_next_is_refused(hucha: Hucha, ana: Customer, made: Made) -> None:
    # contract: G12
    assert [made.make(ana, number).status_code // 100 for number in range(3)] == [2] * 3
    for number in range(2):
        made.refuses(made.make(ana, number))
    assert made.count(ana) == 3
    assert made.make(open_account(hucha, "ben", "1"), 0).status_code // 100 == 2, "each customer has as many"


@each
def test_the_refusal_comes_after_token_pin_and_fields(ana: Customer, made: Made) -> None:
    # contract: G12
    for number in range(3):
        made.make(ana, number)
    path, body = made.ways[0]
    assert attrs.evolve(ana, token="x").ask(path, body).status_code == 401
    amount = next(name for name in body if "amount" in name or "threshold" in name)
    assert ana.ask(path, {**body, amount: "abc"}).status_code == 400
    if "pin" in body:
        says(ana.ask(path, {**body, "pin": "0000"}), 403, "Invalid PIN")


@each
def test_in_parallel_never_more_come(kept: Hucha, made: Made) -> None:
    # contract: G12
    for attempt in range(3):
        ana = open_account(kept, f"{made.noun}{attempt}", "1000")
        answers = at_once(8, lambda number, ana=ana: made.make(ana, number))
        assert Counter(answer.status_code // 100 for answer in answers) == {2: 3, 4: 5}
        for answer in answers:
            if answer.status_code >= 400:
                made.refuses(answer)
        assert made.count(ana) == 3


@pytest.mark.parametrize("made", [ALERTS, STANDING], ids=lambda made: made.noun)
def test_the_defaults_are_the_contracts(clock: SetClock, made: Made) -> None:
    # contract: G12
    ana = open_account(quick_bank(clock), "ana", "1000")
    assert {made.make(ana, number).status_code // 100 for number in range(100)} == {2}
    made.refuses(made.make(ana), most=100)
    assert DEFAULT_QUOTAS["recurring"] == 1000
    assert DEFAULT_QUOTAS["sessions"] == 20


def test_what_is_removed_makes_room(ana: Customer) -> None:
    # contract: G12
    ids = [ana.ask(SAVINGS, GOAL).json["data"]["id"] for _ in range(3)]
    ALERTS.refuses(ALERTS.make(ana))
    assert ana.ask(DELETE, {"alert_id": ids[1]}).status_code == 200
    assert ALERTS.make(ana).status_code == 201
    EXPENSES.make(ana)
    id = ana.client.simulate_get(RECURRING, headers=ana.bearer).json[0]["id"]
    assert [EXPENSES.make(ana).status_code for _ in range(3)] == [201, 201, 422]
    assert ana.client.simulate_delete(f"{RECURRING}/{id}", headers=ana.bearer).status_code == 200
    assert EXPENSES.make(ana).status_code == 201


def test_a_subscription_that_is_over_does_not_count(clock: SetClock) -> None:
    # contract: G12
    hucha = investing_bank(clock, FixedPrices({"GOLD": "10"}), quotas=SMALL)
    ana = open_account(hucha, "ana", "1")
    for _ in range(3):
        STANDING.make(ana)
    cancelled = ana.client.simulate_delete(f"{SUBSCRIPTIONS}/1", headers=ana.bearer)
    assert cancelled.status_code // 100 == 2
    assert STANDING.make(ana).status_code == 200
    STANDING.refuses(STANDING.make(ana))
    clock.advance(timedelta(hours=1))
    work(hucha.due_work)  # the balance covers one of three
    assert STANDING.count(ana) == 1
    assert [STANDING.make(ana).status_code for _ in range(3)] == [200, 200, 422]


def test_a_key_that_was_used_is_answered_as_it_was(ana: Customer) -> None:
    # contract: G8, G12
    made = [STANDING.make(ana, key=f"k{number}").headers["Location"] for number in range(3)]
    STANDING.refuses(STANDING.make(ana, key="k3"))
    assert STANDING.make(ana, key="k0").headers["Location"] == made[0]
    ana.client.simulate_delete(f"{SUBSCRIPTIONS}/1", headers=ana.bearer)
    assert STANDING.make(ana, key="k3").status_code == 200, "a refusal isn't kept"


class TestSessions:
    @pytest.fixture(params=["memory", "sqlite"])
    def bank(self, request: pytest.FixtureRequest, clock: SetClock, tmp_path: Path) -> Iterator[Hucha]:
        if request.param == "memory":
            yield quick_bank(clock)
        else:
            hucha = build(stored_settings(tmp_path / "hucha.db", tmp_path / "mail"))
            yield hucha
            hucha.close()

    def test_the_21st_sign_in_ends_the_oldest(self, bank: Hucha, clock: SetClock) -> None:
        # contract: G12
        client = client_of(bank)
        register(client)
        sign_ins = []
        for _ in range(20):
            sign_ins.append(login(client))
            clock.advance(timedelta(milliseconds=1))
        assert all(is_signed_in(client, bearer(one)) for one in sign_ins)
        latest = login(client)
        assert [is_signed_in(client, bearer(one)) for one in (*sign_ins, latest)] == [False] + [True] * 20
        assert problem_of(refresh(client, sign_ins[0]), 401)["detail"] == "Access Denied"
        assert refresh(client, sign_ins[1]).status_code == 200
        assert refresh(client, latest).status_code == 200

    def test_a_sign_in_that_was_refreshed_is_one_still_and_as_old_as_before(
        self, hucha: Hucha, client: TestClient, clock: SetClock
    ) -> None:
        # contract: G12, D2
        register(client)
        first = login(client)
        clock.advance(timedelta(seconds=1))
        second = login(client)
        for _ in range(5):
            clock.advance(timedelta(seconds=1))
            first = refreshed = refresh(client, first)
        login(client)
        assert is_signed_in(client, bearer(refreshed))
        assert is_signed_in(client, bearer(second))
        login(client)
        assert not is_signed_in(client, bearer(refreshed))
        assert refresh(client, refreshed).status_code == 401
        assert is_signed_in(client, bearer(second))

    def test_one_whose_token_expired_counts_while_it_can_be_refreshed(
        self, hucha: Hucha, client: TestClient, clock: SetClock
    ) -> None:
        # contract: G12
        register(client)
        old = login(client)
        clock.advance(timedelta(days=2))
        others = [login(client) for _ in range(3)]
        assert refresh(client, old).status_code == 401
        assert all(is_signed_in(client, bearer(one)) for one in others)
        clock.advance(timedelta(days=31))
        login(client)  # the others are over by themselves
        assert hucha.storage.read(lambda tx: len(tx.sessions.families(1, clock.now()))) == 1

    def test_another_customer_loses_none(self, hucha: Hucha, client: TestClient) -> None:
        # contract: G12
        ana, ben = open_account(hucha, "ana"), open_account(hucha, "ben")
        for _ in range(5):
            ben.signed_in_again()
        assert is_signed_in(client, ana.bearer)

    def test_in_parallel_never_more_live(self, kept: Hucha) -> None:
        # contract: G12
        ana = open_account(kept, "sessions")
        signed_in = at_once(8, lambda number: ana.signed_in_again())
        client = client_of(kept)
        assert sum(is_signed_in(client, one.bearer) for one in (ana, *signed_in)) == 3


def client_of(hucha: Hucha) -> TestClient:
    from entrypoints.http.app import create_app

    return TestClient(create_app(hucha))


def bearer(login: Result) -> dict[str, str]:
    return {"Authorization": f"Bearer {login.json['token']}"}


def refresh(client: TestClient, login: Result) -> Result:
    return client.simulate_post(REFRESH, json={"refresh_token": login.cookies["refresh_token"].value})


@pytest.mark.parametrize("path", [SAVINGS, DROP, RECURRING, SUBSCRIBE])
def test_the_document_tells_of_the_refusal(client: TestClient, path: str) -> None:
    # contract: G9, G12
    responses = client.simulate_get("/api/openapi.json").json["paths"][path]["post"]["responses"]
    assert "as one may have" in responses["422"]["description"]
