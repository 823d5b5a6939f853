"""Publish and consume under asyncio.

    await publish(Message({"a": 1}, topic="a.b"))

    async with Publisher() as publisher:
        await publisher.publish_many(messages)

    async for message in messages(topics=["org.example.#"]):
        print(message.topic)

Callbacks may be coroutine functions, which run on the loop, or plain functions, which run in a thread.
"""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from types import TracebackType
from typing import Any, Self

from buildyard.messaging import _publisher, _sending
from buildyard.messaging._asyncio import AsyncioRuntime
from buildyard.messaging._consumer import Handle, QueueConsumer
from buildyard.messaging._consuming import Bindings, Consuming, Queues, is_async, result_of, subscriptions, usable
from buildyard.messaging._iterating import HandOver, iterate, places
from buildyard.messaging._session import Own
from buildyard.messaging._settings import Settings, settings_of
from buildyard.messaging._settling import Redelivery, Stats
from buildyard.messaging._wire import Outgoing
from buildyard.messaging.config import conf
from buildyard.messaging.exceptions import SomeNotPublished
from buildyard.messaging.message import Message

__all__ = ["Consumer", "Publisher", "Redelivery", "consume", "messages", "publish", "start_consuming"]

#: Seconds after which a publish is given up.
TIMEOUT = 30.0


class Publisher:
    """Publishes over one connection, which is made at the first message and made again when it ends.

    ``url`` stands over the configuration's ``amqp_url``.  ``window`` messages may be unconfirmed at one time.
    """

    def __init__(
        self, url: str | None = None, *, window: int = _publisher.WINDOW, settings: Settings | None = None
    ) -> None:
        self._settings = settings or settings_of(url)
        self._window = window
        self._inner: _publisher.Publisher | None = None

    def _publisher(self) -> _publisher.Publisher:
        if self._inner is None:
            runtime = AsyncioRuntime()
            self._inner = _publisher.Publisher(Own(self._settings, runtime), runtime, sender=self, window=self._window)
        return self._inner

    async def publish(
        self,
        message: Message,
        exchange: str | None = None,
        timeout: float | None = TIMEOUT,
        *,
        mandatory: bool = False,
        sender: Any = None,
    ) -> None:
        """Return when the broker has confirmed the message.

        ``timeout`` is in seconds.  With ``mandatory`` a message that no queue takes is an error.

        Raises `ValidationError`, `PublishReturned`, `PublishForbidden`, `ExchangeMissing`, `MessageTooLarge`,
        `PublishTimeout` and `ConnectionException`.
        """
        sender = publish if sender is None else sender
        future = self._submit(message, exchange, timeout, mandatory, sender)
        if future is not None:
            try:
                await future
            except Exception as error:
                _sending.tell_failure(message, error, sender)
                raise
        _sending.tell_success(message, sender)

    def _submit(
        self, message: Message, exchange: str | None, timeout: float | None, mandatory: bool, sender: Any
    ) -> asyncio.Future[None] | None:
        outgoing = _sending.prepare(message, self._settings, sender)
        if _sending.intercept(message, exchange):
            return None
        target = self._settings.publish_exchange if exchange is None else exchange
        return self.submit(outgoing, target, timeout=timeout, mandatory=mandatory)

    def submit(
        self, outgoing: Outgoing, exchange: str, *, timeout: float | None, mandatory: bool
    ) -> asyncio.Future[None]:
        """Return a future that comes when the broker has confirmed what goes out."""
        future: asyncio.Future[None] = self._publisher().submit(
            outgoing, exchange, timeout=timeout, mandatory=mandatory
        )
        return future

    async def publish_many(
        self,
        messages: Iterable[Message],
        exchange: str | None = None,
        timeout: float | None = TIMEOUT,
        *,
        mandatory: bool = False,
    ) -> int:
        """Return how many messages the broker has confirmed: all of them, in order where nothing failed.

        ``timeout`` is for each message, from when it is its turn.  Raises `SomeNotPublished` after the last one.
        """
        batch = _Batch(self._window)
        for message in messages:
            await batch.room()
            try:
                future = self._submit(message, exchange, timeout, mandatory, publish)
            except Exception as error:
                batch.failed(message, error)
            else:
                batch.add(message, future)
        await batch.rest()
        if batch.failures:
            raise SomeNotPublished(batch.failures, batch.total)
        return batch.total

    async def close(self) -> None:
        """End the connection; what is not confirmed yet fails."""
        if self._inner is not None:
            link = await self._inner.close()
            if link is not None:
                await link.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


