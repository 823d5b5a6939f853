"""Readers of the log inside the hub: they bind to topics and follow it, from now or from any number on.

Bindings are those of AMQP's topic exchanges: words between dots, ``*`` for exactly one word, ``#`` for any number of
them, none included.  The log is the queue: a reader keeps the number it has come to, so that one that was away misses
nothing and the broker keeps nothing for it.  `outbox.record` publishes; `relay` tells a bus outside.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from functools import lru_cache, partial
from typing import NamedTuple

from buildyard.farm.events import outbox
from buildyard.farm.events.outbox import Recorded
from buildyard.farm.store.base import Store, Waiter

#: Every topic.
ALL = "#"

#: So many events are read at one time.
BATCH = 500

#: A reader looks again after this, whatever it was told.
_RECHECK_S = 60.0


class Piece(NamedTuple):
    """A piece of the log."""

    events: list[Recorded]  #: those that match, in order
    last: int  #: the number that the reader has come to; what follows it is new


class Broker:
    """Delivers the events of one farm to readers in this process."""

    def __init__(self, store: Store, shutdown: asyncio.Event) -> None:
        self._store = store
        self._shutdown = shutdown

    async def read(self, after: int, *, binding: str = ALL, limit: int = BATCH, wait_s: float = 0.0) -> Piece:
        """Return what follows a number, waiting up to ``wait_s`` seconds for something that matches.

        Nothing after that time, or once the hub shuts down.
        """
        loop = asyncio.get_running_loop()
        ends = loop.time() + wait_s
        async with self._store.waiter([outbox.CHANNEL]) as waiter:
            while True:
                piece = await self._look(after, binding, limit)
                after = piece.last
                left = ends - loop.time()
                if piece.events or left <= 0 or self._shutdown.is_set():
                    return piece
                await self._until_woken(waiter, left)

    async def follow(self, after: int, *, binding: str = ALL) -> AsyncIterator[Recorded]:
        """Yield each event that follows a number and matches, as it happens, until the hub shuts down."""
        async with self._store.waiter([outbox.CHANNEL]) as waiter:
            while not self._shutdown.is_set():
                piece = await self._look(after, binding, BATCH)
                for event in piece.events:
                    yield event
                if piece.last == after:
                    await self._until_woken(waiter, _RECHECK_S)
                after = piece.last

    async def _look(self, after: int, binding: str, limit: int) -> Piece:
        """Return the next piece in which something matches, or the log's end."""
        while True:
            found = await self._store.read(partial(outbox.after, number=after, limit=limit))
            events = [one for one in found if matches(binding, one.topic)]
            after = found[-1].id if found else after
            if events or len(found) < limit:
                return Piece(events, after)

    async def _until_woken(self, waiter: Waiter, seconds: float) -> None:
        await _first_of(waiter.wait(seconds), self._shutdown.wait())


def matches(binding: str, topic: str) -> bool:
    """Tell whether a topic matches a binding (AMQP 0-9-1, section 3.1.3.3)."""
    return _matches(tuple(binding.split(".")), tuple(topic.split(".")))


@lru_cache(maxsize=4096)
def _matches(binding: tuple[str, ...], topic: tuple[str, ...]) -> bool:
    if not binding:
        return not topic
    first, rest = binding[0], binding[1:]
    if first == "#":
        return _matches(rest, topic) or (bool(topic) and _matches(binding, topic[1:]))
    return bool(topic) and first in ("*", topic[0]) and _matches(rest, topic[1:])


async def _first_of(*awaitables: Awaitable[object]) -> None:
    pending = {asyncio.ensure_future(one) for one in awaitables}
    try:
        await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in pending:
            one.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
