"""How much is in a queue of the store."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Float, Row, Select, bindparam, case, func, select

from buildyard.farm.queue.base import Message, QueueStats
from buildyard.farm.queue.messages import IS_ALIVE, get
from buildyard.farm.queue.queues import find
from buildyard.farm.store.tables import messages

_NOW: Final = bindparam("now", type_=Float)


def _counted(kind: ColumnElement[bool]) -> Select[Any]:
    """Return the statement that counts messages of a kind: all, those held, those delayed, and the ends of the row."""
    is_held = messages.c.claim_expires > _NOW
    is_delayed = messages.c.visible_at > _NOW
    return select(
        func.count().label("total"),
        func.coalesce(func.sum(case((is_held, 1), else_=0)), 0).label("held"),
        func.coalesce(func.sum(case((is_held, 0), (is_delayed, 1), else_=0)), 0).label("waiting"),
        func.min(messages.c.id).label("first"),
        func.max(messages.c.id).label("last"),
    ).where(IS_ALIVE, kind)


# Two, so that each finds its rows by the index of its kind.
_FREE = _counted(messages.c.claim_id.is_(None))
_CLAIMED = _counted(messages.c.claim_id.is_not(None))


def stats(connection: Connection, now: float, project: str, queue: str) -> QueueStats:
    """Return how much is in the queue; zeros for one that does not exist.  Takes time with the number of messages."""
    found = find(connection, project, queue)
    if found is None:
        return QueueStats()
    asked = {"number": found.number, "now": now}
    parts = [connection.execute(statement, asked).one() for statement in (_FREE, _CLAIMED)]
    claimed, delayed = sum(part.held for part in parts), sum(part.waiting for part in parts)
    ends = _ends(connection, now, project, queue, parts)
    return QueueStats(
        claimed=claimed,
        delayed=delayed,
        free=sum(part.total for part in parts) - claimed - delayed,
        oldest=ends[0] if ends else None,
        newest=ends[-1] if ends else None,
    )


def _ends(connection: Connection, now: float, project: str, queue: str, parts: list[Row[Any]]) -> list[Message]:
    first = [part.first for part in parts if part.first is not None]
    last = [part.last for part in parts if part.last is not None]
    return get(connection, now, project, queue, [min(first), max(last)]) if first else []
