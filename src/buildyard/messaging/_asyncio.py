"""The runtime of asyncio."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Coroutine
from typing import Any, cast

from buildyard.messaging._amqp.parameters import Parameters
from buildyard.messaging._runtime import Receiver, Timer
from buildyard.messaging._settings import Tls
from buildyard.messaging.exceptions import ConnectionException


class _Stream(asyncio.Protocol):
    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._receiver.connected(cast(asyncio.Transport, transport))

    def data_received(self, data: bytes) -> None:
        self._receiver.received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._receiver.lost("the connection ended" if exc is None else f"the connection broke: {exc}")


class AsyncioRuntime:
    """The loop that runs when it is made."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.now = self.loop.time
        self.future = self.loop.create_future
        self.call_soon: Callable[[Callable[[], object]], object] = self.loop.call_soon
        self._thread = threading.get_ident()
        self._tasks: set[asyncio.Task[None]] = set()

    def call_threadsafe(self, function: Callable[[], object]) -> object:
        """Call it soon, whichever thread this is.  Raises `RuntimeError` where the loop is closed."""
        if threading.get_ident() == self._thread:
            return self.loop.call_soon(function)
        return self.loop.call_soon_threadsafe(function)

    def call_later(self, seconds: float, function: Callable[[], object]) -> Timer:
        """Call it then."""
        return self.loop.call_later(seconds, function)

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run it as a task, which is kept until it ends."""
        task = self.loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def connect(self, parameters: Parameters, tls: Tls | None, receiver: Receiver) -> None:
        """Make the byte stream.  Raises `ConnectionException`."""
        try:
            async with asyncio.timeout(parameters.socket_timeout):
                await self.loop.create_connection(
                    lambda: _Stream(receiver),
                    parameters.host,
                    parameters.port,
                    ssl=None if tls is None else _context(tls),
                    server_hostname=parameters.host if tls is not None else None,
                )
        except TimeoutError:
            raise ConnectionException(
                reason=f"{parameters.visible} did not answer within {parameters.socket_timeout:g} s"
            ) from None
        except (OSError, ValueError) as error:
            raise ConnectionException(reason=f"{parameters.visible} cannot be reached: {error}") from error


def _context(tls: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.ca_cert)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.certfile is not None:
        context.load_cert_chain(tls.certfile, tls.keyfile)
    return context
