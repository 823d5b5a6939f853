"""Empty a queue of what nobody holds.

A transaction is to be short, so it takes some messages at a time: the caller asks for the `newest` first, and purges up
to it until nothing is left, so that what is put there meanwhile stays.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, select

from buildyard.farm.queue.messages import IS_NOT_HELD
from buildyard.farm.queue.queues import NUMBER_OF_NAME
from buildyard.farm.store.prepared import Prepared
from buildyard.farm.store.tables import messages

#: Messages deleted in one transaction.
PURGE_LIMIT: Final = 2_000

_NEWEST = Prepared(select(func.max(messages.c.id)).where(messages.c.queue_id == NUMBER_OF_NAME))
_SOME = (
    select(messages.c.id)
    .where(messages.c.queue_id == NUMBER_OF_NAME, messages.c.id <= bindparam("newest"), IS_NOT_HELD)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
    .cte("some_messages")
)
_PURGE = Prepared(delete(messages).where(messages.c.id.in_(select(_SOME.c.id))).returning(messages.c.id))


def newest(connection: Connection, project: str, queue: str) -> int:
    """Return the number of the queue's last message, 0 where there is none."""
    (number,) = _NEWEST.column(connection, project=project, queue=queue)
    return number or 0


def purge(connection: Connection, now: float, project: str, queue: str, newest: int, limit: int = PURGE_LIMIT) -> int:
    """Return how many messages up to this number were deleted: delayed ones too, and none that a claim holds."""
    asked = {"project": project, "queue": queue, "newest": newest, "now": now, "limit": limit}
    return len(_PURGE.rows(connection, **asked))
