"""Queues themselves, in the store: their names, their metadata, how much is in them.

Plain functions of a transaction's connection and the time.  `messages` and `claiming` find their queue here; `database`
offers all three.  A queue is made by `create`, or by the first message that is put into it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Struct, field
from sqlalchemy import Connection, Integer, and_, bindparam, cast, delete, func, insert, select, update

from buildyard.farm.queue.base import DEFAULT_MESSAGE_TTL, BadMetadata, QueueNotFound, check_amounts
from buildyard.farm.store.prepared import Prepared
from buildyard.farm.store.tables import messages, queues

_to_json: Final = msgspec.json.Encoder().encode

#: The first of two numbers that name, on PostgreSQL, the lock on the order of one queue; its row number is the second.
_ORDER_LOCK: Final = 72_134

_IS_NAMED = and_(queues.c.project == bindparam("project"), queues.c.name == bindparam("queue"))
#: The row number of the queue of this name, inside another statement.
NUMBER_OF_NAME: Final = select(queues.c.id).where(_IS_NAMED).scalar_subquery()

_LOOK = select(queues.c.id, queues.c.metadata).where(_IS_NAMED)
_FIND = Prepared(_LOOK)
# Numbers of messages are given before the commit on PostgreSQL: without the lock, a reader that has seen number 5 might
# have passed number 4, which another transaction has yet to commit.
_FIND_TO_PUT = {
    "sqlite": _FIND,
    "postgresql": Prepared(_LOOK.add_columns(func.pg_advisory_xact_lock(_ORDER_LOCK, cast(queues.c.id, Integer)))),
}
_NAMES = Prepared(
    select(queues.c.name)
    .where(queues.c.project == bindparam("project"), queues.c.name > bindparam("marker"))
    .order_by(queues.c.name)
    .limit(bindparam("limit"))
)
_INSERT = Prepared(
    insert(queues)
    .values(
        project=bindparam("project"),
        name=bindparam("queue"),
        metadata=bindparam("metadata"),
        created=bindparam("now"),
    )
    .returning(queues.c.id)
)
_IS_THIS = queues.c.id == bindparam("number")
_SET_METADATA = Prepared(update(queues).where(_IS_THIS).values(metadata=bindparam("metadata")))
# Two, so that each finds its rows by the index of its kind.
_IN_THIS = messages.c.queue_id == bindparam("number")
_REMOVE_FREE = Prepared(delete(messages).where(_IN_THIS, messages.c.claim_id.is_(None)))
_REMOVE_CLAIMED = Prepared(delete(messages).where(_IN_THIS, messages.c.claim_id.is_not(None)))
_REMOVE = Prepared(delete(queues).where(_IS_THIS))


class Policy(Struct, frozen=True, kw_only=True):
    """What a queue's metadata tells the queue itself (Zaqar's reserved keys; null is as good as absent)."""

    max_claim_count: int | None = field(default=None, name="_max_claim_count")
    dead_letter_queue: str | None = field(default=None, name="_dead_letter_queue")
    dead_letter_ttl: int | None = field(default=None, name="_dead_letter_queue_messages_ttl")
    default_ttl: int | None = field(default=None, name="_default_message_ttl")
    default_delay: int | None = field(default=None, name="_default_message_delay")
    max_post_size: int | None = field(default=None, name="_max_messages_post_size")

    @property
    def ttl(self) -> int:
        """Seconds that a message lives here when its producer does not say."""
        return self.default_ttl or DEFAULT_MESSAGE_TTL

    @property
    def delay(self) -> int:
        """Seconds before such a message can be claimed."""
        return self.default_delay or 0


_PLAIN: Final = Policy()

#: The reserved keys that are numbers, with the least value of each.
_LEAST: Final = {
    "_max_claim_count": 1,
    "_dead_letter_queue_messages_ttl": 1,
    "_default_message_ttl": 1,
    "_default_message_delay": 0,
    "_max_messages_post_size": 1,
}


class Found(Struct, frozen=True):
    """A queue's row number, and what its metadata asks of it."""

    number: int
    policy: Policy


