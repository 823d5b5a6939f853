"""Statements about many rows at a time, each one statement on PostgreSQL, whatever their number.

PostgreSQL gets the values of each column as an array, and makes rows of them; a statement a row would cost it more than
most of these rows do.  SQLite runs the same for one row after the other (`prepared`), which costs it nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ARRAY, Connection, Table, TableValuedAlias, and_, bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from buildyard.farm.store.prepared import DriverRow, Prepared

#: What a row is called where its name would otherwise be that of a column.
_GIVEN: Final = "given"


class ManyRows:
    """A statement for any number of rows, each given as values by the names of their columns."""

    def __init__(self, names: Sequence[str], one: Prepared, many: Prepared) -> None:
        self._names: Final = tuple(names)
        self._one: Final = one
        self._many: Final = many

    def run(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> list[DriverRow]:
        """Return what the statement returns for these rows."""
        if len(rows) < 2 or connection.dialect.name != "postgresql":
            return self._one.each(connection, [{_named(name): row[name] for name in self._names} for row in rows])
        return self._many.rows(connection, **{_named(name): [row[name] for row in rows] for name in self._names})


def insert_rows(table: Table, names: Sequence[str]) -> ManyRows:
    """Return the statement that inserts such rows."""
    one = insert(table).values(_parameters(names))
    many = insert(table).from_select(list(names), select(*_given(table, names).c))
    return ManyRows(names, Prepared(one), Prepared(many))


def insert_new_rows(table: Table, names: Sequence[str], dialect: str) -> ManyRows:
    """Return the statement that inserts those whose keys are not there, and returns the first column of their keys."""
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    key = next(iter(table.primary_key.columns))
    one = make(table).values(_parameters(names)).on_conflict_do_nothing().returning(key)
    many = postgresql.insert(table).from_select(list(names), select(*_given(table, names).c))
    return ManyRows(names, Prepared(one), Prepared(many.on_conflict_do_nothing().returning(key)))


def update_rows(table: Table, keys: Sequence[str], names: Sequence[str]) -> ManyRows:
    """Return the statement that gives the rows of these keys new values."""
    given = _given(table, (*keys, *names))
    one = update(table).where(and_(*(table.c[key] == bindparam(_named(key)) for key in keys)))
    many = update(table).where(and_(*(table.c[key] == given.c[key] for key in keys)))
    return ManyRows(
        (*keys, *names),
        Prepared(one.values(_parameters(names))),
        Prepared(many.values({name: given.c[name] for name in names})),
    )


def _given(table: Table, names: Sequence[str]) -> TableValuedAlias:
    arrays = (bindparam(_named(name), type_=ARRAY(table.c[name].type)) for name in names)
    return func.unnest(*arrays).table_valued(*names, name=_GIVEN).render_derived()


def _parameters(names: Sequence[str]) -> dict[str, Any]:
    return {name: bindparam(_named(name)) for name in names}


def _named(name: str) -> str:
    # A parameter called as a column is SQLAlchemy's own in an update.
    return f"its_{name}"
