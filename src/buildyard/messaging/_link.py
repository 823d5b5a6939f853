"""One connection in use: drives the core over a runtime's byte stream, and hands events to their channels.

A broker in this process has a core of its own kind, which needs no stream.  Writes of one turn of the loop are joined.
A timer follows the core's deadlines, so heartbeats go on whatever the users of the channels do.  `_session` makes links
anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

from pamqp import commands

from buildyard.messaging._amqp.connection import Connection
from buildyard.messaging._amqp.events import (
    Answered,
    Blocked,
    Cancelled,
    ChannelClosed,
    Closed,
    Confirmed,
    Delivered,
    Event,
    Opened,
    Returned,
    Unblocked,
)
from buildyard.messaging._amqp.parameters import Parameters
from buildyard.messaging._properties import PropertiesLike
from buildyard.messaging._runtime import Runtime, Timer, Wire, fail, settle
from buildyard.messaging._settings import Tls
from buildyard.messaging.broker.memory import MemoryConnection, MemoryWire
from buildyard.messaging.exceptions import ConnectionException, ProtocolError

log = logging.getLogger(__name__)


class ChannelFailed(Exception):
    """The broker closed the channel on which a call was made."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code  #: 403, 404, 405, 406, ...
        self.reason = reason
        super().__init__(code, reason)


class ChannelUser(Protocol):
    """Who uses a channel."""

    def on_event(self, event: Any, /) -> None:
        """A `Confirmed`, `Returned`, `Delivered`, `Cancelled` or `ChannelClosed` of its channel."""


class Core(Protocol):
    """A connection without its stream: `Connection` for a socket's, `MemoryConnection` for a broker of this process."""

    def receive(self, data: bytes, now: float, /) -> list[Event]:
        """Return what these bytes mean, or what has happened."""

    def data_to_send(self, now: float, /) -> bytes:
        """Return what is to be written, once."""

    def next_deadline(self) -> float | None:
        """Return when `tick` is due next, or None."""

    def tick(self, now: float, /) -> list[Event]:
        """Do what is due."""

    def open_channel(self) -> tuple[int, int]:
        """Return the number of a new channel, and that of the call."""

    def call(self, channel: int, method: Any, /) -> int:
        """Send a method; return the number of the call."""

    def publish(
        self,
        channel: int,
        exchange: str,
        routing_key: str,
        properties: PropertiesLike,
        body: bytes,
        *,
        mandatory: bool = False,
    ) -> int:
        """Send a message; return its tag."""

    def ack(self, channel: int, tag: int, *, multiple: bool = False) -> None:
        """Say that a message, or all up to it, is done with."""

    def nack(self, channel: int, tag: int, *, requeue: bool, multiple: bool = False) -> None:
        """Give messages back, or have them dead-lettered."""

    def close(self) -> None:
        """Begin to say good-bye."""


