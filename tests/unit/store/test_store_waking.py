"""Waiters of one process: cheap, and nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import time

from buildyard.farm.store.waking import Wakes


def test_waiter_that_left_is_forgotten() -> None:
    async def main() -> None:
        wakes = Wakes()
        with wakes.waiter(["a", "b"]), wakes.waiter(["b"]):
            pass
        assert wakes._waiters == {}

    asyncio.run(main())


def test_wake_all_wakes_each_with_its_channels() -> None:
    async def main() -> None:
        wakes = Wakes()
        with wakes.waiter(["a", "b"]) as both, wakes.waiter(["c"]) as one:
            wakes.wake_all()
            assert await both.wait(0) == {"a", "b"}
            assert await one.wait(0) == {"c"}

    asyncio.run(main())


def test_thousands_of_waiters_are_cheap() -> None:
    """Ten thousand long polls: woken in well under a second."""

    async def main() -> None:
        wakes = Wakes()

        async def poll(number: int) -> frozenset[str]:
            with wakes.waiter([f"pool{number % 50}", "tasks", "stop"]) as waiter:
                return await waiter.wait(60)

        polls = [asyncio.ensure_future(poll(number)) for number in range(10_000)]
        await asyncio.sleep(0)
        begun = time.process_time()
        wakes.wake(["pool7"])
        await asyncio.sleep(0.01)
        assert sum(poll.done() for poll in polls) == 200
        wakes.wake(["stop"])
        await asyncio.gather(*polls)
        assert time.process_time() - begun < 2
        assert wakes._waiters == {}

    asyncio.run(main())
    gc.collect()
