"""A farm's bus in tests: a queue that keeps what is published, a relay that runs, and a store with a bus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from uuid import uuid4

from buildyard.farm.bus_settings import BusSettings
from buildyard.farm.events import outbox, relays
from buildyard.farm.events.relay import Relay
from buildyard.farm.events.schemas import BuilderLost, Event
from buildyard.farm.loops import Loop
from buildyard.farm.store.base import Store
from buildyard.farm.store.connect import open_store
from buildyard.messaging import aio
from buildyard.messaging.message import Message

NOW = 1_800_000_000.0


def queue(name: str, keys: Sequence[str], exchange: str = "amq.topic") -> dict[str, object]:
    """Arguments of ``start_consuming``: a queue that outlives connections and brokers, for a minute."""
    table = {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {"x-expires": 60_000}}
    return {
        "bindings": [{"queue": name, "exchange": exchange, "routing_keys": list(keys)}],
        "queues": {name: table},
    }


async def declare(url: str, wanted: dict[str, object]) -> None:
    """Return when the queue is there."""
    (consumer,) = await aio.start_consuming(_ignore, url=url, **wanted)  # type: ignore[arg-type]
    await consumer.drop()


async def _ignore(message: Message) -> None:
    await asyncio.sleep(3600)


async def received(
    url: str, wanted: dict[str, object], is_last: Callable[[list[Message]], bool], seconds: float = 20
) -> list[Message]:
    """Return the messages of the queue in the order in which they came, up to the one that is the last."""
    found: list[Message] = []
    stream = aio.messages(url=url, prefetch=500, **wanted)  # type: ignore[arg-type]
    async with asyncio.timeout(seconds), aclosing(stream):
        async for message in stream:
            found.append(message)
            if is_last(found):
                break
    return found


async def caught_up(store: Store, seconds: float = 30) -> None:
    """Return when the bus has everything."""
    async with asyncio.timeout(seconds):
        while await waiting(store):
            await asyncio.sleep(0.02)


async def waiting(store: Store) -> int:
    lag = await store.read(relays.lag)
    assert lag is not None
    return lag.waiting


@asynccontextmanager
async def store_with_bus(url: str) -> AsyncIterator[Store]:
    """A store whose events are relayed from now on."""
    store = await open_store(url, options={outbox.BUS: True, outbox.TASKCLUSTER: True})
    try:
        await store.write(lambda connection: relays.begin(connection, uuid4()))
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def relaying(
    store: Store, bus: BusSettings, exchanges: Sequence[str] = (), *, holder: str = "one"
) -> AsyncIterator[Relay]:
    """A relay that runs as the hub runs it."""
    loop = asyncio.get_running_loop()
    relay = Relay(store, bus, exchanges, holder, loop.time)
    task = asyncio.create_task(Loop("relay", (outbox.CHANNEL,), relay.look, relay.next_due).run(store, loop.time))
    try:
        yield relay
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await relay.close()


async def happen(store: Store, *events: Event) -> None:
    await store.write(partial(outbox.record, now=NOW, happened=events))


def lost(name: object) -> Event:
    return BuilderLost(builder=str(name), reason="said goodbye")
