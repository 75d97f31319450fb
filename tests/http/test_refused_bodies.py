"""Bad input is refused with the right status and a sentence, names every bad field at once, and leaves no trace."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import pytest
from falcon.testing import StartResponseMock, TestClient, create_environ
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.composition import Hucha, build_in_memory
from entrypoints.http.app import create_app

from .answers import EVENT_FIELDS, count_events, error_of, named_in, problem_of
from .bodies import BAD_VALUES, EACH_BAD_VALUE, GOOD, MALFORMED, body_of

JSON = {"Content-Type": "application/json"}
MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize(("field", "raw"), EACH_BAD_VALUE)
def test_a_bad_field_is_named_and_no_other(client: TestClient, hucha: Hucha, field: str, raw: str | None) -> None:
    # contract: C2, G5
    answer = client.simulate_post("/event", body=body_of({**GOOD, field: raw}), headers=JSON)
    assert named_in(error_of(answer, 400)) == {field}
    assert not hucha.list_events(1, 10)


SUBSETS = [set(bad) for size in range(1, 5) for bad in combinations(EVENT_FIELDS, size)]


@pytest.mark.parametrize("bad", SUBSETS, ids=lambda bad: "+".join(sorted(bad)))
@pytest.mark.parametrize("raw", [None, "null", '""', '"  "', "true", "[]", "{}", "-1", "1.5e-7", '"abc"'])
def test_all_bad_fields_are_named_at_once(client: TestClient, bad: set[str], raw: str | None) -> None:
    # contract: C2
    answer = client.simulate_post("/event", body=body_of({**GOOD, **dict.fromkeys(bad, raw)}), headers=JSON)
    assert named_in(error_of(answer, 400)) == bad


_CLIENT = TestClient(create_app(build_in_memory()))
_RAW = {field: st.one_of(st.just(GOOD[field]), st.sampled_from(raws)) for field, raws in BAD_VALUES.items()}


@given(st.fixed_dictionaries(_RAW))
def test_exactly_the_bad_fields_are_named_in_any_combination(raw: dict[str, str | None]) -> None:
    # contract: C2
    answer = _CLIENT.simulate_post("/event", body=body_of(raw), headers=JSON)
    bad = {field for field in EVENT_FIELDS if raw[field] != GOOD[field]}
    if bad:
        assert named_in(error_of(answer, 400)) == bad
    else:
        assert answer.status_code == 200


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_body_is_400(client: TestClient, hucha: Hucha, body: bytes) -> None:
    # contract: G4
    sentence = error_of(client.simulate_post("/event", body=body, headers=JSON), 400)
    assert not named_in(sentence), "no field was read"
    assert not hucha.list_events(1, 10)


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_body_is_400_on_other_routes_too(client: TestClient, operator: dict[str, str], body: bytes) -> None:
    # contract: G2, G4
    answer = client.simulate_put("/api/risk-profiles/1", body=body, headers=operator | JSON)
    assert "errors" not in problem_of(answer, 400), "no field was read"
    assert client.simulate_get("/api/risk-profiles/1", headers=operator).json["rating"] == "medium"


def test_nothing_of_all_this_is_stored(stored_client: TestClient, database: Path) -> None:
    bodies = [*MALFORMED.values(), *(body_of({**GOOD, field: raw}) for field, raw in EACH_BAD_VALUE)]
    for body in bodies:
        assert stored_client.simulate_post("/event", body=body, headers=JSON).status_code == 400
    assert count_events(database) == 0


def test_the_sentence_says_what_is_wrong_with_each_field(client: TestClient) -> None:
    body = b'{"type": "transfer", "amount": "42.001", "user_id": -1}'
    assert error_of(client.simulate_post("/event", body=body, headers=JSON), 400) == (
        "Invalid fields: type must be deposit or withdraw; amount must have at most 2 decimals; "
        "user_id must be an integer from 0 to 9007199254740991; time is required."
    )


CONTENT_TYPES = [None, "application/json", "text/plain", "application/x-www-form-urlencoded", "nonsense", "a/b; c=d"]


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
def test_an_empty_body_is_an_empty_object_whatever_its_content_type(
    client: TestClient, operator: dict[str, str], content_type: str | None
) -> None:
    # contract: G4
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = client.simulate_post("/event", headers=headers)
    assert named_in(error_of(answer, 400)) == set(EVENT_FIELDS)
    client.simulate_put("/api/risk-profiles/1", body=b'{"rating": "low"}', headers=operator | JSON)
    answer = client.simulate_put("/api/risk-profiles/1", headers=operator | headers)
    assert (answer.status_code, answer.json) == (200, {"rating": "medium", "thresholds": {}})


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json;charset=utf-8",
        "application/json; charset=UTF-8",
        'application/json; charset="utf-8"',
        "application/json ; charset=utf8",
        "application/json; charset=us-ascii",
        "application/json; profile=x",
    ],
)
def test_json_in_utf_8_is_taken_by_any_of_its_names(client: TestClient, content_type: str) -> None:
    answer = client.simulate_post("/event", body=body_of(GOOD), headers={"Content-Type": content_type})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "application/xml",
        "application/problem+json",
        "application/jsonp",
        "application/json, text/plain",
        "application",
        "json",
        "*/*",
        "application/json; charset=utf-16",
        "application/json; charset=iso-8859-1",
        "application/json; charset=nonsense",
        "application/json; charset=",
        ";",
        "=",
        "application/json\xff",
    ],
)
def test_any_other_content_type_is_415(
    client: TestClient, hucha: Hucha, operator: dict[str, str], content_type: str | None
) -> None:
    # contract: G4
    headers = {} if content_type is None else {"Content-Type": content_type}
    error_of(client.simulate_post("/event", body=body_of(GOOD), headers=headers), 415)
    assert not hucha.list_events(1, 10)
    problem_of(client.simulate_put("/api/risk-profiles/1", body=b"{}", headers=operator | headers), 415)


def padded(size: int) -> bytes:
    """A good body of this size."""
    body = body_of({**GOOD, "x": '"@"'})
    return body.replace(b"@", b"a" * (size - len(body) + 1))


def test_a_body_of_one_mebibyte_is_taken(client: TestClient) -> None:
    # contract: G4
    body = padded(MEBIBYTE)
    assert len(body) == MEBIBYTE
    assert client.simulate_post("/event", body=body, headers=JSON).status_code == 200


@pytest.mark.parametrize("size", [MEBIBYTE + 1, 3 * MEBIBYTE])
@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
def test_a_larger_body_is_413(
    client: TestClient, hucha: Hucha, operator: dict[str, str], size: int, content_type: str
) -> None:
    # contract: G4
    headers = {"Content-Type": content_type}
    error_of(client.simulate_post("/event", body=padded(size), headers=headers), 413)
    assert not hucha.list_events(1, 10)
    problem_of(client.simulate_put("/api/risk-profiles/1", body=padded(size), headers=operator | headers), 413)


@pytest.mark.parametrize("length", ["abc", "-1", "1.5", "0x10", "\xd9\xa3"])
def test_a_content_length_that_is_no_number_is_400(hucha: Hucha, length: str) -> None:
    """waitress refuses these before the app sees them; another server may not."""
    environ = create_environ("/event", method="POST", body=body_of(GOOD).decode(), headers=JSON)
    environ["CONTENT_LENGTH"] = length
    started = StartResponseMock()
    body = b"".join(create_app(hucha)(environ, started))
    assert started.status == "400 Bad Request"
    assert list(json.loads(body)) == ["error"]
    assert not hucha.list_events(1, 10)


def test_a_body_that_ends_before_its_length_is_400(client: TestClient, hucha: Hucha) -> None:
    body = body_of(GOOD)
    answer = client.simulate_post("/event", body=body[:-5], headers=JSON | {"Content-Length": str(len(body))})
    error_of(answer, 400)
    assert not hucha.list_events(1, 10)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"type": "deposit", "amount": "' + b"9" * 1_000_000 + b'"}', id="a million digits in a string"),
        pytest.param(b'{"type": "deposit", "amount": ' + b"9" * 1_000_000 + b"}", id="a million digits"),
        pytest.param(b'{"type": "deposit", "amount": 0.' + b"9" * 1_000_000 + b"}", id="a million decimals"),
        pytest.param(b'{"x": ' + b"[" * 500_000 + b"]" * 500_000 + b"}", id="half a million levels"),
        pytest.param(b'{"x": [' + b"[]," * 300_000 + b"1]}", id="300,000 lists"),
        pytest.param(b'{"x": "' + rb"\u0061" * 170_000 + b'"}', id="170,000 escapes"),
        pytest.param(b"{" + b",".join(b'"%d":1' % n for n in range(80_000)) + b"}", id="80,000 keys"),
        pytest.param(b'{"x": 1e' + b"9" * 1_000_000 + b"}", id="a million digits of exponent"),
    ],
)
def test_a_body_made_to_be_slow_is_refused_at_once(client: TestClient, body: bytes) -> None:
    error_of(client.simulate_post("/event", body=body, headers=JSON), 400)
