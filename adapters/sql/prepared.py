"""Statements for the hot paths: compiled once, then handed to the driver as they are.

SQLAlchemy spends more time on running a small statement than the database does. A `Prepared` keeps its
types' bind processors, so money stays exact; results come back as the driver gives them, unless `rows` is called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect, Executable, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

Processor = Callable[[Any], Any]


class _Compiled(NamedTuple):
    text: str
    processors: list[tuple[int, Processor]]
    order: list[int] | None
    results: list[tuple[int, Processor]]


class Prepared:
    """A statement, built by `build(dialect, size)` and compiled once per dialect and size; MySQL and MariaDB are two.

    `size` is for statements whose text depends on a number, such as the length of an IN list. Its binds are
    passed by position, in the order of `names`, or of the compiled statement where none are given.
    """

    def __init__(self, build: Callable[[Dialect, int], Executable], names: Sequence[str] | None = None) -> None:
        self._build = build
        self._names = names
        self._compiled: dict[tuple[str, bool, int], _Compiled] = {}

    def all(self, connection: Connection, values: Sequence[Any], size: int = 0) -> Sequence[Any]:
        """Execute with one set of values and fetch every row, as tuples of driver values."""
        text, processors, order, _ = self._get(connection.dialect, size)
        with driver_cursor(connection, text) as cursor:
            cursor.execute(text, _bound(values, processors, order))
            rows: Sequence[Any] = cursor.fetchall()
            return rows

    def rows(self, connection: Connection, values: Sequence[Any], size: int = 0) -> list[Sequence[Any]]:
        """As `all`, with every value as the type of its column gives it."""
        results = self._get(connection.dialect, size).results
        return [_processed(row, results) for row in self.all(connection, values, size)]

    def execute(self, connection: Connection, values: Sequence[Any], size: int = 0) -> int:
        """Execute with one set of values; how many rows it changed or, for an UPDATE, found."""
        text, processors, order, _ = self._get(connection.dialect, size)
        with driver_cursor(connection, text) as cursor:
            cursor.execute(text, _bound(values, processors, order))
            return int(cursor.rowcount)

    def insert(self, connection: Connection, values: Sequence[Any]) -> int:
        """Insert one row; the id that the database gave it."""
        text, processors, order, _ = self._get(connection.dialect, 0)
        with driver_cursor(connection, text) as cursor:
            cursor.execute(text, _bound(values, processors, order))
            return int(cursor.lastrowid)

    def many(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Execute once per row, in one call of the driver."""
        text, processors, order, _ = self._get(connection.dialect, 0)
        with driver_cursor(connection, text) as cursor:
            cursor.executemany(text, [_bound(row, processors, order) for row in rows])

    def _get(self, dialect: Dialect, size: int) -> _Compiled:
        key = (dialect.name, getattr(dialect, "is_mariadb", False), size)
        found = self._compiled.get(key)
        if found is None:
            found = self._compiled[key] = self._compile(dialect, size)
        return found

    def _compile(self, dialect: Dialect, size: int) -> _Compiled:
        statement = self._build(dialect, size)
        compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        assert isinstance(compiled, SQLCompiler) and compiled.positiontup is not None
        names = self._names or compiled.positiontup
        order = [names.index(name) for name in compiled.positiontup]
        processors: list[tuple[int, Processor]] = []
        for position, name in enumerate(names):
            processor = compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
            if processor is not None:
                processors.append((position, processor))
        results: list[tuple[int, Processor]] = []
        for position, column in enumerate(statement.selected_columns if isinstance(statement, Select) else ()):
            processor = column.type.dialect_impl(dialect).result_processor(dialect, None)
            if processor is not None:
                results.append((position, processor))
        return _Compiled(str(compiled), processors, None if order == list(range(len(names))) else order, results)


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
    values = _processed(values, processors)
    return tuple(values) if order is None else tuple([values[position] for position in order])


def _processed(values: Sequence[Any], processors: list[tuple[int, Processor]]) -> Sequence[Any]:
    if not processors:
        return values
    processed = list(values)
    for position, processor in processors:
        processed[position] = processor(processed[position])
    return processed
