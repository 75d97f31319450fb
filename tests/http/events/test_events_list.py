"""`GET /api/events`: operators list a user's actions with their codes, page by page (contract C6)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from falcon.testing import Result, TestClient
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.clock import SetClock
from domain.model.activity import Action
from entrypoints.composition import Hucha, build_in_memory
from entrypoints.http.app import create_app
from tests.http.answers import fields_of, problem_of
from tests.oracles import codes_of_all
from tests.strategies import actions

Operator = dict[str, str]


def get(client: TestClient, operator: Operator, **query: object) -> Result:
    return client.simulate_get("/api/events", params=query, headers=operator)


def next_page(client: TestClient, operator: Operator, answer: Result) -> Result | None:
    """What the `Link` header of an answer leads to (RFC 8288)."""
    link = answer.headers.get("Link")
    if link is None:
        return None
    match = re.fullmatch(r'<([^>]+)>; rel="?next"?', link)
    assert match, link
    target = urlsplit(match[1])
    assert (target.scheme, target.netloc, target.path) == ("", "", "/api/events")
    return client.simulate_get(target.path, query_string=target.query, headers=operator)


def every_page(client: TestClient, operator: Operator, **query: object) -> list[list[dict[str, object]]]:
    pages = []
    answer: Result | None = get(client, operator, **query)
    while answer is not None:
        assert answer.status_code == 200, answer.text
        pages.append(answer.json)
        answer = next_page(client, operator, answer)
        assert len(pages) < 1000
    return pages


def judge(hucha: Hucha, *timed: int, user_id: int = 1) -> None:
    for number, time in enumerate(timed):
        hucha.judge_event(Action.parse({"type": "deposit", "amount": number + 1, "user_id": user_id, "time": time}))


def test_an_event_is_listed_as_it_was_judged(
    client: TestClient, operator: Operator, hucha: Hucha, clock: SetClock
) -> None:
    # contract: C6, G6
    clock.set(datetime(2024, 11, 20, 10, 30, tzinfo=UTC))
    client.simulate_post("/event", json={"type": "withdraw", "amount": "150.10", "user_id": 7, "time": 20})
    answer = get(client, operator, user_id=7)
    assert answer.headers["Content-Type"] == "application/json"
    (event,) = answer.json
    assert isinstance(event.pop("id"), int)
    assert event == {
        "type": "withdraw",
        "amount": 150.1,
        "user_id": 7,
        "time": 20,
        "alert_codes": [1100],
        "received_at": "2024-11-20T10:30:00Z",
    }


def test_a_user_without_events_has_an_empty_list(client: TestClient, operator: Operator) -> None:
    answer = get(client, operator, user_id=1)
    assert (answer.status_code, answer.json) == (200, [])
    assert "Link" not in answer.headers


def test_only_the_users_own_events_are_listed(client: TestClient, operator: Operator, hucha: Hucha) -> None:
    for user_id in (1, 2, 12):
        judge(hucha, 5, 6, user_id=user_id)
    assert {event["user_id"] for event in get(client, operator, user_id=2).json} == {2}
    assert len(get(client, operator, user_id=2).json) == 2


def test_the_latest_time_comes_first_and_then_the_latest_arrival(
    client: TestClient, operator: Operator, hucha: Hucha
) -> None:
    judge(hucha, 30, 10, 20, 10)
    listed = [(event["time"], event["amount"]) for event in get(client, operator, user_id=1).json]
    assert listed == [(30, 1.0), (20, 3.0), (10, 4.0), (10, 2.0)]


def test_a_page_has_a_hundred_events_unless_told(client: TestClient, operator: Operator, hucha: Hucha) -> None:
    judge(hucha, *range(101))
    answer = get(client, operator, user_id=1)
    assert len(answer.json) == 100
    query = parse_qs(urlsplit(answer.headers["Link"]).query)
    assert query["user_id"] == ["1"]


@pytest.mark.parametrize(("count", "limit", "pages"), [(6, 3, [3, 3]), (7, 3, [3, 3, 1]), (3, 3, [3]), (1, 1, [1])])
def test_a_page_is_full_and_the_last_one_leads_nowhere(
    client: TestClient, operator: Operator, hucha: Hucha, count: int, limit: int, pages: list[int]
) -> None:
    judge(hucha, *range(count))
    assert [len(page) for page in every_page(client, operator, user_id=1, limit=limit)] == pages


def test_a_thousand_fit_on_a_page(client: TestClient, operator: Operator, hucha: Hucha) -> None:
    judge(hucha, *range(0, 1_001_000, 1000))
    assert [len(page) for page in every_page(client, operator, user_id=1, limit=1000)] == [1000, 1]


def test_pages_over_sqlite_cover_everything_once(stored_client: TestClient, stored: Hucha) -> None:
    operator = {"Authorization": f"Bearer {stored.operators.create('ana')}"}
    judge(stored, *[5, 5, 5, 9, 1, 5, 9, 0, 5, 2**53 - 1, 0, 5])
    judge(stored, 5, user_id=2)
    for limit in (1, 2, 5, 12, 13):
        listed = [event for page in every_page(stored_client, operator, user_id=1, limit=limit) for event in page]
        order = [(event["time"], event["id"]) for event in listed]
        assert order == sorted(order, reverse=True)
        assert sorted(event["amount"] for event in listed) == list(range(1, 13))


def test_paging_isnt_disturbed_by_what_arrives_meanwhile(client: TestClient, operator: Operator, hucha: Hucha) -> None:
    judge(hucha, *range(10))
    first = get(client, operator, user_id=1, limit=4)
    judge(hucha, 20, 3)  # one before the cursor, one after it
    second = next_page(client, operator, first)
    third = next_page(client, operator, second)
    assert [event["time"] for event in first.json] == [9, 8, 7, 6]
    assert [event["time"] for event in second.json] == [5, 4, 3, 3]
    assert [event["time"] for event in third.json] == [2, 1, 0]


@given(st.lists(actions(), max_size=40), st.integers(1, 12))
def test_all_pages_together_are_what_the_oracle_says(arrivals: list[Action], limit: int) -> None:
    # contract: C3, C4, C6
    hucha = build_in_memory()
    client = TestClient(create_app(hucha))
    operator = {"Authorization": f"Bearer {hucha.operators.create('ana')}"}
    for action in arrivals:
        body = {"type": action.type, "amount": str(action.amount), "user_id": action.user_id, "time": action.time}
        client.simulate_post("/event", json=body)
    codes = codes_of_all(arrivals)
    for user_id in (1, 2, 3):
        listed = [event for page in every_page(client, operator, user_id=user_id, limit=limit) for event in page]
        order = [(event["time"], event["id"]) for event in listed]
        assert order == sorted(order, reverse=True)
        told = [
            (event["type"], event["amount"], event["time"], event["alert_codes"])
            for event in sorted(listed, key=lambda event: event["id"])
        ]
        assert told == [
            (action.type, float(action.amount), action.time, list(raised))
            for action, raised in zip(arrivals, codes, strict=True)
            if action.user_id == user_id
        ]


BAD_IDS = ["", " ", "abc", "-1", "+1", "1.0", "1e2", "0x1", "1 ", " 1", "9007199254740992", "9" * 5000, "٣", "null"]


@pytest.mark.parametrize("user_id", [None, *BAD_IDS, "\0", "1,2"])
def test_a_bad_user_id_is_400_and_named(client: TestClient, operator: Operator, user_id: str | None) -> None:
    # contract: G2
    query = {} if user_id is None else {"user_id": user_id}
    assert fields_of(problem_of(get(client, operator, **query), 400)) == ["user_id"]


@pytest.mark.parametrize("limit", [*BAD_IDS, "0", "1001", "all"])
def test_a_bad_limit_is_400_and_named(client: TestClient, operator: Operator, limit: str) -> None:
    problem = problem_of(get(client, operator, user_id=1, limit=limit), 400)
    assert fields_of(problem) == ["limit"]


def test_a_blank_limit_is_not_called_required(client: TestClient, operator: Operator) -> None:
    """It is optional: the sentence must say what it may be."""
    problem = problem_of(get(client, operator, user_id=1, limit=""), 400)
    assert problem["errors"][0]["detail"] == "must be an integer from 1 to 1000"


BAD_CURSORS = [
    "",
    " ",
    "abc",
    "1",
    "1-",
    "-1",
    "-",
    "1-2-3",
    "1.0-2",
    "1-x",
    "--",
    "9007199254740992-1",
    "1 - 2",
    "1+2",
]


@pytest.mark.parametrize("cursor", BAD_CURSORS)
def test_a_bad_cursor_is_400_and_named(client: TestClient, operator: Operator, cursor: str) -> None:
    assert fields_of(problem_of(get(client, operator, user_id=1, cursor=cursor), 400)) == ["cursor"]


@pytest.mark.parametrize("query", ["user_id=%ff", "user_id=1&limit=%ED%A0%80", "user_id=1&cursor=%00", "user_id=%"])
def test_a_query_that_is_no_text_is_400(client: TestClient, operator: Operator, query: str) -> None:
    problem_of(client.simulate_get("/api/events", query_string=query, headers=operator), 400)


@given(st.binary(max_size=40).map(lambda raw: raw.decode("latin-1")).filter(lambda text: "#" not in text))
def test_any_query_is_200_or_400(query: str) -> None:
    answer = _CLIENT.simulate_get("/api/events", query_string=query.replace(" ", "+").lstrip("?"), headers=_OPERATOR)
    assert answer.status_code in (200, 400)
    if answer.status_code == 400:
        problem_of(answer, 400)


_HUCHA = build_in_memory()
_CLIENT = TestClient(create_app(_HUCHA))
_OPERATOR = {"Authorization": f"Bearer {_HUCHA.operators.create('ana')}"}


@pytest.mark.parametrize("query", ["user_id=1&unknown=2", "user_id=1&&", "user_id=0001", "user_id=1&=", "user_id=1#x"])
def test_a_strange_but_clear_query_is_200(client: TestClient, operator: Operator, query: str) -> None:
    query = query.partition("#")[0]
    assert client.simulate_get("/api/events", query_string=query, headers=operator).status_code == 200
