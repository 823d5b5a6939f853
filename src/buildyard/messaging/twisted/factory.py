"""A factory that keeps one connection alive, and what is published and consumed over it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IAddress, IConnector
from twisted.internet.protocol import ReconnectingClientFactory
from twisted.python.failure import Failure

from buildyard.messaging._consuming import Bindings, Consuming, Queues, subscriptions, usable
from buildyard.messaging._iterating import HandOver, iterate
from buildyard.messaging._link import Link
from buildyard.messaging._publisher import Publisher
from buildyard.messaging._session import FIRST_DELAY, LONGEST_DELAY, Told
from buildyard.messaging._settings import settings_of
from buildyard.messaging._twisted import TwistedFuture, TwistedRuntime, handle_with
from buildyard.messaging.exceptions import ConnectionException
from buildyard.messaging.message import Message
from buildyard.messaging.twisted import protocol
from buildyard.messaging.twisted.consumer import Consumer
from buildyard.messaging.twisted.protocol import Tables

__all__ = ["FedoraMessagingFactory", "FedoraMessagingFactoryV2"]


class FedoraMessagingFactoryV2(ReconnectingClientFactory):
    """Makes a connection whenever there is none.  ``parameters`` is a URL, or an object with pika's names."""

    protocol: Any = protocol.FedoraMessagingProtocolV2
    initialDelay: Any = FIRST_DELAY  # noqa: N815
    maxDelay: Any = LONGEST_DELAY  # noqa: N815
    factor: Any = 2.0
    jitter: Any = 0.25

    def __init__(self, parameters: Any, confirms: bool = True) -> None:
        from twisted.internet import reactor

        self.parameters = protocol.parameters_of(parameters)
        self.confirms = confirms
        self._runtime = TwistedRuntime(reactor)
        self._connected: Any = TwistedFuture(is_shared=True)
        self._publisher = Publisher(self, self._runtime, sender=type(self))
        self._consumings: list[Consuming] = []

    # --- connections ------------------------------------------------------------------------------

    def buildProtocol(self, addr: IAddress | None) -> Any:  # noqa: N802
        """Return a new connection's protocol."""
        made = self.protocol(self.parameters, self.confirms)
        made.factory = self
        made.ready.addCallbacks(self._on_ready, self._on_refused)
        return made

    def _on_ready(self, made: Any) -> None:
        self.resetDelay()
        made.link.on_end.append(lambda error: self._forget())
        self._connected.set_result(made)

    def _forget(self) -> None:
        if self._connected.done():
            self._connected = TwistedFuture(is_shared=True)

    def _on_refused(self, failure: Failure) -> None:
        """Tell who waits; what is refused once is refused again."""
        error = failure.value
        if getattr(error, "is_refused", False):
            self.stopTrying()
            waiting, self._connected = self._connected, TwistedFuture(is_shared=True)
            waiting.set_exception(error)

    def clientConnectionLost(self, connector: IConnector, reason: Failure) -> None:  # noqa: N802
        """Connect again after a while."""
        self._forget()
        super().clientConnectionLost(connector, reason)

    def when_connected(self) -> Deferred[Any]:
        """Return a Deferred of the protocol that is connected, or of the next one."""
        connected: Deferred[Any] = self._connected.deferred()
        return connected

    async def first(self, told: Told) -> Link:
        """Return the link of the connection that there is, or of the next one."""
        made = await self._connected
        told("connected")
        link: Link = made.link
        return link

    async def again(self, told: Told) -> Link:
        """Return the next one's."""
        return await self.first(told)

    def release(self, link: Link) -> None:
        """Keep it: others use it too."""

    # --- messages ---------------------------------------------------------------------------------

    def publish(self, message: Message, exchange: str | None = None) -> Deferred[None]:
        """Return a Deferred that fires when the broker has confirmed the message, over whichever connection."""
        return Deferred.fromCoroutine(protocol.publish_with(self._publisher, message, exchange))

    def consume(self, callback: Callable[..., Any], bindings: Bindings, queues: Queues) -> Deferred[list[Consumer]]:
        """Return a Deferred of the consumers, one a queue, which outlive connections.

        It fails with `BadDeclaration`, `PermissionException` or `ConnectionException`.  Raises `ValueError`.
        """
        called = usable(callback)
        wanted = subscriptions(bindings, queues, settings_of())
        return Deferred.fromCoroutine(self._consume(called, wanted))

    async def _consume(self, called: Callable[..., Any], wanted: Any) -> list[Consumer]:
        consuming = Consuming(self, self._runtime, wanted, handle_with(called), sender=type(self))
        made = []
        for inner in consuming.consumers:
            one = Consumer(inner.queue, called)
            one._follow(inner)
            made.append(one)
        self._consumings.append(consuming)
        await consuming.start()
        return made

    def messages(
        self, bindings: Bindings, queues: Queues, *, prefetch: int | None = None
    ) -> AsyncGenerator[Message, None]:
        """Return an iterator over messages, for coroutines of Twisted's; see `tx.messages`.  Raises `ValueError`."""
        wanted = subscriptions(bindings, queues, settings_of(), prefetch=prefetch)
        hand_over = HandOver(self._runtime)
        consuming = Consuming(self, self._runtime, wanted, hand_over, sender=type(self))
        self._consumings.append(consuming)
        return iterate(consuming, hand_over)

    def cancel(self, consumers: Iterable[Consumer]) -> Deferred[Any]:
        """Return a Deferred that fires when these have ended."""
        return DeferredList([one.cancel() for one in consumers])

    @property
    def consuming(self) -> bool:
        """Tell whether every consumer gets messages."""
        running = [one.running for each in self._consumings for one in each.consumers if not one.is_stopped]
        return bool(running) and all(running)

    def stop(self) -> Deferred[None]:
        """Return a Deferred that fires when consumers have finished and the connection has ended."""
        self.stopTrying()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        for consuming in self._consumings:
            await consuming.cancel()
        await self._publisher.close()
        if self._connected.done():
            made = await self._connected
            made.link.close()
            await made.link.wait_closed()
        else:
            waiting, self._connected = self._connected, TwistedFuture(is_shared=True)
            waiting.set_exception(ConnectionException(reason="the factory was stopped"))


