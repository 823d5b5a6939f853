"""The long poll of claimWork: wait for work without cost, and claim nothing for a client that has gone.

A poll looks once, then sleeps until a message is put into one of its pools, the time is up, or the hub shuts down.
When its client goes away meanwhile, the transaction under way is given up before it commits (`Store.write` undoes what
its caller no longer waits for), so that the run stays in its pool.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from msgspec import Struct
from starlette.types import Receive

from buildyard.farm.queue import database as queue
from buildyard.farm.tasks import service
from buildyard.farm.tasks.definition import PRIORITIES
from buildyard.farm.tasks.rooms import TaskRooms
from buildyard.farm.tasks.service import Claimed
from buildyard.farm.tasks.transitions import PROJECT, queue_name


class Wish(Struct, frozen=True, kw_only=True):
    """What a worker asks for."""

    pools: tuple[str, ...]  #: asked in this order where priorities are equal
    worker_group: str
    worker_id: str
    limit: int  #: runs at most


async def claim_work(rooms: TaskRooms, wish: Wish, receive: Receive) -> list[Claimed]:
    """Return what the worker claims: as soon as there is anything, or nothing once the poll's time is up.

    ``receive`` tells when the client goes away; its request's body must have been read.
    """
    claiming = asyncio.ensure_future(_claim(rooms, wish))
    leaving = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait((claiming, leaving), return_when=asyncio.FIRST_COMPLETED)
        return claiming.result() if claiming.done() else []
    finally:
        for task in (claiming, leaving):
            task.cancel()
        await asyncio.gather(claiming, leaving, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _claim(rooms: TaskRooms, wish: Wish) -> list[Claimed]:
    loop = asyncio.get_running_loop()
    ends = loop.time() + rooms.settings.long_poll_s
    async with rooms.store.waiter(_channels(wish.pools)) as waiter:
        while True:
            claimed = await _look(rooms, wish)
            left = ends - loop.time()
            if claimed or left <= 0 or rooms.shutdown.is_set():
                return claimed
            await first_of(waiter.wait(left), rooms.shutdown.wait())


async def _look(rooms: TaskRooms, wish: Wish) -> list[Claimed]:
    if rooms.is_paused():
        return []
    timeout = rooms.settings.claim_timeout_s
    return await rooms.write(service.claim, wish.pools, wish.worker_group, wish.worker_id, wish.limit, timeout)


def _channels(pools: Sequence[str]) -> list[str]:
    numbers = range(len(PRIORITIES))
    return [queue.channel(PROJECT, queue_name(pool, number)) for pool in pools for number in numbers]


async def first_of(*waits: Coroutine[Any, Any, object]) -> None:
    """Return when one of them has ended, the others cancelled; raise what it raised."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
