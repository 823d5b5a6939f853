"""The store on PostgreSQL: for a farm that has outgrown one machine, or several hubs.

Bodies run by SQLAlchemy's `run_sync` on asyncpg, in the REPEATABLE READ isolation: a body sees one snapshot, and when
another transaction has changed a row that it wants to change, it is undone and run again.  So a body that is right on
SQLite, where bodies run one after another, loses no update here.  Wakes are notifications in the transaction
(`listening.py`), so they reach every hub, after the commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from types import MappingProxyType
from typing import Any, Final, TypeVar

import asyncpg
from sqlalchemy import URL, AdaptedConnection, Connection, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from buildyard.farm.store import migrations
from buildyard.farm.store.base import Waiter
from buildyard.farm.store.errors import StoreClosed
from buildyard.farm.store.lanes import Lanes
from buildyard.farm.store.listening import Listener
from buildyard.farm.store.postgresql_errors import translated
from buildyard.farm.store.postgresql_try import Try, raise_known
from buildyard.farm.store.turns import Turns
from buildyard.farm.store.waking import Wakes

T = TypeVar("T")

#: Connections that are kept, and that may be made beside them when all are busy.
POOL_SIZE: Final = 8
POOL_OVERFLOW: Final = 8

#: Seconds in which the server must accept a connection.
CONNECT_TIMEOUT: Final = 10.0

#: Statements are short; compiling one takes longer than running it, and is what PostgreSQL would do where it is asked
#: to trust indexes.
_SETTINGS: Final = {"application_name": "buildyard", "jit": "off"}


class PostgresqlStore:
    """A `Store` in a PostgreSQL database.  Made by `open_postgresql`; belongs to the event loop it was opened in."""

    dialect: Final = "postgresql"

    def __init__(self, engine: AsyncEngine, url: URL) -> None:
        self._engine = engine
        self._turns = Turns()
        self._lanes = Lanes(engine)
        self._wakes = Wakes()
        self._listener = Listener(lambda: _connect(engine, url), self._wakes)
        self._closed = False
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def start(self) -> None:
        """Bring the schema up to date, and begin to listen."""
        try:
            upgrading = self._engine.execution_options(isolation_level="READ COMMITTED")
            async with upgrading.begin() as connection:
                await connection.run_sync(migrations.upgrade)
            await self._listener.start()
        except Exception as error:
            await self._listener.close()
            await self._engine.dispose()
            raise_known(error, translated(error, connecting=True))

    async def write(self, body: Callable[[Connection], T], *, lane: str = "") -> T:
        """Return what the body returned, once it is committed (see `Store.write`).

        Raises `StoreBusy` when other transactions got in its way each time.
        """
        with self._use():
            if not lane:
                return await Try(self._engine, body, turns=self._turns).run()
            result: T = await self._lanes.submit(lane, body)
            return result

    async def read(self, body: Callable[[Connection], T]) -> T:
        """Return what the body read, in one snapshot."""
        with self._use():
            return await Try(self._engine, body, readonly=True).run()

    def waiter(self, channels: Iterable[str]) -> AbstractAsyncContextManager[Waiter]:
        """Return a waiter for these channels, from entering the context to leaving it."""
        return self._waiter(channels)

    async def close(self) -> None:
        """Finish what was begun and let go of the database."""
        if self._closed:
            return
        self._closed = True
        self._wakes.close()
        await self._idle.wait()
        await self._lanes.close()
        await self._listener.close()
        await self._engine.dispose()

    @asynccontextmanager
    async def _waiter(self, channels: Iterable[str]) -> AsyncIterator[Waiter]:
        with self._wakes.waiter(channels) as waiter:
            yield waiter

    @contextmanager
    def _use(self) -> Iterator[None]:
        if self._closed:
            raise StoreClosed
        self._running += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()


async def open_postgresql(url: URL, *, options: Mapping[str, object] = MappingProxyType({})) -> PostgresqlStore:
    """Return the store in this database, made or upgraded if need be.

    Raises `StoreTooNew`, `StoreDamaged` (another program's tables) and `StoreUnreachable`.
    """
    engine = create_async_engine(
        url.set(drivername="postgresql+asyncpg"),
        execution_options=dict(options),
        # Transactions are asyncpg's own, begun and ended in `postgresql_try`.
        isolation_level="AUTOCOMMIT",
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        connect_args={"timeout": CONNECT_TIMEOUT, "server_settings": _SETTINGS},
    )
    event.listen(engine.sync_engine, "checkout", _refuse_unfit)
    store = PostgresqlStore(engine, url)
    await store.start()
    return store


def _refuse_unfit(connection: AdaptedConnection, _record: object, _proxy: object) -> None:
    """Make the pool connect again where an idle connection was closed by the server, or is not idle."""
    driver: Any = connection.driver_connection
    if driver.is_closed() or driver.is_in_transaction():
        raise DisconnectionError


async def _connect(engine: AsyncEngine, url: URL) -> Any:
    """Return a connection of asyncpg's own, past the pool."""
    _, options = engine.dialect.create_connect_args(url)
    return await asyncpg.connect(**options, timeout=CONNECT_TIMEOUT)
