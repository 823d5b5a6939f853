"""Insert rows unless their keys are there: one statement, for both databases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table

from buildyard.farm.store.many_rows import insert_new_rows


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> set[Any]:
    """Return the keys of those rows that were inserted; where the key was taken, nothing changed.

    All rows name the same columns.

    A key is the value of the table's first key column.  Two hubs may insert the same key at the same time: one of
    them gets it back, and the other does not.
    """
    if not rows:
        return set()
    statement = _insert(table, tuple(rows[0]), connection.dialect.name)
    return {row[0] for row in statement.run(connection, [dict(row) for row in rows])}


_insert = cache(insert_new_rows)
