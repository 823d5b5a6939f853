"""Other programs' way to a broker of this process: AMQP 0-9-1 over TCP, for tests and for one machine.

    async with serve(Broker.named("farm")) as server:
        print(server.url)                                   # amqp://guest:guest@127.0.0.1:40123/

`serve_in_thread` is the same for programs without a loop.  There is no TLS: keep it on the loopback.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import cast
from urllib.parse import quote

from msgspec import Struct

from buildyard.faces.portal import Portal
from buildyard.messaging.broker.serving import ServerConnection
from buildyard.messaging.broker.shared import Broker

__all__ = ["Server", "serve", "serve_in_thread"]

#: What clients of AMQP present unless they are told otherwise.
GUEST = {"guest": "guest"}


class Server(Struct, frozen=True, kw_only=True):
    """Where a broker listens."""

    host: str
    port: int
    url: str  #: with a name and password that are let in


class _Stream(asyncio.Protocol):
    def __init__(self, broker: Broker, users: Mapping[str, str], streams: set[_Stream]) -> None:
        self._broker = broker
        self._users = users
        self._streams = streams
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._streams.add(self)
        self._loop = asyncio.get_running_loop()
        self._transport = cast(asyncio.Transport, transport)
        self._connection = ServerConnection(self._broker, self._wake, users=self._users, now=time.monotonic())

    def data_received(self, data: bytes) -> None:
        self._connection.receive(data, time.monotonic())

    def pause_writing(self) -> None:
        self._connection.pause(True)

    def resume_writing(self) -> None:
        self._connection.pause(False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._streams.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        self._connection.lost()

    def close(self) -> None:
        self._transport.abort()

    def _wake(self) -> None:
        # It may be any thread's doing.
        self._loop.call_soon_threadsafe(self._flush)

    def _flush(self) -> None:
        data = self._connection.data_to_send(time.monotonic())
        if data:
            self._transport.write(data)
        if self._connection.is_closed:
            self._transport.close()
        elif self._timer is None:
            self._set_timer()

    def _set_timer(self) -> None:
        # A deadline only ever moves away, so the timer looks again when it rings rather than at each byte.
        deadline = self._connection.next_deadline()
        if deadline is not None:
            self._timer = self._loop.call_later(max(0.0, deadline - time.monotonic()), self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._connection.tick(time.monotonic())
        self._flush()


@asynccontextmanager
async def serve(
    broker: Broker, host: str = "127.0.0.1", port: int = 0, *, users: Mapping[str, str] = GUEST
) -> AsyncIterator[Server]:
    """Let AMQP clients in while the block runs; port 0 is a free one.  Raises `OSError` where it is taken."""
    streams: set[_Stream] = set()
    listening = await asyncio.get_running_loop().create_server(lambda: _Stream(broker, users, streams), host, port)
    try:
        taken = listening.sockets[0].getsockname()[1]
        name, password = next(iter(users.items()))
        url = f"amqp://{quote(name, safe='')}:{quote(password, safe='')}@{host}:{taken}/"
        yield Server(host=host, port=taken, url=url)
    finally:
        listening.close()
        for one in list(streams):
            one.close()
        # Each tells the broker that it has gone.
        await asyncio.sleep(0)


@contextmanager
def serve_in_thread(
    broker: Broker, host: str = "127.0.0.1", port: int = 0, *, users: Mapping[str, str] = GUEST
) -> Iterator[Server]:
    """Let AMQP clients in while the block runs, from a thread of its own."""
    with Portal("buildyard-broker") as portal:
        serving = serve(broker, host, port, users=users)
        server = portal.call(serving.__aenter__)
        try:
            yield server
        finally:
            portal.call(serving.__aexit__, None, None, None)
