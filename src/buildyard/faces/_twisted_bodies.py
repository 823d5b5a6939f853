"""Bodies over Twisted, both ways in constant memory, and the watch that ends a silent exchange.

`twisted` uses them; `_bodies` reads what goes out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionClosed
from twisted.internet.protocol import Protocol as WireProtocol
from twisted.internet.protocol import connectionDone
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure
from twisted.web._newclient import ResponseDone
from twisted.web.http import PotentialDataLoss, _DataLoss
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer  # type: ignore[import-untyped]

from buildyard.faces._bodies import BodyReader
from buildyard.faces._exchange import CHUNK


class Abortable(Protocol):
    """A connection that can be ended at once."""

    def abort(self) -> Deferred[None]:
        """End it."""


class Watch:
    """Aborts a connection after so many seconds without progress; a context around each wait."""

    def __init__(self, reactor: Any, seconds: float, wire: Abortable) -> None:
        self.has_expired = False
        self._reactor = reactor
        self._seconds = seconds
        self._wire = wire
        self._call: Any = None

    def __enter__(self) -> Self:
        self._call = self._reactor.callLater(self._seconds, self._expire)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = None

    def progress(self) -> None:
        """Begin to count anew."""
        if self._call is not None and self._call.active():
            self._call.reset(self._seconds)

    def _expire(self) -> None:
        self.has_expired = True
        self._wire.abort()


@implementer(IBodyProducer)
class OutgoingBody:
    """The body of a request, read in a thread where it is a file, and only as fast as the service takes it."""

    def __init__(self, reactor: Any, body: BodyReader, progress: Callable[[], None]) -> None:
        self.length = body.size
        self._reactor = reactor
        self._body = body
        self._progress = progress
        self._paused: Deferred[None] | None = None
        self._is_stopped = False

    def startProducing(self, consumer: Any) -> Deferred[None]:  # noqa: N802
        """Return a Deferred that fires when all was written, and never after `stopProducing`."""
        return Deferred.fromCoroutine(self._produce(consumer))

    async def _produce(self, consumer: Any) -> None:
        while chunk := await self._next():
            consumer.write(chunk)
            self._progress()
            if self._paused is not None:
                await self._paused

    async def _next(self) -> bytes:
        chunk = await self._read_in_thread() if self._body.is_file else self._body.next()
        if self._is_stopped:
            # IBodyProducer wants the Deferred of a stopped producer to stay silent.
            await Deferred[None]()
        return chunk

    async def _read_in_thread(self) -> bytes:
        return await deferToThreadPool(self._reactor, self._reactor.getThreadPool(), self._body.next)

    def pauseProducing(self) -> None:  # noqa: N802
        """Hold the next chunk back."""
        if self._paused is None:
            self._paused = Deferred()

    def resumeProducing(self) -> None:  # noqa: N802
        """Go on."""
        paused, self._paused = self._paused, None
        if paused is not None:
            paused.callback(None)

    def stopProducing(self) -> None:  # noqa: N802
        """Write nothing more."""
        self._is_stopped = True
        self._paused = self._paused or Deferred()


class IncomingBody(WireProtocol):
    """The body of an answer, pulled chunk by chunk; the connection is paused while nobody pulls."""

    def __init__(self) -> None:
        self.has_arrived = False
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._reason: BaseException | None = None
        self._waiting: Deferred[None] | None = None

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Take what came."""
        self._chunks.append(data)
        self._size += len(data)
        if self._size >= CHUNK:
            self._producer().pauseProducing()
        self._wake()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        """Take the end, good or bad."""
        self.has_arrived = True
        # Without length and chunks a body ends where the connection does (RFC 9112 section 6.3).
        is_end = isinstance(reason.value, (ResponseDone, PotentialDataLoss))
        self._reason = None if is_end else reason.value
        self._wake()

    async def next(self) -> bytes:
        """Return the next chunk, or nothing at the end; raises what cut the body."""
        while not self._chunks and not self.has_arrived:
            self._waiting = Deferred()
            await self._waiting
        if self._chunks:
            return self._pop()
        if self._reason is not None:
            raise self._reason
        return b""

    def _pop(self) -> bytes:
        chunk = self._chunks.popleft()
        self._size -= len(chunk)
        if self._size < CHUNK and not self.has_arrived:
            self._producer().resumeProducing()
        return chunk

    def _producer(self) -> Any:
        return self.transport

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(None)


def is_connection_error(error: BaseException) -> bool:
    """Return True if ``error`` tells of a connection that ended, not of an answer that made no sense."""
    return isinstance(error, (ConnectionClosed, _DataLoss, OSError)) or type(error).__module__.startswith("OpenSSL")
