"""Turns: beside one another, or alone."""

from __future__ import annotations

import asyncio

from buildyard.farm.store.turns import Turns


class Watch:
    """Notes who was at it at the same time."""

    def __init__(self) -> None:
        self.now: list[str] = []
        self.seen: list[tuple[str, ...]] = []

    async def work(self, name: str) -> None:
        self.now.append(name)
        self.seen.append(tuple(self.now))
        await asyncio.sleep(0.01)
        self.now.remove(name)


def test_all_go_side_by_side() -> None:
    async def main() -> None:
        turns, watch = Turns(), Watch()

        async def go(name: str) -> None:
            async with turns.beside():
                await watch.work(name)

        await asyncio.gather(*map(go, "abc"))
        assert watch.seen[-1] == ("a", "b", "c")

    asyncio.run(main())


def test_who_goes_alone_is_alone() -> None:
    async def main() -> None:
        turns, watch = Turns(), Watch()

        async def go(name: str) -> None:
            async with turns.alone() if name.isupper() else turns.beside():
                await watch.work(name)

        await asyncio.gather(*map(go, "abAcdBefC"))
        assert {names for names in watch.seen if any(map(str.isupper, names))} == {("A",), ("B",), ("C",)}
        assert len(watch.seen) == 9

    asyncio.run(main())


def test_who_gives_up_waiting_to_be_alone_lets_the_others_go() -> None:
    async def main() -> None:
        turns, watch = Turns(), Watch()
        async with turns.beside():
            waiting = asyncio.ensure_future(turns.alone().__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            async with asyncio.timeout(1), turns.beside():
                await watch.work("a")
        assert watch.seen == [("a",)]

    asyncio.run(main())
