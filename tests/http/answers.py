"""What tests ask of answers, whatever the route: the forms of errors (contract G2)."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from http import HTTPStatus
from pathlib import Path

from falcon.testing import Result

EVENT_FIELDS = ("type", "amount", "user_id", "time")


def error_of(answer: Result, status: int) -> str:
    """The sentence of an error of `/event`: exactly one key, and nothing of a crash."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert list(answer.json) == ["error"]
    sentence = answer.json["error"]
    assert isinstance(sentence, str) and sentence
    assert "Traceback" not in sentence
    return sentence


def problem_of(answer: Result, status: int) -> dict[str, object]:
    """An error by RFC 9457, with nothing in it but what contract G2 names."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json
    assert set(problem) - {"errors"} == {"type", "title", "status", "detail"}
    assert problem["type"] == "about:blank"
    assert problem["title"] == HTTPStatus(status).phrase  # RFC 9457, 4.2.1
    assert problem["status"] == status
    assert isinstance(problem["detail"], str) and problem["detail"]
    for error in problem.get("errors", ()):
        assert set(error) == {"field", "detail"}
        assert error["field"] and error["detail"]
    return problem


def fields_of(problem: dict[str, object]) -> list[str]:
    """The fields that a problem names, in order."""
    return [error["field"] for error in problem["errors"]]


def named_in(sentence: str) -> set[str]:
    """The fields of `/event` that a sentence names."""
    return {field for field in EVENT_FIELDS if re.search(rf"\b{field}\b", sentence)}


def count_events(database: Path) -> int:
    """How many events an SQLite file holds, whoever's they are."""
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("SELECT count(*) FROM events").fetchone()[0]
