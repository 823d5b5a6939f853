"""Take messages out of the store's queues: pop them for good, or claim them for a time.

A *free* message is one that no claim holds and whose delay is over.  Both ways take the first free ones; `in_order`
says how, so that a claim costs the same with ten messages behind it as with a million.  A claim that has ended is
noted by whoever takes next from that queue (or by `sweeping`), in the same transaction: its messages go back among
the free ones, to where they were in the order.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from operator import itemgetter
from typing import Final

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Integer,
    and_,
    bindparam,
    case,
    delete,
    insert,
    or_,
    select,
    update,
)

from buildyard.farm.queue.base import DEFAULT_CLAIM_TTL, DEFAULT_GRACE, DEFAULT_LIMIT, Claim, Popped, check_amounts
from buildyard.farm.queue.in_order import IS_FREE, NOW, first_free, trust_indexes
from buildyard.farm.queue.messages import SHOWN, NewRow, ShownRow, delete_messages, message_of, put_rows
from buildyard.farm.queue.queues import Found, channel, ensure, policy
from buildyard.farm.store.base import wake
from buildyard.farm.store.prepared import DriverRow, Prepared, is_one_of
from buildyard.farm.store.tables import claims, messages, queues

_from_json: Final = msgspec.json.Decoder().decode

#: A message whose claim has ended, which nobody has noted yet.
HAS_ENDED: Final = and_(messages.c.claim_id.is_not(None), messages.c.claim_expires <= NOW)
#: What makes a message free.
FREED: Final = {"claim_id": None, "claim_expires": None}
#: When a claim ends, and how long its messages are to live on at least.
ENDS: Final = bindparam("ends", type_=Float)
GRACE: Final = bindparam("grace", type_=Integer)
#: A claim prolongs a message that would end before it, so that the next claimer has ``grace`` to come.
PROLONGED: Final = case((messages.c.expires < ENDS, ENDS + GRACE), else_=messages.c.expires)


# A named sub-query is evaluated once, so PostgreSQL locks no more rows than it takes.
_PICKED = first_free(messages.c.id).cte("picked")
_IS_PICKED = messages.c.id.in_(select(_PICKED.c.id))
_ENDED = (
    select(messages.c.id)
    .where(messages.c.queue_id == bindparam("number"), HAS_ENDED)
    .with_for_update(skip_locked=True)
    .cte("ended")
)


def _has_some(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    # Not EXISTS: PostgreSQL may answer it for all queues at once, by reading all messages.
    some = select(messages.c.id).where(messages.c.queue_id == queues.c.id, condition).limit(1)
    return some.scalar_subquery().is_not(None)


_IS_OF_PROJECT = queues.c.project == bindparam("project")
_FIND = Prepared(
    select(queues.c.id, queues.c.metadata, _has_some(HAS_ENDED)).where(
        _IS_OF_PROJECT, queues.c.name == bindparam("queue")
    )
)
_WITH_MESSAGES = Prepared(
    select(queues.c.id, queues.c.name, _has_some(HAS_ENDED)).where(
        _IS_OF_PROJECT, is_one_of(queues.c.name, "queues"), or_(_has_some(IS_FREE), _has_some(HAS_ENDED))
    )
)
_POP = Prepared(delete(messages).where(_IS_PICKED).returning(*SHOWN))
_FREE_ENDED = Prepared(
    update(messages).where(messages.c.id.in_(select(_ENDED.c.id))).values(FREED).returning(messages.c.id)
)
_CLAIM = Prepared(
    update(messages)
    .where(_IS_PICKED)
    .values(
        claim_id=bindparam("claim"),
        claim_expires=ENDS,
        claim_count=messages.c.claim_count + 1,
        expires=PROLONGED,
    )
    .returning(*SHOWN)
)
_NOTE_CLAIM = Prepared(
    insert(claims).values(
        id=bindparam("claim"),
        queue_id=bindparam("number"),
        ttl=bindparam("ttl"),
        grace=GRACE,
        created=NOW,
        expires=ENDS,
        client_id=bindparam("client"),
    )
)
_HEADS = Prepared(first_free(*SHOWN))
_IN_ORDER: Final = itemgetter(0)


def pop(
    connection: Connection, now: float, project: str, queues: Sequence[str], limit: int = DEFAULT_LIMIT
) -> list[Popped]:
    """Return the first free messages of these queues, the first queue's before the second's, deleted for good."""
    check_amounts(limit=limit)
    trust_indexes(connection)
    popped: list[Popped] = []
    for number, name in _with_messages(connection, now, project, queues):
        rows = _POP.rows(connection, number=number, now=now, limit=limit - len(popped))
        popped += (_popped(row, name, now) for row in sorted(rows, key=_IN_ORDER))
        if len(popped) >= limit:
            break
    return popped


def pop_one(connection: Connection, now: float, project: str, queue: str, limit: int = DEFAULT_LIMIT) -> list[Popped]:
    """Return the first free messages of one queue, deleted for good."""
    return pop(connection, now, project, [queue], limit)


def claim(
    connection: Connection,
    now: float,
    project: str,
    queue: str,
    *,
    ttl: int = DEFAULT_CLAIM_TTL,
    grace: int = DEFAULT_GRACE,
    limit: int = DEFAULT_LIMIT,
    client_id: str = "",
) -> Claim | None:
    """Return a claim of this client's on the first free messages; None when there are none.

    Where the queue's metadata says so, messages that were claimed often enough go to its dead-letter queue instead.
    """
    check_amounts(limit=limit, ttl=ttl, grace=grace)
    trust_indexes(connection)
    row = _FIND.first(connection, project=project, queue=queue, now=now)
    if row is None:
        return None
    number, metadata, has_ended = row
    if has_ended:
        free_ended(connection, now, number, channel(project, queue))
    _bury_exhausted(connection, now, project, Found(number, policy(metadata)), limit)
    asked = {"number": number, "now": now, "claim": uuid.uuid4().hex, "ends": now + ttl, "grace": grace}
    rows = _CLAIM.rows(connection, **asked, limit=limit)
    if not rows:
        return None
    _NOTE_CLAIM.rows(connection, **asked, ttl=ttl, client=client_id)
    held = tuple(message_of(row, now) for row in sorted(rows, key=_IN_ORDER))
    return Claim(id=asked["claim"], ttl=ttl, grace=grace, created=now, age=0.0, messages=held)


def free_ended(connection: Connection, now: float, number: int, channel: str) -> int:
    """Return how many messages of queue ``number`` were freed because their claim has ended; wakes the channel."""
    freed = len(_FREE_ENDED.rows(connection, number=number, now=now))
    if freed:
        wake(connection, channel)
    return freed


def _with_messages(connection: Connection, now: float, project: str, names: Sequence[str]) -> list[tuple[int, str]]:
    """Return number and name of those of these queues that have something to take, in the order given.

    One statement answers the common case, that there is nothing, for all queues of a builder's poll.
    """
    found = _WITH_MESSAGES.rows(connection, project=project, queues=list(names), now=now)
    for number, name, has_ended in found:
        if has_ended:
            free_ended(connection, now, number, channel(project, name))
    rank = {name: at for at, name in enumerate(names)}
    return sorted(((number, name) for number, name, _ in found), key=lambda queue: rank[queue[1]])


def _bury_exhausted(connection: Connection, now: float, project: str, found: Found, limit: int) -> None:
    """Move messages at the head of the queue that were claimed often enough to the dead-letter queue."""
    most, grave = found.policy.max_claim_count, found.policy.dead_letter_queue
    if most is None or grave is None:
        return
    while True:
        heads = [ShownRow(*row) for row in _HEADS.rows(connection, number=found.number, now=now, limit=limit)]
        dead = [head for head in heads if head.claim_count >= most]
        if not dead:
            return
        target = ensure(connection, now, project, grave)
        # New rows: at the end of the other queue, where those who follow it will find them.
        put_rows(connection, now, target, [_buried(head, now, found.policy.dead_letter_ttl) for head in dead])
        delete_messages(connection, [head.id for head in dead])
        wake(connection, channel(project, grave))


def _buried(head: ShownRow, now: float, ttl: int | None) -> NewRow:
    left = ttl if ttl is not None else max(1, round(head.expires - now))
    return NewRow(body=head.body, ttl=left, client_id=head.client_id, visible_at=0.0, expires=now + left)


def _popped(row: DriverRow, queue: str, now: float) -> Popped:
    head = ShownRow(*row)
    return Popped(
        id=head.id,
        queue=queue,
        body=_from_json(head.body),
        ttl=round(head.expires - head.created),
        age=max(0.0, now - head.created),
        claim_count=head.claim_count,
    )
