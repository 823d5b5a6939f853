"""What every store promises to those who wait: a commit wakes them, and nothing is missed between look and wait."""

from __future__ import annotations

import asyncio
import time

import pytest
from sqlalchemy import Connection

from buildyard.farm.store.base import Store, wake
from buildyard.farm.store.errors import StoreClosed
from support.stores import OnStore

#: Seconds in which a wake must arrive.
SOON = 10.0


def waking(*channels: str):  # type: ignore[no-untyped-def]
    return lambda connection: wake(connection, *channels)


def test_commit_wakes_who_waits(on_store: OnStore) -> None:
    async def scenario(store: Store) -> None:
        async with store.waiter(["a"]) as waiter:
            waiting = asyncio.ensure_future(waiter.wait(SOON))
            await asyncio.sleep(0)
            await store.write(waking("a"))
            assert await waiting == {"a"}

    on_store(scenario)


def test_wake_before_the_wait_is_not_missed(on_store: OnStore) -> None:
    async def scenario(store: Store) -> None:
        async with store.waiter(["a", "b"]) as waiter:
            await store.write(waking("a"))
            await store.write(waking("b"))
            heard: set[str] = set()
            while heard != {"a", "b"}:
                woken = await waiter.wait(SOON)
                assert woken
                heard |= woken

    on_store(scenario)


def test_wake_is_told_once(on_store: OnStore) -> None:
    async def scenario(store: Store) -> None:
        async with store.waiter(["a"]) as waiter:
            await store.write(waking("a"))
            assert await waiter.wait(SOON) == {"a"}
            assert await waiter.wait(0.05) == frozenset()

    on_store(scenario)


def test_channel_of_others_wakes_nobody(on_store: OnStore) -> None:
    async def scenario(store: Store) -> None:
        async with store.waiter(["a"]) as waiter:
            await store.write(waking("b"))
            assert await waiter.wait(0.1) == frozenset()

    on_store(scenario)


def test_wait_ends_with_its_time(on_store: OnStore) -> None:
    async def scenario(store: Store) -> None:
        async with store.waiter(["a"]) as waiter:
            begun = time.monotonic()
            assert await waiter.wait(0.2) == frozenset()
            assert 0.15 < time.monotonic() - begun < 5

    on_store(scenario)


def test_body_that_raises_wakes_nobody(on_store: OnStore) -> None:
    def body(connection: Connection) -> None:
        wake(connection, "a")
        raise LookupError

    async def scenario(store: Store) -> None:
        async with store.waiter(["a"]) as waiter:
            with pytest.raises(LookupError):
                await store.write(body)
            await store.write(lambda connection: None)
            assert await waiter.wait(0.1) == frozenset()

    on_store(scenario)


def test_long_and_strange_channel_is_a_channel(on_store: OnStore) -> None:
    name = "queue:" + "p" * 256 + '/it\'s "quoted"; \u2603' + "q" * 200

    async def scenario(store: Store) -> None:
        async with store.waiter([name]) as waiter:
            await store.write(waking(name))
            assert await waiter.wait(SOON) == {name}

    on_store(scenario)


def test_everybody_who_waits_is_woken(on_store: OnStore) -> None:
    async def scenario(store: Store) -> None:
        ready = 0

        async def wait(number: int) -> frozenset[str]:
            nonlocal ready
            async with store.waiter(["all", f"own{number}"]) as waiter:
                ready += 1
                return await waiter.wait(SOON)

        waiting = [asyncio.ensure_future(wait(number)) for number in range(2000)]
        while ready < 2000:
            await asyncio.sleep(0)
        await store.write(waking("own7"))
        await store.write(waking("all"))
        woken = await asyncio.gather(*waiting)
        assert "own7" in woken[7]
        assert set(woken[:7] + woken[8:]) == {frozenset({"all"})}

    on_store(scenario)


def test_cancelled_wait_hurts_nobody(on_store: OnStore) -> None:
    async def scenario(store: Store) -> None:
        async with store.waiter(["a"]) as waiter:
            waiting = asyncio.ensure_future(waiter.wait(SOON))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            await store.write(waking("a"))
            assert await waiter.wait(SOON) == {"a"}

    on_store(scenario)


def test_close_ends_the_wait(on_store: OnStore) -> None:
    async def scenario(store: Store) -> None:
        async with store.waiter(["a"]) as waiter:
            waiting = asyncio.ensure_future(waiter.wait(SOON))
            await asyncio.sleep(0)
            await store.close()
            with pytest.raises(StoreClosed):
                await waiting

    on_store(scenario)
