"""Rows as the model knows them: an entity's parts, however deep, lie side by side in one row.

For the paths that aren't hot: those read their rows by hand. cattrs is imported with the first row, not at the start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, Inexact
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import attrs
from sqlalchemy import Table

from domain.model.money import CENT, EXACT

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")


class FlatRows:
    """Entities from rows, and the other way round.

    `columns` names the columns of the fields that are called otherwise there, `read` how to read a field that isn't
    null; a Decimal is an amount of money where nothing is said of its field.
    """

    def __init__(
        self, columns: Mapping[str, str] | None = None, read: Mapping[str, Callable[[Any], object]] | None = None
    ) -> None:
        self._columns = columns or {}
        self._read = read or {}

    def entity(self, kind: type[T], row: Mapping[Any, Any]) -> T:
        """The entity in a row, which may hold other columns too."""
        return self._converter.structure(row, kind)

    def row(self, entity: object, table: Table) -> dict[str, Any]:
        """The entity's values for the columns of a table, without the id that the database gives."""
        values = self._converter.unstructure(entity)
        given = table.autoincrement_column
        return {one.name: values[one.name] for one in table.c if one.name in values and one is not given}

    @cached_property
    def _converter(self) -> Converter:
        from cattrs import Converter

        converter = Converter(detailed_validation=False)
        for kind in (date, datetime):
            converter.register_structure_hook(kind, lambda value, _: value)
        converter.register_structure_hook(Decimal, lambda value, _: two_decimals(value))
        converter.register_structure_hook_factory(attrs.has, lambda kind: self._reader(kind, converter))
        converter.register_unstructure_hook_factory(attrs.has, lambda kind: self._writer(kind, converter))
        return converter

    def _reader(self, kind: type[Any], converter: Converter) -> Callable[[Mapping[Any, Any], object], Any]:
        """How to read an entity or a part of one: its own parts are found in the same row."""
        from cattrs.gen import make_dict_structure_fn, override

        parts = _parts(kind)
        overrides: dict[str, Any] = {
            name: override(rename=self._columns.get(name), struct_hook=_unless_null(self._read.get(name)))
            for name in attrs.fields_dict(kind)
        }
        read = make_dict_structure_fn(kind, converter, **overrides)
        return (lambda row, _: read({**row, **dict.fromkeys(parts, row)}, kind)) if parts else read

    def _writer(self, kind: type[Any], converter: Converter) -> Callable[[Any], dict[str, Any]]:
        from cattrs.gen import make_dict_unstructure_fn, override

        parts = _parts(kind)
        overrides: dict[str, Any] = {name: override(rename=self._columns.get(name)) for name in attrs.fields_dict(kind)}
        write = make_dict_unstructure_fn(kind, converter, **overrides)

        def flat(entity: Any) -> dict[str, Any]:
            values = write(entity)
            for part in parts:
                values |= values.pop(part)
            return values

        return flat


def two_decimals(total: Decimal) -> Decimal:
    """A sum of amounts as the model writes it; unlike an amount, it may be of any size."""
    return total.quantize(CENT, context=EXACT)


def as_found(total: Decimal) -> Decimal:
    """With two decimals; what another program wrote may have more, and is for an audit to see."""
    try:
        return two_decimals(total)
    except Inexact:
        return total


def _parts(kind: type[Any]) -> list[str]:
    """The fields that hold entities themselves."""
    fields = attrs.fields(attrs.resolve_types(kind))
    return [one.name for one in fields if any(map(attrs.has, (one.type, *get_args(one.type))))]


def _unless_null(read: Callable[[Any], object] | None) -> Callable[[Any, object], object] | None:
    return None if read is None else lambda value, _: None if value is None else read(value)
