"""Messages as an iteration, over any runtime: each is acknowledged when the next one is asked for.

`aio.messages` and `tx.messages` are its faces; a blocking program steps through asyncio's (`_blocking`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from buildyard.messaging._consuming import Bindings, Consuming, Queues
from buildyard.messaging._runtime import Future, Runtime, fail, settle
from buildyard.messaging.exceptions import Nack
from buildyard.messaging.message import Message

#: A queue of the broker's naming, which ends with its connection.
OWN_QUEUE: Mapping[str, Any] = {"durable": False, "auto_delete": True, "exclusive": True, "arguments": {}}


def places(topics: Sequence[str], exchange: str, bindings: Bindings, queues: Queues) -> tuple[Bindings, Queues]:
    """Return what to bind and to consume: a queue of one's own for these topics, unless others are named."""
    tables = queues or {"": OWN_QUEUE}
    if bindings is None:
        bindings = [{"queue": name, "exchange": exchange, "routing_keys": list(topics)} for name in tables]
    return bindings, tables


class HandOver:
    """A handler that ends when somebody else has handled the message."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._ready: deque[Message] = deque()
        self._open: deque[Future] = deque()  #: of each message that was handed over or is ready, in order
        self._waiting: Any = None
        self._reason: Exception | None = None  #: why there are no more
        self._is_over = False

    async def __call__(self, message: Message) -> None:
        handled: Any = self._runtime.future()
        self._ready.append(message)
        self._open.append(handled)
        self._wake()
        await handled

    def end(self, reason: Exception | None) -> None:
        """There are no more messages than those that are ready."""
        self._is_over, self._reason = True, reason
        self._wake()

    async def next(self) -> Message | None:
        """Return the next message, None where the iteration was ended; raise why there are no more."""
        while not self._ready:
            if self._is_over:
                if self._reason is not None:
                    raise self._reason
                return None
            self._waiting = self._runtime.future()
            await self._waiting
        return self._ready.popleft()

    def handled(self) -> None:
        """Acknowledge the oldest message that was handed over."""
        settle(self._open.popleft())

    def give_back(self) -> None:
        """Let the handler of each message end that was not handled."""
        while self._open:
            fail(self._open.popleft(), Nack())

    def _wake(self) -> None:
        if self._waiting is not None:
            settle(self._waiting)


async def iterate(consuming: Consuming, hand_over: HandOver) -> AsyncGenerator[Message, None]:
    """Yield each message of the consumers, which start with the iteration and end with it.

    One that was not finished is given back with everything else that its channel holds.  Raises what
    `Consuming.start` raises, and `ConsumerCanceled` where a queue was deleted.
    """

    def stopped(reason: Exception | None) -> None:
        hand_over.end(reason)
        consuming.release()

    for consumer in consuming.consumers:
        consumer.on_stop = stopped
    await consuming.start()
    try:
        while (message := await hand_over.next()) is not None:
            yield message
            hand_over.handled()
    finally:
        for consumer in consuming.consumers:
            consumer.drop()
        hand_over.give_back()
