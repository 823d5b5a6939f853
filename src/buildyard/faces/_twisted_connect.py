"""Connections of the Twisted transport: endpoints, TLS, tunnels through proxies, and the wires they end in.

`Dialer.dial` returns a `Wire` that is ready for a request: connected, let through by the proxy, and with the TLS
handshake done, so that whatever fails before has sent nothing.  `twisted` uses it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.error import DNSLookupError
from twisted.internet.error import TimeoutError as ConnectTimeout
from twisted.internet.interfaces import IHandshakeListener, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web._newclient import HTTP11ClientProtocol
from zope.interface import implementer  # type: ignore[import-untyped]

from buildyard.errors import BuildyardError, ConnectFailed, NotInstalled, ProxyFailed, TimedOut, TlsFailed
from buildyard.faces._exchange import in_words
from buildyard.faces.connecting import DEFAULT_TLS, Proxy, Tls, ssl_context
from buildyard.faces.transport import Request
from buildyard.faces.urls import Target

#: The longest head of an answer; Twisted itself bounds its lines and not their number.
_MAX_HEAD = 256 * 1024

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_STATUS_LINE = re.compile(rb"HTTP/1\.\d (\d{3})")


@implementer(IHandshakeListener)
class Wire(HTTP11ClientProtocol):
    """One connection to a service.  ``ready`` fires when a request may be sent."""

    def __init__(self, on_idle: Callable[[Wire], None], *, is_tls: bool) -> None:
        super().__init__(on_idle)  # type: ignore[no-untyped-call]
        self.ready: Deferred[None] = Deferred()
        self._gone: Deferred[None] = Deferred()
        self.is_last = False  #: the service will close it
        self.has_overflown = False  #: it sent a head without an end
        self._head_left: int | None = None
        self._is_tls = is_tls

    def expect_head(self, is_expected: bool) -> None:
        """Count what comes as a head from now on, or no longer."""
        self._head_left = _MAX_HEAD if is_expected else None

    def dataReceived(self, bytes: bytes) -> None:  # noqa: N802
        """Take what came, unless it is too much for a head."""
        if self._head_left is not None:
            self._head_left -= len(bytes)
            self.has_overflown = self._head_left < 0
        if self.has_overflown:
            self.abort()
        else:
            super().dataReceived(bytes)  # type: ignore[no-untyped-call]

    @property
    def is_idle(self) -> bool:
        """True where another request may be sent."""
        return self.state == "QUIESCENT" and not self.is_last

    def connectionMade(self) -> None:  # noqa: N802
        """Note that the connection stands."""
        super().connectionMade()
        if not self._is_tls:
            self.ready.callback(None)

    def handshakeCompleted(self) -> None:  # noqa: N802
        """Note that TLS is agreed upon."""
        if not self.ready.called:
            self.ready.callback(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        """Note that the connection is gone."""
        if not self.ready.called:
            self.ready.errback(reason)
        super().connectionLost(reason)  # type: ignore[no-untyped-call]
        self._gone.callback(None)

    def abort(self) -> Deferred[None]:
        """End the connection at once; return a Deferred that fires when it is gone."""
        # The base class has an ``abort`` too, in which a request that is still being written would hang for ever.
        transport: Any = self.transport
        if self.state != "CONNECTION_LOST":
            transport.abortConnection()
        return self._gone


class _WireFactory(Factory):
    noisy = False

    def __init__(self, on_idle: Callable[[Wire], None], *, is_tls: bool) -> None:
        self._on_idle = on_idle
        self._is_tls = is_tls

    def buildProtocol(self, addr: object) -> Wire:  # noqa: N802
        return Wire(self._on_idle, is_tls=self._is_tls)


class _Attempt:
    """One attempt to connect, and who ended it: endpoints that are cancelled fail in words of their own."""

    def __init__(self, reactor: Any, dialing: Deferred[Wire], seconds: float) -> None:
        self.is_late = False
        self.is_unwanted = False  #: by our caller
        self.wire: Deferred[Wire] = Deferred(self._cancel)
        self._dialing = dialing
        self._timer = reactor.callLater(seconds, self._expire)
        dialing.chainDeferred(self.wire)

    def _cancel(self, _: object) -> None:
        self.is_unwanted = True
        self._dialing.cancel()

    def _expire(self) -> None:
        self.is_late = True
        self._dialing.cancel()

    def end(self) -> None:
        if self._timer.active():
            self._timer.cancel()


class Dialer:
    """Opens wires, with one TLS identity."""

    def __init__(self, reactor: Any, tls: Tls) -> None:
        self._reactor = reactor
        self._tls = tls
        self._creators: dict[str, Any] = {}

    async def dial(self, request: Request, proxy: Proxy | None, on_idle: Callable[[Wire], None]) -> Wire:
        """Return a wire to the request's origin.

        Raises `ConnectFailed` (`TlsFailed`, `ProxyFailed`) or `TimedOut` with the phase "connect".
        """
        dialing = Deferred.fromCoroutine(self._dial(request, proxy, on_idle))
        attempt = _Attempt(self._reactor, dialing, request.timeout.connect)
        try:
            return await attempt.wire
        except BuildyardError:
            raise
        except Exception as error:
            if attempt.is_unwanted:
                raise CancelledError from error
            raise _translated(error, request, is_late=attempt.is_late) from error
        finally:
            attempt.end()

    async def _dial(self, request: Request, proxy: Proxy | None, on_idle: Callable[[Wire], None]) -> Wire:
        endpoint = self._endpoint(request.target, proxy, request.timeout.connect)
        wire: Wire = await endpoint.connect(_WireFactory(on_idle, is_tls=request.target.is_tls))
        try:
            await wire.ready
        except BaseException:
            wire.abort()
            raise
        return wire

    def _endpoint(self, target: Target, proxy: Proxy | None, seconds: float) -> Any:
        host, port = (proxy.host, proxy.port) if proxy else (target.host, target.port)
        endpoint: Any = HostnameEndpoint(self._reactor, host, port, timeout=seconds)
        if not target.is_tls:
            return endpoint
        if proxy:
            endpoint = _TunnelEndpoint(endpoint, target, proxy)
        return wrapClientTLS(self._creator(target.host), endpoint)

    def _creator(self, host: str) -> Any:
        # Each holds the trusted certificates parsed, which takes milliseconds.
        if host not in self._creators:
            self._creators[host] = _tls_creator(host, self._tls)
        return self._creators[host]


def _tls_creator(host: str, tls: Tls) -> Any:
    """Return what makes TLS connections to ``host``, checking certificate and name."""
    library = _tls_library()
    options: dict[str, Any] = {}
    if tls != DEFAULT_TLS:
        # OpenSSL's bindings find out late, and in other words, that a file is unusable.
        ssl_context(tls)
    if tls.ca_file:
        trusted = map(library.Certificate.loadPEM, _certificates(tls.ca_file))
        options["trustRoot"] = library.trustRootFromCertificates(trusted)
    if tls.cert_file:
        own, *chain = _certificates(tls.cert_file)
        key = Path(tls.key_file or tls.cert_file).read_bytes()
        options["clientCertificate"] = library.PrivateCertificate.loadPEM(own + key)
        if chain:
            links = [library.Certificate.loadPEM(link).original for link in chain]
            options["extraCertificateOptions"] = {"extraCertChain": links}
    return library.optionsForClientTLS(host, **options)


def _tls_library() -> Any:
    try:
        from twisted.internet import ssl
    except ImportError as error:
        raise NotInstalled("pyOpenSSL and service-identity", extra="twisted", purpose="https over Twisted") from error
    return ssl


def _certificates(path: str) -> list[bytes]:
    return [found.group() + b"\n" for found in _CERTIFICATE.finditer(Path(path).read_bytes())]


class _NotHttp(Exception):
    pass


class _Refused(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@implementer(IStreamClientEndpoint)
class _TunnelEndpoint:
    """An endpoint behind a proxy, by ``CONNECT`` (RFC 9110 section 9.3.6)."""

    def __init__(self, endpoint: Any, target: Target, proxy: Proxy) -> None:
        self._endpoint = endpoint
        self._target = target
        self._proxy = proxy

    def connect(self, protocolFactory: Any) -> Deferred[Any]:  # noqa: N803
        """Return a Deferred of the factory's protocol, connected through the proxy."""
        return Deferred.fromCoroutine(self._connect(protocolFactory))

    async def _connect(self, factory: Any) -> Any:
        tunnel: _Tunnel = await self._endpoint.connect(_TunnelFactory(self._head()))
        try:
            await tunnel.established
        except BaseException:
            tunnel.abort()
            raise
        return tunnel.carry(factory)

    def _head(self) -> bytes:
        host = f"[{self._target.host}]" if ":" in self._target.host else self._target.host
        place = f"{host}:{self._target.port}"
        fields = {"Host": place} | self._proxy.fields
        lines = [f"CONNECT {place} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class _TunnelFactory(Factory):
    noisy = False

    def __init__(self, head: bytes) -> None:
        self._head = head

    def buildProtocol(self, addr: Any) -> _Tunnel:  # noqa: N802
        return _Tunnel(self._head, addr)


class _Tunnel(Protocol):
    """Asks a proxy for a tunnel, then passes bytes on to the protocol at its end."""

    def __init__(self, head: bytes, address: Any) -> None:
        self.established: Deferred[None] = Deferred()
        self._head = head
        self._address = address
        self._received = b""
        self._inner: Any = None

    def connectionMade(self) -> None:  # noqa: N802
        transport: Any = self.transport
        transport.write(self._head)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        if self._inner is not None:
            self._inner.dataReceived(data)
            return
        self._received += data
        head, is_whole, rest = self._received.partition(b"\r\n\r\n")
        if is_whole and not self.established.called:
            self._received = rest
            self._judge(head)
        elif len(self._received) > _MAX_HEAD:
            self.abort()

    def _judge(self, head: bytes) -> None:
        status = _STATUS_LINE.match(head)
        if status is None:
            self.established.errback(_NotHttp("the proxy's answer is not HTTP"))
        elif not status.group(1).startswith(b"2"):
            self.established.errback(_Refused(int(status.group(1))))
        else:
            self.established.callback(None)

    def carry(self, factory: Any) -> Any:
        """Return the factory's protocol, at the end of this tunnel."""
        self._inner = factory.buildProtocol(self._address)
        self._inner.makeConnection(self.transport)
        if self._received:
            self._inner.dataReceived(self._received)
        return self._inner

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        if self._inner is not None:
            self._inner.connectionLost(reason)
        elif not self.established.called:
            self.established.errback(reason)

    def abort(self) -> None:
        """End the connection at once."""
        transport: Any = self.transport
        transport.abortConnection()


def _translated(error: Exception, request: Request, *, is_late: bool) -> BuildyardError:
    """Return our error for what Twisted raised while connecting."""
    method, url = request.method, request.url
    if is_late or isinstance(error, ConnectTimeout):
        return TimedOut("connect", request.timeout.connect, method=method, url=url)
    if isinstance(error, _Refused):
        return ProxyFailed(f"the proxy answered {error.status}", method=method, url=url, status=error.status)
    if isinstance(error, DNSLookupError):
        return ConnectFailed(f"the name cannot be looked up: {error}", method=method, url=url)
    kind = TlsFailed if _is_tls_error(error) else ConnectFailed
    return kind(_reason(error), method=method, url=url)


def is_untrusted(error: BaseException) -> bool:
    """Return True if the certificate is for another name; older Twisteds tell so after the handshake."""
    return type(error).__module__.startswith("service_identity")


def _is_tls_error(error: Exception) -> bool:
    # A handshake that the peer cuts short (SysCallError) may go well the next time.
    module, name = type(error).__module__, type(error).__name__
    is_openssl = module.startswith("OpenSSL") and name not in ("SysCallError", "ZeroReturnError")
    return is_openssl or is_untrusted(error)


def _reason(error: Exception) -> str:
    if _is_tls_error(error):
        return f"TLS failed: {error}"
    number = getattr(error, "osError", None)
    return in_words(error, number if isinstance(number, int) else None)
