"""The store on PostgreSQL: for a farm that has outgrown one machine, or several hubs.

Bodies run by SQLAlchemy's `run_sync` on asyncpg, in the REPEATABLE READ isolation: a body sees one snapshot, and when
another transaction has changed a row that it wants to change, it is undone and run again.  So a body that is right on
SQLite, where bodies run one after another, loses no update here.  Wakes are notifications in the transaction
(`listening.py`), so they reach every hub, after the commit.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from typing import Any, Final, Generic, TypeVar

import asyncpg
from sqlalchemy import ARRAY, URL, Connection, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from buildyard.farm.store import migrations
from buildyard.farm.store.base import WAKE_KEY, Waiter
from buildyard.farm.store.errors import StoreClosed
from buildyard.farm.store.listening import NOTIFY_CHANNEL, Listener
from buildyard.farm.store.postgresql_errors import is_broken, is_conflict, is_duplicate, translated
from buildyard.farm.store.turns import Turns
from buildyard.farm.store.waking import Wakes

T = TypeVar("T")

#: Connections that are kept, and that may be made beside them when all are busy.
POOL_SIZE: Final = 8
POOL_OVERFLOW: Final = 8

#: Seconds in which the server must accept a connection.
CONNECT_TIMEOUT: Final = 10.0

#: How often a body is run that other transactions get in the way of, and the longest pause before the second run.
TRIES: Final = 12
_PAUSE: Final = 0.005

#: Statements are short; compiling one takes longer than running it, and is what PostgreSQL would do where it is asked
#: to trust indexes.
_SETTINGS: Final = {"application_name": "buildyard", "jit": "off"}

_NOTIFY = text("SELECT pg_notify(:name, channel) FROM unnest(:channels) AS channel").bindparams(
    bindparam("channels", type_=ARRAY(Text))
)


class PostgresqlStore:
    """A `Store` in a PostgreSQL database.  Made by `open_postgresql`; belongs to the event loop it was opened in."""

    dialect: Final = "postgresql"

    def __init__(self, engine: AsyncEngine, url: URL) -> None:
        self._engine = engine
        self._reading = engine.execution_options(postgresql_readonly=True)
        self._turns = Turns()
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
            _raise(error, translated(error, connecting=True))

    async def write(self, body: Callable[[Connection], T]) -> T:
        """Return what the body returned, once it is committed (see `Store.write`).

        Raises `StoreBusy` when other transactions got in its way each time.
        """
        with self._use():
            return await _Try(self._engine, body, self._turns).run()

    async def read(self, body: Callable[[Connection], T]) -> T:
        """Return what the body read, in one snapshot."""
        with self._use():
            return await _Try(self._reading, body).run()

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


async def open_postgresql(url: URL) -> PostgresqlStore:
    """Return the store in this database, made or upgraded if need be.

    Raises `StoreTooNew`, `StoreDamaged` (another program's tables) and `StoreUnreachable`.
    """
    engine = create_async_engine(
        url.set(drivername="postgresql+asyncpg"),
        isolation_level="REPEATABLE READ",
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        connect_args={"timeout": CONNECT_TIMEOUT, "server_settings": _SETTINGS},
    )
    store = PostgresqlStore(engine, url)
    await store.start()
    return store


class _Try(Generic[T]):
    """One body on its way to its commit, through conflicts and connections that had died unnoticed."""

    def __init__(self, engine: AsyncEngine, body: Callable[[Connection], T], turns: Turns | None = None) -> None:
        self._engine = engine
        self._body = body
        self._turns = turns  #: None for who only reads
        self._connected = False
        self._committing = False
        self._runs = 0
        self._broke = 0
        self._duplicates = 0

    async def run(self) -> T:
        """Return the body's result once it is committed; raise the store's error, or the body's own."""
        while True:
            try:
                async with self._turn():
                    return await self._once()
            except Exception as error:
                if not self._deserves_another(error):
                    _raise(error, translated(error, connecting=not self._connected, committing=self._committing))
            # Those who collided, in two hubs, part.
            await asyncio.sleep(random.uniform(0, _PAUSE * self._runs))  # noqa: S311  # no secret

    def _turn(self) -> AbstractAsyncContextManager[None]:
        if self._turns is None:
            return nullcontext()
        return self._turns.alone() if self._runs else self._turns.beside()

    async def _once(self) -> T:
        self._runs += 1
        self._connected = self._committing = False
        async with self._engine.connect() as connection:
            self._connected = True
            async with connection.begin() as transaction:
                result = await connection.run_sync(self._run_body)
                self._committing = self._turns is not None
                await transaction.commit()
            return result

    def _run_body(self, connection: Connection) -> T:
        connection.info[WAKE_KEY] = channels = set[str]()
        result = self._body(connection)
        if channels:
            connection.execute(_NOTIFY, {"name": NOTIFY_CHANNEL, "channels": sorted(channels)})
        return result

    def _deserves_another(self, error: Exception) -> bool:
        if is_conflict(error):
            return self._runs < TRIES
        if is_duplicate(error):
            # Once: a body that looked first finds the other's row now, and one that is wrong fails again.
            self._duplicates += 1
            return self._duplicates == 1
        if is_broken(error) and self._connected and not self._committing:
            # Once: the pool throws away all of a broken connection's age, so the next one is new.
            self._broke += 1
            return self._broke == 1
        return False


async def _connect(engine: AsyncEngine, url: URL) -> Any:
    """Return a connection of asyncpg's own, past the pool."""
    _, options = engine.dialect.create_connect_args(url)
    return await asyncpg.connect(**options, timeout=CONNECT_TIMEOUT)


def _raise(error: Exception, known: Exception) -> None:
    if known is error:
        raise error
    raise known from error
