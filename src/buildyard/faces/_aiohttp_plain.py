"""A small request over one of aiohttp's connections, past aiohttp: sent in one piece, its answer read as it comes.

aiohttp finds, opens, keeps and closes connections, and reads the answers that are not plain (`_plain_http`): chunked
ones, interim ones, those that come in odd pieces or end with the connection.  Between that, its own way takes most of
what a small request costs.  So a `PlainTaker` takes the place of aiohttp's protocol on the connection while a request
is answered, and gives it back.  `_aiohttp` decides which requests come here, and maps the errors.
"""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError

from buildyard.faces._exchange import CHUNK, fields_to_send, nonsense, received_headers
from buildyard.faces._plain_http import Head, plain_head, request_head
from buildyard.faces.transport import Headers, Request

#: The longest line of a head; the same as http.client's.
MAX_LINE = 65536


def is_small(request: Request) -> bool:
    """Tell whether the request can leave at once, with nobody to be told how far it is."""
    return isinstance(request.body, bytes) and len(request.body) <= CHUNK and request.progress is None


class PlainTaker(asyncio.Protocol):
    """Sends one request, and takes its answer where that is plain."""

    def __init__(self, handler: ResponseHandler, request: Request, max_body: int) -> None:
        assert handler.transport is not None
        self._handler = handler
        self._transport: asyncio.Transport = handler.transport
        self._request = request
        self._max_body = max_body
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[Head | None] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._head: Head | None = None
        self._parts: list[bytes] = []
        self._left = 0

    async def exchange(self) -> Head | None:
        """Return the whole answer, its body as ``begun``; None where aiohttp's protocol has it, as it is not plain.

        Raises `TimeoutError`, `OSError` and `aiohttp.ServerDisconnectedError`.
        """
        request = self._request
        head = request_head(request.method, request.target.path, fields_to_send(request))
        self._transport.set_protocol(self)
        self._watch()
        try:
            # Together: one packet, and one waking of the service.
            self._transport.write(head + request.body if request.body else head)  # type: ignore[operator]
            return await self._answer
        finally:
            self._unwatch()
            self._transport.set_protocol(self._handler)

    @property
    def is_sent(self) -> bool:
        """Whether the system has all of the request; an answer may come before that."""
        return not self._transport.get_write_buffer_size()

    def data_received(self, data: bytes) -> None:
        """Take some of the answer."""
        if self._answer.done():
            self._transport.abort()  # more than was asked for: nothing that comes here now can be believed
        elif self._head is None:
            self._begin(data)
        else:
            self._go_on(self._head, data)

    def _begin(self, data: bytes) -> None:
        head = plain_head(data, self._request.method)
        if head is None or head.length > self._max_body:
            self._hand_over(data)
            return
        if len(head.begun) == head.length:
            self._answer.set_result(head)
            return
        self._head, self._parts, self._left = head, [head.begun], head.length - len(head.begun)
        self._watch()

    def _go_on(self, head: Head, data: bytes) -> None:
        self._parts.append(data)
        self._left -= len(data)
        if self._left > 0:
            self._watch()
            return
        body = b"".join(self._parts)[: head.length]
        self._answer.set_result(head._replace(begun=body, keeps=head.keeps and not self._left))

    def _hand_over(self, data: bytes) -> None:
        """Let aiohttp read this answer, from its beginning."""
        self._transport.set_protocol(self._handler)
        self._handler.set_response_params(
            skip_payload=self._request.method == "HEAD",
            read_until_eof=True,
            auto_decompress=False,
            max_line_size=MAX_LINE,
            max_field_size=MAX_LINE,
        )
        self._handler.data_received(data)
        self._answer.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        """End the wait: the service hung up."""
        self._handler.connection_lost(error)
        if not self._answer.done():
            self._answer.set_exception(error or aiohttp.ServerDisconnectedError())

    def _watch(self) -> None:
        """Let the silence begin anew: something has come."""
        self._unwatch()
        self._timer = self._loop.call_later(self._request.timeout.read, self._expire)

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _expire(self) -> None:
        if not self._answer.done():
            self._answer.set_exception(TimeoutError())


class OddAnswer:
    """The `_exchange.Exchange` of an answer that was handed over to aiohttp's protocol."""

    def __init__(self, request: Request, handler: ResponseHandler, message: Any, payload: aiohttp.StreamReader) -> None:
        self.status: int = message.code
        self.headers: Headers = received_headers(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in message.raw_headers
        )
        self._seconds = request.timeout.read
        self._handler = handler
        self._payload = payload

    @classmethod
    async def begun(cls, request: Request, handler: ResponseHandler) -> OddAnswer:
        """Return the answer once its head is there.  Raises `WireError`, and what aiohttp and asyncio raise."""
        try:
            # Bounds the whole head: one that drips would never end.
            async with asyncio.timeout(request.timeout.read):
                message, payload = await handler.read()
                while 100 <= message.code < 200 and message.code != 101:
                    message, payload = await handler.read()
        except HttpProcessingError as error:
            raise nonsense(request, error.message) from error
        return cls(request, handler, message, payload)

    async def receive(self) -> bytes:
        """Return the next bytes of the body, or nothing at its end."""
        async with asyncio.timeout(self._seconds):
            return await self._payload.read(CHUNK)

    async def end(self) -> None:
        """Whoever has the connection keeps or closes it."""
