"""One transaction on PostgreSQL on its way to its commit, through conflicts and connections that had died unnoticed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Final, Generic, Literal, TypeVar

from sqlalchemy import ARRAY, Connection, Text, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from buildyard.farm.store.base import DONE_KEY, WAKE_KEY
from buildyard.farm.store.listening import NOTIFY_CHANNEL, payloads
from buildyard.farm.store.postgresql_errors import is_broken, is_conflict, is_overtaken, translated
from buildyard.farm.store.prepared import Prepared
from buildyard.farm.store.turns import Turns

T = TypeVar("T")

#: asyncpg's words.  `repeatable_read`: all statements of a transaction see one snapshot; `read_committed`: each sees
#: what is committed when it begins.
Isolation = Literal["repeatable_read", "read_committed"]

#: How often a body is run that other transactions get in the way of, and the longest pause before the second run.
TRIES: Final = 12
_PAUSE: Final = 0.005

#: How often a body is run again because its connection broke.
_BREAKS: Final = 3

_CHANNEL = func.unnest(bindparam("channels", type_=ARRAY(Text))).column_valued("channel")
_NOTIFY = Prepared(select(func.pg_notify(NOTIFY_CHANNEL, _CHANNEL)))


class Try(Generic[T]):
    """One body, run until it is committed, or until that is hopeless."""

    def __init__(
        self,
        engine: AsyncEngine,
        body: Callable[[Connection], T],
        *,
        isolation: Isolation = "repeatable_read",
        readonly: bool = False,
        turns: Turns | None = None,
    ) -> None:
        self._engine = engine
        self._body = body
        self._isolation = isolation
        self._readonly = readonly
        self._turns = turns  #: None for who is in nobody's way
        self._connected = False
        self._committing = False
        self._runs = 0
        self._broke = 0
        self._overtaken = 0

    async def run(self) -> T:
        """Return the body's result once it is committed; raise the store's error, or the body's own."""
        while True:
            try:
                async with self._turn():
                    return await self._once()
            except Exception as error:
                if not self._deserves_another(error):
                    raise_known(error, translated(error, connecting=not self._connected, committing=self._committing))
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
            try:
                return await self._transact(connection)
            except BaseException as error:
                if is_broken(error) or not isinstance(error, Exception):
                    # Cancelled, it may be in the middle of anything: closed, it is undone, and used by nobody.
                    await connection.invalidate()
                raise

    async def _transact(self, connection: AsyncConnection) -> T:
        # asyncpg's own transaction, past SQLAlchemy's: what is `Prepared` runs on asyncpg's own connection.
        driver: Any = (await connection.get_raw_connection()).driver_connection
        transaction = driver.transaction(isolation=self._isolation, readonly=self._readonly)
        await transaction.start()
        try:
            result = await connection.run_sync(self._run_body)
        except Exception:
            if not driver.is_closed():
                await transaction.rollback()
            raise
        self._committing = not self._readonly
        await transaction.commit()
        return result

    def _run_body(self, connection: Connection) -> T:
        connection.info[WAKE_KEY] = channels = set[str]()
        connection.info[DONE_KEY] = set[str]()
        result = self._body(connection)
        if channels:
            _NOTIFY.rows(connection, channels=payloads(channels))
        return result

    def _deserves_another(self, error: Exception) -> bool:
        if is_conflict(error):
            return self._runs < TRIES
        if is_overtaken(error):
            # Once: a body that looked first finds now what the other did, and one that is wrong fails again.
            self._overtaken += 1
            return self._overtaken == 1
        if is_broken(error) and self._connected and not self._committing:
            # The pool gives none that is known to be closed; others of its age may be about to learn it.
            self._broke += 1
            return self._broke <= _BREAKS
        return False


def raise_known(error: Exception, known: Exception) -> None:
    """Raise an error in the store's words, from what it was."""
    if known is error:
        raise error
    raise known from error
