"""The client: an account's queues, and the service itself.  The asyncio core; see `_queue` and `_admin`."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Coroutine, Mapping
from typing import Any

from buildyard.marconi._admin import Administration
from buildyard.marconi._connection import AsyncConnection
from buildyard.marconi._metadata import as_metadata
from buildyard.marconi._paging import page_size, paged
from buildyard.marconi._queue import AsyncQueue
from buildyard.marconi._wire import QueueList, WireQueue, decode, next_link
from buildyard.marconi.errors import ServiceUnavailable
from buildyard.marconi.models import Health, HomeDoc


class Queues:
    """The queues of an account: call it to choose, or iterate over all of them."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    def __call__(
        self, marker: str | None = None, limit: int | None = None, detailed: bool = False
    ) -> AsyncIterator[AsyncQueue]:
        """Yield queues by name, at most ``limit``, from behind ``marker`` on; each page when it is needed.

        ``detailed`` has the service read their metadata too, which `Queue.listed_metadata` then has.
        """
        return self._client.list_queues(marker, limit, detailed)

    def __aiter__(self) -> AsyncIterator[AsyncQueue]:
        return self()


class ClientFacts:
    """What a client is, in every face."""

    _core: AsyncClient

    @property
    def client_id(self) -> str:
        """The ``Client-ID`` of its requests, a UUID.

        A new one for each client; set it to one that you keep, so that ``echo=False`` hides what an earlier run of
        your program has posted.
        """
        return self._core._client_id

    @client_id.setter
    def client_id(self, value: str) -> None:
        self._core._client_id = str(value)

    def __repr__(self) -> str:
        return f"<MarconiClient {self._core.connection!r}>"


class AsyncClient(ClientFacts, Administration):
    """An account at a service.  Clients of one connection share its token and sockets, and differ in their id."""

    def __init__(self, connection: AsyncConnection, client_id: str | uuid.UUID | None = None) -> None:
        Administration.__init__(self, self, "")
        self._connection = connection
        self._client_id = str(client_id or uuid.uuid4())

    @property
    def _core(self) -> AsyncClient:  # type: ignore[override]
        return self

    @property
    def connection(self) -> AsyncConnection:
        """The connection that it speaks over."""
        return self._connection

    @property
    def home(self) -> Coroutine[Any, Any, HomeDoc]:
        """What the service offers, as it says itself: ``await client.home``."""
        return self.read_home()

    async def read_home(self) -> HomeDoc:
        """Return what the service offers."""
        # The address needs its slash: `/v2` alone is not found.
        answer = await self._call("GET", "/")
        return decode(answer.body, HomeDoc, method="GET", url=answer.url)

    async def ping(self) -> bool:
        """Return whether the service says that it can work.  Raises `ConnectionFailed` where it says nothing."""
        try:
            await self._call("GET", "/health" if self._dialect.has_metadata_resource else "/ping", idempotent=False)
        except ServiceUnavailable:
            return False
        return True

    async def health(self) -> Health:
        """Return how the service is, for administrators; v1 tells everybody, in a word."""
        answer = await self._call("GET", "/health", idempotent=False)
        if not answer.body:
            return Health()
        found = decode(answer.body, dict[str, Any], method="GET", url=answer.url)
        reachable = bool(found.pop("catalog_reachable", True))
        pools = {name: pool for name, pool in found.items() if isinstance(pool, dict)}
        return Health(catalog_reachable=reachable, pools=pools)

    @property
    def queues(self) -> Queues:
        """The account's queues: ``async for queue in client.queues``, or call it with ``marker, limit, detailed``."""
        return Queues(self)

    async def list_queues(
        self, marker: str | None = None, limit: int | None = None, detailed: bool = False
    ) -> AsyncIterator[AsyncQueue]:
        """Yield queues by name; see `queues`."""
        query = (("limit", page_size(limit)), ("marker", marker), ("detailed", True if detailed else None))

        async def read(href: str | None) -> tuple[list[WireQueue], str | None]:
            answer = await self._page("/queues", query, href)
            if not answer.body:
                return [], None
            found = decode(answer.body, QueueList, method="GET", url=answer.url)
            return found.queues, next_link(found.links)

        if limit is not None and limit <= 0:
            return
        seen: set[str] = set()
        async for each in paged(read, None, lambda each: each.name):
            # Zaqar over Redis begins anew behind a queue that was deleted while we were reading.
            if each.name in seen:
                continue
            seen.add(each.name)
            yield AsyncQueue(self, each.name, listed_metadata=each.metadata)
            if len(seen) == limit:
                return

    def queue(self, name: str) -> AsyncQueue:
        """Return a queue by its name, without a request.

        Names are 1 to 64 of letters, digits, ``_`` and ``-``, and in today's Zaqar ``.``: the service judges.
        """
        return AsyncQueue(self, name)

    async def create_queue(self, name: str, metadata: Mapping[str, Any] | str | None = None) -> AsyncQueue:
        """Make a queue, if it is not there, and return it; metadata is a mapping or JSON text, and replaces what was.

        ``.is_new`` of the queue says whether it was not there.  In v1.1 one that was there keeps its metadata.
        """
        wanted = None if metadata is None else as_metadata(metadata)
        queue = AsyncQueue(self, name)
        is_new = await queue.create(wanted)
        return AsyncQueue(self, name, is_new=is_new)

    async def close(self) -> None:
        """Close the connection; a transport that was given to it stays open."""
        await self._connection.close()


setattr(AsyncClient, "async", True)
