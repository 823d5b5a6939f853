"""The queue's statements use their indexes, so that a claim costs the same however many messages wait."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.dialects import sqlite

from buildyard.farm.queue import claiming, counting, dropping, messages, paging, queues, sweeping, taking
from buildyard.farm.store.prepared import Prepared


def plan(connection: Connection, statement: Prepared) -> str:
    """What SQLite says of it.  It has no statistics, so it plans for a full database as for an empty one."""
    compiled = statement.statement.compile(dialect=sqlite.dialect(paramstyle="named"))  # type: ignore[attr-defined]
    rows = connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}"), compiled.params)
    return "\n".join(row.detail for row in rows)


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (taking._POP, "ix_messages_free (queue_id>? AND queue_id<?)"),
        (taking._CLAIM, "ix_messages_free (queue_id>? AND queue_id<?)"),
        (taking._HEADS, "ix_messages_free (queue_id>? AND queue_id<?)"),
        (taking._FIND, "ix_messages_claimed (queue_id=? AND claim_expires<?)"),
        (taking._WITH_MESSAGES, "ix_messages_free (queue_id=?)"),
        (taking._WITH_MESSAGES, "ix_messages_claimed (queue_id=? AND claim_expires<?)"),
        (taking._FREE_ENDED, "ix_messages_claimed (queue_id=? AND claim_expires<?)"),
        (paging._FREE["sqlite"], "ix_messages_free (queue_id=? AND id>?)"),
        (paging._CLAIMED["sqlite"], "ix_messages_claimed (queue_id=?"),
        (counting._FREE, "ix_messages_free (queue_id=?)"),
        (counting._CLAIMED, "ix_messages_claimed (queue_id=?)"),
        (queues._REMOVE_FREE, "ix_messages_free (queue_id=?)"),
        (queues._REMOVE_CLAIMED, "ix_messages_claimed (queue_id=?)"),
        (claiming._MESSAGES, "ix_messages_claimed (queue_id=? AND claim_expires=?)"),
        (claiming._RENEW_MESSAGES, "ix_messages_claimed (queue_id=? AND claim_expires=?)"),
        (claiming._FREE_MESSAGES, "ix_messages_claimed (queue_id=? AND claim_expires=?)"),
        (messages._BY_ID, "SEARCH messages USING INTEGER PRIMARY KEY (rowid=?)"),
        (messages._DELETE_FREE, "SEARCH messages USING INTEGER PRIMARY KEY (rowid=?)"),
        (messages._DELETE_CLAIMED, "SEARCH messages USING INTEGER PRIMARY KEY (rowid=?)"),
        (messages._DELETE_ALLOWED, "SEARCH messages USING INTEGER PRIMARY KEY (rowid=?)"),
        (dropping._DROP, "SEARCH messages USING INTEGER PRIMARY KEY (rowid=?)"),
        (sweeping._DELETE_EXPIRED, "ix_messages_expires (expires<?)"),
    ],
)
def test_statement_searches_by_its_index(connection: Connection, statement: Prepared, index: str) -> None:
    assert index in plan(connection, statement)


@pytest.mark.parametrize("statement", [taking._POP, taking._CLAIM, taking._HEADS, paging._FREE["sqlite"]])
def test_statement_sorts_nothing(connection: Connection, statement: Prepared) -> None:
    assert "TEMP B-TREE" not in plan(connection, statement)


@pytest.mark.parametrize(
    "statement", [taking._POP, taking._CLAIM, taking._FREE_ENDED, taking._WITH_MESSAGES, sweeping._DELETE_EXPIRED]
)
def test_statement_scans_no_table(connection: Connection, statement: Prepared) -> None:
    assert "SCAN messages" not in plan(connection, statement)
