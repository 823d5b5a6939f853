"""How much is in a queue of the store."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, case, func, select

from buildyard.farm.queue.base import QueueStats
from buildyard.farm.queue.in_order import NOW
from buildyard.farm.queue.messages import IS_THERE, get
from buildyard.farm.store.prepared import Prepared
from buildyard.farm.store.tables import messages


def _counted(kind: ColumnElement[bool]) -> Prepared:
    """Return the statement that counts messages of a kind: all, those held, those delayed, and the ends of the row."""
    is_held = messages.c.claim_expires > NOW
    is_delayed = messages.c.visible_at > NOW
    counted = select(
        func.count().label("total"),
        func.coalesce(func.sum(case((is_held, 1), else_=0)), 0).label("held"),
        func.coalesce(func.sum(case((is_held, 0), (is_delayed, 1), else_=0)), 0).label("waiting"),
        func.min(messages.c.id).label("first"),
        func.max(messages.c.id).label("last"),
    ).where(IS_THERE, kind)
    return Prepared(counted)


# Two, so that each finds its rows by the index of its kind.
_FREE = _counted(messages.c.claim_id.is_(None))
_CLAIMED = _counted(messages.c.claim_id.is_not(None))


def stats(connection: Connection, now: float, project: str, queue: str) -> QueueStats:
    """Return how much is in the queue; zeros for one that does not exist.  Takes time with the number of messages."""
    asked = {"now": now, "project": project, "queue": queue}
    free, claimed = (statement.rows(connection, **asked)[0] for statement in (_FREE, _CLAIMED))
    total, held, waiting = (of_free + of_claimed for of_free, of_claimed in zip(free[:3], claimed[:3], strict=True))
    ends = [number for number in (*free[3:], *claimed[3:]) if number is not None]
    shown = get(connection, now, project, queue, [min(ends), max(ends)]) if ends else []
    return QueueStats(
        claimed=held,
        delayed=waiting,
        free=total - held - waiting,
        oldest=shown[0] if shown else None,
        newest=shown[-1] if shown else None,
    )
