"""The long poll of claimWork: wait for work without cost, and claim nothing for a client that has gone.

A poll looks once, then sleeps until a message is put into one of its pools, the time is up, or the hub shuts down.
When its client goes away meanwhile, the transaction under way is given up before it commits (`Store.write` undoes what
its caller no longer waits for), so that the run stays in its pool.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence, Set
from typing import Any

from msgspec import structs
from starlette.types import Receive

from buildyard.farm.queue import database as queue
from buildyard.farm.tasks import service, worker_records
from buildyard.farm.tasks.definition import PRIORITIES
from buildyard.farm.tasks.rooms import TaskRooms
from buildyard.farm.tasks.service import Claimed, Wish
from buildyard.farm.tasks.transitions import PROJECT, queue_name
from buildyard.farm.tasks.worker_records import STEP_S, InQuarantine, WorkerId

#: Workers that are remembered to have been noted.
_MOST_SEEN = 20_000


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
    await _note(rooms, wish)
    async with rooms.store.waiter(_channels(wish.pools)) as waiter:
        while True:
            try:
                claimed = await _look(rooms, wish)
            except InQuarantine as shut:
                wish = _without(wish, shut.task_queue_ids)
                continue
            left = ends - loop.time()
            if claimed or left <= 0 or rooms.shutdown.is_set():
                return claimed
            await first_of(waiter.wait(left), rooms.shutdown.wait())


async def _note(rooms: TaskRooms, wish: Wish) -> None:
    """Note that the worker polls, now and then: an empty poll writes nothing."""
    now = rooms.clock()
    names = [WorkerId(pool, wish.worker_group, wish.worker_id) for pool in wish.pools]
    stale = [name for name in names if now - rooms.workers_seen.get(name, float("-inf")) > STEP_S]
    if not stale or rooms.is_paused():
        return
    if len(rooms.workers_seen) > _MOST_SEEN:
        rooms.workers_seen.clear()
    await rooms.write_each(worker_records.seen_each, stale)
    rooms.workers_seen.update(dict.fromkeys(stale, now))


def _without(wish: Wish, shut: Set[str]) -> Wish:
    """Return what is left of the wish: whoever is in quarantine waits out the poll like everybody else."""
    return structs.replace(wish, pools=tuple(pool for pool in wish.pools if pool not in shut))


async def _look(rooms: TaskRooms, wish: Wish) -> list[Claimed]:
    if rooms.is_paused() or not wish.pools:
        return []
    return await rooms.write_each(service.claim_each, wish, weight=wish.limit)


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
