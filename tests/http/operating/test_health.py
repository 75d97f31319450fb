"""`/healthz` and `/readyz`, and what clients hear while the database is gone (contract G9, G11)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from falcon.testing import TestClient

from entrypoints.composition import Hucha, build
from entrypoints.http.app import create_app
from entrypoints.settings import Settings
from tests.http.answers import error_of, problem_of
from tests.http.bodies import GOOD, body_of

JSON = {"Content-Type": "application/json"}
PRICES = "simulated"
READY = {"status": "ready", "checks": {"database": "reachable", "prices": PRICES}}
NOT_READY = {"status": "not ready", "checks": {"database": "unreachable", "prices": PRICES}}


def test_the_process_is_up(client: TestClient) -> None:
    # contract: G9
    answer = client.simulate_get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_a_reachable_database_makes_it_ready(client: TestClient, stored_client: TestClient) -> None:
    # contract: G9
    for one in (client, stored_client):
        answer = one.simulate_get("/readyz")
        assert (answer.status_code, answer.json) == (200, READY)


@pytest.fixture(scope="module")
def gone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, str, Path]]:
    """A client of a bank whose database's folder has turned into a file, an operator's key from before, the folder."""
    folder = tmp_path_factory.mktemp("bank") / "secret-folder"
    hucha = build(Settings(database_url=f"sqlite:///{folder}/hucha.db", threads=4))
    key = hucha.operators.create("ana")
    hucha.close()
    shutil.rmtree(folder)
    folder.write_text("this is no folder")
    yield TestClient(create_app(hucha)), key, folder
    hucha.close()


Gone = tuple[TestClient, str, Path]


def test_an_unusable_database_makes_it_not_ready_and_the_process_is_still_up(gone: Gone) -> None:
    # contract: G9
    client, _, _ = gone
    answer = client.simulate_get("/readyz")
    assert (answer.status_code, answer.json) == (503, NOT_READY)
    assert client.simulate_get("/healthz").status_code == 200


def test_while_the_database_is_gone_every_route_says_503_in_its_dialect(
    gone: Gone, caplog: pytest.LogCaptureFixture
) -> None:
    # contract: G2, G11
    client, key, folder = gone
    body = body_of({**GOOD, "user_id": "123454321"})
    with ThreadPoolExecutor() as pool:  # each tries again for a while, so let them do it together
        event = pool.submit(client.simulate_post, "/event", body=body, headers=JSON)
        other = pool.submit(client.simulate_get, "/api/risk-profiles/1", headers={"Authorization": f"Bearer {key}"})
    for answer in (event.result(), other.result()):
        assert int(answer.headers["Retry-After"]) >= 1
    for said in (error_of(event.result(), 503), str(problem_of(other.result(), 503)["detail"])):
        for detail in ("sqlite", "database", "file", folder.name, "/"):
            assert detail not in said.lower()
    logged = [str(vars(record)) for record in caplog.records if record.levelname == "ERROR"]
    assert len(logged) == 2
    reasons = ("its file was deleted or replaced", "unable to open database file")
    assert all(any(reason in one for reason in reasons) for one in logged), "those who run Hucha learn why"
    assert not any("123454321" in one for one in logged)


def test_bad_input_is_still_told_while_the_database_is_gone(gone: Gone) -> None:
    client, _, _ = gone
    error_of(client.simulate_post("/event", body=b"nonsense", headers=JSON), 400)


def test_it_recovers_when_the_database_is_back(tmp_path: Path) -> None:
    folder = tmp_path / "bank"
    settings = Settings(database_url=f"sqlite:///{folder}/hucha.db", threads=4)
    hucha = build(settings)
    client = TestClient(create_app(hucha))
    assert client.simulate_post("/event", body=body_of(GOOD), headers=JSON).status_code == 200
    hucha.close()
    folder.rename(tmp_path / "elsewhere")
    assert client.simulate_get("/readyz").status_code == 503
    (tmp_path / "elsewhere").rename(folder)
    assert client.simulate_get("/readyz").json == READY
    assert client.simulate_post("/event", body=body_of(GOOD), headers=JSON).status_code == 200
    assert len(hucha.list_events(1, 10)) == 2
    hucha.close()


def spoil(hucha: Hucha, database: Path) -> None:
    """Overwrite the database file, as a failing disk or a careless copy does."""
    hucha.close()
    for rest in database.parent.glob("hucha.db-*"):
        rest.unlink()
    database.write_bytes(b"this is no database at all\n" * 1000)


def test_a_spoilt_database_file_makes_it_not_ready(stored_client: TestClient, stored: Hucha, database: Path) -> None:
    # contract: G9
    assert stored_client.simulate_get("/readyz").status_code == 200
    spoil(stored, database)
    answer = stored_client.simulate_get("/readyz")
    assert (answer.status_code, answer.json) == (503, NOT_READY)


def test_a_spoilt_database_file_makes_events_503(stored_client: TestClient, stored: Hucha, database: Path) -> None:
    # contract: G11
    spoil(stored, database)
    answer = stored_client.simulate_post("/event", body=body_of(GOOD), headers=JSON)
    error_of(answer, 503)
    assert "Retry-After" in answer.headers
