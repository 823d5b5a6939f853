"""The log of events has them in the order they were recorded in, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sqlalchemy import Connection

from buildyard.farm.events import outbox
from buildyard.farm.events.schemas import BuilderLost
from buildyard.farm.store.base import Store
from support.stores import OnStore


def lost(*names: str) -> list[BuilderLost]:
    return [BuilderLost(builder=name, reason='told "so"') for name in names]


def names(connection: Connection) -> list[str]:
    found = [recorded.event for recorded in outbox.after(connection, 0)]
    return [event.builder for event in found if isinstance(event, BuilderLost)]


def test_events_of_one_transaction_keep_their_order(on_store: OnStore) -> None:
    wanted = [f"b{number}" for number in range(40)]

    async def scenario(store: Store) -> None:
        await store.write(lambda connection: outbox.record(connection, 7.0, lost(*wanted)))
        assert await store.read(names) == wanted

    on_store(scenario)


def test_reader_never_finds_an_event_before_one_that_it_has_seen(on_store: OnStore) -> None:
    async def scenario(store: Store) -> None:
        def body(name: str) -> Callable[[Connection], None]:
            return lambda connection: outbox.record(connection, 7.0, lost(name))

        writing = asyncio.gather(*(store.write(body(f"b{number}")) for number in range(40)))
        seen: list[str] = []
        while len(seen) < 40:
            found = await store.read(names)
            assert found[: len(seen)] == seen
            seen = found
        await writing

    on_store(scenario)
