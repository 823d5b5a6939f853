"""One connection to a broker as a protocol of Twisted's."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from pamqp import commands
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure

from buildyard.messaging import _sending
from buildyard.messaging._amqp.parameters import Parameters, parse_url
from buildyard.messaging._consumer import QueueConsumer, Subscription
from buildyard.messaging._consuming import usable
from buildyard.messaging._link import ChannelFailed, Link
from buildyard.messaging._publisher import Publisher
from buildyard.messaging._session import Told
from buildyard.messaging._settings import settings_of
from buildyard.messaging._twisted import TwistedRuntime, Wire, handle_with
from buildyard.messaging.config import conf
from buildyard.messaging.exceptions import BadDeclaration, ConnectionException
from buildyard.messaging.message import Message
from buildyard.messaging.twisted import consumer

__all__ = ["Consumer", "FedoraMessagingProtocol", "FedoraMessagingProtocolV2"]

Tables = Iterable[Mapping[str, Any]]


def parameters_of(given: Any) -> Parameters:
    """Return the parameters of a URL, or of an object with pika's names."""
    if isinstance(given, Parameters):
        return given
    properties = dict(conf["client_properties"])
    if isinstance(given, str):
        return parse_url(given, client_properties=properties)
    return Parameters(
        host=given.host,
        port=given.port,
        virtual_host=given.virtual_host,
        user=getattr(given.credentials, "username", "guest"),
        password=getattr(given.credentials, "password", "guest"),
        is_tls=given.ssl_options is not None,
        heartbeat=given.heartbeat if isinstance(given.heartbeat, int) else None,
        client_properties=properties,
    )