class _Batch:
    """Messages on their way, in order."""

    def __init__(self, window: int) -> None:
        self.total = 0
        self.failures: list[tuple[Message, Exception]] = []
        self._window = window
        self._under_way: deque[tuple[Message, asyncio.Future[None] | None]] = deque()

    def add(self, message: Message, future: asyncio.Future[None] | None) -> None:
        self.total += 1
        self._under_way.append((message, future))

    def failed(self, message: Message, error: Exception) -> None:
        self.total += 1
        self.failures.append((message, error))

    async def room(self) -> None:
        """Return when another message may be on its way."""
        while len(self._under_way) >= self._window:
            await self._first()

    async def rest(self) -> None:
        """Return when nothing is on its way."""
        while self._under_way:
            await self._first()

    async def _first(self) -> None:
        message, future = self._under_way.popleft()
        try:
            if future is not None:
                await future
        except Exception as error:
            self.failures.append((message, error))
            _sending.tell_failure(message, error, publish)
        else:
            _sending.tell_success(message, publish)


_publishers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Publisher] = weakref.WeakKeyDictionary()
_settings: list[Settings] = []


def process_settings() -> Settings:
    """Return the settings of `publish` in this process, read from the configuration once."""
    if not _settings:
        _settings.append(settings_of())
    return _settings[0]


def default_publisher() -> Publisher:
    """Return the publisher that `publish` uses on the running loop."""
    loop = asyncio.get_running_loop()
    found = _publishers.get(loop)
    if found is None:
        found = _publishers[loop] = Publisher(settings=process_settings())
    return found


async def close_default_publisher() -> None:
    """End the connection of `publish` on the running loop; the next one reads the configuration again."""
    found = _publishers.pop(asyncio.get_running_loop(), None)
    _settings.clear()
    if found is not None:
        await found.close()


async def publish(
    message: Message, exchange: str | None = None, timeout: float | None = TIMEOUT, *, mandatory: bool = False
) -> None:
    """Return when the broker has confirmed the message.  See `Publisher.publish`; the connection is the loop's."""
    await default_publisher().publish(message, exchange, timeout, mandatory=mandatory)


class Consumer:
    """One consumer of one queue.  ``result`` ends when it does: None after `cancel`, else it raises the reason."""

    def __init__(self, inner: QueueConsumer, consuming: Consuming, runtime: AsyncioRuntime) -> None:
        self._inner = inner
        self._consuming = consuming
        self.result: asyncio.Future[None] = result_of(inner, runtime, consuming)

    @property
    def queue(self) -> str:
        """The queue's name, as the broker knows it."""
        return self._inner.queue

    @property
    def running(self) -> bool:
        """Tell whether messages come; not while the connection is made anew."""
        return self._inner.running

    @property
    def stats(self) -> Stats:
        """What it has done since it began."""
        return self._inner.stats

    async def cancel(self) -> None:
        """Stop after the messages that are being handled."""
        await self._inner.cancel()
        await self._consuming.wait_released()

    async def drop(self) -> None:
        """Stop at once; what is being handled goes back to its queue."""
        self._inner.drop()
        await self._consuming.wait_released()


