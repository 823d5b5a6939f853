"""A builder's word with the world where the tasks of builds run on another Taskcluster than the hub.

It says hello to the hub, so that the hub plans for its interpreters, and claims from the queue service over there, pool
by pool, since Taskcluster has no long poll over several.  Taskcluster keeps no live log and no phases either: the log
goes up whole, as an artifact, before the run is reported.
"""

# Operations are named as Taskcluster names its own.
# ruff: noqa: N802

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Self

from buildyard.farm.builder.link import AsyncFarm
from buildyard.farm.wire import BuilderInfo
from buildyard.taskcluster import types
from buildyard.taskcluster.aio import Queue
from buildyard.taskcluster.errors import TaskclusterFailure

#: A hub counts a builder as gone that it has not heard of for 90 s.
_HELLO_S: Final = 30.0


class AwayLink:
    """Hello to the hub, claims from a Taskcluster.  ``poll_s`` seconds pass between two looks at empty pools."""

    keeps_logs = False

    def __init__(
        self, hub: AsyncFarm, queue: Queue, *, poll_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._hub = hub
        self._queue = queue
        self._poll_s = poll_s
        self._clock = clock
        self._info: BuilderInfo | None = None
        self._said = 0.0

    async def hello(self, info: BuilderInfo) -> None:
        """Tell the hub that this builder is here."""
        await self._hub.hello(info)
        self._info, self._said = info, self._clock()

    async def goodbye(self, name: str) -> None:
        """Tell the hub that this builder goes."""
        await self._hub.goodbye(name)

    async def claimWork(self, pools: Sequence[str], group: str, worker: str, count: int) -> types.ClaimWorkAnswer:
        """Return up to ``count`` claims from the first of these pools where tasks wait, or none after a while."""
        await self._still_here()
        for pool in pools:
            # Who asks an empty pool for work waits for twenty seconds, and the other pools with it.
            if (await self._queue.taskQueueCounts(pool))["pendingTasks"]:
                payload = {"workerGroup": group, "workerId": worker, "tasks": count}
                answer = await self._queue.claimWork(pool, payload)
                if answer["tasks"]:
                    return answer
        await asyncio.sleep(self._poll_s)
        return {"tasks": []}

    async def appendLog(self, task_id: str, run_id: int, offset: int, at: float, data: bytes) -> int:
        """Let a piece of the log be, as if it had arrived."""
        return offset + len(data)

    async def phase(self, task_id: str, run_id: int, phase: str, *, at: float, log_offset: int) -> None:
        """Tell nobody of a phase; the result lists them."""

    def with_credentials(self, credentials: Mapping[str, Any]) -> Self:
        """Return itself: nothing here is signed with a claim's credentials."""
        return self

    async def _still_here(self) -> None:
        # A hub that is away plans nothing, and what it has planned already is built all the same.
        if self._info is not None and self._clock() - self._said > _HELLO_S:
            with suppress(TaskclusterFailure):
                await self.hello(self._info)
