"""Group commit on PostgreSQL: bodies of one lane share a transaction, one transaction after the other.

Most of what a small transaction costs a hub is its round trips, and most of those are the same for all: begin, notify,
commit.  So bodies of a lane (the operations on one queue) queue up while its last commit runs, and the next transaction
takes all that wait, as SQLite's writer does (`group_commit`).  Lanes go side by side.

A group is tried without savepoints, since each costs two round trips more.  When one of its bodies raises, all is
undone and run again, each in a savepoint, so that it undoes only itself.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from buildyard.farm.store.base import DONE_KEY
from buildyard.farm.store.batches import run_all
from buildyard.farm.store.errors import StoreError
from buildyard.farm.store.jobs import GROUP_LIMIT, Abandoned, Job
from buildyard.farm.store.postgresql_errors import is_broken, is_conflict, translated
from buildyard.farm.store.postgresql_try import Try


class Lanes:
    """The lanes of one store, each there while it has something to do."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._waiting: dict[str, deque[Job]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def submit(self, lane: str, body: Callable[[Connection], Any]) -> asyncio.Future[Any]:
        """Return the future of this body's result; cancel it to give up."""
        job = Job(body, asyncio.get_running_loop().create_future())
        waiting = self._waiting.get(lane)
        if waiting is None:
            self._waiting[lane] = deque([job])
            task = asyncio.create_task(self._serve(lane), name=f"buildyard-lane-{lane}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            waiting.append(job)
        return job.future

    async def close(self) -> None:
        """Return when everything submitted so far is done."""
        await asyncio.gather(*self._tasks)

    async def _serve(self, lane: str) -> None:
        waiting = self._waiting[lane]
        while waiting:
            group = _group(waiting)
            await self._commit(group)
            for job in group:
                job.deliver()
        del self._waiting[lane]

    async def _commit(self, group: list[Job]) -> None:
        """Run these bodies and commit them; what came of each is in its job."""
        try:
            await self._try(_together, group)
        except StoreError as error:
            _fail(group, error)
        except Exception:
            try:
                await self._try(_apart, group)
            except Exception as error:
                _fail(group, error)

    async def _try(self, run: Callable[[Connection, list[Job]], None], group: list[Job]) -> None:
        going = [job for job in group if not job.future.cancelled()]
        if going:
            await Try(self._engine, lambda connection: run(connection, going), isolation="read_committed").run()


def _group(waiting: deque[Job]) -> list[Job]:
    """Return those that go next; the others are answered sooner for not being waited for by these."""
    group = [waiting.popleft()]
    weight = group[0].weight
    while waiting and weight + waiting[0].weight <= GROUP_LIMIT:
        group.append(waiting.popleft())
        weight += group[-1].weight
    return group


def _together(connection: Connection, group: list[Job]) -> None:
    run_all(connection, group)
    if any(job.future.cancelled() for job in group):
        raise Abandoned


def _apart(connection: Connection, group: list[Job]) -> None:
    """Run each body so that it undoes only itself; raise where the transaction itself is lost."""
    for job in group:
        savepoint = connection.begin_nested()
        try:
            job.run(connection)
        except Exception as error:
            if is_conflict(error) or is_broken(error):
                raise
            savepoint.rollback()
            connection.info[DONE_KEY].clear()
            job.fail(error, translated(error))
        else:
            savepoint.commit()


def _fail(group: list[Job], error: Exception) -> None:
    for job in group:
        job.fail(error, error)
