"""The blocking transport, on urllib3's connections.

`http` names it; read `_exchange` first.  urllib3 connects, to hosts and through proxies, with TLS or without.  Its pool
would tidy URLs, and connecting, sending and receiving must be told apart to say what may have been sent; so requests
and answers go over its sockets by `_plain_http`, and by http.client where an answer is not plain.  Every wait is one
that Ctrl-C ends: sockets with time-outs, `time.sleep`, and names looked up on a thread (`_resolve`).
"""

from __future__ import annotations

import contextlib
import http.client
import io
import os
import re
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Protocol

import urllib3.exceptions
from urllib3.connection import HTTPConnection, HTTPSConnection

from buildyard.errors import BuildyardError, ConnectFailed, ProxyFailed, TimedOut, TlsFailed, TransportError
from buildyard.faces import _resolve
from buildyard.faces._bodies import BodyReader
from buildyard.faces._exchange import (
    CHUNK,
    ExchangingTransport,
    cut,
    fields_to_send,
    in_words,
    nonsense,
    received_headers,
)
from buildyard.faces._plain_http import Head, plain_head, request_head
from buildyard.faces.connecting import (
    DEFAULT_TLS,
    Proxy,
    ProxyRule,
    Tls,
    is_certificate_alert,
    proxy_for,
    ssl_context,
)
from buildyard.faces.transport import Headers, Request

#: How much of a large body is received at a time.
_LARGE_CHUNK = 256 * 1024

#: How many idle connections are kept to one origin.
KEPT = 32

_TUNNEL_REFUSED = re.compile(r"Tunnel connection failed: (\d{3})")
_INTERIM = re.compile(rb"HTTP/1\.[01] 1(?!01)\d\d[ \r\n]")


class _WholeLines:
    """A file whose lines end with a newline or raise: http.client takes a cut head for a whole one."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readline(self, limit: int) -> bytes:
        line: bytes = self._file.readline(limit)
        if len(line) < limit and not line.endswith(b"\n"):
            raise http.client.RemoteDisconnected("the connection ended within the head of the answer")
        # http.client skips 100 Continue alone; the others (103 Early Hints) are no answers either.
        return b"HTTP/1.1 100 Continue\r\n" if _INTERIM.match(line) else line

    def close(self) -> None:
        self._file.close()


class _Answer(http.client.HTTPResponse):
    def begin(self) -> None:
        whole: Any = self.fp
        self.fp = _WholeLines(whole)  # type: ignore[assignment]
        try:
            super().begin()
        finally:
            if self.fp is not None:
                self.fp = whole


class _Begun(io.RawIOBase):
    """What http.client reads an answer from: its first bytes, which we have, and the socket after them."""

    def __init__(self, sock: socket.socket, data: bytes) -> None:
        self._socket = sock
        self._data = data

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._data:
            return self._socket.recv_into(buffer)
        size = min(len(buffer), len(self._data))
        buffer[:size], self._data = self._data[:size], self._data[size:]
        return size

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(self)


class _Plain(HTTPConnection):
    auto_open = 0  # a connection that is gone is an error, never silently another one
    _silence: float | None = None

    def _new_conn(self) -> socket.socket:
        assert isinstance(self.timeout, (int, float))
        return _resolve.connect(self.host, int(self.port), self.timeout)

    def bound_silence(self, seconds: float) -> None:
        """Let each wait for the peer end after so long, with `BlockingIOError`.

        The kernel's time-outs (socket(7)): Python's own ask `poll` before each call, and give up the interpreter twice
        as often, which threads beside each other pay dearly.
        """
        if self._silence != seconds:
            assert self.sock is not None
            self.sock.settimeout(None)
            for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                self.sock.setsockopt(socket.SOL_SOCKET, option, _timeval(seconds))
            self._silence = seconds


def _timeval(seconds: float) -> bytes:
    micros = max(int(seconds * 1_000_000), 1)  # 0 would be for ever
    return struct.pack("@ll", *divmod(micros, 1_000_000))


class _Encrypted(HTTPSConnection):
    auto_open = 0

    def _new_conn(self) -> socket.socket:
        assert isinstance(self.timeout, (int, float))
        return _resolve.connect(self.host, int(self.port), self.timeout)

    def bound_silence(self, seconds: float) -> None:
        """Let each wait for the peer end after so long, with `TimeoutError`."""
        assert self.sock is not None
        if self.sock.gettimeout() != seconds:
            self.sock.settimeout(seconds)


_Connection = _Plain | _Encrypted
_Key = tuple[tuple[str, str, int], Proxy | None]


class _Lock(AbstractAsyncContextManager[None]):
    """A thread lock; a child process gets a fresh one, as the holder may not have been forked along."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid = os.getpid()

    async def __aenter__(self) -> None:
        if self._pid != os.getpid():
            self._lock, self._pid = threading.Lock(), os.getpid()
        self._lock.acquire()

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()


