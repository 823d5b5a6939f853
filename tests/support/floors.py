"""The floor that builds stand on, the hub's own and a Taskcluster elsewhere, each with a worker at its queue.

The Taskcluster elsewhere is a second hub, which the farm's hub knows by HTTP alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, delete, select

from buildyard.farm.builder.wheel import read_wheel
from buildyard.farm.builds import enqueue
from buildyard.farm.builds.service import BuildService
from buildyard.farm.store.base import Store
from buildyard.farm.store.tables import builds, dirty_pages, files, messages, objects, request_builds, requests, tasks
from buildyard.farm.tasks import mirror, service
from buildyard.farm.tasks.remote import RemoteTasks
from buildyard.farm.tasks.rooms import TaskRooms, TaskSettings
from buildyard.farm.wire import BuildResult, Failure, FailureKind, Limits
from buildyard.taskcluster import Queue, aio, fromNowJSON
from support.farm_rows import request, wanted
from support.hub import Hub, running_hub
from support.tiny_wheels import wheel_of

T = TypeVar("T")

_FORGOTTEN = (request_builds, requests, builds, files, dirty_pages, objects, tasks, messages)

#: The pool of the builds here.
POOL = "buildyard/linux-x86-64-cp312"
_WORKER = {"workerGroup": "here", "workerId": "yard-1"}


class Floor:
    """A farm whose builds' tasks are kept by ``where``, the hub that workers ask for work."""

    def __init__(self, farm: Hub, where: Hub, *, url: str = "", credentials: Any = None) -> None:
        self.farm = farm
        self.where = where
        self.is_remote = where is not farm
        self.queue = Queue(where.options())
        self.clock: Callable[[], float] = time.time
        self._options = {**where.options(credentials), "rootUrl": url or where.url}

    def clear(self) -> None:
        """Forget every build and task."""
        for hub in {self.farm, self.where}:
            hub.write(lambda connection, _: [connection.execute(delete(one)) for one in _FORGOTTEN])

    # --- the farm

    def ask(self, *abis: str, **more: object) -> None:
        """Ask for wheels of six for these ABIs."""
        planned = [wanted("six", abi, "1.0", upstream_has_none=True, **more) for abi in abis or ("cp312",)]
        self.farm.write(lambda connection, now: request(connection, *planned, now=now))

    def turn(self, store: Callable[[Store], Store] = lambda it: it) -> None:
        """Let the farm's loops look until nothing is left to do."""

        async def scenario(rooms: TaskRooms) -> None:
            await self._turn(store(rooms.store), rooms)

        self.farm.does(scenario)

    async def _turn(self, store: Store, rooms: TaskRooms) -> None:
        floor = mirror if self.is_remote else service
        built = BuildService(store, rooms.objects, self.clock, Limits(), floor)
        async with aio.Queue(self._options) as queue:
            remote = RemoteTasks(store, rooms.objects, rooms.logs, self.clock, queue)
            while await built.dispatch() + (await remote.look() if self.is_remote else 0) + await built.settle():
                pass

    def build(self, abi: str = "cp312") -> dict[str, Any]:
        """Return a build's row."""
        return self.read(lambda c: dict(c.execute(select(builds).where(builds.c.abi == abi)).mappings().one()))

    def files(self) -> list[str]:
        """Return the names of the files that were added."""
        return self.read(lambda c: list(c.execute(select(files.c.filename)).scalars()))

    def due(self) -> None:
        """Let every build that waits for its time to be tried again have it."""
        self.farm.write(lambda connection, now: enqueue.requeue_due(connection, now + 86400))

    def read(self, body: Callable[[Connection], T]) -> T:
        async def scenario(rooms: TaskRooms) -> T:
            return await rooms.store.read(body)

        return self.farm.does(scenario)

    # --- the workers

    def claims(self, pool: str = POOL) -> list[dict[str, Any]]:
        """Return what a worker is given who asks for work."""
        return [dict(one) for one in self.queue.claimWork(pool, {**_WORKER, "tasks": 8})["tasks"]]

    def claim(self, pool: str = POOL) -> tuple[str, Queue]:
        """Claim the one task that waits; return its id and the queue with the claim's credentials."""
        (claimed,) = self.claims(pool)
        return claimed["status"]["taskId"], self.queue.with_credentials(claimed["credentials"])

    def leave(self, task_id: str, worker: Queue, name: str, content: bytes, run_id: int = 0, **more: Any) -> None:
        """Upload an artifact."""
        worker.uploadArtifact(task_id, run_id, name, content, contentType="a/b", expires=fromNowJSON("1 day"), **more)

    def complete(self, pool: str = POOL, run_id: int = 0) -> str:
        """Do the work of the one task that waits, as a builder would; return its id."""
        task_id, worker = self.claim(pool)
        result, name, wheel = built_six(self.farm.state)
        self.leave(task_id, worker, f"public/{name}", wheel, run_id)
        self.leave(task_id, worker, "public/result.json", msgspec.json.encode(result), run_id)
        worker.reportCompleted(task_id, run_id)
        return task_id

    def fail(self) -> None:
        """Fail at the one task that waits."""
        task_id, worker = self.claim()
        failure = Failure(kind=FailureKind.COMPILE_ERROR, reason="no Python.h", phase="build")
        result = BuildResult(outcome="failed", failure=failure)
        self.leave(task_id, worker, "public/result.json", msgspec.json.encode(result))
        worker.reportFailed(task_id, 0)

    def made(self) -> list[str]:
        """Return the ids of all tasks that the queue has."""

        async def scenario(rooms: TaskRooms) -> list[str]:
            return await rooms.store.read(lambda c: list(c.execute(select(tasks.c.task_id)).scalars()))

        return self.where.does(scenario)


def built_six(directory: Path) -> tuple[BuildResult, str, bytes]:
    """Return what a builder reports of a wheel of six, and the wheel."""
    name, wheel = wheel_of("six", "1.0")
    (directory / name).write_bytes(wheel)
    return BuildResult(outcome="built", wheel=read_wheel(directory / name).record), name, wheel


@contextmanager
def standing(root: Path, kind: str, store_url: str | None = None) -> Iterator[Floor]:
    """A floor of this kind, ``hub`` or ``taskcluster``, with the farm's rows in SQLite or the store that is given."""
    settings = TaskSettings(long_poll_s=0.05)
    (root / "farm").mkdir()
    (root / "there").mkdir()
    with running_hub(root / "farm", settings=settings, store_url=store_url) as farm:
        if kind == "hub":
            yield Floor(farm, farm)
            return
        with running_hub(root / "there", settings=settings) as there:
            yield Floor(farm, there)


async def until_async(is_so: Callable[[], bool]) -> None:
    """Return once it is so."""
    while not is_so():
        await asyncio.sleep(0.02)
