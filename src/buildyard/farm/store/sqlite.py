"""The store on SQLite: one file, one writer thread with group commit, a few reader threads.

The default of the farm.  Acknowledged means committed: with `synchronous` at NORMAL that survives the death of the
process, with FULL also a loss of power.  `group_commit.py` holds the writer; `postgresql.py` is the other store.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine

from buildyard.farm.store import migrations
from buildyard.farm.store.base import Waiter
from buildyard.farm.store.errors import StoreClosed
from buildyard.farm.store.group_commit import Writer
from buildyard.farm.store.sqlite_engine import Synchronous, engine
from buildyard.farm.store.sqlite_errors import translating
from buildyard.farm.store.waking import Wakes

T = TypeVar("T")

#: Threads that read; each has its connection.  Reads are short, and the machine has other work.
READERS: Final = 2


class SqliteStore:
    """A `Store` in one file.  Made by `open_sqlite`; belongs to the event loop it was opened in."""

    dialect: Final = "sqlite"

    def __init__(self, writing: Engine, reading: Engine, connection: Connection) -> None:
        self._writing = writing
        self._reading = reading
        self._connection = connection
        self._wakes = Wakes()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="buildyard-reader")
        self._writer = Writer(connection, asyncio.get_running_loop(), self._wakes)
        self._writer.start()
        self._closed = False

    async def write(self, body: Callable[[Connection], T]) -> T:
        """Return what the body returned, once it is committed (see `Store.write`).

        A caller that is cancelled before the commit has its body undone, or not run at all.
        """
        if self._closed:
            raise StoreClosed
        result: T = await self._writer.submit(body)
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
        self._reading.dispose()
        self._connection.close()
        self._writing.dispose()

    def _read(self, body: Callable[[Connection], T]) -> T:
        with translating(), self._reading.connect() as connection, connection.begin():
            return body(connection)


async def open_sqlite(path: Path, *, synchronous: Synchronous = "NORMAL") -> SqliteStore:
    """Return the store in this file, made or upgraded if need be.

    Raises `StoreTooNew`, `StoreDamaged`, `StoreFull`, `StoreUnreachable` (no such directory, no permission) and
    `StoreBusy` (another process holds it).
    """
    writing = engine(path, synchronous=synchronous)
    connection = await asyncio.to_thread(_connect, path, writing)
    return SqliteStore(writing, engine(path, synchronous=synchronous, readers=READERS), connection)


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
