"""Take messages out of the store's queues: pop them for good, or claim them for a time.

A *free* message is one that no claim holds and whose delay is over.  Both ways take the first free ones; `in_order`
says how, so that a claim costs the same with ten messages behind it as with a million.  A claim that has ended is
noted by whoever takes next from that queue (or by `sweeping`), in the same transaction: its messages go back among
the free ones, to where they were in the order.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Integer,
    Row,
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
from buildyard.farm.queue.messages import delete_messages, message_of, put_rows
from buildyard.farm.queue.queues import Found, channel, ensure, policy
from buildyard.farm.store.base import wake
from buildyard.farm.store.tables import claims, messages, queues

_from_json: Final = msgspec.json.Decoder().decode

#: A message whose claim has ended, which nobody has noted yet.
HAS_ENDED: Final = and_(messages.c.claim_id.is_not(None), messages.c.claim_expires <= NOW)
#: What makes a message free.
FREED: Final = {"claim_id": None, "claim_expires": None}


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


_LOOK = select(queues.c.id, queues.c.name, queues.c.metadata, _has_some(HAS_ENDED).label("has_ended")).where(
    queues.c.project == bindparam("project")
)
_FIND = _LOOK.where(queues.c.name == bindparam("queue"))
_WITH_MESSAGES = _LOOK.where(
    queues.c.name.in_(bindparam("queues", expanding=True)),
    or_(_has_some(IS_FREE), _has_some(HAS_ENDED)),
)
_POP = delete(messages).where(_IS_PICKED).returning(messages)
_FREE_ENDED = update(messages).where(messages.c.id.in_(select(_ENDED.c.id))).values(FREED).returning(messages.c.id)
_ENDS, _GRACE = bindparam("ends", type_=Float), bindparam("grace", type_=Integer)
#: A claim prolongs a message that would end before it, so that the next claimer has ``grace`` to come.
PROLONGED: Final = case((messages.c.expires < _ENDS, _ENDS + _GRACE), else_=messages.c.expires)
_CLAIM = (
    update(messages)
    .where(_IS_PICKED)
    .values(
        claim_id=bindparam("claim"),
        claim_expires=_ENDS,
        claim_count=messages.c.claim_count + 1,
        expires=PROLONGED,
    )
    .returning(messages)
)
_NOTE_CLAIM = insert(claims)
_HEADS = first_free(messages)


def pop(
    connection: Connection, now: float, project: str, queues: Sequence[str], limit: int = DEFAULT_LIMIT
) -> list[Popped]:
    """Return the first free messages of these queues, the first queue's before the second's, deleted for good."""
    check_amounts(limit=limit)
    trust_indexes(connection)
    popped: list[Popped] = []
    for number, name in _with_messages(connection, now, project, queues):
        asked = {"number": number, "now": now, "limit": limit - len(popped)}
        rows = connection.execute(_POP, asked).all()
        popped += (_popped(row, name, now) for row in sorted(rows, key=_by_number))
        if len(popped) >= limit:
            break
    return popped


def claim(
    connection: Connection,
    now: float,
    project: str,
    queue: str,
    *,
    ttl: int = DEFAULT_CLAIM_TTL,
    grace: int = DEFAULT_GRACE,
    limit: int = DEFAULT_LIMIT,
) -> Claim | None:
    """Return a claim on the first free messages; None when there are none.

    Where the queue's metadata says so, messages that were claimed often enough go to its dead-letter queue instead.
    """
    check_amounts(limit=limit, ttl=ttl, grace=grace)
    trust_indexes(connection)
    row = connection.execute(_FIND, {"project": project, "queue": queue, "now": now}).first()
    if row is None:
        return None
    found = Found(row.id, policy(row.metadata))
    if row.has_ended:
        free_ended(connection, now, found.number, channel(project, queue))
    _bury_exhausted(connection, now, project, found, limit)
    name = uuid.uuid4().hex
    asked = {"number": found.number, "now": now, "limit": limit, "claim": name, "ends": now + ttl, "grace": grace}
    rows = sorted(connection.execute(_CLAIM, asked), key=_by_number)
    if not rows:
        return None
    noted = {"id": name, "queue_id": found.number, "ttl": ttl, "grace": grace, "created": now, "expires": now + ttl}
    connection.execute(_NOTE_CLAIM, noted)
    held = tuple(message_of(row, now) for row in rows)
    return Claim(id=name, ttl=ttl, grace=grace, created=now, age=0.0, messages=held)


def free_ended(connection: Connection, now: float, number: int, channel: str) -> int:
    """Return how many messages of queue ``number`` were freed because their claim has ended; wakes the channel."""
    freed = len(connection.execute(_FREE_ENDED, {"number": number, "now": now}).all())
    if freed:
        wake(connection, channel)
    return freed


def _with_messages(connection: Connection, now: float, project: str, names: Sequence[str]) -> list[tuple[int, str]]:
    """Return number and name of those of these queues that have something to take, in the order given.

    One statement answers the common case, that there is nothing, for all queues of a builder's poll.
    """
    rows = connection.execute(_WITH_MESSAGES, {"project": project, "queues": list(names), "now": now}).all()
    for row in rows:
        if row.has_ended:
            free_ended(connection, now, row.id, channel(project, row.name))
    rank = {name: at for at, name in enumerate(names)}
    return sorted(((row.id, row.name) for row in rows), key=lambda queue: rank[queue[1]])


def _bury_exhausted(connection: Connection, now: float, project: str, found: Found, limit: int) -> None:
    """Move messages at the head of the queue that were claimed often enough to the dead-letter queue."""
    most, grave = found.policy.max_claim_count, found.policy.dead_letter_queue
    if most is None or grave is None:
        return
    while True:
        heads = connection.execute(_HEADS, {"number": found.number, "now": now, "limit": limit}).all()
        dead = [row for row in heads if row.claim_count >= most]
        if not dead:
            return
        target = ensure(connection, now, project, grave)
        # New rows: at the end of the other queue, where those who follow it will find them.
        put_rows(connection, target, [_buried(row, now, target, found.policy.dead_letter_ttl) for row in dead])
        delete_messages(connection, [row.id for row in dead])
        wake(connection, channel(project, grave))


def _buried(row: Row[Any], now: float, target: Found, ttl: int | None) -> dict[str, Any]:
    left = ttl if ttl is not None else max(1, round(row.expires - now))
    return {
        "queue_id": target.number,
        "body": row.body,
        "ttl": left,
        "client_id": row.client_id,
        "created": now,
        "visible_at": now,
        "expires": now + left,
    }


def _popped(row: Row[Any], queue: str, now: float) -> Popped:
    return Popped(
        id=row.id,
        queue=queue,
        body=_from_json(row.body),
        ttl=round(row.expires - row.created),
        age=max(0.0, now - row.created),
        claim_count=row.claim_count,
    )


def _by_number(row: Row[Any]) -> int:
    number: int = row.id
    return number
