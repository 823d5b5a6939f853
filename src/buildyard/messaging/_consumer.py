"""Consuming from one queue: declare, bind, consume; hand messages to a handler; settle them.

A `QueueConsumer` is attached to one link after another by `_consuming`, which knows of connections.  Handlers are
coroutine functions: faces that have threads wrap them.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from msgspec import Struct
from pamqp import commands

from buildyard.messaging._amqp.events import Cancelled, ChannelClosed, Delivered
from buildyard.messaging._link import ChannelFailed, Link
from buildyard.messaging._runtime import Runtime, settle
from buildyard.messaging._settling import INVALID, PROCESSED, Redelivery, Returns, Settler, Stats, Verdict, verdict_on
from buildyard.messaging._wire import decode
from buildyard.messaging.exceptions import (
    BadDeclaration,
    ConnectionException,
    ConsumerCanceled,
    Nack,
    PermissionException,
    ValidationError,
)
from buildyard.messaging.message import Message
from buildyard.messaging.signals import invalid_message_signal

log = logging.getLogger(__name__)

Handle = Callable[[Message], Awaitable[object]]


class Subscription(Struct, frozen=True, kw_only=True):
    """What to consume, and how."""

    queue: str  #: empty where the broker names it
    #: durable, auto_delete, exclusive, arguments; None where the queue is there already
    arguments: Mapping[str, Any] | None
    bindings: Sequence[Mapping[str, Any]] = ()
    prefetch_count: int = 10
    is_passive: bool = False
    concurrency: int = 1
    redelivery: Redelivery = Redelivery()


class QueueConsumer:
    """One consumer of one queue; it outlives connections."""

    def __init__(self, subscription: Subscription, handle: Handle, runtime: Runtime) -> None:
        self.queue = subscription.queue  #: as the broker named it, once it is declared
        self.running = False
        self.stats = Stats()
        self.on_stop: Callable[[Exception | None], object] = _ignore  #: called once
        self.on_channel_lost: Callable[[QueueConsumer], object] = _ignore
        self._subscription = subscription
        self._handle = handle
        self._runtime = runtime
        self._returns = Returns(subscription.redelivery)
        self._inbox: deque[tuple[Settler, Delivered]] = deque()
        self._settler: Settler | None = None
        self._idle: deque[Any] = deque()  #: futures of workers that wait for a message
        self._workers = 0
        self._busy = 0
        self._quiet: Any = None  #: a future that comes when no handler runs
        self.tag = str(uuid4())  #: of the consumer, on its channel
        self.is_stopped = False
        self._is_stopping = False

    @property
    def channel(self) -> int | None:
        """The number of the channel that it has now."""
        return None if self._settler is None else self._settler.channel

    # --- onto a link ------------------------------------------------------------------------------

    async def attach(self, link: Link) -> None:
        """Declare, bind and consume.

        Raises `BadDeclaration`, `PermissionException`, `ConnectionException`.
        """
        channel = await link.channel(self)
        settler = Settler(link, channel, self._runtime)
        qos = commands.Basic.Qos(0, self._subscription.prefetch_count, False)
        await self._ask(link, channel, qos, "channel", {"prefetch_count": self._subscription.prefetch_count})
        await self._declare(link, channel)
        await self._bind(link, channel)
        self._settler = settler
        consume = commands.Basic.Consume(queue=self.queue, consumer_tag=self.tag)
        try:
            await link.call(channel, consume)
        except ChannelFailed as error:
            raise PermissionException("queue", self.queue, error.reason) from error
        self.running = True
        self._start_workers()

    async def _declare(self, link: Link, channel: int) -> None:
        told = self._subscription.arguments
        if told is None:
            return
        description = {"queue": self._subscription.queue, **told, "passive": self._subscription.is_passive}
        method = commands.Queue.Declare(
            queue=self._subscription.queue,
            passive=self._subscription.is_passive,
            durable=bool(told.get("durable", False)),
            exclusive=bool(told.get("exclusive", False)),
            auto_delete=bool(told.get("auto_delete", False)),
            arguments=dict(told.get("arguments") or {}),
        )
        answer = await self._ask(link, channel, method, "queue", description)
        self.queue = answer.queue

    async def _bind(self, link: Link, channel: int) -> None:
        for binding in self._subscription.bindings:
            for key in binding["routing_keys"]:
                description = {"queue": self.queue, "exchange": binding["exchange"], "routing_key": key}
                method = commands.Queue.Bind(**description, arguments=dict(binding.get("arguments") or {}))
                await self._ask(link, channel, method, "binding", description)

    async def _ask(self, link: Link, channel: int, method: Any, kind: str, description: Mapping[str, Any]) -> Any:
        try:
            return await link.call(channel, method)
        except ChannelFailed as error:
            raise BadDeclaration(kind, dict(description), error.reason) from error

    def detach(self) -> None:
        """The link is gone: what was delivered on it and not handled will come again."""
        self.running = False
        if self._settler is not None:
            self._settler.end()
            self._settler = None
        self._inbox.clear()

    # --- messages ---------------------------------------------------------------------------------

    def on_event(self, event: Any) -> None:
        """Take what happens on the channel."""
        match event:
            case Delivered():
                self._on_delivered(event)
            case Cancelled():
                reason = f"the broker ended the consumer of {self.queue}: the queue is gone"
                self._stop(ConsumerCanceled(reason))
            case ChannelClosed():
                was_running = self.running
                if was_running:
                    log.warning("The channel of %s was closed: %d %s", self.queue, event.code, event.reason)
                self.detach()
                if was_running and not self._is_stopping:
                    self.on_channel_lost(self)

    def _on_delivered(self, event: Delivered) -> None:
        settler = self._settler
        if settler is None:
            return
        self.stats.received += 1
        settler.hold(event.tag)
        self._inbox.append((settler, event))
        if self._idle:
            settle(self._idle.popleft())

    def _start_workers(self) -> None:
        while self._workers < self._subscription.concurrency:
            self._workers += 1
            self._runtime.spawn(self._work())

    async def _work(self) -> None:
        while not (self._is_stopping or self.is_stopped):
            if self._inbox:
                settler, event = self._inbox.popleft()
                await self._process(settler, event)
            else:
                waiting = self._runtime.future()
                self._idle.append(waiting)
                await waiting
        self._workers -= 1

    async def _process(self, settler: Settler, event: Delivered) -> None:
        try:
            message = decode(event, queue=self.queue)
        except ValidationError as error:
            self._settle(settler, event, INVALID)
            self._tell_invalid(event, error)
            return
        self._busy += 1
        failure: Exception | None = None
        verdict = PROCESSED
        try:
            await self._handle(message)
        except Exception as error:
            failure, verdict = error, verdict_on(error)
            if isinstance(error, Nack):
                verdict = self._returns.verdict(message.id, message.headers)
        self._busy -= 1
        self._settle(settler, event, verdict)
        if verdict.is_last:
            self._stop(failure)
        elif self._quiet is not None and not self._busy:
            settle(self._quiet)

    def _tell_invalid(self, event: Delivered, error: ValidationError) -> None:
        log.warning("A message on %s is invalid and is dropped: %s", self.queue, error.summary)
        try:
            invalid_message_signal.send(
                self,
                topic=event.routing_key,
                exchange=event.exchange,
                queue=self.queue,
                id=event.properties.message_id,
                error=error,
            )
        except Exception:
            log.exception("A handler of invalid_message failed")

    def _settle(self, settler: Settler, event: Delivered, verdict: Verdict) -> None:
        setattr(self.stats, verdict.statistic, getattr(self.stats, verdict.statistic) + 1)
        if settler.is_over:
            return
        if verdict.is_acked:
            settler.ack(event.tag)
        elif verdict.gives_all_back:
            settler.give_all_back()
        else:
            settler.nack(
                event.tag, requeue=verdict.is_requeued, delay=self._returns.delay if verdict.is_requeued else 0
            )

    # --- the end ----------------------------------------------------------------------------------

    async def cancel(self) -> None:
        """Stop after the messages that are being handled; what is left goes back to the queue."""
        if self.is_stopped or self._is_stopping:
            return
        self._is_stopping = True
        await self.rest()
        self._stop(None)

    async def rest(self) -> None:
        """Take no more messages from the link, and return when none is being handled."""
        settler = self._settler
        if settler is not None and not settler.is_over:
            try:
                await settler.link.call(settler.channel, commands.Basic.Cancel(self.tag))
            except (ChannelFailed, ConnectionException):
                pass
        self._inbox.clear()
        if self._busy:
            self._quiet = self._runtime.future()
            await self._quiet
            self._quiet = None
        if settler is not None:
            settler.flush()

    def drop(self) -> None:
        """Stop at once: whatever is being handled goes back to the queue."""
        if self._settler is not None:
            self._settler.give_all_back()
        self._stop(None)

    def _stop(self, error: Exception | None) -> None:
        if self.is_stopped:
            return
        self.is_stopped = True
        settler = self._settler
        if settler is not None:
            settler.flush()
            self._runtime.spawn(settler.link.close_channel(settler.channel))
        self.detach()
        for waiting in self._idle:
            settle(waiting)
        if self._quiet is not None:
            settle(self._quiet)
        self.on_stop(error)


def _ignore(*_: object) -> None:
    """What is done where nobody listens."""
