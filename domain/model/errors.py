"""Every way in which Hucha says no, one class each, carrying the facts of the refusal.

    HuchaError
    ├── Refusal                     the caller can mend it
    │   ├── InvalidFields           one or more named fields are wrong
    │   ├── Unauthenticated         nobody we know
    │   ├── OperatorNameTaken       an operator of that name exists
    │   └── NotFound
    │       └── OperatorNotFound
    └── Unavailable                 the bank can't answer now; the same request may pass later
        └── StorageUnavailable

No class knows a status code or a media type: `entrypoints/http/dialects.py` holds the one table that does.
"""

from __future__ import annotations

import attrs


class HuchaError(Exception):
    """The root of all refusals and failures that Hucha raises on purpose."""


class Refusal(HuchaError):
    """The request can't be carried out as it is."""


@attrs.frozen
class FieldProblem:
    """One field and what is wrong with it; `detail` reads on after the field's name."""

    field: str
    detail: str


@attrs.define
class InvalidFields(Refusal):
    """Every bad field of a request, named at once."""

    problems: tuple[FieldProblem, ...]

    def __str__(self) -> str:
        return "; ".join(f"{problem.field} {problem.detail}" for problem in self.problems)


class Unauthenticated(Refusal):
    """The credentials are missing, malformed, expired, revoked or forged."""


@attrs.define
class OperatorNameTaken(Refusal):
    """An operator of this name exists already."""

    name: str

    def __str__(self) -> str:
        return f"An operator named {self.name} exists already."


class NotFound(Refusal):
    """There is no such thing, or it is someone else's."""


@attrs.define
class OperatorNotFound(NotFound):
    """There is no operator of this name."""

    name: str

    def __str__(self) -> str:
        return f"There is no operator named {self.name}."


class Unavailable(HuchaError):
    """Something that Hucha depends on failed.

    Nothing was changed, unless the database went away for good in the middle of a COMMIT: then nobody knows.
    """


@attrs.define
class StorageUnavailable(Unavailable):
    """The database can't be reached, or the retries of a transaction are used up."""

    reason: str

    def __str__(self) -> str:
        return f"The database is unavailable: {self.reason}"