class BlockingTransport(ExchangingTransport):
    """A `transport.Transport` that never suspends.  It may be used by many threads, and in forked children."""

    def __init__(self, *, tls: Tls = DEFAULT_TLS, proxy: ProxyRule = None) -> None:
        self._tls = tls
        self._proxy = proxy
        self._context: ssl.SSLContext | None = None
        self._kept: dict[_Key, deque[_Connection]] = {}
        self._pid = os.getpid()

    async def _open(self, request: Request) -> _Blocking:
        proxy = proxy_for(self._proxy, request.url)
        key = (request.target.origin, proxy)
        with BodyReader(request) as body:
            wire = _Wire(request, self._take(key) or self._connect(request, proxy))
            try:
                receiving = wire.exchange(_head(request, proxy), body)
            except BaseException:
                wire.connection.close()
                raise
        return _Blocking(wire, receiving, lambda: self._keep(key, wire.connection))

    def _take(self, key: _Key) -> _Connection | None:
        if self._pid != os.getpid():
            # The parent still speaks on these sockets, so a child lets go of them without a word.
            self._kept, self._pid = {}, os.getpid()
        kept = self._kept.get(key, ())
        while kept:
            try:
                connection = kept.pop()
            except IndexError:  # another thread was faster
                return None
            if connection.is_connected:
                return connection
            connection.close()
        return None

    def _keep(self, key: _Key, connection: _Connection) -> None:
        kept = self._kept.setdefault(key, deque())
        if connection.sock is None or len(kept) >= KEPT or self._pid != os.getpid():
            connection.close()
        else:
            kept.append(connection)

    def _connect(self, request: Request, proxy: Proxy | None) -> _Connection:
        connection = self._new_connection(request, proxy)
        try:
            with _connect_errors(request):
                connection.connect()
        except BaseException:
            connection.close()
            raise
        return connection

    def _new_connection(self, request: Request, proxy: Proxy | None) -> _Connection:
        target, seconds = request.target, request.timeout.connect
        host, port = (proxy.host, proxy.port) if proxy else (target.host, target.port)
        if not target.is_tls:
            return _Plain(host, port, timeout=seconds)
        if self._context is None:
            self._context = ssl_context(self._tls)
        connection = _Encrypted(host, port, timeout=seconds, ssl_context=self._context)
        if proxy:
            connection.set_tunnel(target.host, target.port, headers=proxy.fields)
        return connection

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds``."""
        time.sleep(max(seconds, 0))  # noqa: ASYNC251 - blocking is this transport's task

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        return time.time()

    def lock(self) -> AbstractAsyncContextManager[None]:
        """Return a new lock between threads."""
        return _Lock()

    async def close(self) -> None:
        """Close the idle connections."""
        self._let_go()

    def __del__(self) -> None:
        # Scripts make a client, ask, and forget it.
        self._let_go()

    def _let_go(self, getpid: Callable[[], int] = os.getpid) -> None:
        # Bound as a default, as at the end of a program modules are gone before what uses them.
        kept, self._kept = self._kept, {}
        if self._pid == getpid():
            for connection in (one for deck in kept.values() for one in deck):
                connection.close()


class _Wire:
    """One request and its answer on one connection."""

    def __init__(self, request: Request, connection: _Connection) -> None:
        self.request = request
        self.connection = connection

    def exchange(self, head: bytes, body: BodyReader) -> _Receiving:
        """Return what receives the answer, its head received."""
        self.connection.bound_silence(self.request.timeout.read)
        with self.errors():
            try:
                self._send(head, body)
            except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError) as error:
                # A service that refuses an upload answers before its end, and hangs up.
                return self._early_answer(error)
            return self._answer()

    def _send(self, head: bytes, body: BodyReader) -> None:
        sock = self._socket
        if body.is_file and not isinstance(sock, ssl.SSLSocket):
            sock.sendall(head)
            body.send_file(sock)
            return
        # Together: one packet, and one waking of the service.
        sock.sendall(head + body.next())
        for chunk in body:
            sock.sendall(chunk)

    @property
    def _socket(self) -> socket.socket:
        assert self.connection.sock is not None
        return self.connection.sock

    def _answer(self) -> _Receiving:
        data = self._socket.recv(CHUNK)
        plain = plain_head(data, self.request.method)
        if plain is not None:
            return _PlainBody(plain, self._socket)
        answer = _Answer(_Begun(self._socket, data), method=self.request.method)  # type: ignore[arg-type]
        answer.begin()
        return _OtherBody(answer)

    def _early_answer(self, error: OSError) -> _Receiving:
        try:
            return self._answer()
        except ssl.SSLError as later:
            # The alert that follows tells more than the hang-up.
            raise (later if is_certificate_alert(str(later)) else error) from None
        except (OSError, http.client.HTTPException):
            raise error from None

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what the libraries raise while a request is sent and answered into our errors."""
        request = self.request
        try:
            yield
        except BuildyardError:
            raise
        except (TimeoutError, BlockingIOError) as error:
            raise TimedOut("read", request.timeout.read, method=request.method, url=request.url) from error
        except ssl.SSLError as error:
            raise self._tls_error(error) from error
        except (OSError, http.client.IncompleteRead) as error:
            raise cut(request, error) from error
        except http.client.HTTPException as error:
            raise nonsense(request, error) from error

    def _tls_error(self, error: ssl.SSLError) -> TransportError:
        if is_certificate_alert(str(error)):
            reason = f"the service refused our certificate: {error.reason}"
            return TlsFailed(reason, method=self.request.method, url=self.request.url)
        return cut(self.request, error)


