"""The asyncio transport, on aiohttp.

`http` names it; read `_exchange` first.  A session of aiohttp belongs to one loop, so it is made at the first
request of each loop.  Where aiohttp would tidy (URLs, header fields, redirects, its own retries), it is told not to.
Small requests go over its connections by a way of our own (`_aiohttp_plain`); files, large bodies, streams, redirects
and proxies by its own.
"""

from __future__ import annotations

import asyncio
import functools
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from typing import Any

import aiohttp
import yarl
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from buildyard.errors import BuildyardError, ConnectFailed, ProxyFailed, TimedOut, TlsFailed, TransportError
from buildyard.faces._aiohttp_plain import MAX_LINE, OddAnswer, PlainTaker, is_small
from buildyard.faces._bodies import BodyReader
from buildyard.faces._exchange import (
    CHUNK,
    ExchangingTransport,
    Streamed,
    cut,
    fields_to_send,
    in_words,
    nonsense,
    received_headers,
)
from buildyard.faces.connecting import (
    DEFAULT_TLS,
    Proxy,
    ProxyRule,
    Tls,
    is_certificate_alert,
    proxy_for,
    ssl_context,
)
from buildyard.faces.transport import MAX_BODY, Headers, Request, Response

#: To so many origins at once small requests are sent without a thought.
_MOST_OPENERS = 256
_OWN_FIELDS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class _Sending:
    """How far one request has come."""

    def __init__(self, request: Request, body: BodyReader) -> None:
        self.request = request
        self.body = body
        self.has_begun = False
        self.is_sent = not request.size
        self.error: BuildyardError | None = None  #: of our own making, which aiohttp wraps
        self._watch: asyncio.Timeout | None = None
        self._transport: asyncio.Transport | None = None

    def begin(self, connection: Connection) -> None:
        """Note that a connection stands, proxies and TLS included: from here on bytes of ours may leave."""
        self.has_begun = True
        self._transport = connection.transport
        self._progress()

    def abort(self) -> None:
        """End the connection at once; aiohttp would first wait for what is unsent, and so perhaps for ever."""
        if self._transport is not None:
            self._transport.abort()

    def watched(self) -> asyncio.Timeout:
        """Return a context that raises `TimeoutError` where a service takes no more, or drips a head without an end.

        aiohttp would wait for ever.
        """
        self._watch = asyncio.timeout(None)
        return self._watch

    def unwatch(self) -> None:
        """Let the rest take its time; aiohttp itself bounds the silence between two pieces of a body."""
        self._watch = None

    def _progress(self) -> None:
        if self._watch is not None:
            self._watch.reschedule(asyncio.get_running_loop().time() + self.request.timeout.read)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body, noting each chunk that the service took."""
        try:
            while chunk := await self._next():
                self._progress()
                yield chunk
        except BuildyardError as error:
            self.error = error
            raise
        self._progress()
        self.is_sent = True

    async def _next(self) -> bytes:
        return await asyncio.to_thread(self.body.next) if self.body.is_file else self.body.next()


_sending: ContextVar[_Sending] = ContextVar("_sending")
#: How long a connection may take that is made now, in seconds.
_connect_seconds: ContextVar[float] = ContextVar("_connect_seconds")


class _Latin1Head:
    """A socket transport whose first write, which begins with the head, goes out in latin-1; aiohttp writes UTF-8."""

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._transport = protocol.transport

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._protocol.transport = self._transport
        head, separator, rest = bytes(data).partition(b"\r\n\r\n")
        self._transport.write(head.decode("utf-8").encode("latin-1") + separator + rest)

    def writelines(self, chunks: Any) -> None:
        self.write(b"".join(chunks))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _ExactRequest(aiohttp.ClientRequest):
    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        _sending.get().begin(conn)
        if conn.protocol is not None and not all(value.isascii() for value in self.headers.values()):
            conn.protocol.transport = _Latin1Head(conn.protocol)  # type: ignore[assignment]
        return await super().send(conn)


class _Connector(aiohttp.TCPConnector):
    """Bounds the making of a connection; one that is there already costs no timer."""

    async def _create_connection(self, req: Any, traces: Any, timeout: Any) -> Any:
        async with asyncio.timeout(_connect_seconds.get()):
            return await super()._create_connection(req, traces, timeout)


class AsyncioTransport(ExchangingTransport):
    """A `transport.Transport` for asyncio.  One loop at a time; close it within the loop that used it."""

    def __init__(self, *, tls: Tls = DEFAULT_TLS, proxy: ProxyRule = None) -> None:
        self._tls = tls
        self._proxy = proxy
        self._context: ssl.SSLContext | None = None
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._openers: dict[tuple[bool, str], aiohttp.ClientRequest] = {}

    async def send(self, request: Request, *, max_body: int = MAX_BODY) -> Response:
        """Return the answer to one request, sent once: as the base class does, in fewer steps for the common case."""
        if request.follow_redirects or request.is_part:
            return await super().send(request, max_body=max_body)
        if self._proxy is None and is_small(request):
            return await self._send_small(request, max_body)
        exchange = await self._exchanged(request, is_whole=True)
        try:
            return Response(exchange.status, exchange.headers, await self._read(exchange, max_body), request.url)
        finally:
            await exchange.end()

    async def _send_small(self, request: Request, max_body: int) -> Response:
        connection = await self._connection(request)
        handler = connection.protocol
        assert handler is not None
        try:
            taker = PlainTaker(handler, request, max_body)
            head = await taker.exchange()
            if head is None:
                response, keeps = await _odd_response(request, handler, max_body), True
            else:
                response = Response(head.status, received_headers(head.fields), head.begun, request.url)
                keeps = head.keeps
        except BaseException as error:
            _abort(connection)
            if isinstance(error, _THEIRS):
                raise _sent_error(request, error) from error
            raise
        if keeps and taker.is_sent:
            connection.release()
        else:
            connection.close()
        return response

    async def _connection(self, request: Request) -> Connection:
        """Return one of aiohttp's connections, kept or new, for this request alone."""
        session = self._session_here()
        token = _connect_seconds.set(request.timeout.connect)
        try:
            assert session.connector is not None
            return await session.connector.connect(self._opener(session, request), [], _client_timeout(None))
        except _THEIRS as error:
            raise _connect_error(request, error) from error
        finally:
            _connect_seconds.reset(token)

    def _opener(self, session: aiohttp.ClientSession, request: Request) -> aiohttp.ClientRequest:
        """Return what aiohttp's connector wants to know of a connection: a request to the same origin."""
        key = (request.target.is_tls, request.target.authority)
        if (known := self._openers.get(key)) is not None:
            return known
        if len(self._openers) >= _MOST_OPENERS:
            self._openers.clear()
        url = yarl.URL(f"{request.target.scheme}://{request.target.authority}/", encoded=True)
        ssl = self._tls_context() if request.target.is_tls else True
        made = aiohttp.ClientRequest("GET", url, loop=asyncio.get_running_loop(), session=session, ssl=ssl)
        self._openers[key] = made
        return made

    async def _read(self, exchange: _Asyncio, max_body: int) -> bytes:
        if (whole := exchange.whole(max_body)) is not None:
            return whole
        return await Streamed(exchange.request, exchange).read(max_body)

    async def _open(self, request: Request) -> _Asyncio:
        return await self._exchanged(request, is_whole=False)

    async def _exchanged(self, request: Request, *, is_whole: bool) -> _Asyncio:
        """Send the request and return the answer's head.

        A body that is taken whole is mostly there by then; where it is not, `_Asyncio` bounds the silence itself.
        """
        proxy = proxy_for(self._proxy, request.url) if self._proxy is not None else None
        body = await asyncio.to_thread(BodyReader, request) if request.is_part else BodyReader(request)
        sending = _Sending(request, body)
        token = _sending.set(sending)
        connecting = _connect_seconds.set(request.timeout.connect)
        try:
            return _Asyncio(sending, await self._request(sending, proxy, is_whole), is_whole)
        except BaseException as error:
            sending.abort()
            body.close()
            if isinstance(error, _THEIRS):
                raise _our_error(sending, error) from error
            raise
        finally:
            _connect_seconds.reset(connecting)
            _sending.reset(token)

    async def _request(self, sending: _Sending, proxy: Proxy | None, is_whole: bool) -> aiohttp.ClientResponse:
        request = sending.request
        async with sending.watched():
            answer = await self._session_here().request(
                request.method,
                yarl.URL(request.url, encoded=True),
                headers=_fields(request, proxy),
                data=sending.chunks() if request.size else None,
                allow_redirects=False,
                proxy=proxy.url if proxy else None,
                proxy_headers=proxy.fields if proxy and request.target.is_tls else None,
                ssl=self._tls_context() if request.target.is_tls else True,
                timeout=_client_timeout(None if is_whole else request.timeout.read),
            )
        sending.unwatch()
        return answer

    def _session_here(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._session is None or self._session.closed or self._loop is not loop:
            self._session, self._loop = _new_session(), loop
            self._openers.clear()
        return self._session

    def _tls_context(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl_context(self._tls)
        return self._context

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds``."""
        await asyncio.sleep(max(seconds, 0))

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        return time.time()

    def lock(self) -> AbstractAsyncContextManager[None]:
        """Return a new lock between tasks."""
        return asyncio.Lock()

    async def close(self) -> None:
        """Close the connections of this loop."""
        session, self._session = self._session, None
        if session is not None and self._loop is asyncio.get_running_loop():
            await session.close()


async def _odd_response(request: Request, handler: ResponseHandler, max_body: int) -> Response:
    """Return an answer that aiohttp's own protocol reads."""
    exchange = await OddAnswer.begun(request, handler)
    body = await Streamed(request, exchange).read(max_body)
    return Response(exchange.status, exchange.headers, body, request.url)


def _abort(connection: Connection) -> None:
    """End a connection at once; aiohttp would first wait for what is unsent."""
    if connection.transport is not None:
        connection.transport.abort()
    connection.close()


@functools.lru_cache(maxsize=64)
def _client_timeout(read: float | None) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, sock_read=read)


def _new_session() -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=_Connector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=_OWN_FIELDS,
        request_class=_ExactRequest,
        max_line_size=MAX_LINE,
        max_field_size=MAX_LINE,
    )
    # aiohttp sends what it takes for idempotent a second time by itself; signatures hold once, and `retry` decides.
    session._retry_connection = False
    return session


