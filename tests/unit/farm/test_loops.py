"""A hub's loops: look, wait, be woken, survive a fault."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import cast

import pytest

from buildyard.farm.loops import Loop
from buildyard.farm.store.base import Store


class FakeStore:
    """A store of which only waiting is used; it tells what was waited for."""

    def __init__(self) -> None:
        self.woken = asyncio.Event()
        self.waits: list[float] = []

    @asynccontextmanager
    async def waiter(self, channels: Iterable[str]) -> AsyncIterator[FakeStore]:
        assert tuple(channels) == ("things",)
        yield self

    async def wait(self, timeout: float) -> frozenset[str]:
        self.waits.append(timeout)
        await self.woken.wait()
        self.woken.clear()
        return frozenset({"things"})


async def run(loop: Loop, store: FakeStore, *, until: Callable[[], bool]) -> None:
    task = asyncio.create_task(loop.run(cast(Store, store), lambda: 100.0))
    async with asyncio.timeout(5):
        while not until():
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_loop_looks_until_there_is_nothing_and_then_waits() -> None:
    async def scenario() -> None:
        found, store = [3, 1, 0], FakeStore()

        async def look() -> int:
            return found.pop(0)

        await run(Loop("x", ("things",), look), store, until=lambda: bool(store.waits))
        assert found == []
        assert store.waits == [300.0]

    asyncio.run(scenario())


def test_loop_looks_again_when_it_is_woken() -> None:
    async def scenario() -> None:
        looks, store = [0], FakeStore()

        async def look() -> int:
            looks[0] += 1
            return 0

        store.woken.set()
        await run(Loop("x", ("things",), look), store, until=lambda: looks[0] == 2)

    asyncio.run(scenario())


@pytest.mark.parametrize(("due", "waited"), [(130.0, 30.0), (90.0, 0.01), (99_999.0, 300.0)])
def test_loop_waits_no_longer_than_until_what_is_due(due: float, waited: float) -> None:
    async def scenario() -> None:
        store = FakeStore()

        async def look() -> int:
            return 0

        async def next_due() -> float | None:
            return due

        await run(Loop("x", ("things",), look, next_due), store, until=lambda: bool(store.waits))
        assert store.waits == [waited]

    asyncio.run(scenario())


def test_fault_is_logged_and_the_loop_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        store, looks = FakeStore(), [0]

        async def look() -> int:
            looks[0] += 1
            if looks[0] == 1:
                raise RuntimeError("once")
            return 0

        await run(Loop("plan", ("things",), look), store, until=lambda: bool(store.waits))
        assert looks == [2]

    with caplog.at_level(logging.ERROR):
        asyncio.run(scenario())
    assert [record.message for record in caplog.records] == ["loop.fault"]


def test_loop_that_is_woken_without_end_keeps_its_gap() -> None:
    async def scenario() -> None:
        store, looks = FakeStore(), list[float]()

        async def look() -> int:
            store.woken.set()
            looks.append(asyncio.get_running_loop().time())
            return 0

        await run(Loop("x", ("things",), look, gap_s=0.05), store, until=lambda: len(looks) == 3)
        assert looks[2] - looks[0] >= 0.09

    asyncio.run(scenario())