class Link:
    """A connection; made by `connect`, and of no more use once those in ``on_end`` were called."""

    def __init__(self, parameters: Parameters, runtime: Runtime) -> None:
        self.core: Core = (
            Connection(parameters, now=runtime.now())
            if parameters.memory is None
            else MemoryConnection(parameters, lambda: runtime.call_threadsafe(self._look))
        )
        self.parameters = parameters
        self.on_end: list[Callable[[ConnectionException], object]] = []
        self.on_state: list[Callable[[str, str], object]] = []
        self.is_over = False
        self._runtime = runtime
        self._wire: Wire | None = None
        self._calls: dict[int, tuple[int, Any]] = {}  #: call to channel and future
        self._users: dict[int, ChannelUser] = {}
        self._timer: Timer | None = None
        self._is_flushing = False
        self._opened = runtime.future()
        self._closed = runtime.future()

    async def open(self, tls: Tls | None) -> None:
        """Connect, and return after the handshake.  Raises `ConnectionException`."""
        if isinstance(self.core, MemoryConnection):
            self.connected(MemoryWire(self.core, self._lose_soon))
        else:
            await self._runtime.connect(self.parameters, tls, self)
        await self.wait_opened()

    def _lose_soon(self) -> None:
        self._runtime.call_soon(lambda: self.lost("the connection ended"))

    async def wait_opened(self) -> None:
        """Return after the handshake.  Raises `ConnectionException`."""
        timer = self._runtime.call_later(self.parameters.socket_timeout, self._give_up)
        try:
            await self._opened
        finally:
            timer.cancel()

    def _give_up(self) -> None:
        visible, limit = self.parameters.visible, self.parameters.socket_timeout
        self._end(ConnectionException(reason=f"{visible} did not greet within {limit:g} s"))

    async def channel(self, user: ChannelUser) -> int:
        """Return the number of a new channel whose events go to ``user``."""
        self._check()
        number, call = self.core.open_channel()
        self._users[number] = user
        await self._answer(number, call)
        return number

    async def call(self, channel: int, method: Any) -> Any:
        """Return the broker's answer to a method.

        Raises `ChannelFailed` where the answer was to close the channel, `ConnectionException` where none came.
        """
        self._check()
        return await self._answer(channel, self.core.call(channel, method))

    async def close_channel(self, channel: int) -> None:
        """Close a channel; what it holds goes back to the queues."""
        if self.is_over or channel not in self._users:
            return
        try:
            await self.call(channel, commands.Channel.Close(200, "done", 0, 0))
        except (ChannelFailed, ConnectionException):
            pass
        self._users.pop(channel, None)

    def _answer(self, channel: int, call: int) -> Any:
        future = self._runtime.future()
        self._calls[call] = (channel, future)
        self.flush_soon()
        return future

    def _check(self) -> None:
        if self.is_over:
            raise ConnectionException(reason="the connection is closed")

    def close(self) -> None:
        """Say good-bye, and end when the broker has said it too, or a second later."""
        if self.is_over:
            return
        self.core.close()
        self.flush_soon()
        self._runtime.call_later(1.0, lambda: self._end(ConnectionException(reason="closed")))

    # --- the runtime's side -----------------------------------------------------------------------

    def connected(self, wire: Wire) -> None:
        """The byte stream is there."""
        self._wire = wire
        self.flush()

    def received(self, data: bytes) -> None:
        """Bytes have come."""
        for event in self.core.receive(data, self._runtime.now()):
            self._dispatch(event)
        self._write()

    def _look(self) -> None:
        """Something has happened in this process's broker."""
        if not self.is_over:
            self.received(b"")

    def lost(self, reason: str) -> None:
        """The byte stream has ended."""
        self._end(ConnectionException(reason=reason))
        settle(self._closed)

    async def wait_closed(self) -> None:
        """Return when the byte stream has ended."""
        if not self._closed.done():
            await self._closed

    def flush_soon(self) -> None:
        """Write at the end of this turn of the loop."""
        if not self._is_flushing:
            self._is_flushing = True
            self._runtime.call_soon(self.flush)

    def flush(self) -> None:
        """Write what there is to be written."""
        self._is_flushing = False
        self._write()

    def _write(self) -> None:
        data = self.core.data_to_send(self._runtime.now())
        if data and self._wire is not None:
            self._wire.write(data)
        if self._timer is None:
            self._set_timer()

    def _set_timer(self) -> None:
        # A deadline only ever moves away, so the timer looks again when it rings rather than at each byte.
        deadline = self.core.next_deadline()
        if deadline is not None and not self.is_over:
            self._timer = self._runtime.call_later(max(0.0, deadline - self._runtime.now()), self._ring)

    def _ring(self) -> None:
        self._timer = None
        for event in self.core.tick(self._runtime.now()):
            self._dispatch(event)
        self.flush()

    # --- events -----------------------------------------------------------------------------------

    def _dispatch(self, event: Event) -> None:
        match event:
            case Delivered() | Confirmed() | Returned() | Cancelled():
                user = self._users.get(event.channel)
                if user is not None:
                    user.on_event(event)
            case Answered():
                known = self._calls.pop(event.call, None)
                if known is not None:
                    settle(known[1], event.frame)
            case ChannelClosed():
                self._on_channel_closed(event)
            case Opened():
                settle(self._opened)
            case Closed():
                self._on_closed(event)
            case Blocked():
                log.warning("The broker blocks publishers: %s", event.reason)
                self._tell_state("blocked", event.reason)
            case Unblocked():
                self._tell_state("unblocked", "")

    def _on_channel_closed(self, event: ChannelClosed) -> None:
        for call, (channel, future) in list(self._calls.items()):
            if channel == event.channel:
                del self._calls[call]
                fail(future, ChannelFailed(event.code, event.reason))
        user = self._users.pop(event.channel, None)
        if user is not None:
            user.on_event(event)

    def _on_closed(self, event: Closed) -> None:
        kind = ProtocolError if event.is_protocol_error else ConnectionException
        code = f"{event.code} " if event.code else ""
        self.flush()
        self._end(kind(reason=f"{code}{event.reason}", is_refused=event.is_refused))

    def _end(self, error: ConnectionException) -> None:
        if self.is_over:
            return
        self.is_over = True
        if self._timer is not None:
            self._timer.cancel()
        if self._wire is not None:
            self._wire.abort()
        calls, self._calls = self._calls, {}
        for _, future in calls.values():
            fail(future, error)
        if not self._opened.done():
            fail(self._opened, error)
        for listener in self.on_end:
            listener(error)

    def _tell_state(self, state: str, reason: str) -> None:
        for listener in self.on_state:
            listener(state, reason)
