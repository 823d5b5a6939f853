"""Put messages into a queue as its metadata wants it: no more bytes than it takes, with its own life for messages.

A transaction body for whoever serves queues to others; `messages.put` is what the farm itself uses.  Unlike that, it
wakes nobody: Marconi's claimers do not wait, and on PostgreSQL commits that notify go one after another.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection

from buildyard.farm.queue.base import NewMessage, PostTooLarge, QueueNotFound
from buildyard.farm.queue.messages import put_rows, row_of
from buildyard.farm.queue.queues import ensure, find


def post(
    connection: Connection,
    now: float,
    project: str,
    queue: str,
    messages: Sequence[NewMessage],
    *,
    client_id: str,
    size: int,
    default_ttl: int,
    make_queue: bool = True,
) -> list[int]:
    """Return the row numbers of these messages, in order; ``size`` is what they took as they came, in bytes.

    ``default_ttl`` is for those without one, where the queue has none either.  Raises `PostTooLarge`, and
    `QueueNotFound` where the queue is not to be made.
    """
    if not make_queue and find(connection, project, queue) is None:
        raise QueueNotFound(project, queue)
    found = ensure(connection, now, project, queue)
    most = found.policy.max_post_size
    if most is not None and size > most:
        raise PostTooLarge(most)
    ttl = found.policy.default_ttl or default_ttl
    rows = [row_of(found, _living(message, ttl), now, client_id) for message in messages]
    return put_rows(connection, now, found, rows)


def _living(message: NewMessage, ttl: int) -> NewMessage:
    return message if message.ttl is not None else msgspec.structs.replace(message, ttl=ttl)
