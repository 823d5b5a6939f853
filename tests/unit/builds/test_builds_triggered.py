"""A trigger's consumer on a bus in this process: what comes again when a request cannot be written, and how often."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from sqlalchemy import Connection, select

from buildyard.farm.builds import triggered
from buildyard.farm.bus_settings import BusSettings, Trigger
from buildyard.farm.store.base import Store
from buildyard.farm.store.errors import StoreUnreachable
from buildyard.farm.store.tables import requests
from buildyard.messaging.aio import Publisher, Redelivery
from buildyard.messaging.exceptions import PublishReturned
from buildyard.messaging.message import Message
from support.bus import NOW, store_with_bus

T = TypeVar("T")


class Ailing:
    """A store whose next writes fail with these errors."""

    def __init__(self, store: Store, errors: list[Exception]) -> None:
        self._store = store
        self._errors = errors

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, body: Callable[[Connection], T]) -> T:
        if self._errors:
            raise self._errors.pop(0)
        return await self._store.write(body)


def asked(connection: Connection) -> list[str]:
    query = select(requests.c.requirements).order_by(requests.c.id)
    return [json.loads(text)[0] for text in connection.execute(query).scalars()]


def requested(place: Path, names: list[str], errors: list[Exception]) -> list[str]:
    """Return what was asked for once the last of these messages has been; it is sent when all errors have happened."""
    bus = BusSettings(url=f"memory://{uuid4().hex}")
    rule = Trigger(name="releases", exchange="amq.topic", topic="release", requirements="body.name")

    async def main() -> list[str]:
        async with asyncio.timeout(20), store_with_bus(f"sqlite:///{place / 'yard.sqlite'}") as store:
            ailing: Any = Ailing(store, errors)
            following = asyncio.create_task(triggered.follow_triggers(ailing, bus, [rule], lambda: NOW))
            async with Publisher(bus.url) as out:
                await _bound(out)
                for name in names:
                    while errors and name == names[-1]:
                        await asyncio.sleep(0.01)
                    await out.publish(Message({"name": name}, topic="release"), mandatory=True)
            while names[-1] not in await store.read(asked):
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)  # what would come again has come
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            return sorted(await store.read(asked))

    return asyncio.run(main())


async def _bound(out: Publisher) -> None:
    """Return when a queue wants the messages; the one that finds out names no package and asks for nothing."""
    while True:
        try:
            return await out.publish(Message({}, topic="release"), mandatory=True)
        except PublishReturned:
            await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried soon."""
    monkeypatch.setattr(triggered, "_REDELIVERY", Redelivery(limit=triggered._REDELIVERY.limit, delay=0.01))
    monkeypatch.setattr(triggered, "_FIRST_PAUSE_S", 0.01)


def test_a_message_waits_while_the_store_is_away_and_is_asked_for_then(tmp_path: Path) -> None:
    away: list[Exception] = [StoreUnreachable("no answer") for _ in range(5)]
    assert requested(tmp_path, ["six", "idna"], away) == ["idna", "six"]


@pytest.mark.parametrize(("faults", "found"), [(5, ["idna", "six"]), (6, ["idna"])])
def test_a_fault_of_ours_brings_a_message_back_five_times_and_no_more(
    tmp_path: Path, faults: int, found: list[str]
) -> None:
    assert requested(tmp_path, ["six", "idna"], [RuntimeError("broken") for _ in range(faults)]) == found


def test_a_hub_that_stops_gives_back_what_it_could_not_write(tmp_path: Path) -> None:
    bus = BusSettings(url=f"memory://{uuid4().hex}")
    rule = Trigger(name="releases", exchange="amq.topic", topic="release", requirements="body.name")
    away: list[Exception] = [StoreUnreachable("no answer") for _ in range(1000)]

    async def main() -> list[str]:
        async with asyncio.timeout(20), store_with_bus(f"sqlite:///{tmp_path / 'yard.sqlite'}") as store:
            ailing: Any = Ailing(store, away)
            following = asyncio.create_task(triggered.follow_triggers(ailing, bus, [rule], lambda: NOW))
            async with Publisher(bus.url) as out:
                await _bound(out)
                await out.publish(Message({"name": "six"}, topic="release"), mandatory=True)
            while len(away) == 1000:
                await asyncio.sleep(0.01)
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            after = asyncio.create_task(triggered.follow_triggers(store, bus, [rule], lambda: NOW))
            while not (found := await store.read(asked)):
                await asyncio.sleep(0.01)
            after.cancel()
            await asyncio.gather(after, return_exceptions=True)
            return found

    assert asyncio.run(main()) == ["six"]
