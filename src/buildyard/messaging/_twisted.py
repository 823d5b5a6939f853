"""The runtime of Twisted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Generator
from typing import Any

from twisted.internet.defer import Deferred

from buildyard.messaging._amqp.parameters import Parameters
from buildyard.messaging._consumer import Handle
from buildyard.messaging._consuming import is_async
from buildyard.messaging._runtime import Receiver, Timer
from buildyard.messaging._settings import Tls
from buildyard.messaging.exceptions import ConnectionException
from buildyard.messaging.message import Message

log = logging.getLogger(__name__)


class TwistedFuture:
    """A result that comes later.  Who cancels waiting for it gives it up, unless others may wait too."""

    def __init__(self, *, is_shared: bool = False) -> None:
        self._is_shared = is_shared
        self._is_done = False
        self._value: Any = None
        self._error: Exception | None = None
        self._waiting: list[Deferred[Any]] = []

    def done(self) -> bool:
        """Tell whether it has come."""
        return self._is_done

    def set_result(self, value: Any) -> None:
        """Let it come."""
        self._is_done, self._value = True, value
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.callback(value)

    def set_exception(self, error: Exception) -> None:
        """Let it fail."""
        self._is_done, self._error = True, error
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.errback(error)

    def deferred(self) -> Deferred[Any]:
        """Return a Deferred of it."""
        made: Deferred[Any] = Deferred(self._given_up)
        if not self._is_done:
            self._waiting.append(made)
        elif self._error is not None:
            made.errback(self._error)
        else:
            made.callback(self._value)
        return made

    def _given_up(self, one: Deferred[Any]) -> None:
        # Nobody waits for it now, so what checks `done` leaves it alone.
        self._is_done = not self._is_shared
        if one in self._waiting:
            self._waiting.remove(one)

    def __await__(self) -> Generator[Any, Any, Any]:
        return self.deferred().__await__()


class TwistedRuntime:
    """A reactor."""

    def __init__(self, reactor: Any) -> None:
        self.reactor = reactor
        self.now: Callable[[], float] = reactor.seconds
        self.future = TwistedFuture

    def call_soon(self, function: Callable[[], object]) -> object:
        """Call it when what is under way now has ended."""
        return self.reactor.callLater(0, function)

    def call_threadsafe(self, function: Callable[[], object]) -> object:
        """Call it soon, whichever thread this is."""
        return self.reactor.callFromThread(function)

    def call_later(self, seconds: float, function: Callable[[], object]) -> Timer:
        """Call it then."""
        return _Timer(self.reactor.callLater(seconds, function))

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> Deferred[None]:
        """Run it beside whatever else runs."""
        return Deferred.fromCoroutine(coroutine).addErrback(_log_failure)

    async def connect(self, parameters: Parameters, tls: Tls | None, receiver: Receiver) -> None:
        """Refuse: in Twisted a factory makes connections."""
        raise ConnectionException(reason="a factory makes the connections of Twisted programs")


class _Timer:
    """A delayed call that may be cancelled after it was made."""

    def __init__(self, call: Any) -> None:
        self._call = call

    def cancel(self) -> None:
        if self._call.active():
            self._call.cancel()


def _log_failure(failure: Any) -> None:
    log.error("A coroutine of messaging failed: %s", failure.getTraceback())


class Wire:
    """A transport of Twisted's as what a link writes to."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._transport.write(data)

    def abort(self) -> None:
        """Be rid of the connection; what was written before is sent."""
        self._transport.loseConnection()


def handle_with(callback: Callable[[Message], Any]) -> Handle:
    """Return a handler that runs plain functions in the reactor's threads.

    Coroutine functions run on the reactor, as tasks of asyncio where it is asyncio's.
    """
    if is_async(callback):
        return lambda message: _on_reactor(callback(message))

    def in_a_thread(message: Message) -> Deferred[Any]:
        from twisted.internet.threads import deferToThread

        return deferToThread(callback, message)

    return in_a_thread


def _on_reactor(coroutine: Any) -> Deferred[Any]:
    import asyncio

    from twisted.internet import asyncioreactor, reactor

    if isinstance(reactor, asyncioreactor.AsyncioSelectorReactor):
        return Deferred.fromFuture(asyncio.ensure_future(coroutine))
    return Deferred.fromCoroutine(coroutine)
