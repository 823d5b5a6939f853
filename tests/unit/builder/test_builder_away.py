"""A builder whose tasks wait on a Taskcluster that is not its hub."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from buildyard.farm.builder.away import AwayLink
from buildyard.farm.builder.link import AsyncFarm
from buildyard.farm.wire import BuilderInfo
from buildyard.taskcluster.aio import Queue
from buildyard.taskcluster.errors import TaskclusterConnectionError

INFO = BuilderInfo(
    name="one", worker_group="g", platform="linux_x86_64", slots=1, interpreters=(), sandbox="", version=""
)


class FakeQueue:
    """Pools with so many tasks each; it tells from which it was claimed."""

    def __init__(self, **pending: int) -> None:
        self.pending = pending
        self.claimed: list[tuple[str, dict[str, Any]]] = []

    async def taskQueueCounts(self, pool: str) -> dict[str, int]:
        return {"pendingTasks": self.pending[pool]}

    async def claimWork(self, pool: str, payload: dict[str, Any]) -> dict[str, Any]:
        self.claimed.append((pool, payload))
        taken = min(self.pending[pool], payload["tasks"])
        self.pending[pool] = 0
        return {"tasks": [{}] * taken}


class FakeHub:
    """Hears hello, unless it is away."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.is_away = False

    async def hello(self, info: BuilderInfo) -> None:
        if self.is_away:
            raise TaskclusterConnectionError("away", method="PUT", url="http://hub", maybe_sent=False)
        self.heard.append(info.name)


def claimed(queue: FakeQueue, hub: FakeHub, *, after: float = 0.0, away: bool = False) -> int:
    """Say hello, ask for two tasks so many seconds later; return how many were given."""
    now = 1000.0

    async def scenario() -> int:
        nonlocal now
        link = AwayLink(cast(AsyncFarm, hub), cast(Queue, queue), poll_s=0.0, clock=lambda: now)
        await link.hello(INFO)
        now += after
        hub.is_away = away
        return len((await link.claimWork(list(queue.pending), "g", "one", 2))["tasks"])

    return asyncio.run(scenario())


def test_first_pool_where_tasks_wait_is_claimed_from() -> None:
    queue = FakeQueue(a=0, b=3, c=1)
    assert claimed(queue, FakeHub()) == 2
    assert queue.claimed == [("b", {"workerGroup": "g", "workerId": "one", "tasks": 2})]


def test_empty_pools_are_not_claimed_from() -> None:
    queue = FakeQueue(a=0, b=0)
    assert claimed(queue, FakeHub()) == 0
    assert queue.claimed == []


def test_hub_hears_of_the_builder_while_it_claims_elsewhere() -> None:
    hub = FakeHub()
    claimed(FakeQueue(a=0), hub, after=31)
    assert hub.heard == ["one", "one"]


def test_hub_is_not_told_at_each_look() -> None:
    hub = FakeHub()
    claimed(FakeQueue(a=0), hub, after=1)
    assert hub.heard == ["one"]


def test_builder_works_on_while_its_hub_is_away() -> None:
    assert claimed(FakeQueue(a=1), FakeHub(), after=31, away=True) == 1