class _Asyncio:
    """The `_exchange.Exchange` of this transport."""

    def __init__(self, sending: _Sending, answer: aiohttp.ClientResponse, is_whole: bool) -> None:
        self.status = answer.status
        self.headers: Headers = received_headers(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.raw_headers
        )
        self._sending = sending
        self._answer = answer
        self._silence = sending.request.timeout.read if is_whole else None  # seconds, where aiohttp bounds none

    @property
    def request(self) -> Request:
        """What was asked."""
        return self._sending.request

    def whole(self, limit: int) -> bytes | None:
        """Return the body where all of it is here already and fits, else ``None``; nothing is taken then."""
        content = self._answer.content
        if not content.is_eof() or content.exception() is not None or content.total_bytes > limit:
            return None
        return content.read_nowait()

    async def receive(self) -> bytes:
        try:
            async with asyncio.timeout(self._silence):
                return await self._answer.content.read(CHUNK)
        except _THEIRS as error:
            raise _our_error(self._sending, error) from error

    async def end(self) -> None:
        if self._answer.content.is_eof() and self._sending.is_sent:
            self._answer.release()
        else:
            self._answer.close()
            self._sending.abort()
        self._sending.body.close()


def _fields(request: Request, proxy: Proxy | None) -> list[tuple[str, str]]:
    to_proxy = proxy.fields if proxy and not request.target.is_tls else {}
    return [*fields_to_send(request), *to_proxy.items()]


