"""Statements that run often: compiled once for each database, then executed by the driver itself.

SQLAlchemy takes some 40 µs to execute a statement that SQLite runs in three, and a queue runs little else.  So the
queue's statements are written in SQLAlchemy Core, once for both databases, and what it makes of them goes to `sqlite3`
or asyncpg directly.  They run in the transaction of the body's connection like any other statement; errors are the
driver's own, which the store knows as well (`sqlite_errors`, `postgresql_errors`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import ARRAY, BigInteger, BindParameter, ColumnElement, Connection, Dialect, Executable, Text, bindparam
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.util import await_only

#: A row as its driver gives it, to be unpacked: a tuple from SQLite, a record from PostgreSQL.
DriverRow: TypeAlias = Sequence[Any]


class _Runs(NamedTuple):
    """A statement made ready for one database."""

    one: Callable[[Connection, dict[str, Any]], list[DriverRow]]
    each: Callable[[Connection, Sequence[dict[str, Any]]], list[DriverRow]]


class Prepared:
    """A statement of SQLAlchemy Core, ready to run on both databases; its parameters are given by their names."""

    def __init__(self, statement: Executable) -> None:
        self.statement: Final = statement
        self._runs: dict[str, _Runs] = {}

    def rows(self, connection: Connection, **values: Any) -> list[DriverRow]:
        """Return the rows that the statement gives; none where it gives nothing."""
        return self._ready(connection).one(connection, values)

    def each(self, connection: Connection, values: Sequence[dict[str, Any]]) -> list[DriverRow]:
        """Run the statement for each of these sets of values, in one round trip; return all rows that it gives."""
        return self._ready(connection).each(connection, values) if values else []

    def first(self, connection: Connection, **values: Any) -> DriverRow | None:
        """Return the first of the rows, if there is any."""
        rows = self._ready(connection).one(connection, values)
        return rows[0] if rows else None

    def column(self, connection: Connection, **values: Any) -> list[Any]:
        """Return the first column of the rows."""
        return [row[0] for row in self._ready(connection).one(connection, values)]

    def _ready(self, connection: Connection) -> _Runs:
        dialect = connection.dialect
        runs = self._runs.get(dialect.name)
        if runs is None:
            runs = self._runs[dialect.name] = _RUNNERS[dialect.name](self.statement, dialect)
        return runs


class is_one_of(ColumnElement[bool]):  # noqa: N801  # reads as the condition it is
    """The condition that a column has one of the values of a parameter: a list of any length, so one statement.

    ``IN`` would be another statement for every length, and no database takes it with 40,000 values.
    """

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], parameter: str) -> None:
        kind = Text() if isinstance(column.type, Text) else BigInteger()
        self.column = column
        self.parameter: BindParameter[Any] = bindparam(parameter, type_=ARRAY(kind))


@compiles(is_one_of, "sqlite")
def _in_json(element: is_one_of, compiler: SQLCompiler, **keywords: Any) -> str:
    column, values = (compiler.process(part, **keywords) for part in (element.column, element.parameter))
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608  # names of ours alone


@compiles(is_one_of, "postgresql")
def _in_array(element: is_one_of, compiler: SQLCompiler, **keywords: Any) -> str:
    column, values = (compiler.process(part, **keywords) for part in (element.column, element.parameter))
    return f"{column} = ANY ({values})"


def _on_sqlite(statement: Executable, _dialect: Dialect) -> _Runs:
    compiled = _compiled(statement, sqlite.dialect(paramstyle="named"))
    sql, fixed = compiled.string, _fixed(compiled)
    lists = [name for bind, name in compiled.bind_names.items() if isinstance(bind.type, ARRAY)]

    def run(connection: Connection, values: dict[str, Any]) -> list[DriverRow]:
        values.update(fixed)
        for name in lists:
            values[name] = json.dumps(values[name])
        # On SQLite the connection of the DBAPI is the driver's own.
        driver: Any = connection.connection.dbapi_connection
        rows: list[DriverRow] = driver.execute(sql, values).fetchall()
        return rows

    def each(connection: Connection, values: Sequence[dict[str, Any]]) -> list[DriverRow]:
        return [row for one in values for row in run(connection, one)]

    return _Runs(run, each)


def _on_postgresql(statement: Executable, dialect: Dialect) -> _Runs:
    compiled = _compiled(statement, dialect)
    sql, fixed, names = compiled.string, _fixed(compiled), compiled.positiontup or []

    def run(connection: Connection, values: dict[str, Any]) -> list[DriverRow]:
        values.update(fixed)
        driver: Any = connection.connection.driver_connection
        rows: list[DriverRow] = await_only(driver.fetch(sql, *[values[name] for name in names]))
        return rows

    def each(connection: Connection, values: Sequence[dict[str, Any]]) -> list[DriverRow]:
        if len(values) == 1:
            return run(connection, values[0])
        driver: Any = connection.connection.driver_connection
        arguments = [[fixed[name] if name in fixed else one[name] for name in names] for one in values]
        rows: list[DriverRow] = await_only(driver.fetchmany(sql, arguments))
        return rows

    return _Runs(run, each)


_RUNNERS: Final = {"sqlite": _on_sqlite, "postgresql": _on_postgresql}


def _compiled(statement: Executable, dialect: Dialect) -> SQLCompiler:
    assert isinstance(statement, ClauseElement)
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    return compiled


def _fixed(compiled: SQLCompiler) -> dict[str, Any]:
    """Return the values that the statement itself has."""
    return {name: bind.value for bind, name in compiled.bind_names.items() if not bind.required}
