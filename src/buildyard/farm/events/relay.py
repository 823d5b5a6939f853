"""The relay: what the log records goes to the bus, in order, at least once.

A loop of the hub (`loops.Loop` calls `look`).  A batch of the log is claimed, published with a window of confirmations,
and the number moves to the last one before the first that was not confirmed.  Everything not confirmed is published
again later, over a new connection, in the same order and under the same ids; so whoever is killed, hub or broker, every
recorded event arrives.  A broker that is away stops nothing else, and is warned about once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy import Row

from buildyard.farm.bus_settings import BusSettings
from buildyard.farm.events import relays
from buildyard.farm.events.bus import bus_connection, declare_exchanges
from buildyard.farm.events.outgoing import outgoing
from buildyard.farm.events.relays import Batch
from buildyard.farm.store.base import Store
from buildyard.messaging.aio import Publisher
from buildyard.messaging.exceptions import (
    ConnectionException,
    MessageTooLarge,
    PermissionException,
    PublishException,
    ValidationError,
)

log = logging.getLogger(__name__)

#: So many messages are claimed, and may be unconfirmed, at one time.
BATCH: Final = 500

#: A batch that is not confirmed after so many seconds is tried again; the claim on the relay outlives it.
CONFIRM_S: Final = 20.0
CLAIM_S: Final = 30.0

#: Seconds before the broker is tried again, at first and at most.
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0

_PASSING = (ConnectionException, PermissionException, PublishException, TimeoutError)


class Relay:
    """Relays the log of one store, as the hub that ``holder`` names.  ``exchanges`` are declared first."""

    def __init__(
        self, store: Store, bus: BusSettings, exchanges: Sequence[str], holder: str, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._bus = bus
        self._exchanges = [bus.exchange, *exchanges]
        self._holder = holder
        self._clock = clock
        self._connection = bus_connection(bus)
        self._publisher: Publisher | None = None
        self._failures = 0
        self._not_before = 0.0  #: the broker is not tried before then
        self._is_away = False  #: and that was warned about
        self._is_trouble_noted = False  #: in the store, by whomever
        self._due: float | None = None

    async def look(self) -> int:
        """Publish the next piece of the log; return how many messages of it the bus has now."""
        now = self._clock()
        self._due = self._not_before if now < self._not_before else None
        if self._due is not None:
            return 0
        try:
            publisher = await self._open()
        except _PASSING as error:
            await self._note_trouble(error)
            return 0
        batch = await self._claim(now)
        return await self._relay(publisher, batch) if batch is not None and batch.rows else 0

    async def next_due(self) -> float | None:
        """Return when to look although nobody wakes it: at the end of a pause, or of another hub's claim."""
        return self._due

    async def close(self) -> None:
        """Let go of the connection."""
        publisher, self._publisher = self._publisher, None
        if publisher is not None:
            await publisher.close()

    async def _claim(self, now: float) -> Batch | None:
        """Return what is to be published, None where there is nothing or another hub does it."""
        lag = await self._store.read(relays.lag)
        if lag is None:
            return None
        self._is_trouble_noted = bool(lag.trouble)
        if not lag.waiting:
            await self._note_well()
            return None
        if lag.holder not in ("", self._holder) and lag.held_until > now:
            self._due = lag.held_until
            return None
        claiming = partial(relays.claim, now=now, holder=self._holder, until=now + CLAIM_S, limit=BATCH)
        return await self._store.write(claiming)

    async def _relay(self, publisher: Publisher, batch: Batch) -> int:
        futures = [self._submit(publisher, row, batch) for row in batch.rows]
        try:
            done, failure = await _confirmed(futures)
        finally:
            _give_up(futures)
        if done:
            await self._store.write(partial(relays.move, holder=self._holder, rows=batch.rows[:done]))
        if failure is None:
            await self._note_well()
            return done
        # What is still under way must not overtake what failed.
        await self.close()
        await self._note_trouble(failure)
        return 0

    async def _open(self) -> Publisher:
        """Return a publisher to exchanges that are there; it connects when there is something to publish."""
        if self._publisher is None:
            await declare_exchanges(self._connection, self._exchanges)
            self._publisher = Publisher(settings=self._connection, window=BATCH)
        return self._publisher

    def _submit(self, publisher: Publisher, row: Row[Any], batch: Batch) -> asyncio.Future[None] | None:
        try:
            found = outgoing(row, batch.identity, self._bus.topic_prefix)
        except ValidationError as error:
            _drop(row, error)
            return None
        return publisher.submit(found, row.exchange or self._bus.exchange, timeout=None, mandatory=False)

    async def _note_well(self) -> None:
        if self._is_away:
            log.info("bus.back", extra={"bus": self._connection.parameters.visible})
        if self._is_trouble_noted:
            await self._store.write(relays.note_well)
        self._failures, self._is_away, self._is_trouble_noted = 0, False, False

    async def _note_trouble(self, error: Exception) -> None:
        why = str(error) or type(error).__name__
        self._failures += 1
        pause = min(_FIRST_PAUSE_S * 2 ** min(self._failures - 1, 16), _LONGEST_PAUSE_S)
        self._due = self._not_before = self._clock() + pause
        if not self._is_away:
            self._is_away = True
            log.warning("bus.away", extra={"bus": self._connection.parameters.visible, "why": why})
        await self._store.write(partial(relays.note_trouble, now=self._clock(), why=why))


async def _confirmed(futures: Sequence[asyncio.Future[None] | None]) -> tuple[int, Exception | None]:
    """Return how many of the first are done with, and what the next one failed with."""
    done = 0
    try:
        async with asyncio.timeout(CONFIRM_S):
            for future in futures:
                if future is not None:
                    await _settled(future)
                done += 1
    except TimeoutError:
        return done, TimeoutError(f"the broker confirmed nothing for {CONFIRM_S:g} s")
    except _PASSING as error:
        return done, error
    return done, None


def _give_up(futures: Sequence[asyncio.Future[None] | None]) -> None:
    """Let go of what is not confirmed; of what failed behind the first failure nobody asks."""
    for future in futures:
        if future is not None and not future.cancel() and not future.cancelled():
            future.exception()


async def _settled(future: asyncio.Future[None]) -> None:
    try:
        await future
    except (ValidationError, MessageTooLarge) as error:
        # It would fail for ever, and keep everything behind it waiting.
        log.error("bus.message_dropped", extra={"why": str(error)})


def _drop(row: Row[Any], error: Exception) -> None:
    log.error("bus.message_dropped", extra={"event": row.id, "topic": row.topic, "why": str(error)})
