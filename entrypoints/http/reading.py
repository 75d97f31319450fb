"""Untrusted values to typed ones, by cattrs: every bad field named at once. Source: contract G4.

A class of `@wire` says what a body or a query holds. Its attributes' types hold the constraints (`fields.py`), and
its two errors say what a missing and an empty value are: the seeds have sentences of their own for these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    Literal,
    TypeVar,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
)

import attrs
import msgspec
from msgspec import Meta

from domain.model.activity import LARGEST_INTEGER
from domain.model.errors import EmptyFields, FieldProblem, InvalidFields, MissingFields, Refusal
from domain.model.fields import Fields, is_empty
from entrypoints.http.fields import Reads, Says

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")
NameErrors = Callable[[tuple[str, ...]], Exception]
"""Makes an error of the names of fields."""

_POLICY: Final = "__wire__"
_ENFORCED: Final = ("ge", "le", "min_length", "max_length", "pattern")
"""The constraints of `Meta` that are held to; the others are only told."""


def required(names: tuple[str, ...]) -> InvalidFields:
    """Each of these fields is required."""
    return InvalidFields(tuple(FieldProblem(name, "is required") for name in names))


@attrs.frozen
class _Policy:
    missing: NameErrors
    empty: NameErrors
    before: Callable[[Fields], Fields]
    in_order: bool


@dataclass_transform(frozen_default=True, field_specifiers=(attrs.field,))
def wire(
    *,
    missing: NameErrors = MissingFields,
    empty: NameErrors = EmptyFields,
    before: Callable[[Fields], Fields] = lambda fields: fields,
    in_order: bool = False,
) -> Callable[[type[T]], type[T]]:
    """Declare the class of a body or a query: what is raised for keys that are missing, and for empty values.

    An attribute without a default must be there, and not be empty. One with a default may be missing; where its type
    admits None, an empty value is None. Where both errors are the same, missing keys and empty values are named
    together. `before` may add what follows from the rest.

    With `in_order`, the first attribute that is wrong in any way decides, missing and empty ones being what `missing`
    says; so with `required` all bad fields are named together.
    """

    def declare(kind: type[T]) -> type[T]:
        # Not slotted: msgspec keeps the order of the attributes. Not shown: bodies hold what nobody else may see.
        declared = attrs.frozen(slots=False, repr=False)(kind)
        setattr(declared, _POLICY, _Policy(missing, empty, before, in_order or missing is required))
        return declared

    return declare


def read(kind: type[T], fields: Fields) -> T:
    """The values that `kind` names among these; others are ignored.

    Raises, in this order, what `kind` says of missing keys and of empty values; then InvalidFields, which names every
    bad field.
    """
    policy: _Policy = getattr(kind, _POLICY)
    fields = policy.before(fields)
    _refuse_missing(kind, fields, policy)
    declared: Any = kind
    return _structured(kind, {name: fields[name] for name in _names(declared) if name in fields})


def read_query(kind: type[T], parameters: Mapping[str, str | list[str]]) -> T:
    """The same of a query: every value is a text, of several under one name the last, and an empty one is a bad one.

    `from_` reads the parameter `from`, which no name in Python can be.
    """
    policy: _Policy = getattr(kind, _POLICY)
    declared: Any = kind
    given: dict[str, object] = {}
    for name in _names(declared):
        told = parameters.get(name.rstrip("_"))
        if told is not None:
            given[name] = told if isinstance(told, str) else told[-1]
    _refuse_missing(kind, given, policy, texts=True)
    return _structured(kind, given, texts=True)


def read_text(kind: Any, text: str) -> Any:
    """One value of a path or a query. Raises ValueError with a text that reads on after its name."""
    return _converter(texts=True).structure(text, kind)


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(attribute.name for attribute in attrs.fields(kind))


@cache
def _required(kind: Any) -> tuple[str, ...]:
    return tuple(attribute.name for attribute in attrs.fields(kind) if attribute.default is attrs.NOTHING)


@cache
def _never_empty(kind: Any) -> tuple[str, ...]:
    """The attributes that may not be empty where they are there: the required ones, and those that can't be None."""
    hints, needed = _hints(kind), _required(kind)
    return tuple(name for name in _names(kind) if name in needed or not _admits_none(hints[name]))


@cache
def _hints(kind: Any) -> dict[str, Any]:
    from typing import get_type_hints

    return get_type_hints(kind, include_extras=True)


def _admits_none(hint: Any) -> bool:
    return hint is Any or (get_origin(hint) in (Union, UnionType) and NoneType in get_args(hint))


def _refuse_missing(kind: Any, fields: Fields, policy: _Policy, *, texts: bool = False) -> None:
    if policy.in_order:
        return
    missing = tuple([name for name in _required(kind) if name not in fields])
    never = _required(kind) if texts else _never_empty(kind)
    empty = tuple([name for name in never if name in fields and is_empty(fields[name])])
    if policy.missing is policy.empty and (missing or empty):
        raise policy.missing(tuple(name for name in _names(kind) if name in missing or name in empty))
    if missing:
        raise policy.missing(missing)
    if empty:
        raise policy.empty(empty)


def _structured(kind: type[T], given: Fields, *, texts: bool = False) -> T:
    declared: Any = kind
    needed = _required(declared)
    values = {}
    for name, value in given.items():
        if name not in needed and not texts:
            values[name] = None if is_empty(value) else value
        elif name not in needed or not is_empty(value):
            values[name] = value
    try:
        return _converter(texts).structure(values, kind)
    except ExceptionGroup as error:  # cattrs' ClassValidationError, of one error for each bad field
        refusals = [_refusal(one, getattr(kind, _POLICY)) for one in error.exceptions]
    if not isinstance(refusals[0], InvalidFields):
        raise refusals[0]
    problems = (problem for one in refusals if isinstance(one, InvalidFields) for problem in one.problems)
    raise InvalidFields(tuple(problems))


