"""What an operation of the API is: declared once, next to its code, then enforced, documented and joined.

A responder is declared by `@Operation(...)`. `enforcement.py` holds every request to the declaration before the
responder runs, and hands the responder what it read; `openapi.py` reads the declaration aloud. A responder that is
not declared stops the start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any, Final, Protocol, TypeVar, dataclass_transform

import attrs

from domain.model.errors import NotFound
from entrypoints.http.fields import Count

T = TypeVar("T")
R = TypeVar("R", bound=Callable[..., None])

METHODS: Final = ("get", "post", "put", "patch", "delete")
LARGEST_BODY_BYTES: Final = 1024 * 1024
_ATTRIBUTE: Final = "__operation__"


class Access(Enum):
    """Who may call an operation."""

    ANYONE = "anyone"
    EVENT_KEY = "whoever has the key of EVENT_API_KEY, where one is set"
    USER = "signed-in customers"
    PIN = "signed-in customers who give their PIN"
    OPERATOR = "operators"
    OPERATOR_OR_LOOPBACK = "operators, and anyone on this machine"


@attrs.frozen
class PathParameter:
    """A value in the path. What isn't of its type raises `otherwise`."""

    name: str
    description: str
    type: Any = Count
    otherwise: type[NotFound] = NotFound


@attrs.frozen
class Operation:
    """What one method of one route does, and what it asks of a request.

    The responder is given, by name: the path's values; `identity` of a customer, or `claims` where
    `session_in_transaction`; `query` and `body` as their classes say, `guard` where the access is PIN, `key` where
    money moves without a PIN, and `client`, whose tries are counted together, where `limited`.
    """

    summary: str
    access: Access
    response: Any
    """The type of the answer; None where it has no body."""

    answer: str
    """What the answer means."""

    description: str = ""
    status: int = 200
    media_types: tuple[str, ...] = ("application/json",)
    """The first is the answer's, unless the responder says another."""

    path: tuple[PathParameter, ...] = ()
    query: type | None = None
    body: type | None = None
    body_required: bool = True
    reads: Callable[[bytes], object] | None = None
    """Reads the body's bytes in place of `body`'s class, which documents it: for a hot path."""

    largest_body_bytes: int = LARGEST_BODY_BYTES
    example: Any = None
    answer_example: Any = None
    others: Mapping[int, tuple[str, Any]] = attrs.field(factory=dict)
    """Further answers in the form of `response`: status -> (what it means, its type)."""

    raises: tuple[Exception, ...] = ()
    """An example of each refusal that doesn't follow from the rest; its class tells what it means."""

    limited: bool = False
    """Whether it refuses whoever asks too often."""

    counted_as: str | None = None
    """The kind of try that each request is whose body is an object, counted by the client's address before its fields
    are looked at.
    """

    moves_money: bool = False
    """Whether it honours `Idempotency-Key`."""

    session_in_transaction: bool = False
    """Whether the responder has the session looked up itself, in the transaction that does the work."""

    audit: str | None = None
    """What a success is told as in the log; None: nothing is told."""

    def __call__(self, responder: R) -> R:
        """Declare a responder."""
        setattr(responder, _ATTRIBUTE, self)
        return responder

    @property
    def is_guarded(self) -> bool:
        """Whether a body that can't be read is refused only after the idempotency key and the PIN were checked."""
        return self.access is Access.PIN or self.moves_money


@attrs.frozen
class Tag:
    """A group of operations in the documentation."""

    name: str
    description: str


class Resource(Protocol):
    """What serves the routes of a capability: `on_<method>_<suffix>` for each."""

    @property
    def tag(self) -> Tag: ...


@dataclass_transform(frozen_default=True, field_specifiers=(attrs.field,))
def resource(kind: type[T]) -> type[T]:
    """Declare a resource's class. attrs makes its constructor alone: nobody compares or shows one, and the start waits
    for every method that attrs makes.
    """
    return attrs.frozen(eq=False, repr=False)(kind)


@attrs.frozen
class Route:
    """A path as it is described, the resource that serves it, the suffix of its responders, and the path as Falcon
    matches it.
    """

    path: str
    resource: Resource
    suffix: str | None = None
    template: str = attrs.field(default=attrs.Factory(lambda route: route.path, takes_self=True))

    def operations(self) -> Iterator[tuple[str, Operation]]:
        """The methods and what each does. Raises TypeError for a responder that isn't declared."""
        for method in METHODS:
            name = f"on_{method}_{self.suffix}" if self.suffix else f"on_{method}"
            responder = getattr(self.resource, name, None)
            if responder is not None:
                found = getattr(responder, _ATTRIBUTE, None)
                if not isinstance(found, Operation):
                    raise TypeError(f"{type(self.resource).__name__}.{name} isn't declared by @Operation")
                yield method, found
