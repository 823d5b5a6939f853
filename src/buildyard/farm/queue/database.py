"""Queues in the farm's own store, SQLite or PostgreSQL.

Two ways in.  The plain functions of `queues`, `messages`, `paging`, `taking`, `claiming`, `counting` and `sweeping`
are listed here: transactions of a connection and the time, for rooms that use a queue inside those of their own.
`DatabaseQueue` is the `Queue` protocol, a transaction a call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection

from buildyard.farm.queue.base import (
    DEFAULT_CLAIM_TTL,
    DEFAULT_GRACE,
    DEFAULT_LIMIT,
    Claim,
    Message,
    MessageId,
    NewMessage,
    Page,
    Popped,
    Queue,
    QueueStats,
)
from buildyard.farm.queue.claiming import get_claim, release, renew
from buildyard.farm.queue.counting import stats
from buildyard.farm.queue.messages import delete, delete_many, delete_messages, exists, get, put
from buildyard.farm.queue.paging import page
from buildyard.farm.queue.queues import channel, create, metadata, names, remove, set_metadata
from buildyard.farm.queue.sweeping import Swept, sweep
from buildyard.farm.queue.taking import claim, pop, pop_one
from buildyard.farm.store.base import Store

__all__ = [
    "DatabaseQueue",
    "Swept",
    "channel",
    "claim",
    "create",
    "delete",
    "delete_many",
    "delete_messages",
    "exists",
    "get",
    "get_claim",
    "metadata",
    "names",
    "page",
    "pop",
    "pop_one",
    "put",
    "release",
    "remove",
    "renew",
    "set_metadata",
    "stats",
    "sweep",
]

T = TypeVar("T")


class DatabaseQueue:
    """A `Queue` in a `Store`: each method is one transaction, at the clock's time."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    async def create(self, project: str, queue: str, metadata: Mapping[str, Any] | None = None) -> bool:
        """Return whether the queue is new; metadata that is given replaces what it had.  Raises `BadMetadata`."""
        return await self._write(create, project, queue, metadata)

    async def metadata(self, project: str, queue: str) -> dict[str, Any]:
        """Return the queue's metadata.  Raises `QueueNotFound`."""
        return await self._store.read(lambda connection: metadata(connection, project, queue))

    async def set_metadata(self, project: str, queue: str, metadata: Mapping[str, Any]) -> None:
        """Replace the queue's metadata.  Raises `QueueNotFound` and `BadMetadata`."""
        lane = channel(project, queue)
        await self._store.write(lambda connection: set_metadata(connection, project, queue, metadata), lane=lane)

    async def remove(self, project: str, queue: str) -> None:
        """Remove the queue with all that is in it, if it is there."""
        await self._store.write(lambda connection: remove(connection, project, queue), lane=channel(project, queue))

    async def names(self, project: str, *, marker: str = "", limit: int = DEFAULT_LIMIT) -> list[str]:
        """Return names of the project's queues, sorted, those after the marker."""
        return await self._store.read(lambda connection: names(connection, project, marker=marker, limit=limit))

    async def stats(self, project: str, queue: str) -> QueueStats:
        """Return how much is in the queue; zeros for one that does not exist."""
        return await self._read(stats, project, queue)

    async def put(
        self, project: str, queue: str, messages: Sequence[NewMessage], *, client_id: str = ""
    ) -> Sequence[MessageId]:
        """Return the ids of these messages, in order, once all of them are in the queue."""
        return await self._write(put, project, queue, messages, client_id)

    async def page(
        self,
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
        """Return messages after the marker, in order; see `Queue.page`.  Raises `BadMarker`."""
        body = partial(page, marker=marker, limit=limit, client_id=client_id, echo=echo)
        return await self._read(
            partial(body, include_claimed=include_claimed, include_delayed=include_delayed), project, queue
        )

    async def get(self, project: str, queue: str, ids: Sequence[MessageId]) -> list[Message]:
        """Return those of these messages that are there, claimed or not, in the queue's order."""
        return await self._read(get, project, queue, ids)

    async def delete(self, project: str, queue: str, message_id: MessageId, *, claim_id: str | None = None) -> None:
        """Delete a message, if it is there; see `Queue.delete` for what it raises."""
        await self._write(partial(delete, claim_id=claim_id), project, queue, message_id)

    async def delete_many(
        self, project: str, queue: str, ids: Sequence[MessageId], *, claim_ids: Sequence[str] | None = None
    ) -> None:
        """Delete those of these messages that are there; see `Queue.delete_many`."""
        await self._write(partial(delete_many, claim_ids=claim_ids), project, queue, ids)

    async def pop(self, project: str, queue: str, limit: int = DEFAULT_LIMIT) -> list[Popped]:
        """Return the first free messages, deleted: at most once."""
        return await self._write(pop_one, project, queue, limit)

    async def claim(
        self,
        project: str,
        queue: str,
        *,
        ttl: int = DEFAULT_CLAIM_TTL,
        grace: int = DEFAULT_GRACE,
        limit: int = DEFAULT_LIMIT,
    ) -> Claim | None:
        """Return a claim on the first free messages; None when there are none."""
        return await self._write(partial(claim, ttl=ttl, grace=grace, limit=limit), project, queue)

    async def get_claim(self, project: str, queue: str, claim_id: str) -> Claim:
        """Return the claim with the messages that it still holds.  Raises `ClaimNotFound`."""
        return await self._read(get_claim, project, queue, claim_id)

    async def renew(
        self, project: str, queue: str, claim_id: str, *, ttl: int = DEFAULT_CLAIM_TTL, grace: int = DEFAULT_GRACE
    ) -> None:
        """Hold the claim's messages for ``ttl`` seconds from now.  Raises `ClaimNotFound`."""
        await self._write(partial(renew, ttl=ttl, grace=grace), project, queue, claim_id)

    async def release(self, project: str, queue: str, claim_id: str) -> None:
        """Let go of the claim's messages, if it still holds any: they are free at once."""
        await self._write(release, project, queue, claim_id)

    async def _write(self, body: Callable[..., T], project: str, queue: str, *args: Any) -> T:
        # The time is asked inside: a body may wait for its turn, or run again.
        def run(connection: Connection) -> T:
            return body(connection, self._clock(), project, queue, *args)

        return await self._store.write(run, lane=channel(project, queue))

    async def _read(self, body: Callable[..., T], *args: Any) -> T:
        def run(connection: Connection) -> T:
            return body(connection, self._clock(), *args)

        return await self._store.read(run)


if TYPE_CHECKING:
    _KEEPS_THE_PROTOCOL: type[Queue] = DatabaseQueue
