"""The blocking face: asyncio's drivers on a thread of their own, so that heartbeats go on while callbacks run.

Callbacks run in the caller's thread, where Ctrl-C and debuggers reach them; coroutine functions run on the drivers'
loop.
"""

from __future__ import annotations

import asyncio
import queue
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from buildyard.faces.portal import Portal
from buildyard.messaging import _sending, aio
from buildyard.messaging._consuming import Bindings, Queues, is_async, usable
from buildyard.messaging._wire import Outgoing
from buildyard.messaging.message import Message

_portal = Portal("buildyard-messaging")

Started = Callable[[Sequence[aio.Consumer]], object]


def publish(
    message: Message, exchange: str | None, timeout: float | None, *, sender: Any, mandatory: bool = False
) -> None:
    """Publish over this process's connection; return when the broker has confirmed."""
    settings = aio.process_settings()
    outgoing = _sending.prepare(message, settings, sender)
    if not _sending.intercept(message, exchange):
        target = settings.publish_exchange if exchange is None else exchange
        try:
            _portal.wait(lambda: _submit(outgoing, target, timeout, mandatory))
        except Exception as error:
            _sending.tell_failure(message, error, sender)
            raise
    _sending.tell_success(message, sender)


def _submit(outgoing: Outgoing, exchange: str, timeout: float | None, mandatory: bool) -> asyncio.Future[None]:
    return aio.default_publisher().submit(outgoing, exchange, timeout=timeout, mandatory=mandatory)


def close() -> None:
    """End this process's connection for publishing; the next publish makes another."""
    _portal.call(aio.close_default_publisher)


class _Interrupted(Exception):
    """The caller's thread was struck while it handled a message: Ctrl-C."""


class _End:
    """The last thing that is handed over, with the error that ended it, if one did."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


_Item = tuple[Message, Callable[[Exception | None], None]] | _End


class _Caller:
    """Hands messages to the thread that called, and its outcomes back to the loop."""

    def __init__(self) -> None:
        self.ready: queue.SimpleQueue[_Item] = queue.SimpleQueue()

    async def __call__(self, message: Message) -> None:
        loop = asyncio.get_running_loop()
        handled: asyncio.Future[Exception | None] = loop.create_future()

        def done(error: Exception | None) -> None:
            loop.call_soon_threadsafe(_resolve, handled, error)

        self.ready.put((message, done))
        error = await handled
        if error is not None:
            raise error

    def run(self, callback: Callable[[Message], Any]) -> None:
        """Call the callback with each message until the end; raise what ended it."""
        while not isinstance(item := self.ready.get(), _End):
            self._handle(callback, *item)
        if item.error is not None:
            raise item.error

    @staticmethod
    def _handle(callback: Callable[[Message], Any], message: Message, done: Callable[[Exception | None], None]) -> None:
        try:
            callback(message)
        except Exception as error:
            done(error)
        except BaseException:
            done(_Interrupted())
            raise
        else:
            done(None)


def _resolve(future: asyncio.Future[Exception | None], error: Exception | None) -> None:
    if not future.done():
        future.set_result(error)


def messages(places: Mapping[str, Any]) -> Generator[Message, None, None]:
    """Yield what `aio.messages` yields, which runs on a thread of its own meanwhile."""
    with Portal("buildyard-messages") as portal:
        stream = aio.messages(**places)

        async def step() -> Message:
            return await anext(stream)

        try:
            while True:
                yield portal.call(step)
        finally:
            portal.call(stream.aclose)


class _Run:
    """One call of `consume`, and how to end it from any thread."""

    def __init__(self) -> None:
        self._stopping: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_stopped = False

    async def run(
        self, handler: Any, bindings: Bindings, queues: Queues, options: Mapping[str, Any], started: Started
    ) -> None:
        """Consume until a consumer stops, or `stop` is called."""
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        if self._is_stopped:
            return
        consumers = await aio.start_consuming(handler, bindings, queues, **options)
        started(consumers)
        async with aio.monitored(consumers):
            await aio.until_one_stops(consumers, self._stopping)

    def stop(self) -> None:
        """Let it end after the message under way."""
        self._is_stopped = True
        if self._loop is not None and self._stopping is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)


def consume(
    callback: Any,
    bindings: Bindings,
    queues: Queues,
    options: Mapping[str, Any],
    started: Started = lambda consumers: None,
) -> None:
    """Consume until a consumer stops, and raise why; return after SIGTERM.

    ``started`` is called on the consumers' loop when they have begun.
    """
    called = usable(callback)
    caller, run = _Caller(), _Run()
    with Portal("buildyard-consumer") as portal:
        handler = called if is_async(called) else caller
        running = portal.start(run.run, handler, bindings, queues, options, started)
        running.add_done_callback(lambda done: caller.ready.put(_End(None if done.cancelled() else done.exception())))
        try:
            with _on_terminate(run.stop):
                caller.run(called)
        finally:
            run.stop()


@contextmanager
def _on_terminate(stop: Callable[[], object]) -> Iterator[None]:
    """Stop after the message under way when the process is told to end; signals are the main thread's."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stopping(number: int, frame: FrameType | None) -> None:
        stop()

    before = signal.signal(signal.SIGTERM, stopping)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