def channel(project: str, queue: str) -> str:
    """Return the channel that is woken when this queue has got something to claim."""
    return f"queue:{project}/{queue}"


def find(connection: Connection, project: str, queue: str) -> Found | None:
    """Return the queue, if there is one."""
    row = _FIND.first(connection, project=project, queue=queue)
    return None if row is None else Found(row[0], policy(row[1]))


def ensure(connection: Connection, now: float, project: str, queue: str) -> Found:
    """Return the queue for who is about to put messages into it, made if need be."""
    row = _FIND_TO_PUT[connection.dialect.name].first(connection, project=project, queue=queue)
    if row is None:
        return Found(_insert(connection, now, project, queue, "{}"), _PLAIN)
    return Found(row[0], policy(row[1]))


def create(
    connection: Connection, now: float, project: str, queue: str, metadata: Mapping[str, Any] | None = None
) -> bool:
    """Return whether the queue is new; metadata that is given replaces what it had.  Raises `BadMetadata`."""
    text = metadata_text(queue, metadata or {})
    found = find(connection, project, queue)
    if found is None:
        _insert(connection, now, project, queue, text)
    elif metadata is not None:
        _SET_METADATA.rows(connection, number=found.number, metadata=text)
    return found is None


def metadata(connection: Connection, project: str, queue: str) -> dict[str, Any]:
    """Return the queue's metadata.  Raises `QueueNotFound`."""
    row = _FIND.first(connection, project=project, queue=queue)
    if row is None:
        raise QueueNotFound(project, queue)
    return msgspec.json.decode(row[1], type=dict[str, Any])


def set_metadata(connection: Connection, project: str, queue: str, metadata: Mapping[str, Any]) -> None:
    """Replace the queue's metadata.  Raises `QueueNotFound` and `BadMetadata`."""
    text = metadata_text(queue, metadata)
    found = find(connection, project, queue)
    if found is None:
        raise QueueNotFound(project, queue)
    _SET_METADATA.rows(connection, number=found.number, metadata=text)


def remove(connection: Connection, project: str, queue: str) -> None:
    """Remove the queue with all that is in it, if it is there."""
    found = find(connection, project, queue)
    if found is not None:
        for statement in (_REMOVE_FREE, _REMOVE_CLAIMED, _REMOVE):
            statement.rows(connection, number=found.number)


def names(connection: Connection, project: str, *, marker: str = "", limit: int) -> list[str]:
    """Return names of the project's queues, sorted, those after the marker."""
    check_amounts(limit=limit)
    return _NAMES.column(connection, project=project, marker=marker, limit=limit)


def _insert(connection: Connection, now: float, project: str, queue: str, text: str) -> int:
    # Two hubs may do this at once on PostgreSQL: the store runs the one that comes second again.
    (number,) = _INSERT.column(connection, project=project, queue=queue, metadata=text, now=now)
    return int(number)


@lru_cache(maxsize=1_000)
def policy(text: str) -> Policy:
    """Return what this metadata, as stored, asks of its queue."""
    return _PLAIN if text == "{}" else msgspec.json.decode(text, type=Policy)


def metadata_text(queue: str, metadata: Mapping[str, Any]) -> str:
    """Return the metadata as JSON.  Raises `BadMetadata` where it asks for something that cannot work."""
    for key, least in _LEAST.items():
        value = metadata.get(key)
        if value is not None and (type(value) is not int or value < least):
            raise BadMetadata(key, f"is a whole number from {least}, not {value!r}")
    dead_letters = metadata.get("_dead_letter_queue")
    if dead_letters is not None and not (isinstance(dead_letters, str) and dead_letters):
        raise BadMetadata("_dead_letter_queue", f"is the name of a queue, not {dead_letters!r}")
    if dead_letters == queue:
        raise BadMetadata("_dead_letter_queue", "is another queue, not this one")
    return _to_json(dict(metadata)).decode()