async def start_consuming(
    callback: Callable[[Message], Any] | type,
    bindings: Bindings = None,
    queues: Queues = None,
    *,
    url: str | None = None,
    settings: Settings | None = None,
    prefetch: int | None = None,
    concurrency: int = 1,
    redelivery: Redelivery | None = None,
    recycle: float | None = None,
) -> list[Consumer]:
    """Return the consumers, one a queue, when they have begun.  They go on until each is cancelled or stops.

    ``bindings`` and ``queues`` are those of the configuration unless given; ``settings`` stand for all the rest of it.
    ``prefetch`` messages are held at one
    time, and ``concurrency`` handled.  ``redelivery`` says what `Nack` means.  The connection is made anew, between
    messages, each ``recycle`` seconds.

    Raises `ValueError` for arguments that are none, `ConnectionException`, `BadDeclaration`, `PermissionException`.
    """
    settings, runtime = settings or settings_of(url), AsyncioRuntime()
    wanted = subscriptions(
        bindings, queues, settings, prefetch=prefetch, concurrency=concurrency, redelivery=redelivery
    )
    consuming = Consuming(
        Own(settings, runtime), runtime, wanted, _handle(usable(callback)), sender=consume, recycle=recycle
    )
    consumers = [Consumer(inner, consuming, runtime) for inner in consuming.consumers]
    try:
        await consuming.start()
    except Exception:
        await consuming.wait_released()
        raise
    return consumers


def _handle(callback: Callable[[Message], Any]) -> Handle:
    if is_async(callback):
        return callback

    def in_a_thread(message: Message) -> Awaitable[Any]:
        return asyncio.get_running_loop().run_in_executor(None, callback, message)

    return in_a_thread


async def consume(
    callback: Callable[[Message], Any] | type,
    bindings: Bindings = None,
    queues: Queues = None,
    *,
    url: str | None = None,
    prefetch: int | None = None,
    concurrency: int = 1,
    redelivery: Redelivery | None = None,
    recycle: float | None = None,
) -> None:
    """Consume until a consumer stops, and raise why it did.  Cancelling it lets the messages under way be finished.

    Arguments and errors are those of `start_consuming`; besides, it raises what the callback raised, `HaltConsumer`
    included, and `ConsumerCanceled` where a queue was deleted.
    """
    consumers = await start_consuming(
        callback,
        bindings,
        queues,
        url=url,
        prefetch=prefetch,
        concurrency=concurrency,
        redelivery=redelivery,
        recycle=recycle,
    )
    async with monitored(consumers):
        await until_one_stops(consumers)


@asynccontextmanager
async def monitored(consumers: Sequence[Consumer]) -> AsyncIterator[None]:
    """Serve how the consumers are doing, where the configuration's ``monitoring`` names a port."""
    if not conf["monitoring"]:
        yield
        return
    from buildyard.messaging.monitoring import Monitor

    async with Monitor(consumers, **conf["monitoring"]):
        yield


async def until_one_stops(consumers: Sequence[Consumer], stopping: asyncio.Event | None = None) -> None:
    """Return when ``stopping`` is set; raise why a consumer stopped.  The others finish what they are handling."""
    stop = asyncio.ensure_future((stopping or asyncio.Event()).wait())
    results: list[asyncio.Future[Any]] = [one.result for one in consumers]
    try:
        done, _ = await asyncio.wait([*results, stop], return_when=asyncio.FIRST_COMPLETED)
        for future in done:
            future.result()
    finally:
        stop.cancel()
        await asyncio.gather(*(one.cancel() for one in consumers))
        await asyncio.gather(*results, return_exceptions=True)


async def messages(
    topics: Sequence[str] = ("#",),
    exchange: str = "amq.topic",
    *,
    bindings: Bindings = None,
    queues: Queues = None,
    url: str | None = None,
    prefetch: int = 10,
    recycle: float | None = None,
) -> AsyncGenerator[Message, None]:
    """Yield each message whose topic matches, from a queue of its own that ends with the iteration.

    ``bindings`` and ``queues`` name others.  A message is acknowledged when the next one is asked for, so one whose
    body of the loop was left by an exception returns to its queue.  The connection is made anew each ``recycle``
    seconds.  Raises what `start_consuming` raises, and `ConsumerCanceled`.
    """
    bindings, queues = places(topics, exchange, bindings, queues)
    settings, runtime = settings_of(url), AsyncioRuntime()
    wanted = subscriptions(bindings, queues, settings, prefetch=prefetch)
    hand_over = HandOver(runtime)
    consuming = Consuming(Own(settings, runtime), runtime, wanted, hand_over, sender=consume, recycle=recycle)
    try:
        async with aclosing(iterate(consuming, hand_over)) as stream:
            async for message in stream:
                yield message
    finally:
        await consuming.wait_released()
