"""The hub's ears on the bus: one consumer for each trigger, each with a queue of its own that outlives the hub.

A message is acknowledged once its request is committed, so a hub that is killed loses none and asks for none twice
(`triggers.take`).  What a trigger cannot make a request of is logged and dropped.  A bus that is away, or an exchange
that is not there yet, is warned about once and tried again; the other triggers go on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from buildyard.farm.builds.trigger_rules import NotARequest, Rule
from buildyard.farm.builds.triggers import take
from buildyard.farm.bus_settings import BusSettings, Trigger
from buildyard.farm.events.bus import bus_connection
from buildyard.farm.store.base import Store
from buildyard.farm.store.errors import StoreBusy, StoreFull, StoreUnreachable
from buildyard.messaging.aio import Consumer, Redelivery, start_consuming, until_one_stops
from buildyard.messaging.exceptions import (
    ConnectionException,
    ConsumeException,
    Drop,
    Nack,
    PermissionException,
)
from buildyard.messaging.message import Message

log = logging.getLogger(__name__)

#: So many messages are held at one time; requests are rare.
_PREFETCH: Final = 10

#: A message that a fault of ours keeps from being asked for comes so often again, so many seconds apart.
_REDELIVERY: Final = Redelivery(limit=5, delay=1.0)

#: Seconds before the bus, or a store that is away, is tried again, at first and at most.
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0

_AWAY = (StoreBusy, StoreFull, StoreUnreachable)


async def follow_triggers(
    store: Store, bus: BusSettings, triggers: Sequence[Trigger], clock: Callable[[], float]
) -> None:
    """Make requests of the messages that the triggers tell of, until cancelled."""
    async with asyncio.TaskGroup() as group:
        for trigger in triggers:
            group.create_task(_Ear(store, bus, trigger, clock).listen(), name=f"trigger-{trigger.name}")


class _Ear:
    """Listens for one trigger."""

    def __init__(self, store: Store, bus: BusSettings, trigger: Trigger, clock: Callable[[], float]) -> None:
        self._store = store
        self._settings = bus_connection(bus)
        self._trigger = trigger
        self._rule = Rule(trigger)
        self._clock = clock
        self._stopping = asyncio.Event()

    async def listen(self) -> None:
        """Listen for ever; end by cancellation."""
        pause, is_told = _FIRST_PAUSE_S, False
        while True:
            try:
                consumers = await self._start()
                log.info("trigger.listens", extra={"trigger": self._trigger.name, "queue": consumers[0].queue})
                pause, is_told = _FIRST_PAUSE_S, False
                await self._until_over(consumers)
            except (ConnectionException, PermissionException, ConsumeException) as error:
                if not is_told:
                    log.warning("trigger.waits", extra={"trigger": self._trigger.name, "why": str(error)})
                is_told = True
            except Exception:
                log.exception("trigger.fault", extra={"trigger": self._trigger.name})
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    async def _until_over(self, consumers: list[Consumer]) -> None:
        """Raise why a consumer stopped; cancelled, let the message that is being handled be finished or given back."""
        over = asyncio.ensure_future(until_one_stops(consumers, self._stopping))
        try:
            await asyncio.shield(over)
        except asyncio.CancelledError:
            self._stopping.set()
            await over
            raise

    async def _start(self) -> list[Consumer]:
        trigger = self._trigger
        queue: Mapping[str, Any] = {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}
        return await start_consuming(
            self._on_message,
            [{"queue": trigger.queue_name, "exchange": trigger.exchange, "routing_keys": [trigger.topic]}],
            {trigger.queue_name: queue},
            settings=self._settings,
            prefetch=_PREFETCH,
            redelivery=_REDELIVERY,
        )

    async def _on_message(self, message: Message) -> None:
        about = {"trigger": self._trigger.name, "message_id": message.id, "topic": message.topic}
        try:
            asked = self._rule.asked(_said(message))
            if asked is not None:
                number = await self._write(partial(take, message_id=message.id, asked=asked))
                log.info("trigger.asked", extra={**about, "request": number})
        except NotARequest as error:
            log.warning("trigger.message_dropped", extra={**about, "why": str(error)})
            raise Drop from error
        except Nack:
            raise
        except Exception as error:
            log.exception("trigger.fault", extra=about)
            raise Nack from error

    async def _write(self, body: Callable[..., int | None]) -> int | None:
        """Commit it, however long the store is away; the bus keeps the message meanwhile."""
        pause = _FIRST_PAUSE_S
        while not self._stopping.is_set():
            try:
                return await self._store.write(partial(body, now=self._clock()))
            except _AWAY as error:
                log.warning("trigger.store_away", extra={"trigger": self._trigger.name, "why": str(error)})
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
        raise Nack("the hub stops")


def _said(message: Message) -> dict[str, Any]:
    """Return a message as expressions see it."""
    return {"topic": message.topic, "exchange": message.exchange, "headers": message.headers, "body": message.body}
