"""Tasks that wait for others and groups, from two hubs at once on both databases: nobody is missed, nothing is lost."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import Connection

from buildyard.farm.store.base import Store
from buildyard.farm.tasks import group_ends, groups, lists, service, telling, transitions, worker_records
from buildyard.farm.tasks.errors import RequestConflict
from buildyard.farm.tasks.happened import GroupResolved
from buildyard.farm.tasks.paging import Page
from buildyard.farm.tasks.worker_records import InQuarantine, WorkerId
from buildyard.taskcluster.slugid import slugId
from support.stores import opened
from support.tasks import POOL, definition

PAIRS = 12


async def create(store: Store, task_id: str, **changes: Any) -> None:
    now = time.time()
    await store.write(lambda connection: service.create(connection, now, task_id, definition(now, **changes)))


async def held(store: Store, count: int, **changes: Any) -> list[str]:
    """So many tasks, each held by a worker."""
    now, made = time.time(), [slugId() for _ in range(count)]
    wanted = {task_id: definition(now, **changes) for task_id in made}
    await store.write(lambda connection: service.create_many(connection, now, wanted))
    while await store.write(lambda connection: service.claim(connection, now, [POOL], "here", "w", 32)):
        pass
    return made


async def complete(store: Store, task_id: str) -> None:
    await store.write(lambda connection: service.report_completed(connection, time.time(), task_id, 0))


async def states(store: Store, task_ids: list[str]) -> set[str]:
    found, _ = await store.read(lambda connection: lists.by_id(connection, task_ids, Page()))
    assert len(found) == len(task_ids)
    return {task.state.value for task in found}


def test_what_is_created_while_its_dependency_ends_is_released(store_url: str) -> None:
    async def main() -> None:
        async with opened(store_url) as one, opened(store_url) as other:
            required = await held(one, PAIRS)
            dependents = [slugId() for _ in required]
            await asyncio.gather(
                *(complete(one, task_id) for task_id in required),
                *(create(other, mine, dependencies=[its]) for mine, its in zip(dependents, required, strict=True)),
            )
            assert await states(one, dependents) == {"pending"}

    asyncio.run(main())


def test_two_dependencies_that_end_at_once_release_a_task_once(store_url: str) -> None:
    async def main() -> None:
        async with opened(store_url) as one, opened(store_url) as other:
            required = await held(one, 2 * PAIRS)
            pairs = list(zip(required[:PAIRS], required[PAIRS:], strict=True))
            dependents = [slugId() for _ in pairs]
            for mine, pair in zip(dependents, pairs, strict=True):
                await create(one, mine, dependencies=list(pair))
            ends = [
                complete(store, task_id) for pair in pairs for store, task_id in zip((one, other), pair, strict=True)
            ]
            await asyncio.gather(*ends)
            claimed = await one.write(
                lambda connection: service.claim(connection, time.time(), [POOL], "here", "w", 32)
            )
            assert sorted(run.task_id for run in claimed) == sorted(dependents)

    asyncio.run(main())


def test_many_tasks_that_name_one_are_created_side_by_side(store_url: str) -> None:
    async def main() -> None:
        async with opened(store_url) as one, opened(store_url) as other:
            (required,) = await held(one, 1)
            dependents = [slugId() for _ in range(2 * PAIRS)]
            await asyncio.gather(
                *(
                    create((one, other)[number % 2], mine, dependencies=[required], taskGroupId=required)
                    for number, mine in enumerate(dependents)
                )
            )
            await complete(one, required)
            assert await states(one, dependents) == {"pending"}

    asyncio.run(main())


def test_the_last_tasks_of_a_group_that_end_at_once_resolve_it(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def tell(connection: Connection, now: float, happenings: Any) -> None:
        connection.info["told"] = connection.info.get("told", []) + list(happenings)
        telling.tell(connection, now, happenings)

    monkeypatch.setattr(transitions, "tell", tell)

    async def end(store: Store, task_id: str) -> list[Any]:
        def body(connection: Connection) -> list[Any]:
            connection.info["told"] = []
            service.report_completed(connection, time.time(), task_id, 0)
            told: list[Any] = connection.info["told"]
            return told

        return await store.write(body)

    async def main() -> None:
        async with opened(store_url) as one, opened(store_url) as other:
            for _ in range(4):
                made = await held(one, 4, taskGroupId=slugId())
                told = await asyncio.gather(*(end((one, other)[n % 2], task_id) for n, task_id in enumerate(made)))
                assert [happening for some in told for happening in some if isinstance(happening, GroupResolved)]

    asyncio.run(main())


def test_nothing_joins_a_group_behind_its_seal(store_url: str) -> None:
    async def join(store: Store, group: str) -> None:
        with suppress(RequestConflict):
            await create(store, slugId(), taskGroupId=group)

    async def main() -> None:
        async with opened(store_url) as one, opened(store_url) as other:
            group = slugId()
            await create(one, group)
            joins = [asyncio.create_task(join((one, other)[number % 2], group)) for number in range(PAIRS)]
            await asyncio.sleep(0)
            await one.write(lambda connection: groups.seal(connection, time.time(), group))
            await one.write(lambda connection: group_ends.cancel(connection, time.time(), group))
            await asyncio.gather(*joins)
            members, _ = await one.read(lambda connection: groups.members(connection, group, Page()))
            assert {task.state.value for task in members} == {"exception"}

    asyncio.run(main())


def test_a_worker_in_quarantine_leaves_what_it_may_not_claim(store_url: str) -> None:
    async def main() -> None:
        async with opened(store_url) as store:
            await held(store, 1)
            task_id, now = slugId(), time.time()
            await create(store, task_id)
            name = WorkerId(POOL, "here", "w")
            await store.write(
                lambda connection: worker_records.quarantine(connection, now, name, now + 60, "ill", "mira")
            )
            for _ in range(2):
                with pytest.raises(InQuarantine):
                    await store.write(lambda connection: service.claim(connection, now, [POOL], "here", "w"))
            (claimed,) = await store.write(lambda connection: service.claim(connection, now, [POOL], "here", "well"))
            assert claimed.task_id == task_id

    asyncio.run(main())
