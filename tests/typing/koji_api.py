"""Public calls of `buildyard.koji`, for mypy to judge; see `faces_api.py`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, assert_type

from twisted.internet.defer import Deferred

from buildyard import koji
from buildyard.koji import aio, estimates, messages, tx


def blocking_face(hub: koji.Connection) -> None:
    assert_type(hub.login(), bool)
    assert_type(hub.getBuild("bash-5.2.26-3.fc40", strict=True), koji.Build | None)
    assert_type(hub.listBuilds("bash", state=1), list[koji.Build])
    assert_type(hub.getTaskInfo(5), koji.Task | None)
    assert_type(hub.getTaskDescendents(5), list[koji.Task])
    assert_type(hub.getUser("kdreyer"), koji.User | None)
    assert_type(hub.getHost(5), koji.Row | None)
    assert_type(hub.getAverageBuildDuration("bash"), timedelta | None)
    assert_type(hub.createTag("f41", arches="x86_64"), int)
    assert_type(estimates.average_build_duration(hub, "bash"), timedelta | None)
    assert_type(hub.aMethodOfAPlugin(1, x=2), Any)
    assert_type(hub.repo.query([]), Any)
    with hub.multicall(batch=10) as calls:
        assert_type(calls.getTag("f40").result, Any)


def objects_of_the_blocking_face(build: koji.Build, task: koji.Task) -> None:
    assert_type(build.started, datetime | None)
    assert_type(build.tags(), list[koji.Tag])
    assert_type(build.task(), koji.Task | None)
    assert_type(task.channel, koji.Channel)
    assert_type(task.channel.total_capacity(), float)
    assert_type(task.estimate_completion(), datetime | None)
    assert_type(task.package, str | None)


def wrong_calls(hub: koji.Connection) -> None:
    hub.getBuild()  # type: ignore[call-arg]
    hub.getBuild(None)  # type: ignore[arg-type]
    hub.getTaskInfo("5")  # type: ignore[arg-type]
    hub.listBuilds(packageId=5)  # type: ignore[call-arg]
    koji.Connection("fedora", colaesce=True)  # type: ignore[call-arg]


async def asyncio_face(hub: aio.Connection) -> None:
    assert_type(await hub.login(), bool)
    build = await hub.getBuild(5)
    assert build is not None
    assert_type(build, aio.Build)
    assert_type(await build.tags(), list[aio.Tag])
    assert_type(await estimates.average_last_builds(hub, "bash", limit=3), timedelta | None)


def twisted_face(hub: tx.Connection, build: tx.Build) -> None:
    assert_type(hub.login(), Deferred[bool])
    assert_type(hub.getBuild(5), Deferred[tx.Build | None])
    assert_type(build.task(), Deferred[tx.Task | None])
    assert_type(estimates.average_build_durations(hub, ["bash"]), Deferred[list[timedelta | None]])


def events(hub: koji.Connection) -> None:
    event = messages.parse({"type": "Tag"}, b"{}", hub)
    if isinstance(event, messages.TaskStateChange):
        assert_type(event.new, str)
