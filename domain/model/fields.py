"""Reading untrusted values: what is missing, empty, of another type or too long. Source: contract G4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from domain.model.errors import EmptyFields, FieldProblem, InvalidFields, MissingFields

Fields = Mapping[str, object]
"""The object in a request's body: values of any JSON type."""


def is_empty(value: object) -> bool:
    """Whether a value counts as empty: null, `""`, or a string of nothing but white space."""
    return value is None or (isinstance(value, str) and not value.strip())


def require(fields: Fields, names: Sequence[str]) -> None:
    """Raises MissingFields where a key isn't there, else EmptyFields where a value is empty."""
    missing = tuple(name for name in names if name not in fields)
    if missing:
        raise MissingFields(missing)
    empty = tuple(name for name in names if is_empty(fields[name]))
    if empty:
        raise EmptyFields(empty)


def texts(fields: Fields, longest: Mapping[str, int]) -> dict[str, str | None]:
    """The strings of the fields that `longest` names, each with the most characters it may have; None where empty.

    Raises InvalidFields that names every field that is no string, or too long.
    """
    problems = []
    for name, most in longest.items():
        value = fields.get(name)
        if value is not None and not isinstance(value, str):
            problems.append(FieldProblem(name, "must be a string"))
        elif value is not None and len(value) > most:
            problems.append(FieldProblem(name, f"must have at most {most} characters"))
    if problems:
        raise InvalidFields(tuple(problems))
    return {name: None if is_empty(fields.get(name)) else str(fields[name]) for name in longest}
