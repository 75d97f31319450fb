"""The OpenAPI document is valid, complete and true: every route is in it, and answers as it says (contract G9)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from falcon import inspect
from falcon.testing import Result, TestClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from adapters.memory.clock import SetClock
from entrypoints.composition import Hucha, build_in_memory
from entrypoints.http.app import create_app, create_falcon_app
from entrypoints.http.metrics import Metrics
from entrypoints.settings import Settings
from tests.customers import PASSWORD, PIN

from .accounts import Customer, open_account
from .bodies import GOOD, body_of
from .documented import DOCUMENT, Documented, filled
from .documented import OPERATIONS as EVERY
from .signing_in import new_otp

JSON = {"Content-Type": "application/json"}
OPERATIONS = [pytest.param(one.path, one.method, one.operation, id=str(one)) for one in EVERY]


def routes() -> Iterator[tuple[str, str]]:
    """Every (path, method) that the router of the app knows."""
    for route in inspect.inspect_app(create_falcon_app(build_in_memory(), Metrics())).routes:
        for method in route.methods:
            if not method.internal:
                yield route.path.replace(":path}", "}"), method.method.lower()


def described(answer: Result, path: str, method: str) -> None:
    """Check an answer against what the document says of it."""
    responses = DOCUMENT["paths"][path][method]["responses"]
    response = responses.get(str(answer.status_code), responses["default"])
    media_type = answer.headers["Content-Type"].partition(";")[0]
    assert media_type in response["content"], (answer.status_code, media_type)
    schema = response["content"][media_type]["schema"]
    instance = answer.json if media_type.endswith("json") else answer.text
    check(instance, schema)


def check(instance: object, schema: dict[str, Any]) -> None:
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(instance)


@pytest.fixture
def nuwe(hucha: Hucha) -> Customer:
    return open_account(hucha, balance="100000.00")


@pytest.fixture
def ask(client: TestClient, operator: dict[str, str], nuwe: Customer) -> Any:
    """Ask a route of the document as whoever may; the answer is checked against the document."""

    def asking(method: str, path: str, *, user_id: str = "1", headers: Any = None, **more: Any) -> Result:
        customers = {"accessToken": []} in DOCUMENT["paths"][path][method]["security"]
        sent = (nuwe.bearer if customers else operator) | JSON if headers is None else headers
        answer = client.simulate_request(method.upper(), filled(path, user_id=user_id), headers=sent, **more)
        described(answer, path, method)
        return answer

    return asking


def test_the_document_is_valid_openapi_3_1() -> None:
    # contract: G9
    assert DOCUMENT["openapi"].startswith("3.1")
    errors = list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors())
    assert not errors


def test_no_route_is_left_out_of_the_document() -> None:
    # contract: G9
    known = set(routes())
    assert known == {(path, method) for path, item in DOCUMENT["paths"].items() for method in item}
    assert known


def test_operation_ids_are_unique() -> None:
    ids = [operation.values[2]["operationId"] for operation in OPERATIONS]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_operation_says_what_it_does(path: str, method: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert all(response["description"] for response in operation["responses"].values())
    assert all(parameter["description"] for parameter in operation.get("parameters", ()))
    named = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "path"}
    assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_access_is_told_as_it_is(path: str, method: str, operation: dict[str, Any]) -> None:
    """Where the document wants a token, a stranger from afar is denied; else not."""
    client = TestClient(create_app(build_in_memory(Settings(event_api_key="s3cret"))))
    answer = client.simulate_request(method.upper(), filled(path), remote_addr="203.0.113.9")
    described(answer, path, method)
    if operation["security"] or answer.status_code == 401:  # a login wants no token, and says 401 nevertheless
        assert answer.status_code == 401
        assert "401" in operation["responses"]


WITH_BODY = [one for one in OPERATIONS if "requestBody" in one.values[2]]


@pytest.mark.parametrize(("path", "method", "operation"), WITH_BODY)
def test_every_body_has_an_example_that_fits_its_schema(path: str, method: str, operation: dict[str, Any]) -> None:
    # contract: G9
    content = operation["requestBody"]["content"]["application/json"]
    check(content["example"], content["schema"])


@pytest.mark.parametrize("operation", [pytest.param(one, id=str(one)) for one in EVERY if one.example() is not None])
def test_every_example_is_accepted_by_its_route(
    client: TestClient, hucha: Hucha, clock: SetClock, operator: dict[str, str], operation: Documented
) -> None:
    """By a bank in which everything is as the example supposes; codes and account numbers are put in."""
    # contract: G9
    clock.set(datetime(2024, 11, 20, 10, 30, tzinfo=UTC))  # when the examples were written
    headers, state = operator, {}
    if not operation.path.endswith("/register"):
        customer, state = as_supposed(hucha, operation)
        headers = operator if "operatorKey" in operation.schemes else customer.bearer
    if operation.path.endswith("/refresh"):
        login = client.simulate_post("/api/users/login", json={"identifier": customer.email, "password": PASSWORD})
        headers = {"Cookie": f"refresh_token={login.cookies['refresh_token'].value}"}
    answer = operation.ask(client, headers, operation.example(**state), "127.0.0.1")
    described(answer, operation.path, operation.method)
    assert answer.status_code in (200, 201), answer.text


def as_supposed(hucha: Hucha, operation: Documented) -> tuple[Customer, dict[str, str]]:
    """The customer of an example, and the values that no example can know."""
    example = operation.example() or {}
    password = example.get("password", example.get("oldPassword", PASSWORD))
    pin = example.get("oldPin", PIN)
    new = operation.path.endswith("/pin/create")
    customer = open_account(hucha, balance="0" if new else "1000000.00", password=password, pin=None if new else pin)
    if "{expense_id}" in operation.path:
        customer.ask("/api/recurring-expenses", example)
    if "alert_id" in example:
        customer.ask("/api/alerts/balance_drop", {"balance_drop_threshold": 100})
    if "quantity" in example:
        assert customer.buy("GOLD", 1000).status_code == 200
    state = {"targetAccountNumber": open_account(hucha, "target").account_number}
    if "otp" in example or "resetToken" in example:
        state["otp"] = new_otp(customer.client, hucha)
    if "resetToken" in example:
        body = {"identifier": customer.email, "otp": state["otp"]}
        verified = customer.client.simulate_post("/api/auth/password-reset/verify-otp", json=body)
        state["resetToken"] = verified.json["passwordResetToken"]
    return customer, state


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_example_of_an_answer_fits_its_schema(path: str, method: str, operation: dict[str, Any]) -> None:
    for response in operation["responses"].values():
        for content in response.get("content", {}).values():
            if "example" in content:
                check(content["example"], content["schema"])


@pytest.mark.parametrize(("path", "method", "operation"), WITH_BODY)
@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"nonsense", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b" " * (1024 * 1024 + 1), "application/json", 413),
    ],
)
def test_refused_bodies_are_answered_as_described(
    ask: Any,
    operator: dict[str, str],
    nuwe: Customer,
    path: str,
    method: str,
    operation: Any,
    body: bytes,
    content_type: str,
    status: int,
) -> None:
    assert str(status) in operation["responses"]
    customers = {"accessToken": []} in operation["security"]
    headers = (nuwe.bearer if customers else operator) | {"Content-Type": content_type}
    assert ask(method, path, body=body, headers=headers).status_code == status


@pytest.mark.parametrize(("path", "method", "operation"), WITH_BODY)
@pytest.mark.parametrize("value", [[], {}, True, 1.005, "\u0000", "x" * 1000])
def test_bad_values_are_answered_as_described(
    ask: Any, path: str, method: str, operation: dict[str, Any], value: object
) -> None:
    """Every value of the example is such a one, but the PIN, which would be looked at first, unless it is the only one.

    Buying and selling have a sentence of their own, and its status.
    """
    # contract: B7, G4
    example = operation["requestBody"]["content"]["application/json"]["example"]
    body = {name: PIN if name == "pin" and len(example) > 1 else value for name in example}
    malformed = value == "\u0000"
    refused = (500, 403) if "500" in operation["responses"] and not malformed else (400, 401, 403)
    assert ask(method, path, body=json.dumps(body)).status_code in refused


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_wrong_methods_are_answered_as_described(client: TestClient, path: str, method: str, operation: Any) -> None:
    described(client.simulate_delete(filled(path)), path, method)


def test_verdicts_are_answered_as_described(ask: Any) -> None:
    for number in range(8):
        raw = {**GOOD, "type": '"withdraw"' if number % 3 else '"deposit"', "amount": f"{90 + number * 3}.50"}
        assert ask("post", "/event", body=body_of(raw)).status_code == 200


def test_lists_are_answered_as_described(ask: Any, hucha: Hucha) -> None:
    for number in range(8):
        ask("post", "/event", body=body_of({**GOOD, "amount": f'"{number * 30 + 1}.05"'}))
    answer = ask("get", "/api/events", query_string="user_id=1&limit=5")
    assert len(answer.json) == 5
    assert ask("get", "/api/events", query_string="user_id=2").json == []
    assert ask("get", "/api/events", query_string="user_id=x").status_code == 400
    assert ask("get", "/api/events", headers={}).status_code == 401


def test_profiles_are_answered_as_described(ask: Any) -> None:
    path = "/api/risk-profiles/{user_id}"
    assert ask("get", path).status_code == 200
    profile = {"rating": "high", "thresholds": {"30": 7, "123": "0.10", "1100": 9999999999999.99}}
    assert ask("put", path, body=json.dumps(profile)).status_code == 200
    assert ask("get", path).json["thresholds"]["30"] == 7
    assert ask("get", path, user_id="x").status_code == 404
    assert ask("put", path, user_id="x").status_code == 404
    assert ask("get", path, headers={}).status_code == 401


def test_health_is_answered_as_described(ask: Any) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert ask("get", path).status_code == 200


def test_the_files_of_the_page_are_answered_as_described(client: TestClient) -> None:
    for name in ("start.js", "swagger_bundle.js", "swagger_style.css"):
        described(client.simulate_get(f"/api/docs/{name}"), "/api/docs/{name}", "get")


def test_a_user_in_a_path_is_the_integer_of_the_query() -> None:
    def schemas(path: str) -> list[dict[str, Any]]:
        operations = DOCUMENT["paths"][path].values()
        parameters = [parameter for operation in operations for parameter in operation["parameters"]]
        return [parameter["schema"] for parameter in parameters if parameter["name"] == "user_id"]

    (queried,) = schemas("/api/events")
    assert queried == {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}
    assert schemas("/api/risk-profiles/{user_id}") == [queried, queried]


@pytest.mark.parametrize(
    ("thresholds", "good"),
    [({}, True), ({"30": 7, "123": 0.5, "1100": 250}, True), ({"31": 1}, False), ({"30": 0}, False), (None, False)],
)
def test_the_schema_of_thresholds_knows_the_codes(ask: Any, thresholds: object, good: bool) -> None:
    path = "/api/risk-profiles/{user_id}"
    schema = DOCUMENT["paths"][path]["put"]["requestBody"]["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**schema, "components": DOCUMENT["components"]})
    assert validator.is_valid({"thresholds": thresholds}) is good
    assert (ask("put", path, body=json.dumps({"thresholds": thresholds})).status_code == 200) is good


@pytest.mark.parametrize(
    ("field", "raw"),
    [
        ("type", '"transfer"'),
        ("type", "null"),
        ("amount", "0"),
        ("amount", '"1e2"'),
        ("amount", '"-1"'),
        ("amount", "true"),
        ("user_id", "-1"),
        ("user_id", "9007199254740992"),
        ("user_id", '"1"'),
        ("time", "1.5"),
        ("time", None),
    ],
)
def test_the_schema_of_an_event_refuses_what_the_route_refuses(field: str, raw: str | None) -> None:
    schema = DOCUMENT["paths"]["/event"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**schema, "components": DOCUMENT["components"]})
    assert validator.is_valid(json.loads(body_of(GOOD)))
    assert not validator.is_valid(json.loads(body_of({**GOOD, field: raw})))
