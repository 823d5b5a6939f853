"""The life of tasks at a hub, by `buildyard.taskcluster.aio`: ``tasks.py CREDENTIALS_FILE``.

Commands: ``create`` (so many ``tasks``, by ``callers``), ``claim`` (by batches), ``complete`` (what was claimed, each
with the credentials of its claim), ``poll`` (so many long polls at once, for some ``seconds``).  `tasks_raw` does the
same to the tables themselves.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from loop import serve, shares

from buildyard.taskcluster import aio
from buildyard.taskcluster.slugid import slugId

POOL = "bench/pool"
EMPTY = "bench/empty"


def definition() -> dict[str, Any]:
    """A task of about 700 bytes."""
    now = datetime.now(UTC)
    return {
        "taskQueueId": POOL,
        "created": now,
        "deadline": now + timedelta(days=1),
        "payload": {"command": ["/bin/sh", "-c", "x" * 200], "env": {f"NAME_{n}": "value" for n in range(5)}},
        "metadata": {"name": "n", "description": "d", "owner": "o@example.com", "source": "https://example.com"},
    }


class Hub:
    """Many tasks of one loop, on kept connections."""

    def __init__(self, credentials: Path) -> None:
        told = msgspec.json.decode(credentials.read_bytes())
        own = {"clientId": told["client_id"], "accessToken": told["access_token"]}
        self._runner = asyncio.Runner()
        self._queue = aio.Queue({"rootUrl": told["root_url"], "credentials": own})
        self._claimed: list[dict[str, Any]] = []

    def close(self) -> None:
        self._runner.run(self._queue.close())
        self._runner.close()

    def create(self, tasks: int, callers: int) -> int:
        async def some(count: int) -> None:
            for _ in range(count):
                await self._queue.createTask(slugId(), definition())

        return self._together(some, tasks, callers)

    def claim(self, tasks: int, callers: int, batch: int) -> int:
        enough = asyncio.Event()

        async def some(number: int) -> None:
            asked = {"workerGroup": "bench", "workerId": f"w{number}", "tasks": batch}
            while len(self._claimed) < tasks:
                self._claimed += (await self._queue.claimWork(POOL, asked))["tasks"]
            enough.set()

        async def main() -> None:
            claiming = [asyncio.ensure_future(some(number)) for number in range(callers)]
            await enough.wait()
            await _cancelled(claiming)  # who came too late polls in vain

        self._claimed = []
        self._runner.run(main())
        return tasks

    def complete(self, tasks: int, callers: int) -> int:
        async def some(count: int) -> None:
            for _ in range(count):
                held = self._claimed.pop()
                own = self._queue.with_credentials(held["credentials"])
                await own.reportCompleted(held["status"]["taskId"], held["runId"])

        return self._together(some, tasks, callers)

    def poll(self, pollers: int, seconds: float) -> int:
        ends, answered = time.monotonic() + seconds, 0

        async def some(number: int) -> None:
            nonlocal answered
            while time.monotonic() < ends:
                await self._queue.claimWork(EMPTY, {"workerGroup": "bench", "workerId": f"poller-{number}"})
                answered += 1

        async def stop_in_time() -> None:
            polls = [asyncio.ensure_future(some(number)) for number in range(pollers)]
            await asyncio.wait(polls, timeout=seconds)
            await _cancelled(polls)

        self._runner.run(stop_in_time())
        return answered

    def _together(self, some: Callable[[int], Awaitable[None]], tasks: int, callers: int) -> int:
        async def main() -> None:
            await asyncio.gather(*(some(count) for count in shares(tasks, callers)))

        self._runner.run(main())
        return tasks


async def _cancelled(tasks: list[asyncio.Future[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    serve(Hub(Path(sys.argv[1])))
