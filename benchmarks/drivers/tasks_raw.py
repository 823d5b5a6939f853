"""The life of tasks as raw asyncpg writes it, without a hub: ``tasks_raw.py DATABASE_URL``.

For each operation of each caller one transaction on a connection of its own, with the statements that it needs, on the
hub's own tables.  Left out is what makes callers wait for one another: the locks that put events and messages in the
order of their commits, and the notifications.  Commands as in `tasks`.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import msgspec
from loop import serve, shares
from tasks import POOL, definition

from buildyard.farm.store.connect import open_store
from buildyard.taskcluster.slugid import slugId

MOST_CALLERS = 32
QUEUE = f"{POOL}/lowest"

CREATE = (
    "SELECT * FROM tasks WHERE task_id = $1",
    "SELECT task_id FROM tasks WHERE task_group_id = $1 AND scheduler_id <> $2 LIMIT 1",
    """INSERT INTO tasks (task_id, task_queue_id, scheduler_id, project_id, task_group_id, priority, retries_left,
           definition, state, created, deadline, expires)
       VALUES ($1, $2, '-', 'none', $1, 0, 5, $3, 'unscheduled', $4, $5, $6)
       ON CONFLICT DO NOTHING RETURNING task_id""",
    "SELECT id, metadata FROM queues WHERE project = 'farm' AND name = $1",
    """INSERT INTO messages (queue_id, body, ttl, client_id, created, visible_at, expires)
       VALUES ($1, $2, 86400, '', $3, 0, $4) RETURNING id""",
    """INSERT INTO runs (task_id, run_id, state, reason_created, scheduled, message_id)
       VALUES ($1, 0, 'pending', 'scheduled', $2, $3)""",
    "UPDATE tasks SET state = 'pending', retries_left = 5 WHERE task_id = $1",
)
EVENT = "INSERT INTO events (topic, body, subject, at) SELECT 'task.changed', unnest($1::text[]), '', $2"
CLAIM = (
    """DELETE FROM messages WHERE id IN (SELECT id FROM messages WHERE queue_id = $1 AND claim_id IS NULL
           AND visible_at <= $2 AND expires > $2 ORDER BY queue_id, id LIMIT $3 FOR UPDATE SKIP LOCKED)
       RETURNING id, body""",
    "SELECT * FROM tasks WHERE task_id = ANY($1) ORDER BY task_id FOR UPDATE",
    "SELECT * FROM runs WHERE task_id = ANY($1) ORDER BY task_id, run_id",
    """UPDATE runs SET state = 'running', worker_group = 'bench', worker_id = 'w', taken_until = $2, started = $3,
           message_id = NULL WHERE task_id = ANY($1) AND run_id = 0""",
    "UPDATE tasks SET state = 'running', retries_left = 5 WHERE task_id = ANY($1)",
)
COMPLETE = (
    *CLAIM[1:3],
    "UPDATE runs SET state = 'completed', reason_resolved = 'completed', resolved = $2 WHERE task_id = ANY($1)",
    "UPDATE tasks SET state = 'completed' WHERE task_id = ANY($1)",
)


class Raw:
    """A connection for each caller."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._free = self._runner.run(self._connected(url))
        self._claimed: list[str] = []
        self._definition = msgspec.json.encode(definition()).decode()

    @staticmethod
    async def _connected(url: str) -> list[Any]:
        await (await open_store(url)).close()  # makes the tables
        connections = [await asyncpg.connect(url) for _ in range(MOST_CALLERS)]
        insert = "INSERT INTO queues (project, name, metadata, created) VALUES ('farm', $1, '{}', 0) RETURNING id"
        await connections[0].execute(insert, QUEUE)
        return connections

    def close(self) -> None:
        for connection in self._free:
            self._runner.run(connection.close())
        self._runner.close()

    def create(self, tasks: int, callers: int) -> int:
        async def one(driver: Any) -> None:
            now, task_id = time.time(), slugId()
            look, group, insert, queue, put, run, move = CREATE
            hint = msgspec.json.encode({"taskId": task_id, "runId": 0}).decode()
            await driver.fetch(look, task_id)
            await driver.fetch(group, task_id, "-")
            await driver.fetch(insert, task_id, POOL, self._definition, now, now + 86400, now + 1e7)
            number = (await driver.fetchrow(queue, QUEUE))[0]
            message = await driver.fetchval(put, number, hint, now, now + 86400)
            await driver.execute(run, task_id, now, message)
            await driver.execute(move, task_id)
            await self._tell(driver, [task_id])

        return self._together(one, tasks, callers)

    def claim(self, tasks: int, callers: int, batch: int) -> int:
        async def one(driver: Any) -> None:
            now = time.time()
            pop, look, runs, take, move = CLAIM
            number = (await driver.fetchrow(CREATE[3], QUEUE))[0]
            popped = await driver.fetch(pop, number, now, batch)
            ids = [msgspec.json.decode(row[1])["taskId"] for row in popped]
            await driver.fetch(look, ids)
            await driver.fetch(runs, ids)
            await driver.execute(take, ids, now + 1200, now)
            await driver.execute(move, ids)
            await self._tell(driver, ids)
            self._claimed += ids

        self._claimed = []
        self._together(one, tasks // batch, callers)
        return tasks

    def complete(self, tasks: int, callers: int) -> int:
        async def one(driver: Any) -> None:
            ids = [self._claimed.pop()]
            look, runs, end, move = COMPLETE
            await driver.fetch(look, ids)
            await driver.fetch(runs, ids)
            await driver.execute(end, ids, time.time())
            await driver.execute(move, ids)
            await self._tell(driver, ids)

        return self._together(one, tasks, callers)

    async def _tell(self, driver: Any, ids: list[str]) -> None:
        bodies = [msgspec.json.encode({"taskId": one, "taskQueueId": POOL, "runId": 0}).decode() for one in ids]
        await driver.execute(EVENT, bodies, time.time())

    def _together(self, one: Callable[[Any], Awaitable[None]], operations: int, callers: int) -> int:
        async def some(driver: Any, count: int) -> None:
            for _ in range(count):
                async with driver.transaction():
                    await one(driver)

        async def main() -> None:
            counts = shares(operations, callers)
            await asyncio.gather(*(some(driver, count) for driver, count in zip(self._free, counts, strict=False)))

        self._runner.run(main())
        return operations


if __name__ == "__main__":
    serve(Raw(sys.argv[1]))