class FedoraMessagingFactory(FedoraMessagingFactoryV2):
    """The deprecated factory: declares the same things on each connection.  Use `FedoraMessagingFactoryV2`."""

    protocol = protocol.FedoraMessagingProtocol

    def __init__(
        self,
        parameters: Any,
        confirms: bool = True,
        exchanges: Tables | None = None,
        queues: Tables | None = None,
        bindings: Tables | None = None,
    ) -> None:
        protocol.warn_deprecated(self, FedoraMessagingFactory)
        super().__init__(parameters, confirms)
        self.exchanges = list(exchanges or [])
        self.queues = list(queues or [])
        self.bindings = list(bindings or [])
        self.consumers: dict[str, Callable[..., Any]] = {}

    def _on_ready(self, made: Any) -> None:
        self._runtime.spawn(self._set_up(made))

    async def _set_up(self, made: Any) -> None:
        await made.declare_exchanges(self.exchanges)
        await made.declare_queues(self.queues)
        await made.bind_queues(self.bindings)
        for queue, callback in self.consumers.items():
            await made.consume(callback, queue)
        super()._on_ready(made)

    def whenConnected(self) -> Deferred[Any]:  # noqa: N802
        """Return a Deferred of the protocol that is connected, or of the next one."""
        return self.when_connected()

    def consume(self, callback: Callable[..., Any], queue: str) -> Deferred[Any] | None:  # type: ignore[override]
        """Consume from a queue on this connection, if there is one, and on each that follows."""
        self.consumers[queue] = callback
        if self._connected.done():
            return self.when_connected().addCallback(lambda made: made.consume(callback, queue))
        return None

    def cancel(self, queue: str) -> Deferred[Any] | None:  # type: ignore[override]
        """Consume from a queue no longer; None where that was so already."""
        known = self.consumers.pop(queue, None)
        if known is None or not self._connected.done():
            return None
        return self.when_connected().addCallback(lambda made: made.cancel(queue))
