"""Delete several messages at once, as far as they are their deleter's to delete.

Zaqar deletes what anybody holds, whoever asks.  Here a message that somebody holds stays, unless the deleter is who
claimed it (the client id that `taking.claim` noted) or names its claim.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, or_, select

from buildyard.farm.queue.base import MessageId
from buildyard.farm.queue.messages import HAS_ID, IS_NOT_HELD, IS_THERE, row_numbers
from buildyard.farm.store.prepared import Prepared, is_one_of
from buildyard.farm.store.tables import claims, messages

_IS_OWN = (
    select(claims.c.id)
    .where(claims.c.id == messages.c.claim_id, claims.c.client_id == bindparam("client"))
    .correlate(messages)
    .exists()
)
_IS_NAMED = is_one_of(messages.c.claim_id, "claims")
_DROP = Prepared(delete(messages).where(HAS_ID, IS_THERE, or_(IS_NOT_HELD, _IS_NAMED, _IS_OWN)))
_DROP_NAMED = Prepared(delete(messages).where(HAS_ID, IS_THERE, or_(IS_NOT_HELD, _IS_NAMED)))


def drop(
    connection: Connection,
    now: float,
    project: str,
    queue: str,
    ids: Sequence[MessageId],
    *,
    client_id: str,
    claim_ids: Sequence[str] = (),
) -> None:
    """Delete those of these messages that nobody else holds.  Who is nobody (``""``) has to name claims."""
    asked = {"now": now, "project": project, "queue": queue, "ids": row_numbers(ids), "claims": list(claim_ids)}
    if client_id:
        _DROP.rows(connection, **asked, client=client_id)
    else:
        _DROP_NAMED.rows(connection, **asked)
