"""A queue: what is written about it, and how much is in it.  The asyncio core.

`_messages`, `_claiming` and `_subscriptions` have the rest of its operations.  What may be done twice is sent again
where an answer was lost (`buildyard.retry`).
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Any

from buildyard.marconi._hrefs import path_of
from buildyard.marconi._messages import Messages
from buildyard.marconi._metadata import PATCH_TYPE, as_metadata, changes
from buildyard.marconi._resource import Speaker
from buildyard.marconi._subscriptions import Subscriptions
from buildyard.marconi._wire import decode
from buildyard.marconi.models import QueueStats, StatsAnswer


class QueueFacts:
    """What a queue is, in every face."""

    _core: AsyncQueue

    @property
    def name(self) -> str:
        """Its name."""
        return self._core._name

    @property
    def is_new(self) -> bool | None:
        """Whether `create_queue` has just made it; None where nobody asked."""
        return self._core._is_new

    @property
    def listed_metadata(self) -> Mapping[str, Any] | None:
        """What was written about it when it was listed with ``detailed``; None otherwise."""
        return self._core._listed_metadata

    def __repr__(self) -> str:
        return f"<MarconiQueue [{self.name}]>"


class AsyncQueue(QueueFacts, Messages, Subscriptions):
    """A queue of one project.  It need not exist: posting to it makes it (in v1 it has to be made before)."""

    def __init__(
        self,
        speaker: Speaker,
        name: str,
        *,
        is_new: bool | None = None,
        listed_metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(speaker, path_of("queues", name))
        self._name = name
        self._is_new = is_new
        self._listed_metadata = listed_metadata

    @property
    def _core(self) -> AsyncQueue:  # type: ignore[override]
        return self

    @property
    def stats(self) -> Coroutine[Any, Any, QueueStats]:
        """How many messages it has: ``await queue.stats``.  Zeros for a queue that is not there; in v1 `NotFound`."""
        return self.read_stats()

    async def read_stats(self) -> QueueStats:
        """Return how many messages it has."""
        answer = await self._call("GET", "/stats")
        return decode(answer.body, StatsAnswer, method="GET", url=answer.url).messages

    @property
    def metadata(self) -> Coroutine[Any, Any, dict[str, Any]]:
        """What is written about it: ``await queue.metadata``.

        In v2 the service's own settings (``_default_message_ttl`` and the like) are filled in.  Raises `NotFound`
        where there is no such queue and the service says so, which today's Zaqar does not.
        """
        return self.read_metadata()

    async def read_metadata(self) -> dict[str, Any]:
        """Return what is written about it."""
        answer = await self._call("GET", "/metadata" if self._dialect.has_metadata_resource else "")
        return decode(answer.body, dict[str, Any], method="GET", url=answer.url) if answer.body else {}

    async def set_metadata(self, metadata: Mapping[str, Any] | str) -> None:
        """Replace what is written about it, by a mapping or JSON text; a setting (``_...``) that is not named stays.

        In v2 only what differs is sent, so that two who change different keys do not undo each other.  In v1.1 a queue
        keeps the metadata that it was made with, and this raises `NotInVersion`.
        """
        wanted = as_metadata(metadata)
        if self._dialect.has_metadata_resource:
            await self._call("PUT", "/metadata", json=wanted)
            return
        self._dialect.require(self._dialect.patches_metadata, "change of metadata, which a queue is made with")
        if patch := changes(await self.read_metadata(), wanted):
            await self._call("PATCH", json=patch, content_type=PATCH_TYPE)

    async def create(self, metadata: Mapping[str, Any] | None = None) -> bool:
        """Make it, if it is not there, and return whether it was not; see `Client.create_queue`."""
        has_resource = self._dialect.has_metadata_resource
        answer = await self._call("PUT", json=None if has_resource else metadata)
        is_new = answer.status == 201
        if metadata is not None and (has_resource or (self._dialect.patches_metadata and not is_new)):
            # An existing queue keeps what is written about it, whatever comes with PUT.
            await self.set_metadata(metadata)
        return is_new

    async def delete(self) -> None:
        """Delete it with all that is in it, if it is there."""
        await self._call("DELETE")