class _Receiving(Protocol):
    """An answer whose head is there, and the way to the rest."""

    status: int
    fields: list[tuple[str, str]]
    keeps: bool  #: the connection may be used again after it

    def receive(self) -> bytes:
        """Return the next bytes of the body, or nothing at its end."""

    def close(self) -> None:
        """Let go of what it holds beside the connection."""


class _PlainBody:
    """A plain answer: so many bytes, from the socket itself."""

    def __init__(self, head: Head, sock: socket.socket) -> None:
        self.status, self.fields, self._left, self.keeps, self._begun = head
        self._socket = sock

    def receive(self) -> bytes:
        chunk, self._begun = self._begun, b""
        if not chunk and self._left:
            chunk = self._socket.recv(min(_LARGE_CHUNK, self._left))
            if not chunk:
                raise http.client.IncompleteRead(b"", self._left)
        self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        """Nothing is held."""


class _OtherBody:
    """Any other answer, as http.client reads it."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status = answer.status
        self.fields = answer.getheaders()
        self.keeps = not answer.will_close
        self._answer = answer

    def receive(self) -> bytes:
        chunk = self._answer.read1(CHUNK)
        if not chunk and self._answer.length:
            raise http.client.IncompleteRead(b"", self._answer.length)
        return chunk

    def close(self) -> None:
        self._answer.close()


class _Blocking:
    """The `_exchange.Exchange` of this transport."""

    def __init__(self, wire: _Wire, receiving: _Receiving, keep: Callable[[], None]) -> None:
        self.status = receiving.status
        self.headers: Headers = received_headers(receiving.fields)
        self._wire = wire
        self._receiving = receiving
        self._keep = keep
        self._is_whole = False

    async def receive(self) -> bytes:
        if self._is_whole:
            return b""
        with self._wire.errors():
            chunk = self._receiving.receive()
        self._is_whole = not chunk
        return chunk

    async def end(self) -> None:
        if self._is_whole and self._receiving.keeps:
            self._keep()
        else:
            with contextlib.suppress(OSError):
                self._receiving.close()
            self._wire.connection.close()


def _head(request: Request, proxy: Proxy | None) -> bytes:
    target, fields = request.target, fields_to_send(request)
    if not proxy or target.is_tls:
        return request_head(request.method, target.path, fields)
    # To a proxy that forwards, the request target is the whole URL (RFC 9112 section 3.2.2).
    own = {name.lower() for name in proxy.fields}
    fields = (*(field for field in fields if field[0].lower() not in own), *proxy.fields.items())
    return request_head(request.method, f"http://{target.authority}{target.path}", fields)


@contextmanager
def _connect_errors(request: Request) -> Iterator[None]:
    """Turn what the libraries raise while connecting into our errors; nothing has been sent then."""
    method, url = request.method, request.url
    try:
        yield
    except (TimeoutError, urllib3.exceptions.TimeoutError) as error:
        raise TimedOut("connect", request.timeout.connect, method=method, url=url) from error
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
        raise ConnectFailed("the connection ended within the TLS handshake", method=method, url=url) from error
    except ssl.SSLError as error:
        raise TlsFailed(_tls_reason(error), method=method, url=url) from error
    except socket.gaierror as error:
        raise ConnectFailed(f"the name cannot be looked up: {error.strerror}", method=method, url=url) from error
    except (OSError, http.client.HTTPException, urllib3.exceptions.HTTPError) as error:
        refused = _TUNNEL_REFUSED.search(str(error))
        if refused:
            status = int(refused.group(1))
            raise ProxyFailed(f"the proxy answered {status}", method=method, url=url, status=status) from error
        raise ConnectFailed(in_words(error), method=method, url=url) from error


def _tls_reason(error: ssl.SSLError) -> str:
    detail = getattr(error, "verify_message", "") or error.reason or str(error)
    return f"TLS failed: {detail}"
