"""What all transports share: redirects, the bound on bodies, and the fields that are sent.

A transport is an `ExchangingTransport` that says how one `Exchange` is opened; ``send`` and ``stream`` are built
upon it here, once, as ``async def`` for all of them (the blocking one never suspends in it).
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Protocol

import buildyard
from buildyard.errors import BadRedirect, BodyTooLarge, Cut, TransportError, WireError
from buildyard.faces.redirects import MAX_HOPS, next_request
from buildyard.faces.transport import MAX_BODY, Fields, Headers, Request, Response

USER_AGENT = f"buildyard/{buildyard.__version__}"

#: How much is read and written at a time.
CHUNK = 64 * 1024

# A length of 0 is said where the method gives a body a meaning (RFC 9110 section 8.6): servers answer 411 without.
_WITH_LENGTH = frozenset({"POST", "PUT", "PATCH"})

# RFC 9110 section 7.6.1: they concern one connection, and not every library shows them.
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)


class Exchange(Protocol):
    """One request on the wire, after the head of its answer."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Headers:
        """The header fields."""

    async def receive(self) -> bytes:
        """Return the next bytes of the body, or nothing at its end."""

    async def end(self) -> None:
        """Keep the connection where the body was read to its end, else close it."""


class Streamed:
    """A `transport.StreamResponse` over an exchange."""

    def __init__(self, request: Request, exchange: Exchange) -> None:
        self._request = request
        self._exchange = exchange
        self.status = exchange.status
        self.headers = exchange.headers
        self.url = request.url

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives."""
        while chunk := await self._exchange.receive():
            yield chunk

    async def read(self, limit: int = MAX_BODY) -> bytes:
        """Return the rest of the body, of at most ``limit`` bytes."""
        if self._announced() > limit:
            raise self._too_large(limit)
        parts: list[bytes] = []
        left = limit
        while chunk := await self._exchange.receive():
            left -= len(chunk)
            if left < 0:
                raise self._too_large(limit)
            parts.append(chunk)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _announced(self) -> int:
        # The length of an answer to HEAD is that of a body which does not come.
        text = self.headers.get("Content-Length", "")
        is_number = text.isascii() and text.isdigit() and self._request.method != "HEAD"
        return int(text[:19]) if is_number else 0  # no limit is longer, and Python refuses very long numbers

    def _too_large(self, limit: int) -> BodyTooLarge:
        return BodyTooLarge(limit, method=self._request.method, url=self.url)


class ExchangingTransport(ABC):
    """``send`` and ``stream`` of a transport, from its way to open one exchange."""

    @abstractmethod
    async def _open(self, request: Request) -> Exchange:
        """Send the request once, without redirects, and return when the head of the answer is there."""

    async def send(self, request: Request, *, max_body: int = MAX_BODY) -> Response:
        """Return the answer to one request, sent once."""
        async with self.stream(request) as streamed:
            body = await streamed.read(max_body)
        return Response(streamed.status, streamed.headers, body, streamed.url)

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncGenerator[Streamed, None]:
        """Yield the answer while its body is still on its way."""
        request, exchange = await self._follow(request)
        try:
            yield Streamed(request, exchange)
        finally:
            await exchange.end()

    async def _follow(self, request: Request) -> tuple[Request, Exchange]:
        exchange = await self._open(request)
        for _ in range(MAX_HOPS):
            try:
                onward = next_request(request, exchange.status, exchange.headers) if request.follow_redirects else None
            except BadRedirect:
                await exchange.end()
                raise
            if onward is None:
                return request, exchange
            await exchange.end()
            exchange = await self._open_after_redirect(onward)
            request = onward
        await exchange.end()
        location = exchange.headers.get("Location", "")
        raise BadRedirect(f"more than {MAX_HOPS} redirects", location=location, method=request.method, url=request.url)

    async def _open_after_redirect(self, request: Request) -> Exchange:
        try:
            return await self._open(request)
        except TransportError as error:
            # The request that was redirected has been sent, whatever became of this one.
            error.maybe_sent = True
            raise


def fields_to_send(request: Request) -> Fields:
    """Return all header fields as they go out: the request's own, host, agent and length."""
    given = {name.lower() for name, _ in request.headers}
    fields = list(request.headers)
    if "host" not in given:
        fields.insert(0, ("Host", request.target.authority))
    if "user-agent" not in given:
        fields.append(("User-Agent", USER_AGENT))
    if "content-length" not in given and (request.size or request.method in _WITH_LENGTH):
        fields.append(("Content-Length", str(request.size)))
    return tuple(fields)


def received_headers(pairs: Iterable[tuple[str, str]]) -> Headers:
    """Return the fields of an answer without those that are about the connection alone."""
    return Headers([pair for pair in pairs if pair[0].lower() not in _HOP_BY_HOP])


def cut(request: Request, cause: BaseException | str, *, maybe_sent: bool = True) -> Cut:
    """Return the error of a connection that ended early, for a reason of the library below."""
    detail = in_words(cause) if isinstance(cause, BaseException) else cause
    return Cut(f"the connection ended early: {detail}", method=request.method, url=request.url, maybe_sent=maybe_sent)


def in_words(error: BaseException, number: int | None = None) -> str:
    """Return what went wrong in the system's words where it has an error number, else in the library's."""
    # The numbers of ssl's errors are OpenSSL's own.
    if number is None and isinstance(error, OSError) and type(error).__module__ != "ssl":
        number = error.errno
    return os.strerror(number).lower() if number and number > 0 else str(error) or type(error).__name__


def nonsense(request: Request, cause: BaseException | str) -> WireError:
    """Return the error of an answer that is not HTTP."""
    return WireError(f"the answer is not HTTP: {cause}", method=request.method, url=request.url)
