"""What time does to the store's queues: messages expire, claims end.

Nothing rests on `sweep` for being right, since nobody is shown what has expired or may hold what has ended; it frees
the room, and wakes those who wait for a message whose claim has ended.  The hub calls it now and then.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, bindparam, delete, select

from buildyard.farm.queue.in_order import trust_indexes
from buildyard.farm.queue.queues import channel
from buildyard.farm.queue.taking import HAS_ENDED, free_ended
from buildyard.farm.store.tables import claims, messages, queues

#: Messages deleted in one transaction, so that a writer who comes meanwhile does not wait long.
SWEEP_LIMIT: Final = 1_000

_EXPIRED = (
    select(messages.c.id)
    .where(messages.c.expires <= bindparam("now"))
    .order_by(messages.c.expires)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
    .cte("expired")
)
_DELETE_EXPIRED = delete(messages).where(messages.c.id.in_(select(_EXPIRED.c.id))).returning(messages.c.id)
_QUEUES_OF_ENDED = select(queues).where(queues.c.id.in_(select(messages.c.queue_id).where(HAS_ENDED)))
_DELETE_ENDED = delete(claims).where(claims.c.expires <= bindparam("now")).returning(claims.c.id)


class Swept(Struct, frozen=True, kw_only=True):
    """What one sweep did."""

    expired: int  #: messages deleted; as many as the limit: sweep again
    freed: int  #: messages whose claim had ended
    claims: int  #: claims that had ended


def sweep(connection: Connection, now: float, *, limit: int = SWEEP_LIMIT) -> Swept:
    """Delete expired messages, at most ``limit``, and end the claims whose time is over."""
    trust_indexes(connection)
    expired = len(connection.execute(_DELETE_EXPIRED, {"now": now, "limit": limit}).all())
    freed = 0
    for row in connection.execute(_QUEUES_OF_ENDED, {"now": now}).all():
        freed += free_ended(connection, now, row.id, channel(row.project, row.name))
    ended = len(connection.execute(_DELETE_ENDED, {"now": now}).all())
    return Swept(expired=expired, freed=freed, claims=ended)