#: What aiohttp raises, and becomes an error of ours.
_THEIRS = (aiohttp.ClientError, TimeoutError, OSError)


def _our_error(sending: _Sending, error: Exception) -> BuildyardError:
    if sending.error is not None:
        return sending.error
    return _sent_error(sending.request, error) if sending.has_begun else _connect_error(sending.request, error)


def _sent_error(request: Request, error: Exception) -> BuildyardError:
    if isinstance(error, TimeoutError):
        return TimedOut("read", request.timeout.read, method=request.method, url=request.url)
    if is_certificate_alert(_whole_text(error)):
        return TlsFailed(f"the service refused our certificate: {error}", method=request.method, url=request.url)
    if isinstance(error, aiohttp.ClientResponseError):
        return nonsense(request, error.message)
    # Its own text may hold the fields of half an answer, cookies included.
    is_hang_up = isinstance(error, aiohttp.ServerDisconnectedError)
    return cut(request, "the service hung up" if is_hang_up else error)


def _whole_text(error: BaseException) -> str:
    text = str(error)
    while error.__cause__ is not None:
        error = error.__cause__
        text += f" {error}"
    return text


def _connect_error(request: Request, error: Exception) -> TransportError:
    method, url = request.method, request.url
    if isinstance(error, TimeoutError):
        return TimedOut("connect", request.timeout.connect, method=method, url=url)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return TlsFailed(f"TLS failed: {_certificate_reason(error)}", method=method, url=url)
    if isinstance(error, aiohttp.ClientConnectorSSLError) and not isinstance(error.os_error, ssl.SSLEOFError):
        return TlsFailed(f"TLS failed: {error.os_error}", method=method, url=url)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return ProxyFailed(f"the proxy answered {error.status}", method=method, url=url, status=error.status)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return ConnectFailed(f"the name cannot be looked up: {error.os_error.strerror}", method=method, url=url)
    inner = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return ConnectFailed(in_words(inner), method=method, url=url)


def _certificate_reason(error: aiohttp.ClientConnectorCertificateError) -> str:
    inner = error.certificate_error
    return getattr(inner, "verify_message", "") or str(inner)
