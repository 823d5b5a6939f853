"""Two claimers, two databases: no run is ever held twice, and none is forgotten."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime

from sqlalchemy import Connection, delete

from buildyard.farm.store.base import Store
from buildyard.farm.store.tables import messages
from buildyard.farm.tasks import artifacts, builders, clients, objects, progress, service, sweep
from buildyard.farm.tasks.errors import RequestConflict
from buildyard.farm.tasks.times import to_json
from buildyard.farm.wire import BuilderInfo
from buildyard.taskcluster.slugid import slugId
from support.stores import opened, play_on_store
from support.tasks import OTHER_POOL, POOL, definition

TASKS = 60
POOLS = (POOL, OTHER_POOL)


async def create(store: Store, count: int, **changes: object) -> set[str]:
    now = time.time()
    made = [slugId() for _ in range(count)]
    wanted = {task_id: definition(now, taskQueueId=POOLS[number % 2], **changes) for number, task_id in enumerate(made)}
    await store.write(lambda connection: service.create_many(connection, now, wanted))
    return set(made)


async def work(store: Store, name: str, limit: int) -> list[tuple[str, int]]:
    """Claim until there is nothing left."""
    held: list[tuple[str, int]] = []
    while True:
        claimed = await store.write(
            lambda connection: service.claim(connection, time.time(), POOLS, "here", name, limit)
        )
        if not claimed:
            return held
        held += [(one.task_id, one.run_id) for one in claimed]


def test_two_claimers_never_hold_one_run(store_url: str) -> None:
    async def main() -> None:
        async with opened(store_url) as one, opened(store_url) as other:
            made = await create(one, TASKS)
            held = await asyncio.gather(*(work(store, f"w{n}", n % 3 + 1) for n, store in enumerate([one, other] * 3)))
            counted = Counter(run for runs in held for run in runs)
            assert set(counted.values()) == {1}
            assert {task_id for task_id, _ in counted} == made

    asyncio.run(main())


def test_a_claim_and_its_cancelling_never_wait_for_each_other(store_url: str) -> None:
    async def main() -> None:
        async with opened(store_url) as one, opened(store_url) as other:
            made = await create(one, TASKS)

            async def cancel_all() -> None:
                for task_id in made:
                    await other.write(lambda connection, id=task_id: service.cancel(connection, time.time(), id))

            await asyncio.wait_for(asyncio.gather(work(one, "w", 5), cancel_all()), 30)
            states = [await one.read(lambda connection, id=task_id: service.status(connection, id)) for task_id in made]
            assert {status["state"] for status in states} == {"exception"}

    asyncio.run(main())


def test_two_sweepers_make_exactly_one_further_run(store_url: str) -> None:
    async def main() -> None:
        async with opened(store_url) as one, opened(store_url) as other:
            made = await create(one, TASKS)
            await work(one, "w", 32)
            later = time.time() + 61
            sweeps = [
                store.write(lambda connection: sweep.expire_claims(connection, later)) for store in [one, other] * 2
            ]
            assert sum(await asyncio.gather(*sweeps)) == TASKS
            for task_id in made:
                status = await one.read(lambda connection, id=task_id: service.status(connection, id))
                assert [run["state"] for run in status["runs"]] == ["exception", "pending"]

    asyncio.run(main())


def test_two_hubs_may_create_the_same_task(store_url: str) -> None:
    async def main() -> None:
        async with opened(store_url) as one, opened(store_url) as other:
            now = time.time()
            task_id, wanted = slugId(), definition(now)
            created = [
                store.write(lambda connection: service.create(connection, now, task_id, wanted))
                for store in [one, other] * 3
            ]
            statuses = await asyncio.gather(*created)
            assert all(status == statuses[0] for status in statuses)
            assert len(await work(one, "w", 5)) == 1

    asyncio.run(main())


def test_reports_and_sweeps_at_once_end_each_run_once(store_url: str) -> None:
    async def main() -> None:
        async with opened(store_url) as one, opened(store_url) as other:
            await create(one, TASKS)
            held = await work(one, "w", 32)
            later = time.time() + 61

            async def report(task_id: str) -> bool:
                try:
                    await other.write(lambda connection: service.report_completed(connection, later, task_id, 0))
                except RequestConflict:
                    return False
                return True

            async def expire() -> int:
                return await one.write(lambda connection: sweep.expire_claims(connection, later))

            first, *reports = await asyncio.gather(expire(), *(report(task_id) for task_id, _ in held))
            assert first + sum(reports) == TASKS

    asyncio.run(main())


def test_lost_messages_are_posted_again(store_url: str) -> None:
    async def scenario(store: Store) -> None:
        made = await create(store, 10)
        await store.write(lambda connection: connection.execute(delete(messages)))
        assert await work(store, "w", 5) == []
        assert await store.write(lambda connection: sweep.repost(connection, time.time())) == 10
        assert {task_id for task_id, _ in await work(store, "w", 5)} == made

    play_on_store(store_url, scenario)


def test_the_rest_of_a_runs_life_is_the_same_on_both(store_url: str) -> None:
    """Each statement of the floor runs on PostgreSQL too."""

    async def scenario(store: Store) -> None:
        now = time.time()
        (task_id,) = await create(store, 1)
        await work(store, "yard-1", 1)

        def body(do: Connection) -> None:
            info = BuilderInfo(
                name="yard-1", worker_group="here", platform="p", slots=1, interpreters=(), sandbox="", version="0"
            )
            builders.hello(do, now, info)
            builders.seen(do, now + 9, "yard-1")
            service.reclaim(do, now, task_id, 0)
            progress.enter_phase(do, now, task_id, 0, "build", 0.0, 7)
            progress.note_log_size(do, task_id, 0, 9)
            clients.builder_credentials(do, now)
            assert clients.find_client(do, clients.BUILDER)
            wanted = {"storageType": "object", "expires": to_json(now + 60), "contentType": "a/b"}
            made = artifacts.create_artifact(do, now, task_id, 0, "x", wanted).artifact
            name, upload_id = str(made.object_name), made.details["uploadId"]
            sent = objects.UploadInput(
                project_id="none",
                upload_id=upload_id,
                expires=_moment(made.expires),
                proposed_upload_methods=objects.Proposed(),
            )
            objects.create_upload(do, now, name, sent)
            objects.create_upload(do, now, name, sent)
            objects.receive(do, now, name, upload_id, objects.Bytes(sha256="a" * 64, size=1))
            told = objects.FinishInput(project_id="none", upload_id=upload_id)
            objects.finish_upload(do, now, name, told)
            artifacts.finish_artifact(do, now, task_id, 0, "x", upload_id)
            assert artifacts.listing(do, task_id, 0)[0]
            assert artifacts.content(do, now, task_id, None, "x").present
            assert service.counts(do, POOL) == (0, 1)
            assert sweep.next_due(do) is not None
            service.report_failed(do, now, task_id, 0)
            service.rerun(do, now, task_id)
            assert sweep.expire_deadlines(do, now + 3601) == 1
            assert builders.expire(do, now + 999) == ["yard-1"]

        await store.write(body)

    play_on_store(store_url, scenario)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
