"""Insert rows unless their keys are there: one statement, for both databases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> set[Any]:
    """Return the keys of those rows that were inserted; where the key was taken, nothing changed.

    A key is the value of the table's first key column.  Two hubs may insert the same key at the same time: one of
    them gets it back, and the other does not.
    """
    if not rows:
        return set()
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    key = next(iter(table.primary_key.columns))
    statement = make(table).on_conflict_do_nothing().returning(key)
    return set(connection.execute(statement, list(rows)).scalars())