class _Here:
    """The source of a link that is one connection's only."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def first(self, told: Told) -> Link:
        await self._link.wait_opened()
        return self._link

    async def again(self, told: Told) -> Link:
        raise ConnectionException(reason="the connection ended")

    def release(self, link: Link) -> None:
        """Leave it to the protocol."""


class FedoraMessagingProtocolV2(Protocol):
    """A connection.  ``parameters`` is a URL, or an object with pika's names; ``ready`` fires after the handshake."""

    def __init__(self, parameters: Any, confirms: bool = True) -> None:
        from twisted.internet import reactor

        self.ready: Deferred[FedoraMessagingProtocolV2] = Deferred()
        self._runtime = TwistedRuntime(reactor)
        self.confirms = confirms  #: kept for who asks; every publish is confirmed
        self.link = Link(parameters_of(parameters), self._runtime)
        self._publisher = Publisher(_Here(self.link), self._runtime, sender=type(self))

    def connectionMade(self) -> None:  # noqa: N802
        """Begin the handshake."""
        self.link.connected(Wire(self.transport))
        self._runtime.spawn(self._greet())

    async def _greet(self) -> None:
        try:
            await self.link.wait_opened()
        except ConnectionException as error:
            self.ready.errback(error)
        else:
            self.ready.callback(self)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Take bytes."""
        self.link.received(data)

    def connectionLost(self, reason: Failure | None = None) -> None:  # noqa: N802
        """Let everything under way fail."""
        self.link.lost("the connection ended" if reason is None else reason.getErrorMessage())

    def publish(self, message: Message, exchange: str | None = None) -> Deferred[None]:
        """Return a Deferred that fires when the broker has confirmed; its errors are those of `api.publish`."""
        return Deferred.fromCoroutine(publish_with(self._publisher, message, exchange))

    def consume(
        self, callback: Callable[..., Any], queue: str, previous_consumer: consumer.Consumer | None = None
    ) -> Deferred[Any]:
        """Return a Deferred of a consumer of a queue that is there."""
        return Deferred.fromCoroutine(self._consume(callback, queue))

    async def _consume(self, callback: Callable[..., Any], queue: str) -> consumer.Consumer:
        called = usable(callback)
        wanted = Subscription(queue=queue, arguments=None, prefetch_count=conf["qos"]["prefetch_count"])
        inner = QueueConsumer(wanted, handle_with(called), self._runtime)
        made = consumer.Consumer(queue, called)
        made._follow(inner)
        await inner.attach(self.link)
        return made

    def declare_exchanges(self, exchanges: Tables) -> Deferred[list[Any]]:
        """Declare exchanges: tables of ``exchange``, ``exchange_type``, ``durable``, ``auto_delete``, ``arguments``."""
        return Deferred.fromCoroutine(self._each("exchange", commands.Exchange.Declare, exchanges))

    def declare_queues(self, queues: Tables) -> Deferred[list[Any]]:
        """Declare queues, and return their names: tables of ``queue``, ``durable``, ``exclusive``, ..."""
        return Deferred.fromCoroutine(self._each("queue", commands.Queue.Declare, queues))

    def declare_queue(self, queue: Mapping[str, Any]) -> Deferred[str]:
        """Declare one queue, and return its name."""
        return self.declare_queues([queue]).addCallback(lambda names: names[0])

    def bind_queues(self, bindings: Tables) -> Deferred[list[Any]]:
        """Bind queues: tables of ``queue``, ``exchange`` and ``routing_key``."""
        return Deferred.fromCoroutine(self._each("binding", commands.Queue.Bind, bindings))

    async def _each(self, kind: str, method: Any, tables: Tables) -> list[Any]:
        answers = []
        for table in tables:
            given = {"passive": bool(conf["passive_declares"]), **table} if kind != "binding" else dict(table)
            channel = await self.link.channel(_Nobody())
            try:
                answer = await self.link.call(channel, method(**given))
            except ChannelFailed as error:
                raise BadDeclaration(kind, given, error.reason) from error
            await self.link.close_channel(channel)
            answers.append(getattr(answer, "queue", None))
        return answers

    def halt(self) -> Deferred[None]:
        """Say good-bye; the Deferred fires when the connection has ended."""
        self.link.close()
        return Deferred.fromCoroutine(self.link.wait_closed())


class _Nobody:
    def on_event(self, event: Any) -> None:
        """Nothing happens on a channel that only declares."""


async def publish_with(publisher: Publisher, message: Message, exchange: str | None, sender: Any = None) -> None:
    """Publish with all the signals."""
    settings = settings_of()
    outgoing = _sending.prepare(message, settings, sender)
    if not _sending.intercept(message, exchange):
        target = settings.publish_exchange if exchange is None else exchange
        try:
            await publisher.submit(outgoing, target, timeout=None)
        except Exception as error:
            _sending.tell_failure(message, error, sender)
            raise
    _sending.tell_success(message, sender)


class Consumer(NamedTuple):
    """A consumer, to the deprecated classes."""

    tag: str
    queue: str
    callback: Callable[..., Any]
    channel: Any


class FedoraMessagingProtocol(FedoraMessagingProtocolV2):
    """The deprecated protocol: consumers are known by their queues.  Use `FedoraMessagingProtocolV2`."""

    def __init__(self, parameters: Any, confirms: bool = True) -> None:
        warn_deprecated(self, FedoraMessagingProtocol)
        super().__init__(parameters, confirms)
        self._callbacks: dict[str, Callable[..., Any]] = {}
        self._running: dict[str, consumer.Consumer] = {}

    def consume(self, callback: Callable[..., Any], queue: str, previous_consumer: Any = None) -> Deferred[Any]:
        """Return a Deferred of a `Consumer`; where the queue has one already, it gets this callback."""
        self._callbacks[queue] = usable(callback)
        return Deferred.fromCoroutine(self._consume_by_name(queue))

    async def _consume_by_name(self, queue: str) -> Consumer:
        if queue not in self._running:
            made = await self._consume(lambda message: self._callbacks[queue](message), queue)
            # Why it stopped is in the log; these classes have nowhere to tell it.
            made.result.addErrback(lambda failure: None)
            self._running[queue] = made
        inner = self._running[queue]._inner
        assert inner is not None
        return Consumer(inner.tag, queue, self._callbacks[queue], inner.channel)

    def cancel(self, queue: str) -> Deferred[None] | None:
        """Return a Deferred that fires when the queue's consumer has ended; None where it has none."""
        self._callbacks.pop(queue, None)
        made = self._running.pop(queue, None)
        return None if made is None else made.cancel()

    def pauseProducing(self) -> Deferred[Any]:  # noqa: N802
        """Cancel the consumers, and remember them."""
        running, self._running = self._running, {}
        return DeferredList([one.cancel() for one in running.values()])

    def resumeProducing(self) -> Deferred[Any]:  # noqa: N802
        """Consume again after `pauseProducing`."""
        return DeferredList([Deferred.fromCoroutine(self._consume_by_name(queue)) for queue in self._callbacks])

    def stopProducing(self) -> Deferred[None]:  # noqa: N802
        """Cancel the consumers and disconnect."""
        return self.pauseProducing().addCallback(lambda _: self.halt())


def warn_deprecated(made: object, cls: type) -> None:
    """Warn of a class of the first interface."""
    message = f"{cls.__name__} is deprecated, use {cls.__name__}V2"
    warnings.warn(message, DeprecationWarning, stacklevel=3)
