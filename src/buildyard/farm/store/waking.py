"""Who waits for which channel, inside one process and one event loop.

Both stores own one `Wakes`: SQLite's writer feeds it after each commit, PostgreSQL's listener as notifications arrive.
A waiter costs a few hundred bytes and, while it waits, a future and a timer, so a hub holds thousands of long polls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from buildyard.farm.store.errors import StoreClosed


class ChannelWaiter:
    """A `Waiter`: remembers what was woken since it was made, for one task to wait on."""

    def __init__(self, channels: frozenset[str]) -> None:
        self.channels = channels
        self._woken: set[str] = set()
        self._future: asyncio.Future[None] | None = None
        self._closed = False

    async def wait(self, timeout: float) -> frozenset[str]:
        """Return the channels woken since the last call, waiting up to ``timeout`` seconds; empty when time is up.

        Raises `StoreClosed` when the store is closed.
        """
        if not self._woken and not self._closed:
            await self._sleep(timeout)
        if self._closed:
            raise StoreClosed
        woken = frozenset(self._woken)
        self._woken.clear()
        return woken

    def notify(self, channel: str) -> None:
        """Remember that this channel was woken, and end the wait."""
        self._woken.add(channel)
        self._end_sleep()

    def close(self) -> None:
        """End the wait for good."""
        self._closed = True
        self._end_sleep()

    async def _sleep(self, timeout: float) -> None:
        loop = asyncio.get_running_loop()
        self._future = loop.create_future()
        timer = loop.call_later(max(timeout, 0.0), self._end_sleep)
        try:
            await self._future
        finally:
            timer.cancel()
            self._future = None

    def _end_sleep(self) -> None:
        if self._future is not None and not self._future.done():
            self._future.set_result(None)


class Wakes:
    """The waiters of one store, by channel."""

    def __init__(self) -> None:
        self._waiters: dict[str, set[ChannelWaiter]] = {}
        self._closed = False

    @contextmanager
    def waiter(self, channels: Iterable[str]) -> Iterator[ChannelWaiter]:
        """Return a waiter that hears of these channels until the context is left."""
        waiter = ChannelWaiter(frozenset(channels))
        for channel in waiter.channels:
            self._waiters.setdefault(channel, set()).add(waiter)
        if self._closed:
            waiter.close()
        try:
            yield waiter
        finally:
            self._forget(waiter)

    def wake(self, channels: Iterable[str]) -> None:
        """Wake whoever waits for any of these channels."""
        for channel in channels:
            for waiter in self._waiters.get(channel, ()):
                waiter.notify(channel)

    def wake_all(self) -> None:
        """Wake everybody: wakes may have been missed, so let all look again."""
        self.wake(list(self._waiters))

    def close(self) -> None:
        """End every wait, now and from now on, with `StoreClosed`."""
        self._closed = True
        for waiter in {waiter for waiters in self._waiters.values() for waiter in waiters}:
            waiter.close()

    def _forget(self, waiter: ChannelWaiter) -> None:
        for channel in waiter.channels:
            waiters = self._waiters[channel]
            waiters.discard(waiter)
            if not waiters:
                del self._waiters[channel]
