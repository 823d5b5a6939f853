"""The first messages of a queue, in order, at a cost that does not grow with what waits behind or beside them.

One index has the free messages of all queues by queue and number (`ix_messages_free`), and each statement here is
written so that only this index can give its order.  SQLite then uses it always.  PostgreSQL decides by statistics,
which for a queue are hours old or none, and may sort a million messages to take ten, or walk through those of another
queue; so it is asked, for the transaction at hand, to trust indexes (`trust_indexes`).
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Float, Select, and_, bindparam, func, select

from buildyard.farm.store.base import is_first
from buildyard.farm.store.prepared import Prepared
from buildyard.farm.store.tables import messages

NOW: Final = bindparam("now", type_=Float)

#: Not `=`: with a constant queue the order is by number alone, which the index of all numbers has as well.
IN_QUEUE: Final = and_(messages.c.queue_id >= bindparam("number"), messages.c.queue_id <= bindparam("number"))
ORDER: Final = (messages.c.queue_id, messages.c.id)

#: No claim holds it, its delay is over, it lives.
IS_FREE: Final = and_(messages.c.claim_id.is_(None), messages.c.visible_at <= NOW, messages.c.expires > NOW)

_TRUST_INDEXES = Prepared(
    select(func.set_config("enable_sort", "off", True), func.set_config("enable_seqscan", "off", True))
)


def first_free(*columns: Any) -> Select[Any]:
    """Return the statement that picks the first ``limit`` free messages of queue ``number``, for us alone.

    What another transaction has picked is skipped, not waited for.
    """
    return (
        select(*columns)
        .where(IN_QUEUE, IS_FREE)
        .order_by(*ORDER)
        .limit(bindparam("limit"))
        .with_for_update(skip_locked=True)
    )


def trust_indexes(connection: Connection) -> None:
    """Make PostgreSQL prefer indexes to sorting and to reading whole tables, until this transaction ends."""
    if connection.dialect.name == "postgresql" and is_first(connection, "trust indexes"):
        _TRUST_INDEXES.rows(connection)
