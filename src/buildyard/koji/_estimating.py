"""When will it be done?  From averages of the past, and from what is before it.

`estimates` is the public module; the `estimate_completion` of tasks and builds is here too.  A hub's average for a
package is the time of its longest architecture with the wait for a host (`_operations.task_build_time`), without the
source package before and the tagging after.  Nobody can tell gives None.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from buildyard.koji._multicall import Call
from buildyard.koji._operations import channel_open_tasks, channel_tasks, channel_total_capacity
from buildyard.koji.build import Build, is_container
from buildyard.koji.states import BuildState, TaskState
from buildyard.koji.task import Task

if TYPE_CHECKING:
    from buildyard.koji._core import AsyncKoji

#: What a task waits until a host with room has taken it: hosts look every 15 s, and are told to after 30 s.
WAIT = timedelta(seconds=45)
#: What tagging takes, and so what follows the last architecture of a build.
TAGGING = timedelta(seconds=15)
AFTERWARDS = WAIT + TAGGING
#: What is assumed of a task that nothing is known of, when only its room matters.
UNKNOWN = timedelta(minutes=5)

#: The children whose end decides about the whole.
_PARTS = {
    "build": "buildArch",
    "image": "createImage",
    "livecd": "createLiveCD",
    "livemedia": "createLiveMedia",
    "appliance": "createAppliance",
    "kiwiBuild": "createKiwiImage",
    "maven": "buildMaven",
}


async def average_build_duration(hub: AsyncKoji, package: str | int) -> timedelta | None:
    """Return how long a package's builds take on average, or None where it has none.

    For packages of containers (``...-container``) that is the mean of their last builds, as the hub's own average
    leaves most of them out.
    """
    if is_container(package):
        return await average_last_builds(hub, package)
    found: timedelta | None = await hub.invoke("getAverageBuildDuration", (package,))
    return found


async def average_last_builds(hub: AsyncKoji, package: str | int, limit: int = 5) -> timedelta | None:
    """Return the mean duration of the last ``limit`` complete builds of a package, or None where it has none."""
    asked = _last_builds(package, limit)
    return mean_duration(await hub.invoke(asked.method, asked.args, asked.kwargs))


def _last_builds(package: str | int, limit: int) -> Call:
    options = {"limit": limit, "order": "-completion_time"}
    return Call("listBuilds", (package,), {"state": BuildState.COMPLETE.value, "queryOpts": options})


async def average_build_durations(hub: AsyncKoji, packages: Iterable[str]) -> list[timedelta | None]:
    """Return the average of each package in their order, as `average_build_duration` has it, from one multicall."""
    names = list(packages)
    wanted = list(dict.fromkeys(names))
    calls = [
        _last_builds(name, 5) if is_container(name) else Call("getAverageBuildDuration", (name,)) for name in wanted
    ]
    answers = [outcome.value() for outcome in await hub.call_many(calls)]
    found = {
        name: mean_duration(answer) if is_container(name) else answer
        for name, answer in zip(wanted, answers, strict=True)
    }
    return [found[name] for name in names]


def mean_duration(builds: Sequence[Build]) -> timedelta | None:
    """Return the mean of the durations that are known, or None."""
    known = [build.duration for build in builds if build.completed and build.duration is not None]
    return sum(known, timedelta()) / len(known) if known else None


async def build_completion(build: Build) -> datetime | None:
    """Return when a build was complete, or will be; None where nobody can tell."""
    if build.get("state") != BuildState.BUILDING:
        return build.completed
    average = await average_build_duration(build.hub, build["name"])
    return build.started + average if build.started and average is not None else None


async def task_duration(task: Task) -> timedelta | None:
    """Return how long a task took, or will take once it has begun; None where nobody can tell."""
    if task.completed:
        return task.duration
    if task["method"] == "tagBuild":
        return TAGGING
    return await average_build_duration(task.hub, task.package) if task.package else None


async def task_completion(task: Task) -> datetime | None:
    """Return when a task was done, or will be; None where nobody can tell.

    For one that builds in several parts, from the parts it has by now; for one that waits, also from what is before it
    in its channel.
    """
    if task.completed or task.is_done:
        return task.completed
    if task["method"] in _PARTS and task.started:
        return await _whole_completion(task)
    duration = await task_duration(task)
    if duration is None:
        return None
    started = task.started or await _start(task)
    return max(started + duration, _now(task.hub))


async def _whole_completion(task: Task) -> datetime | None:
    average = await task_duration(task)
    children = await task.hub.invoke("getTaskChildren", (task["id"],))
    parts = [child for child in children if child["method"] == _PARTS[task["method"]]]
    now = _now(task.hub)
    if average is None:
        return None
    if not parts:
        # The source package is being made.
        return now + average + AFTERWARDS
    ends = [part.completed or max(_begin(part, now) + average, now) for part in parts]
    return max(ends) + AFTERWARDS


def _begin(part: Task, now: datetime) -> datetime:
    # The average has the usual wait in it already.
    return part.started or part.created or now


async def _start(task: Task) -> datetime:
    """Return when a waiting task will begin."""
    now = _now(task.hub)
    usual = max((task.created or now) + WAIT, now)
    if task.get("state") != TaskState.FREE:
        return usual
    channel = task.hub.kinds.channel({"id": task["channel_id"]}, task.hub)
    capacity = await channel_total_capacity(channel)
    running = await channel_open_tasks(channel)
    waiting = [one for one in await channel_tasks(channel, state=[TaskState.FREE.value]) if one["id"] != task["id"]]
    durations = await _durations(task.hub, [*running, *waiting])
    ends = [(_end(one, durations[one["id"]], now), weight(one)) for one in running]
    before = [(durations[one["id"]], weight(one)) for one in waiting if _order(one) < _order(task)]
    return max(usual, start_behind(capacity, ends, before, weight(task), now))


def _order(task: Task) -> tuple[int, float, int]:
    return task.get("priority", 20), task.get("create_ts") or 0.0, task["id"]


def weight(task: Task) -> float:
    """Return how much of a host's capacity a task takes; 1 where its hub has not said yet."""
    found: float | None = task.get("weight")
    return 1.0 if found is None else found


async def _durations(hub: AsyncKoji, tasks: Sequence[Task]) -> dict[int, timedelta]:
    packages = sorted({task.package for task in tasks if task.package})
    known = dict(zip(packages, await average_build_durations(hub, packages), strict=True)) if packages else {}
    return {task["id"]: known.get(task.package or "") or UNKNOWN for task in tasks}


def _end(task: Task, duration: timedelta, now: datetime) -> datetime:
    return max((task.started or now) + duration, now)


def start_behind(
    capacity: float,
    running: Iterable[tuple[datetime, float]],
    before: Iterable[tuple[timedelta, float]],
    weight: float,
    now: datetime,
) -> datetime:
    """Return when there is room for a task of some weight.

    ``running`` are ends and weights of what runs, ``before`` durations and weights of what comes first, in its order.
    A channel without hosts has room when all that runs is done: nobody can know better.
    """
    ends = list(running)
    heapq.heapify(ends)
    used, at = sum(one for _, one in ends), now
    for duration, needed in [*before, (timedelta(), weight)]:
        while ends and used + needed > capacity:
            end, freed = heapq.heappop(ends)
            used, at = used - freed, max(at, end)
        heapq.heappush(ends, (at + duration, needed))
        used += needed
    return at


def _now(hub: Any) -> datetime:
    return datetime.fromtimestamp(hub.now(), UTC)
