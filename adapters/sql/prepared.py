"""Statements for the hot paths: compiled once, then handed to the driver as they are.

SQLAlchemy spends more time on running a small statement than the database does. A `Prepared` keeps its
types' bind processors, so money stays exact; results come back as the driver gives them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

Processor = Callable[[Any], Any]


class Prepared:
    """A statement, built by `build(dialect, size)` and compiled once per dialect and size.

    `size` is for statements whose text depends on a number, such as the length of an IN list. Its binds are
    passed by position, in the order of `names`, or of the compiled statement where none are given.
    """

    def __init__(self, build: Callable[[Dialect, int], Executable], names: Sequence[str] | None = None) -> None:
        self._build = build
        self._names = names
        self._compiled: dict[tuple[str, int], tuple[str, list[tuple[int, Processor]], list[int] | None]] = {}

    def all(self, connection: Connection, values: Sequence[Any], size: int = 0) -> Sequence[Any]:
        """Execute with one set of values and fetch every row, as tuples of driver values."""
        text, processors, order = self._get(connection.dialect, size)
        with driver_cursor(connection, text) as cursor:
            cursor.execute(text, _bound(values, processors, order))
            rows: Sequence[Any] = cursor.fetchall()
            return rows

    def many(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Execute once per row, in one call of the driver."""
        text, processors, order = self._get(connection.dialect, 0)
        with driver_cursor(connection, text) as cursor:
            cursor.executemany(text, [_bound(row, processors, order) for row in rows])

    def _get(self, dialect: Dialect, size: int) -> tuple[str, list[tuple[int, Processor]], list[int] | None]:
        key = (dialect.name, size)
        found = self._compiled.get(key)
        if found is None:
            found = self._compiled[key] = self._compile(dialect, size)
        return found

    def _compile(self, dialect: Dialect, size: int) -> tuple[str, list[tuple[int, Processor]], list[int] | None]:
        compiled = self._build(dialect, size).compile(dialect=dialect)  # type: ignore[attr-defined]
        assert isinstance(compiled, SQLCompiler) and compiled.positiontup is not None
        names = self._names or compiled.positiontup
        order = [names.index(name) for name in compiled.positiontup]
        processors = []
        for position, name in enumerate(names):
            processor = compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
            if processor is not None:
                processors.append((position, processor))
        return str(compiled), processors, None if order == list(range(len(names))) else order


class driver_cursor:  # noqa: N801  # read as a function: `with driver_cursor(...) as cursor`
    """A cursor of the driver, whose errors come out as SQLAlchemy's, without the values."""

    __slots__ = ("_connection", "_cursor", "_text")

    def __init__(self, connection: Connection, text: str) -> None:
        self._connection = connection
        self._text = text
        self._cursor: Any = connection.connection.cursor()

    def __enter__(self) -> Any:
        return self._cursor

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._cursor.close()
        dialect = self._connection.dialect
        if error is not None and isinstance(error, dialect.loaded_dbapi.Error):
            raise DBAPIError.instance(
                self._text, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, dialect=dialect
            ) from error


def _bound(values: Sequence[Any], processors: list[tuple[int, Processor]], order: list[int] | None) -> tuple[Any, ...]:
    if processors:
        processed = list(values)
        for position, processor in processors:
            processed[position] = processor(processed[position])
        values = processed
    return tuple(values) if order is None else tuple([values[position] for position in order])
