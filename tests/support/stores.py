"""Stores and queues for tests: open them, play a scenario on them, let their time pass."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar, cast

from sqlalchemy import Connection

from buildyard.farm.queue.base import Queue
from buildyard.farm.queue.database import DatabaseQueue
from buildyard.farm.store import migrations
from buildyard.farm.store.base import Store
from buildyard.farm.store.connect import open_store
from buildyard.farm.store.sqlite_engine import engine

T = TypeVar("T")

#: Where a test's time begins, in seconds since 1970.
START = 1_800_000_000.0


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Store]:
    """The store at this address, closed at the end."""
    store = await open_store(url)
    try:
        yield store
    finally:
        await store.close()


async def make_store(url: str) -> None:
    """Give this database the farm's tables."""
    async with opened(url):
        pass


def play_on_store(url: str, scenario: Callable[[Store], Awaitable[None]]) -> None:
    """Run a scenario on the store at this address."""

    async def main() -> None:
        async with opened(url) as store:
            await scenario(store)

    asyncio.run(main())


class InOneLane:
    """A store all of whose writes go in one lane."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, body: Callable[[Connection], T]) -> T:
        return await self._store.write(body, lane="one")


def play_in_one_lane(url: str, scenario: Callable[[Store], Awaitable[None]]) -> None:
    """Run a scenario on the store at this address, all writes in one lane."""
    play_on_store(url, lambda store: scenario(cast("Store", InOneLane(store))))


def play_on_queue(url: str, scenario: Callable[[DatabaseQueue, Clock], Awaitable[None]]) -> None:
    """Run a scenario on queues in the store at this address, with a clock that stands still unless it is moved."""
    clock = Clock()
    play_on_store(url, lambda store: scenario(DatabaseQueue(store, clock), clock))


@contextmanager
def memory_connection() -> Iterator[Connection]:
    """A connection in a transaction on a new SQLite database in memory, for bodies without a store or a loop."""
    memory = engine(":memory:")
    try:
        with memory.connect() as connection, connection.begin():
            migrations.create_all(connection)
            yield connection
    finally:
        memory.dispose()


#: The fixtures that play a scenario on every implementation.
OnStore = Callable[[Callable[[Store], Awaitable[None]]], None]
OnQueue = Callable[[Callable[[Queue, Clock], Awaitable[None]]], None]
