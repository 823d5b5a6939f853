"""Consuming over connections that come and go: queues, bindings and callbacks checked, then kept alive.

`Consuming` holds the consumers of one call of ``consume``.  It connects, attaches them, and does so again whenever the
connection or a channel ends, until each was cancelled or has stopped by itself.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from buildyard.messaging._consumer import Handle, QueueConsumer, Subscription
from buildyard.messaging._link import ChannelFailed, Link
from buildyard.messaging._runtime import Runtime, fail, settle
from buildyard.messaging._session import Source, States, pause
from buildyard.messaging._settings import Settings
from buildyard.messaging._settling import Redelivery
from buildyard.messaging.config import conf, validate_bindings, validate_queues
from buildyard.messaging.exceptions import ConfigurationException, ConnectionException, PermissionException

log = logging.getLogger(__name__)

Bindings = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
Queues = Mapping[str, Mapping[str, Any]] | None


def usable(callback: Any) -> Callable[[Any], Any]:
    """Return what is called with each message: the callback, or an instance of a class that has ``__call__``.

    Raises `ValueError`.
    """
    if inspect.isclass(callback):
        if not callable(getattr(callback, "__call__", None)) or "__call__" not in dir(callback):  # noqa: B004
            raise ValueError(f"the class {callback.__name__} must implement __call__")
        callback = callback()
    if not callable(callback):
        raise ValueError(f"the callback must be a class that implements __call__ or a function, not {callback!r}")
    called: Callable[[Any], Any] = callback
    return called


def is_async(callback: Any) -> bool:
    """Tell whether calling it gives a coroutine."""
    return inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(getattr(callback, "__call__", None))  # noqa: B004


def subscriptions(
    bindings: Bindings,
    queues: Queues,
    settings: Settings,
    *,
    prefetch: int | None = None,
    concurrency: int = 1,
    redelivery: Redelivery | None = None,
) -> list[Subscription]:
    """Return what to consume, from arguments or, for what is None, from the configuration.  Raises `ValueError`."""
    chosen = conf["bindings"] if bindings is None else [bindings] if isinstance(bindings, Mapping) else bindings
    tables = conf["queues"] if queues is None else queues
    try:
        validate_bindings(chosen)
        validate_queues(tables)
    except ConfigurationException as error:
        raise ValueError(error.message) from error
    if concurrency < 1:
        raise ValueError("concurrency is at least 1")
    return [
        Subscription(
            queue=name,
            arguments=table,
            bindings=[one for one in chosen if (one.get("queue") or "") == name],
            prefetch_count=settings.prefetch_count if prefetch is None else prefetch,
            is_passive=settings.passive_declares,
            concurrency=concurrency,
            redelivery=redelivery or Redelivery(),
        )
        for name, table in tables.items()
    ]


class Consuming:
    """The consumers of one call, over one connection at a time."""

    def __init__(
        self,
        source: Source,
        runtime: Runtime,
        wanted: Sequence[Subscription],
        handle: Handle,
        *,
        sender: object,
        recycle: float | None = None,
    ) -> None:
        self.states = States(sender)
        self.consumers = [QueueConsumer(one, handle, runtime) for one in wanted]
        self._source = source
        self._runtime = runtime
        self._recycle = recycle  #: seconds after which a connection is ended and made again
        self._link: Link | None = None
        self._ended: Any = None
        self._is_closed = False
        for consumer in self.consumers:
            consumer.on_channel_lost = self._reattach

    async def start(self) -> None:
        """Connect and begin to consume.

        Raises `ConnectionException`, `BadDeclaration` and `PermissionException`; nothing is left of it then.
        """
        link = self._adopt(await self._source.first(self.states))
        try:
            for consumer in self.consumers:
                await consumer.attach(link)
        except (PermissionException, ConnectionException, ChannelFailed):
            self._is_closed = True
            self._detach()
            self._source.release(link)
            raise
        self._runtime.spawn(self._keep(link))

    def _adopt(self, link: Link) -> Link:
        self._link, self._ended = link, self._runtime.future()
        ended = self._ended
        link.on_end.append(lambda error: settle(ended, error))
        return link

    def release(self) -> None:
        """End the connection where no consumer needs it any longer."""
        if all(consumer.is_stopped for consumer in self.consumers):
            self._is_closed = True
            if self._link is not None:
                self._source.release(self._link)
                settle(self._ended)

    async def cancel(self) -> None:
        """Cancel every consumer, each after the messages that it is handling."""
        for consumer in self.consumers:
            await consumer.cancel()
        self.release()

    async def wait_released(self) -> None:
        """Return when the connection has ended, where no consumer needs it any longer."""
        if self._is_closed and self._link is not None:
            await self._link.wait_closed()

    async def _keep(self, link: Link | None) -> None:
        failures = 0
        while not self._is_over():
            if link is not None:
                self._end_later(link)
                error = await self._ended
                self._detach()
                if self._is_over():
                    break
                log.warning("The connection of a consumer ended: %s", error)
                self.states("disconnected", error)
                failures = 0
            await pause(self._runtime, failures)
            failures += 1
            link = None if self._is_over() else await self._again()
        self.states("closed")

    def _end_later(self, link: Link) -> None:
        if self._recycle is not None:
            self._runtime.call_later(self._recycle, lambda: self._runtime.spawn(self._end_between_messages(link)))

    async def _end_between_messages(self, link: Link) -> None:
        if link.is_over or self._is_closed:
            return
        for consumer in self.consumers:
            await consumer.rest()
        self._source.release(link)

    def _is_over(self) -> bool:
        return self._is_closed

    def _detach(self) -> None:
        for consumer in self.consumers:
            consumer.detach()

    async def _again(self) -> Link | None:
        link: Link | None = None
        try:
            link = self._adopt(await self._source.again(self.states))
            for consumer in self.consumers:
                if not consumer.is_stopped:
                    await consumer.attach(link)
        except (ConnectionException, PermissionException, ChannelFailed) as error:
            # What let us in before may refuse us while it starts, so whatever it says, this is tried again.
            log.warning("A consumer cannot go on yet: %s", error)
            self._detach()
            if link is not None:
                self._source.release(link)
            return None
        return link

    def _reattach(self, consumer: QueueConsumer) -> None:
        self._runtime.spawn(self._reattach_later(consumer))

    async def _reattach_later(self, consumer: QueueConsumer) -> None:
        failures = 0
        while not (self._is_closed or consumer.is_stopped or consumer.running):
            await pause(self._runtime, failures)
            failures += 1
            link = self._link
            if link is None or link.is_over or consumer.running:
                return
            try:
                await consumer.attach(link)
            except (PermissionException, ChannelFailed) as error:
                log.warning("The consumer of %s cannot go on yet: %s", consumer.queue, error)
            except ConnectionException:
                return


def result_of(consumer: QueueConsumer, runtime: Runtime, consuming: Consuming) -> Any:
    """Return a future of a consumer's end: None where it was cancelled, else it fails with the reason."""
    future = runtime.future()

    def stopped(error: Exception | None) -> None:
        if error is None:
            settle(future)
        else:
            fail(future, error)
        consuming.release()

    consumer.on_stop = stopped
    return future
