"""Holds every request to what its operation declares, before the responder runs: who may ask, path, query and body.

Source: contract G2 to G4, G8, B7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import falcon

from domain.model.errors import Refusal
from domain.use_cases.money.guarded_orders import Guard
from entrypoints.http.auth import Authentication, require_event_key
from entrypoints.http.bodies import BodyRefused, parse_body, read_body
from entrypoints.http.envelope import ROUTE_KEY
from entrypoints.http.idempotency import Digests, idempotency_key
from entrypoints.http.operations import Access, Operation, Route
from entrypoints.http.reading import read, read_query, read_text
from ports.limits import RateLimits

Given = dict[str, Any]
"""What a responder is given, by name."""

_WITH_BODY: Final = frozenset(("POST", "PUT", "PATCH"))
_OPERATION: Final = "operation"


class Enforcement:
    """The one middleware that all operations pass."""

    def __init__(
        self,
        routes: Sequence[Route],
        authentication: Authentication,
        limits: RateLimits,
        digests: Digests,
        event_key: str | None,
    ) -> None:
        self._authentication = authentication
        self._limits = limits
        self._digests = digests
        self._event_key = event_key
        self._paths = {route.template: route.path for route in routes}
        self._operations = {
            (route.template, method.upper()): declared for route in routes for method, declared in route.operations()
        }
        self._admits: Mapping[Access, Callable[[falcon.Request], Given]] = {
            Access.ANYONE: lambda req: {},
            Access.EVENT_KEY: self._admit_event_key,
            Access.USER: self._admit_user,
            Access.PIN: self._admit_user,
            Access.OPERATOR: self._admit_operator,
            Access.OPERATOR_OR_LOOPBACK: self._admit_operator_or_loopback,
        }

    def process_resource(
        self, req: falcon.Request, resp: falcon.Response, resource: object, params: dict[str, Any]
    ) -> None:
        """Check the request, and give the responder what it declares."""
        req.env[ROUTE_KEY] = self._paths.get(req.uri_template or "", req.uri_template)
        operation = self._operations.get((req.uri_template or "", req.method))
        if operation is None:  # Falcon answers: a method that isn't the route's, or a browser's question before it asks
            return
        req.context.operation = operation
        if operation.session_in_transaction:
            given: Given = {"claims": self._authentication.claims(req)}
            try:
                self._read(operation, req, params, given)
            except (BodyRefused, Refusal):
                self._authentication.user(req)  # who isn't signed in learns nothing else
                raise
        else:
            given = self._admits[operation.access](req)
            self._read(operation, req, params, given)
        params.update(given)
        resp.status = operation.status
        media_type = operation.media_types[0]
        if media_type.startswith("text/"):
            resp.content_type = f"{media_type}; charset=utf-8"

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, req_succeeded: bool
    ) -> None:
        """Tell the log of a success that leaves a trail."""
        operation = req.context.get(_OPERATION)
        if req_succeeded and operation is not None and operation.audit is not None:
            self._authentication.log_success(req, operation.audit)

    def _admit_event_key(self, req: falcon.Request) -> Given:
        if self._event_key is not None:
            require_event_key(req, self._event_key)
        return {}

    def _admit_user(self, req: falcon.Request) -> Given:
        return {"identity": self._authentication.user(req)}

    def _admit_operator(self, req: falcon.Request) -> Given:
        self._authentication.operator(req)
        return {}

    def _admit_operator_or_loopback(self, req: falcon.Request) -> Given:
        return {} if self._authentication.is_from_loopback(req) else self._admit_operator(req)

    def _read(self, operation: Operation, req: falcon.Request, params: dict[str, Any], given: Given) -> None:
        for parameter in operation.path:
            try:
                params[parameter.name] = read_text(parameter.type, params[parameter.name])
            except ValueError:
                raise parameter.otherwise from None
        if operation.query is not None:
            given["query"] = read_query(operation.query, req.params)
        if operation.limited:
            given["client"] = self._authentication.address(req)
        if req.method in _WITH_BODY or operation.body is not None:
            self._read_body(operation, req, given)

    def _read_body(self, operation: Operation, req: falcon.Request, given: Given) -> None:
        data = read_body(req, operation.largest_body_bytes)
        if operation.reads is not None:
            given["body"] = operation.reads(data)
            return
        fields = parse_body(data)
        if operation.counted_as is not None:
            self._limits.hit(operation.counted_as, self._authentication.address(req))
        key = None
        if operation.moves_money:
            who = given.get("claims") or given["identity"]
            key = idempotency_key(req, who.account_number, data, self._digests)
        if operation.access is Access.PIN:
            given["guard"] = Guard(fields.get("pin"), key)
        elif operation.moves_money:
            given["key"] = key
        if operation.body is not None:
            given["body"] = self._body(operation, operation.body, fields)

    def _body(self, operation: Operation, kind: type, fields: Mapping[str, object]) -> object:
        """What the body says; where the operation is guarded, a refusal is told once key and PIN have been checked."""
        try:
            return read(kind, fields)
        except Refusal as refusal:
            if operation.is_guarded:
                return refusal
            raise
