"""The relay on a bus in this process: what is published again, what is let go of, and when it looks again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from sqlalchemy import Connection

from buildyard.farm.bus_settings import BusSettings
from buildyard.farm.events import outbox, relays
from buildyard.farm.events.outbox import BusMessage
from buildyard.farm.events.relay import Relay
from buildyard.farm.hub import Hub
from buildyard.farm.settings import load
from buildyard.farm.settings_errors import BadSetting
from buildyard.farm.store.base import Store
from buildyard.farm.store.errors import StoreUnreachable
from support.bus import NOW, declare, happen, lost, queue, received, store_with_bus, waiting
from support.stores import Clock

T = TypeVar("T")


class Forgetful:
    """A store that loses its second write: what the bus has confirmed is not noted."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._writes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, body: Callable[[Connection], T]) -> T:
        self._writes += 1
        if self._writes == 2:
            raise StoreUnreachable("no answer")
        return await self._store.write(body)


Scenario = Callable[[Store, BusSettings, dict[str, object]], Awaitable[None]]


def play(place: Path, scenario: Scenario) -> None:
    """Run a scenario with a store, a bus, and a queue that keeps all that is published there."""

    async def main() -> None:
        bus = BusSettings(url=f"memory://{uuid4().hex}")
        wanted = queue("kept", ["#"])
        await declare(bus.url, wanted)
        async with asyncio.timeout(20), store_with_bus(f"sqlite:///{place / 'yard.sqlite'}") as store:
            await scenario(store, bus, wanted)

    asyncio.run(main())


def test_what_was_confirmed_and_not_noted_is_published_again_under_its_id(tmp_path: Path) -> None:
    async def scenario(store: Store, bus: BusSettings, wanted: dict[str, object]) -> None:
        await happen(store, lost("a"), lost("b"))
        relay = Relay(Forgetful(store), bus, [], "one", Clock())  # type: ignore[arg-type]
        with pytest.raises(StoreUnreachable):
            await relay.look()
        assert await relay.look() == 2
        told = await received(bus.url, wanted, lambda found: len(found) == 4)
        assert [one.body["builder"] for one in told] == ["a", "b", "a", "b"]
        assert [one.id for one in told[:2]] == [one.id for one in told[2:]]
        await relay.close()

    play(tmp_path, scenario)


def test_a_message_that_amqp_cannot_carry_is_let_go_of_and_those_behind_it_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(store: Store, bus: BusSettings, wanted: dict[str, object]) -> None:
        endless = BusMessage(exchange="amq.topic", routing_key="a" * 256, body={})
        await store.write(lambda connection: outbox.record(connection, NOW, [lost("before")], [endless]))
        await happen(store, lost("behind"))
        relay = Relay(store, bus, [], "one", Clock())
        assert await relay.look() == 3
        told = await received(bus.url, wanted, lambda found: len(found) == 2)
        assert [one.body["builder"] for one in told] == ["before", "behind"]
        await relay.close()

    play(tmp_path, scenario)
    assert [one.message for one in caplog.records] == ["bus.message_dropped"]


def test_a_hub_that_does_not_relay_looks_again_when_the_others_claim_ends(tmp_path: Path) -> None:
    async def scenario(store: Store, bus: BusSettings, wanted: dict[str, object]) -> None:
        clock = Clock(NOW)
        await happen(store, lost("a"))
        await store.write(lambda connection: relays.claim(connection, NOW, "another", NOW + 30, 10))
        relay = Relay(store, bus, [], "one", clock)
        assert (await relay.look(), await relay.next_due()) == (0, NOW + 30)
        clock.advance(30)
        assert (await relay.look(), await waiting(store)) == (1, 0)
        await relay.close()

    play(tmp_path, scenario)


def test_a_bus_that_is_back_is_not_told_of_as_away_although_nothing_waits(tmp_path: Path) -> None:
    async def scenario(store: Store, bus: BusSettings, wanted: dict[str, object]) -> None:
        await store.write(lambda connection: relays.note_trouble(connection, NOW, "refused"))
        relay = Relay(store, bus, [], "one", Clock())
        await relay.look()
        lag = await store.read(relays.lag)
        assert lag is not None
        assert (lag.trouble, lag.trouble_since) == ("", None)
        await relay.close()

    play(tmp_path, scenario)


def test_a_bus_that_lets_us_in_and_takes_nothing_is_warned_about_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """There is no such exchange, and nobody may make one of that name."""
    caplog.set_level(logging.INFO, "buildyard.farm.events.relay")

    async def scenario(store: Store, bus: BusSettings, wanted: dict[str, object]) -> None:
        clock = Clock(NOW)
        await happen(store, lost("a"))
        relay = Relay(store, BusSettings(url=bus.url, exchange="amq.nothing"), [], "one", clock)
        for _ in range(3):
            assert await relay.look() == 0
            clock.now = await relay.next_due() or 0.0
        lag = await store.read(relays.lag)
        assert lag is not None
        assert (lag.waiting, "amq.nothing" in lag.trouble, lag.trouble_since) == (1, True, NOW)
        await relay.close()

    play(tmp_path, scenario)
    assert [one.message for one in caplog.records] == ["bus.away"]


@pytest.mark.parametrize("url", ["amqp://me:secret@bus:port/", "memory://a/b", "amqp://bus/?heartbeat=often"])
def test_a_hub_refuses_an_address_that_is_none_and_shows_no_password(tmp_path: Path, url: str) -> None:
    settings = load({"state": tmp_path, "port": 0, "bus.url": url}, {}).settings

    async def main() -> None:
        async with Hub.open(settings):
            pass

    with pytest.raises(BadSetting, match=r"bus\.url") as refused:
        asyncio.run(main())
    assert "secret" not in str(refused.value)
