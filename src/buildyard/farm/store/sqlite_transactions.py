"""Transactions on SQLite, begun and ended on the driver's own connection.

SQLAlchemy's way to begin and end one costs more than a small body.  It thinks that it has begun one when a body
executes something through it, and is told of the end.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, cast

from sqlalchemy import Connection

from buildyard.farm.store.sqlite_engine import execute_patiently

BEGIN: Final = "BEGIN IMMEDIATE"


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """Commit what is done inside; undo it where that raises.  Takes over a transaction that was begun already."""
    sqlite = driver(connection)
    if not sqlite.in_transaction:
        execute_patiently(sqlite, BEGIN)
    try:
        yield
        sqlite.execute("COMMIT")
    finally:
        _end(connection, sqlite)


@contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """Read inside as if nobody wrote."""
    sqlite = driver(connection)
    sqlite.execute("BEGIN")
    try:
        yield
    finally:
        _end(connection, sqlite)


def driver(connection: Connection) -> sqlite3.Connection:
    """Return SQLite's own connection."""
    return cast("sqlite3.Connection", connection.connection.dbapi_connection)


def _end(connection: Connection, sqlite: sqlite3.Connection) -> None:
    if connection.in_transaction():
        connection.rollback()
    # A commit that failed leaves SQLite in the transaction.
    if sqlite.in_transaction:
        sqlite.rollback()
