"""The Twisted transport, on the parts that Twisted's ``Agent`` is made of.

The Agent itself tidies URLs and cannot tell connecting from sending, so its protocol (`HTTP11ClientProtocol`) is used
directly, over endpoints with TLS and proxies (`_twisted_connect`) and with bodies both ways (`_twisted_bodies`).
Read `_exchange` first.  TLS needs pyOpenSSL and service-identity, which the extra ``twisted`` brings.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any

from twisted.internet.defer import CancelledError, DeferredLock, gatherResults
from twisted.internet.task import deferLater
from twisted.web._newclient import Request as WireRequest
from twisted.web._newclient import RequestNotSent, _WrapperException
from twisted.web.http_headers import Headers as WireHeaders
from twisted.web.iweb import UNKNOWN_LENGTH

from buildyard.errors import BuildyardError, TimedOut, TlsFailed
from buildyard.faces._bodies import BodyReader
from buildyard.faces._exchange import ExchangingTransport, cut, fields_to_send, nonsense, received_headers
from buildyard.faces._twisted_bodies import IncomingBody, OutgoingBody, Watch, is_connection_error
from buildyard.faces._twisted_connect import Dialer, Wire, is_untrusted
from buildyard.faces.connecting import DEFAULT_TLS, Proxy, ProxyRule, Tls, is_certificate_alert, proxy_for
from buildyard.faces.transport import Headers, Request

#: How many idle connections are kept to one origin.
KEPT = 10

_Key = tuple[tuple[str, str, int], Proxy | None]


class TwistedTransport(ExchangingTransport):
    """A `transport.Transport` for Twisted; ``reactor`` is the installed one unless given."""

    def __init__(self, reactor: Any = None, *, tls: Tls = DEFAULT_TLS, proxy: ProxyRule = None) -> None:
        if reactor is None:
            from twisted.internet import reactor
        self._reactor = reactor
        self._proxy = proxy
        self._dialer = Dialer(reactor, tls)
        self._kept: dict[_Key, list[Wire]] = {}

    async def _open(self, request: Request) -> _Twisted:
        proxy = proxy_for(self._proxy, request.url)
        key = (request.target.origin, proxy)
        body = BodyReader(request)
        try:
            wire = self._take(key) or await self._dialer.dial(request, proxy, lambda idle: self._keep(key, idle))
            watch = Watch(self._reactor, request.timeout.read, wire)
            exchange = _Twisted(request, wire, watch)
            await exchange.begin(_outgoing(request, proxy, self._reactor, body, watch))
        finally:
            body.close()
        return exchange

    def _take(self, key: _Key) -> Wire | None:
        kept = self._kept.get(key, [])
        while kept:
            wire = kept.pop()
            if wire.is_idle:
                return wire
            wire.abort()
        return None

    def _keep(self, key: _Key, wire: Wire) -> None:
        kept = self._kept.setdefault(key, [])
        kept[:] = [other for other in kept if other.is_idle]
        if len(kept) < KEPT:
            kept.append(wire)
        else:
            wire.abort()

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds``."""
        await deferLater(self._reactor, max(seconds, 0), lambda: None)

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        return time.time()

    def lock(self) -> AbstractAsyncContextManager[None]:
        """Return a new lock between coroutines."""
        return _Lock()

    async def close(self) -> None:
        """Close the idle connections, and return when they are gone."""
        kept, self._kept = self._kept, {}
        await gatherResults([wire.abort() for wires in kept.values() for wire in wires])


class _Lock(AbstractAsyncContextManager[None]):
    def __init__(self) -> None:
        self._lock = DeferredLock()

    async def __aenter__(self) -> None:
        await self._lock.acquire()

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()


class _Twisted:
    """The `_exchange.Exchange` of this transport."""

    def __init__(self, request: Request, wire: Wire, watch: Watch) -> None:
        self.status = 0
        self.headers = Headers()
        self._request = request
        self._wire = wire
        self._watch = watch
        self._body = IncomingBody()

    async def begin(self, outgoing: WireRequest) -> None:
        """Send the request and take the head of its answer."""
        self._wire.expect_head(True)
        with self._errors(), self._watch:
            answer: Any = await self._wire.request(outgoing)
        self._wire.expect_head(False)
        self.status = answer.code
        self.headers = _headers(answer)
        # An HTTP/1.0 service hangs up after its answer, which Twisted does not expect.
        self._wire.is_last = answer.version[:3] == (b"HTTP", 1, 0)
        answer.deliverBody(self._body)

    async def receive(self) -> bytes:
        with self._errors(), self._watch:
            return await self._body.next()

    async def end(self) -> None:
        # A wire whose answer has wholly arrived may serve another request already.
        if not self._body.has_arrived:
            self._wire.abort()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except BuildyardError:
            raise
        except Exception as error:
            raise self._translated(error) from error

    def _translated(self, error: Exception) -> Exception:
        request, reasons = self._request, _reasons(error)
        ours = next((reason for reason in reasons if isinstance(reason, BuildyardError)), None)
        if ours is not None:
            return ours
        if self._watch.has_expired:
            return TimedOut("read", request.timeout.read, method=request.method, url=request.url)
        if self._wire.has_overflown:
            return nonsense(request, "its head has no end")
        if any(isinstance(reason, CancelledError) for reason in reasons):
            return CancelledError()
        if isinstance(error, RequestNotSent):
            return cut(request, "it was closed while idle", maybe_sent=False)
        if any(is_untrusted(reason) for reason in reasons):
            return TlsFailed(f"TLS failed: {reasons[0]}", method=request.method, url=request.url)
        if any(is_certificate_alert(str(reason)) for reason in reasons):
            return TlsFailed(
                f"the service refused our certificate: {reasons[0]}", method=request.method, url=request.url
            )
        if all(is_connection_error(reason) for reason in reasons):
            return cut(request, reasons[0])
        return nonsense(request, repr(next(reason for reason in reasons if not is_connection_error(reason))))


def _reasons(error: BaseException) -> list[BaseException]:
    """Return what is wrapped in Twisted's failures of requests and responses."""
    if not isinstance(error, _WrapperException):
        return [error]
    return [inner for failure in error.reasons for inner in _reasons(failure.value)]


def _headers(answer: Any) -> Headers:
    pairs = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in answer.headers.getAllRawHeaders()
        for value in values
    ]
    # Twisted keeps the length for itself.
    has_length = any(name.lower() == "content-length" for name, _ in pairs)
    if answer.length is not UNKNOWN_LENGTH and answer.code not in (204, 304) and not has_length:
        pairs.append(("Content-Length", str(answer.length)))
    return received_headers(pairs)


def _outgoing(request: Request, proxy: Proxy | None, reactor: Any, body: BodyReader, watch: Watch) -> WireRequest:
    target = request.target
    is_forwarded = proxy is not None and not target.is_tls
    fields = WireHeaders()
    for name, value in (*fields_to_send(request), *(proxy.fields.items() if proxy and is_forwarded else ())):
        # Twisted writes the length itself where there is a body, or should be one.
        if name.lower() != "content-length" or not (request.size or request.method in ("PUT", "POST")):
            fields.addRawHeader(name.encode("ascii"), value.encode("latin-1"))
    line = f"http://{target.authority}{target.path}" if is_forwarded else target.path
    producer = OutgoingBody(reactor, body, watch.progress) if request.size else None
    return WireRequest(  # type: ignore[no-untyped-call]
        request.method.encode(), line.encode(), fields, producer, persistent=True
    )
