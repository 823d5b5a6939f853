"""What many readers want at one moment is made once, and never older than what they know of."""

from __future__ import annotations

import asyncio

from buildyard.farm.web.rooms import Kept


class Maker:
    """Counts how often it was asked."""

    def __init__(self) -> None:
        self.made = 0

    async def __call__(self) -> int:
        await asyncio.sleep(0)
        self.made += 1
        return self.made


def test_many_readers_get_one_value() -> None:
    async def read() -> list[int]:
        kept, maker = Kept(seconds=60), Maker()
        return await asyncio.gather(*(kept.get("page", 7, maker) for _ in range(5)))

    assert asyncio.run(read()) == [1] * 5


def test_a_reader_who_knows_of_more_gets_a_new_one() -> None:
    async def read() -> list[int]:
        kept, maker = Kept(seconds=60), Maker()
        return [await kept.get("page", version, maker) for version in (7, 8, 7, 8)]

    assert asyncio.run(read()) == [1, 2, 2, 2]


def test_a_value_that_has_aged_is_made_again() -> None:
    async def read() -> list[int]:
        kept, maker = Kept(seconds=0), Maker()
        return [await kept.get("page", 7, maker) for _ in range(2)]

    assert asyncio.run(read()) == [1, 2]
