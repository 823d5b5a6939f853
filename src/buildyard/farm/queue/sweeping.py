"""What time does to the store's queues: messages expire, claims end.

Nothing rests on `sweep` for being right, since nobody is shown what has expired or may hold what has ended; it frees
the room, and wakes those who wait for a message whose claim has ended.  The hub calls it now and then.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, bindparam, delete, select

from buildyard.farm.queue.in_order import NOW, trust_indexes
from buildyard.farm.queue.queues import channel
from buildyard.farm.queue.taking import HAS_ENDED, free_ended
from buildyard.farm.store.prepared import Prepared
from buildyard.farm.store.tables import claims, messages, queues

#: Messages deleted in one transaction, so that a writer who comes meanwhile does not wait long.
SWEEP_LIMIT: Final = 1_000

_EXPIRED = (
    select(messages.c.id)
    .where(messages.c.expires <= NOW)
    .order_by(messages.c.expires)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
    .cte("expired")
)
_DELETE_EXPIRED = Prepared(delete(messages).where(messages.c.id.in_(select(_EXPIRED.c.id))).returning(messages.c.id))
_QUEUES_OF_ENDED = Prepared(
    select(queues.c.id, queues.c.project, queues.c.name).where(
        queues.c.id.in_(select(messages.c.queue_id).where(HAS_ENDED))
    )
)
_DELETE_ENDED = Prepared(delete(claims).where(claims.c.expires <= NOW).returning(claims.c.id))


class Swept(Struct, frozen=True, kw_only=True):
    """What one sweep did."""

    expired: int  #: messages deleted; as many as the limit: sweep again
    freed: int  #: messages whose claim had ended
    claims: int  #: claims that had ended


def sweep(connection: Connection, now: float, *, limit: int = SWEEP_LIMIT) -> Swept:
    """Delete expired messages, at most ``limit``, and end the claims whose time is over."""
    trust_indexes(connection)
    expired = _DELETE_EXPIRED.rows(connection, now=now, limit=limit)
    freed = 0
    for number, project, queue in _QUEUES_OF_ENDED.rows(connection, now=now):
        freed += free_ended(connection, now, number, channel(project, queue))
    ended = _DELETE_ENDED.rows(connection, now=now)
    return Swept(expired=len(expired), freed=freed, claims=len(ended))
