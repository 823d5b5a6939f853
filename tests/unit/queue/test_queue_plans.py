"""The queue's statements use their indexes, so that a claim costs the same however many messages wait."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, Executable, text
from sqlalchemy.dialects import sqlite

from buildyard.farm.queue import counting, messages, queues, sweeping, taking


def plan(connection: Connection, statement: Executable, **values: Any) -> str:
    compiled = statement.compile(dialect=sqlite.dialect(paramstyle="named"))  # type: ignore[attr-defined]
    rows = connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}"), {**compiled.params, **values})
    return "\n".join(row.detail for row in rows)


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (taking._POP, "ix_messages_free (queue_id=?)"),
        (taking._CLAIM, "ix_messages_free (queue_id=?)"),
        (taking._HEADS, "ix_messages_free (queue_id=?)"),
        (taking._FREE_ENDED, "ix_messages_claimed (queue_id=? AND claim_expires<?)"),
        (messages._FREE_AFTER, "ix_messages_free (queue_id=? AND id>?)"),
        (messages._CLAIMED_AFTER, "ix_messages_claimed (queue_id=?"),
        (counting._FREE, "ix_messages_free (queue_id=?)"),
        (counting._CLAIMED, "ix_messages_claimed (queue_id=?)"),
        (queues._REMOVE_FREE, "ix_messages_free (queue_id=?)"),
        (queues._REMOVE_CLAIMED, "ix_messages_claimed (queue_id=?)"),
        (sweeping._DELETE_EXPIRED, "ix_messages_expires (expires<?)"),
    ],
)
def test_statement_searches_by_its_index(connection: Connection, statement: Executable, index: str) -> None:
    assert index in plan(connection, statement)


@pytest.mark.parametrize("statement", [taking._POP, taking._CLAIM, taking._HEADS, messages._FREE_AFTER])
def test_statement_sorts_nothing(connection: Connection, statement: Executable) -> None:
    assert "TEMP B-TREE" not in plan(connection, statement)


@pytest.mark.parametrize("statement", [taking._POP, taking._CLAIM, taking._FREE_ENDED, sweeping._DELETE_EXPIRED])
def test_statement_scans_no_table(connection: Connection, statement: Executable) -> None:
    assert "SCAN messages" not in plan(connection, statement)
