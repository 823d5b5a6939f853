"""Queues themselves, in the store: their names, their metadata, how much is in them.

Plain functions of a transaction's connection and the time.  `messages` and `claiming` find their queue here; `database`
offers all three.  A queue is made by `create`, or by the first message that is put into it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct, field
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from buildyard.farm.queue.base import DEFAULT_MESSAGE_TTL, BadMetadata, QueueNotFound, check_amounts
from buildyard.farm.store.tables import messages, queues

_to_json: Final = msgspec.json.Encoder().encode

# Statements are built once: building one costs several times its execution.
_FIND = select(queues.c.id, queues.c.metadata).where(
    queues.c.project == bindparam("project"), queues.c.name == bindparam("queue")
)
_NAMES = (
    select(queues.c.name)
    .where(queues.c.project == bindparam("project"), queues.c.name > bindparam("marker"))
    .order_by(queues.c.name)
    .limit(bindparam("limit"))
)
_INSERT = insert(queues).returning(queues.c.id)
_SET_METADATA = update(queues).where(queues.c.id == bindparam("number"))
# Two, so that each finds its rows by the index of its kind.
_REMOVE_FREE = delete(messages).where(messages.c.queue_id == bindparam("number"), messages.c.claim_id.is_(None))
_REMOVE_CLAIMED = delete(messages).where(messages.c.queue_id == bindparam("number"), messages.c.claim_id.is_not(None))
_REMOVE = delete(queues).where(queues.c.id == bindparam("number"))


class Policy(Struct, frozen=True, kw_only=True):
    """What a queue's metadata tells the queue itself (Zaqar's reserved keys; null is as good as absent)."""

    max_claim_count: int | None = field(default=None, name="_max_claim_count")
    dead_letter_queue: str | None = field(default=None, name="_dead_letter_queue")
    dead_letter_ttl: int | None = field(default=None, name="_dead_letter_queue_messages_ttl")
    default_ttl: int | None = field(default=None, name="_default_message_ttl")
    default_delay: int | None = field(default=None, name="_default_message_delay")

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
    row = connection.execute(_FIND, {"project": project, "queue": queue}).first()
    return None if row is None else Found(row.id, policy(row.metadata))


def ensure(connection: Connection, now: float, project: str, queue: str) -> Found:
    """Return the queue, made if need be."""
    found = find(connection, project, queue)
    return found if found is not None else Found(_insert(connection, now, project, queue, "{}"), _PLAIN)


def create(
    connection: Connection, now: float, project: str, queue: str, metadata: Mapping[str, Any] | None = None
) -> bool:
    """Return whether the queue is new; metadata that is given replaces what it had.  Raises `BadMetadata`."""
    text = _checked(queue, metadata or {})
    found = find(connection, project, queue)
    if found is None:
        _insert(connection, now, project, queue, text)
    elif metadata is not None:
        connection.execute(_SET_METADATA, {"number": found.number, "metadata": text})
    return found is None


def metadata(connection: Connection, project: str, queue: str) -> dict[str, Any]:
    """Return the queue's metadata.  Raises `QueueNotFound`."""
    row = connection.execute(_FIND, {"project": project, "queue": queue}).first()
    if row is None:
        raise QueueNotFound(project, queue)
    return msgspec.json.decode(row.metadata, type=dict[str, Any])


def set_metadata(connection: Connection, project: str, queue: str, metadata: Mapping[str, Any]) -> None:
    """Replace the queue's metadata.  Raises `QueueNotFound` and `BadMetadata`."""
    text = _checked(queue, metadata)
    found = find(connection, project, queue)
    if found is None:
        raise QueueNotFound(project, queue)
    connection.execute(_SET_METADATA, {"number": found.number, "metadata": text})


def remove(connection: Connection, project: str, queue: str) -> None:
    """Remove the queue with all that is in it, if it is there."""
    found = find(connection, project, queue)
    if found is not None:
        for statement in (_REMOVE_FREE, _REMOVE_CLAIMED, _REMOVE):
            connection.execute(statement, {"number": found.number})


def names(connection: Connection, project: str, *, marker: str = "", limit: int) -> list[str]:
    """Return names of the project's queues, sorted, those after the marker."""
    check_amounts(limit=limit)
    rows = connection.execute(_NAMES, {"project": project, "marker": marker, "limit": limit})
    return list(rows.scalars())


def _insert(connection: Connection, now: float, project: str, queue: str, text: str) -> int:
    # Two hubs may do this at once on PostgreSQL: the store runs the one that comes second again.
    values = {"project": project, "name": queue, "metadata": text, "created": now}
    number: int = connection.execute(_INSERT, values).scalar_one()
    return number


def policy(text: str) -> Policy:
    """Return what this metadata, as stored, asks of its queue."""
    return _PLAIN if text == "{}" else msgspec.json.decode(text, type=Policy)


def _checked(queue: str, metadata: Mapping[str, Any]) -> str:
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