def _refusal(error: Exception, policy: _Policy) -> Exception:
    """Why one field is refused. cattrs names it in a note, and tells of a missing one by a KeyError.

    Raises whatever else reading it raised: a mistake of ours, which isn't the customer's to mend.
    """
    from cattrs import AttributeValidationNote

    name = next(note.name for note in error.__notes__ if isinstance(note, AttributeValidationNote)).rstrip("_")
    if isinstance(error, KeyError):
        return policy.missing((name,))
    if isinstance(error, ValueError):
        return InvalidFields((FieldProblem(name, str(error)),))
    if isinstance(error, Refusal):
        return error
    raise error


@cache
def _converter(texts: bool) -> Converter:
    """Made with the first request that has something to read: the start doesn't wait for cattrs."""
    from cattrs import Converter

    converter = Converter(detailed_validation=True)
    converter.register_structure_hook_factory(_is_foreign, _refuse_foreign)
    converter.register_structure_hook_factory(_is_plain, partial(_plain, texts=texts))
    for base in (str, int, bool):
        converter.register_structure_hook(base, _plain(base, texts=texts))
    for other in (bytes, float, Path):  # cattrs looks for these before it asks us
        converter.register_structure_hook(other, lambda _, hint: _refuse_foreign(hint))
    converter.register_structure_hook_factory(_is_unset_union, lambda hint: _without_unset(converter, hint))
    return converter


def _is_foreign(hint: Any) -> bool:
    """Whether it's neither a class with fields of its own nor a choice of types: asked after all that we read."""
    return not attrs.has(hint) and get_origin(hint) not in (Union, UnionType)


def _refuse_foreign(hint: Any) -> Any:
    raise TypeError(f"{hint} isn't read: cattrs itself would take too much for one")


def _is_plain(hint: Any) -> bool:
    base = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    return base in (str, int, bool, Any) or get_origin(base) in (Literal, list) or _parser(hint) is not None


def _parser(hint: Any) -> Callable[[Any], object] | None:
    if get_origin(hint) is not Annotated:
        return None
    return next((one.parse for one in reversed(get_args(hint)) if isinstance(one, Reads)), None)  # the outermost


def _plain(hint: Any, *, texts: bool) -> Callable[[Any, Any], Any]:
    parse = _parser(hint) or _of_base(hint, texts=texts)
    return lambda value, _: parse(value)


def _of_base(hint: Any, *, texts: bool) -> Callable[[Any], Any]:
    base, meta = hint, Meta()
    if get_origin(hint) is Annotated:
        base, meta = get_args(hint)[0], _constraints(hint)
    if base is Any:
        return lambda value: value
    if base is str:
        says = next((one.sentence for one in get_args(hint)[1:] if isinstance(one, Says)), f"must match {meta.pattern}")
        return partial(_text, meta=meta, says=says)
    if base is int:
        return partial(_integer_text if texts else _integer, meta=meta)
    if base is bool:
        return _boolean
    if get_origin(base) is list:
        inner = get_args(base)[0]
        return partial(_list, parse=_parser(inner) or _of_base(inner, texts=texts), meta=meta)
    return partial(_one_of, choices=get_args(base))


def _constraints(hint: Any) -> Meta:
    """All that are declared; of one that is there twice the outermost."""
    metas = [one for one in get_args(hint)[1:] if isinstance(one, Meta)]
    return Meta(**{name: told for one in metas for name in _ENFORCED if (told := getattr(one, name)) is not None})


def _text(value: object, *, meta: Meta, says: str) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    if meta.max_length is not None and len(value) > meta.max_length:
        raise ValueError(f"must have at most {meta.max_length} characters")
    if meta.min_length is not None and len(value) < meta.min_length:
        raise ValueError(f"must have at least {meta.min_length} characters")
    if meta.pattern is not None and not re.search(meta.pattern.replace("$", r"\Z"), value):  # `$` lets a newline be
        raise ValueError(says)
    return value


def _integer(value: object, *, meta: Meta) -> int:
    smallest, largest = meta.ge, meta.le
    if type(value) is int and (smallest is None or value >= smallest) and (largest is None or value <= largest):
        return value
    bounds = "" if smallest is None else f" from {smallest}"
    raise ValueError(f"must be an integer{bounds}{'' if largest is None else f' to {largest}'}")


def _integer_text(value: str, *, meta: Meta) -> int:
    digits = value.isascii() and value.isdigit() and len(value) <= len(str(meta.le or LARGEST_INTEGER))
    return _integer(int(value) if digits else None, meta=meta)


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("must be true or false")


def _list(value: object, *, parse: Callable[[Any], Any], meta: Meta) -> list[Any]:
    if not isinstance(value, list) or (meta.max_length is not None and len(value) > meta.max_length):
        raise ValueError("must be a list" + (f" of at most {meta.max_length}" if meta.max_length is not None else ""))
    return [parse(one) for one in value]


def _one_of(value: object, *, choices: tuple[Any, ...]) -> Any:
    for choice in choices:
        if type(value) is type(choice) and value == choice:
            return choice
    raise ValueError(f"must be one of {', '.join(map(str, choices))}")


def _is_unset_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, UnionType) and msgspec.UnsetType in get_args(hint)


def _without_unset(converter: Converter, hint: Any) -> Callable[[Any, Any], Any]:
    """A value that may be missing: the default stands for that, so a value that is there is of the other types."""
    rest = tuple(one for one in get_args(hint) if one is not msgspec.UnsetType)
    other: Any = Union[rest]  # noqa: UP007  # of a tuple
    return lambda value, _: converter.structure(value, other)
