"""A client of Marconi (Zaqar) for asyncio programs: the cores over a transport of their own.

    async with Connection("tacocat", apikey="...", auth_url="https://id.example.com") as connection:
        queue = Client(connection).queue("work")
        async for message in queue.messages():
            ...

What is an attribute in `buildyard.marconi` and costs a request is awaited here: ``await queue.stats``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import Self, Unpack

from buildyard.faces.connecting import ProxyRule, Tls
from buildyard.faces.transport import Transport
from buildyard.marconi._claim import AsyncClaim as Claim
from buildyard.marconi._client import AsyncClient
from buildyard.marconi._connection import AsyncConnection
from buildyard.marconi._consumer import AsyncConsumer as Consumer
from buildyard.marconi._http import Http, Response
from buildyard.marconi._keepers import TaskKeeper
from buildyard.marconi._message import AsyncMessage as Message
from buildyard.marconi._message import MessageStatus
from buildyard.marconi._options import ConnectionOptions, from_environment, read_options
from buildyard.marconi._queue import AsyncQueue as Queue

__all__ = ["Claim", "Client", "Connection", "Consumer", "Http", "Message", "MessageStatus", "Queue", "Response"]


def _own_transport(tls: Tls, proxy: ProxyRule) -> Transport:
    from buildyard.faces.http import AsyncioTransport

    return AsyncioTransport(tls=tls, proxy=proxy)


class Connection(AsyncConnection):
    """An identity at one service: gets and renews the token, finds the service, sends requests.

    A context manager; leaving it ends its consumers and closes its sockets.  It serves one loop.
    """

    def __init__(self, user: str | None = None, **options: Unpack[ConnectionOptions]) -> None:
        super().__init__(read_options(user, options), _own_transport, TaskKeeper.start)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None, **options: Unpack[ConnectionOptions]) -> Self:
        """Return a connection as OpenStack's ``OS_*`` variables say, with other options beside."""
        user, found = from_environment(os.environ if environ is None else environ)
        return cls(user, **(found | options))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


class Client(AsyncClient):
    """An account at a service.  A context manager; leaving it closes its connection."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
