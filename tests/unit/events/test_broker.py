"""The embedded broker: bindings, resuming from a number, waiting without missing anything."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildyard.farm.events.broker import Broker, matches
from buildyard.farm.events.outbox import record
from buildyard.farm.events.schemas import BuilderLost, BuilderSeen, Event
from buildyard.farm.store.base import Store
from buildyard.farm.store.connect import open_store

WORDS = st.sampled_from(["build", "task", "queued", "a"])


@pytest.mark.parametrize(
    ("binding", "topic", "does"),
    [
        ("#", "build.queued", True),
        ("build.#", "build", True),
        ("build.#", "build.queued.twice", True),
        ("build.*", "build.queued", True),
        ("build.*", "build", False),
        ("build.*", "build.queued.twice", False),
        ("*.queued", "build.queued", True),
        ("#.queued", "queued", True),
        ("build.queued", "build.queued", True),
        ("build.queue", "build.queued", False),
        ("", "build", False),
    ],
)
def test_binding_matches_as_amqp_says(binding: str, topic: str, does: bool) -> None:
    assert matches(binding, topic) is does


@given(
    st.lists(st.one_of(WORDS, st.sampled_from("*#")), min_size=1, max_size=6), st.lists(WORDS, min_size=1, max_size=6)
)
def test_binding_matches_as_an_equal_pattern_does(binding: list[str], topic: list[str]) -> None:
    words = {"*": r"\.[^.]+", "#": r"(?:\.[^.]+)*"}
    pattern = "".join(words.get(word, rf"\.{word}") for word in binding)
    assert matches(".".join(binding), ".".join(topic)) is bool(re.fullmatch(pattern, "." + ".".join(topic)))


def seen(name: str) -> Event:
    return BuilderSeen(builder=name, platform="linux_x86_64", slots=1)


def lost(name: str) -> Event:
    return BuilderLost(builder=name, reason="said goodbye")


def scenario(place: Path, body: Callable[[Store, Broker, asyncio.Event], Awaitable[None]]) -> None:
    async def run() -> None:
        store = await open_store(f"sqlite:///{place / 'yard.sqlite'}")
        shutdown = asyncio.Event()
        try:
            async with asyncio.timeout(10):
                await body(store, Broker(store, shutdown), shutdown)
        finally:
            await store.close()

    asyncio.run(run())


async def happen(store: Store, *events: Event) -> None:
    await store.write(lambda connection: record(connection, 1.0, events))


def test_reader_resumes_where_it_stopped(tmp_path: Path) -> None:
    async def body(store: Store, broker: Broker, _: asyncio.Event) -> None:
        await happen(store, seen("a"), seen("b"))
        first = await broker.read(0, limit=1)
        second = await broker.read(first.last)
        assert [one.event for one in (*first.events, *second.events)] == [seen("a"), seen("b")]

    scenario(tmp_path, body)


def test_reader_gets_what_it_is_bound_to_and_passes_over_the_rest(tmp_path: Path) -> None:
    async def body(store: Store, broker: Broker, _: asyncio.Event) -> None:
        await happen(store, *[seen(str(number)) for number in range(7)], lost("a"), seen("z"))
        piece = await broker.read(0, binding="*.lost", limit=2)
        assert [one.event for one in piece.events] == [lost("a")]
        assert (await broker.read(piece.last, binding="*.lost")).last == 9

    scenario(tmp_path, body)


def test_waiting_reader_is_woken_by_what_happens(tmp_path: Path) -> None:
    async def body(store: Store, broker: Broker, _: asyncio.Event) -> None:
        reading = asyncio.create_task(broker.read(0, binding="builder.lost", wait_s=30))
        await asyncio.sleep(0.05)
        await happen(store, seen("a"))
        await happen(store, lost("a"))
        assert [one.event for one in (await reading).events] == [lost("a")]

    scenario(tmp_path, body)


def test_waiting_reader_is_let_go_when_its_time_is_up(tmp_path: Path) -> None:
    async def body(store: Store, broker: Broker, _: asyncio.Event) -> None:
        assert await broker.read(0, wait_s=0.05) == ([], 0)

    scenario(tmp_path, body)


def test_readers_and_followers_end_when_the_hub_shuts_down(tmp_path: Path) -> None:
    async def body(store: Store, broker: Broker, shutdown: asyncio.Event) -> None:
        reading = asyncio.create_task(broker.read(0, wait_s=30))

        async def follow() -> list[Event]:
            return [one.event async for one in broker.follow(0)]

        following = asyncio.create_task(follow())
        await asyncio.sleep(0.05)
        shutdown.set()
        assert (await reading, await following) == (([], 0), [])

    scenario(tmp_path, body)


def test_follower_sees_each_event_once_in_order(tmp_path: Path) -> None:
    async def body(store: Store, broker: Broker, _: asyncio.Event) -> None:
        await happen(store, seen("before"))
        found: list[Event] = []

        async def follow() -> None:
            async for one in broker.follow(0, binding="builder.#"):
                found.append(one.event)
                if len(found) == 4:
                    return

        following = asyncio.create_task(follow())
        for name in "abc":
            await happen(store, seen(name))
        await following
        assert found == [seen(name) for name in ("before", "a", "b", "c")]

    scenario(tmp_path, body)
