"""Messages of a queue in pages, for who looks at them or follows them without taking any.

No index holds all messages of a queue: one holds the free ones in order, one the claimed ones.  So a page asks twice
and merges.  Who is not to see a message is told to the statements, so that a page is full if there is enough to show.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Final

from sqlalchemy import BigInteger, ColumnElement, Connection, Text, and_, bindparam, or_, select, tuple_

from buildyard.farm.queue.base import DEFAULT_LIMIT, BadMarker, MessageId, Page, check_amounts
from buildyard.farm.queue.in_order import NOW, ORDER, trust_indexes
from buildyard.farm.queue.messages import SHOWN, message_of, row_number
from buildyard.farm.queue.queues import find
from buildyard.farm.store.prepared import Prepared
from buildyard.farm.store.tables import messages

#: Later than any time.
_NEVER: Final = 1e18

_NUMBER: Final = bindparam("number", type_=BigInteger)
_MARKER: Final = bindparam("marker", type_=BigInteger)
_NOT_FROM: Final = bindparam("not_from", type_=Text)

#: How each database finds the messages after a marker by the indexes alone (`in_order` says why they differ).
_AFTER: Final[dict[str, ColumnElement[bool]]] = {
    "sqlite": and_(messages.c.queue_id == _NUMBER, messages.c.id > _MARKER),
    "postgresql": and_(messages.c.queue_id <= _NUMBER, tuple_(*ORDER) > tuple_(_NUMBER, _MARKER)),
}


def _page(after: ColumnElement[bool], *kind: ColumnElement[bool]) -> Prepared:
    return Prepared(
        select(*SHOWN)
        .where(
            after,
            *kind,
            messages.c.expires > NOW,
            messages.c.visible_at <= bindparam("visible_by"),
            or_(_NOT_FROM == "", messages.c.client_id != _NOT_FROM),
        )
        .order_by(*ORDER)
        .limit(bindparam("limit"))
    )


_FREE = {name: _page(after, messages.c.claim_id.is_(None)) for name, after in _AFTER.items()}
_CLAIMED = {
    name: _page(after, messages.c.claim_id.is_not(None), messages.c.claim_expires <= bindparam("ended_by"))
    for name, after in _AFTER.items()
}


def page(
    connection: Connection,
    now: float,
    project: str,
    queue: str,
    *,
    marker: MessageId | None = None,
    limit: int = DEFAULT_LIMIT,
    client_id: str = "",
    echo: bool = False,
    include_claimed: bool = False,
    include_delayed: bool = False,
) -> Page:
    """Return messages after the marker, in order; see `Queue.page`.  Raises `BadMarker` and `BadAmount`."""
    check_amounts(limit=limit)
    after = 0 if marker is None else row_number(marker)
    if after is None:
        raise BadMarker(marker)
    found = find(connection, project, queue)
    if found is None:
        return Page(messages=(), marker=marker)
    trust_indexes(connection)
    rows = [
        row
        for kind in (_FREE, _CLAIMED)
        for row in kind[connection.dialect.name].rows(
            connection,
            number=found.number,
            now=now,
            marker=after,
            limit=limit,
            visible_by=_NEVER if include_delayed else now,
            not_from="" if echo else client_id,
            ended_by=_NEVER if include_claimed else now,
        )
    ]
    rows.sort(key=itemgetter(0))
    shown = tuple(message_of(row, now) for row in rows[:limit])
    return Page(messages=shown, marker=shown[-1].id if shown else marker)
