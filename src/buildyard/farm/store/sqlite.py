"""The store on SQLite: one file, one writer thread with group commit, a few reader threads.

The default of the farm.  Acknowledged means committed: with `synchronous` at NORMAL that survives the death of the
process, with FULL also a loss of power.  `writer.py` is the writer; `postgresql.py` is the other store.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine

from buildyard.farm.store import migrations
from buildyard.farm.store.base import Waiter
from buildyard.farm.store.batches import Batch
from buildyard.farm.store.errors import StoreClosed
from buildyard.farm.store.sqlite_engine import Synchronous, engine
from buildyard.farm.store.sqlite_errors import translating
from buildyard.farm.store.sqlite_transactions import snapshot
from buildyard.farm.store.waking import Wakes
from buildyard.farm.store.writer import Writer

T = TypeVar("T")

#: Threads that read; each has its connection.  Reads are short, and the machine has other work.
READERS: Final = 2


class SqliteStore:
    """A `Store` in one file.  Made by `open_sqlite`; belongs to the event loop it was opened in."""

    dialect: Final = "sqlite"

    def __init__(self, writing: Engine, reading: Engine, connection: Connection, synchronous: Synchronous) -> None:
        self._writing = writing
        self._reading = reading
        self._reader = threading.local()
        self._connection = connection
        self._connections = [connection]
        self._wakes = Wakes()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="buildyard-reader")
        loop = asyncio.get_running_loop()
        self._writer = Writer(connection, loop, self._wakes, waits_for_disk=synchronous == "FULL")
        self._writer.start()
        self._closed = False

    async def write(self, body: Callable[[Connection], T], *, lane: str = "") -> T:  # all share one
        """Return what the body returned, once it is committed (see `Store.write`).

        A caller that is cancelled before the commit has its body undone, or not run at all.
        """
        if self._closed:
            raise StoreClosed
        # Many may meet in a batch, and together they are not short.
        result: T = await self._writer.submit(body, is_short=bool(lane) and not isinstance(body, Batch))
        return result

    async def read(self, body: Callable[[Connection], T]) -> T:
        """Return what the body read, in one snapshot."""
        if self._closed:
            raise StoreClosed
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, body)

    def waiter(self, channels: Iterable[str]) -> AbstractAsyncContextManager[Waiter]:
        """Return a waiter for these channels, from entering the context to leaving it."""
        return self._waiter(channels)

    async def close(self) -> None:
        """Finish what was begun and let go of the file."""
        if self._closed:
            return
        self._closed = True
        self._wakes.close()
        await self._writer.close()
        await asyncio.to_thread(self._readers.shutdown)
        await asyncio.to_thread(self._let_go)

    @asynccontextmanager
    async def _waiter(self, channels: Iterable[str]) -> AsyncIterator[Waiter]:
        with self._wakes.waiter(channels) as waiter:
            yield waiter

    def _let_go(self) -> None:
        for connection in self._connections:
            connection.close()
        self._reading.dispose()
        self._writing.dispose()

    def _read(self, body: Callable[[Connection], T]) -> T:
        with translating():
            connection = self._of_this_reader()
            with snapshot(connection):
                return body(connection)

    def _of_this_reader(self) -> Connection:
        """Return the connection of this thread, made on its first use."""
        connection: Connection | None = getattr(self._reader, "connection", None)
        if connection is None:
            connection = self._reader.connection = self._reading.connect()
            self._connections.append(connection)
        return connection


async def open_sqlite(
    path: Path, *, synchronous: Synchronous = "NORMAL", options: Mapping[str, object] = MappingProxyType({})
) -> SqliteStore:
    """Return the store in this file, made or upgraded if need be.

    Raises `StoreTooNew`, `StoreDamaged`, `StoreFull`, `StoreUnreachable` (no such directory, no permission) and
    `StoreBusy` (another process holds it).
    """
    writing = engine(path, synchronous=synchronous, begins=False, options=options)
    reading = engine(path, synchronous=synchronous, readers=READERS, begins=False, options=options)
    connection = await asyncio.to_thread(_connect, path, writing)
    return SqliteStore(writing, reading, connection, synchronous)


def _connect(path: Path, writing: Engine) -> Connection:
    """Return the writer's connection to the file, which has the present schema then."""
    _upgrade(path)
    with translating():
        return writing.connect()


def _upgrade(path: Path) -> None:
    """Bring the file to the present schema; a second process that does the same waits for the first."""
    # Rebuilding a table, SQLite's way to alter one, must not fire its foreign keys; they are checked at the end.
    preparing = engine(path, foreign_keys=False)
    try:
        with translating(), preparing.connect() as connection, connection.begin():
            migrations.upgrade(connection)
    finally:
        preparing.dispose()
