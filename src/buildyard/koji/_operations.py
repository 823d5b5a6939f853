"""What objects ask their hub: the operations of `build.Build`, `task.Task` and their kind, each written once.

Each takes the object first, asks its own hub, and returns objects of the same face.  The faces' classes (generated) are
their tables.  `_estimating` has those that look into the future.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from buildyard.koji.build import Build
from buildyard.koji.channel import Channel
from buildyard.koji.package import Package
from buildyard.koji.states import TaskState
from buildyard.koji.tag import Tag
from buildyard.koji.target import Target
from buildyard.koji.task import Task
from buildyard.koji.user import User


async def build_task(build: Build) -> Any:
    """Return the task that built it, or None."""
    number = build.task_id
    return None if number is None else await build.hub.invoke("getTaskInfo", (number,))


async def build_tags(build: Build) -> Any:
    """Return the tags that it is in."""
    return await build.hub.invoke("listTags", (build.number,))


async def build_target(build: Build) -> str | int | None:
    """Return the target that it was built for, or None where no task tells."""
    task = await build_task(build)
    return task.target if task else None


async def build_package(build: Build) -> Any:
    """Return its package."""
    return await build.hub.invoke("getPackage", (build["package_id"],))


async def build_owner(build: Build) -> Any:
    """Return the user it belongs to."""
    return await build.hub.invoke("getUser", (build["owner_id"],))


async def task_owner(task: Task) -> Any:
    """Return the user it belongs to, or None."""
    return None if task.get("owner") is None else await task.hub.invoke("getUser", (task["owner"],))


async def task_host(task: Task) -> Any:
    """Return the host that works on it, or None."""
    return None if task.get("host_id") is None else await task.hub.invoke("getHost", (task["host_id"],))


async def task_parent(task: Task) -> Any:
    """Return the task that it is a part of, or None."""
    return None if task.get("parent") is None else await task.hub.invoke("getTaskInfo", (task["parent"],))


async def task_result(task: Task) -> Any:
    """Return what it left; raises the `KojiFault` that it failed with."""
    return await task.hub.invoke("getTaskResult", (task["id"],))


async def task_descendents(
    task: Task, method: str | None = None, state: int | Collection[int] | None = None
) -> list[Any]:
    """Return all tasks below it, children of children included; with ``method`` or ``state``, those alone."""
    found = await task.hub.invoke("getTaskDescendents", (task["id"],))
    states = {state} if isinstance(state, int) else None if state is None else set(state)
    return [one for one in found if method in (None, one["method"]) and (states is None or one["state"] in states)]


async def task_builds(task: Task) -> Any:
    """Return the builds that it made."""
    return await task.hub.invoke("listBuilds", kwargs={"taskID": task["id"]})


async def task_build_time(task: Task) -> timedelta | None:
    """Return the build time as a hub's averages have it: of the longest architecture, not of the whole task.

    A hub's average (`getAverageBuildDuration`) is about build rows, which begin after the source package is made and
    end when the last architecture is done.  None where no architecture has begun.
    """
    parts = await task_descendents(task, method="buildArch")
    found = [part.duration for part in parts if part.duration is not None]
    return max(found, default=None)


async def channel_hosts(channel: Channel, **named: Any) -> Any:
    """Return the hosts that serve it; keywords are those of ``listHosts``."""
    return await channel.hub.invoke("listHosts", kwargs={"channelID": channel["id"], **named})


async def channel_tasks(channel: Channel, **opts: Any) -> Any:
    """Return its tasks in the order in which they will be taken; keywords are the options of ``listTasks``."""
    wanted = {"channel_id": channel["id"], **opts}
    return await channel.hub.invoke("listTasks", (wanted, {"order": "priority,create_time"}))


async def channel_total_capacity(channel: Channel) -> float:
    """Return the capacity of its enabled hosts together."""
    hosts = await channel_hosts(channel, enabled=True)
    return float(sum(host["capacity"] for host in hosts))


async def channel_open_tasks(channel: Channel) -> Any:
    """Return the tasks that take some of its capacity: those that run, and those that were given to a host."""
    return await channel_tasks(channel, state=[TaskState.OPEN.value, TaskState.ASSIGNED.value])


async def package_builds(package: Package, **named: Any) -> Any:
    """Return its builds; keywords are those of ``listBuilds``."""
    return await package.hub.invoke("listBuilds", (package["id"],), named)


async def tag_builds(tag: Tag, **named: Any) -> Any:
    """Return the builds in it; keywords are those of ``listTagged``."""
    return await tag.hub.invoke("listTagged", (tag["name"],), named)


async def tag_latest(tag: Tag, package: str) -> Any:
    """Return the newest build of a package in it or its parents, or None."""
    found = await tag.hub.invoke("getLatestBuilds", (tag["name"],), {"package": package})
    return found[0] if found else None


async def user_tasks(user: User, **opts: Any) -> Any:
    """Return the tasks of that user, the newest first; keywords are the options of ``listTasks``."""
    return await user.hub.invoke("listTasks", ({"owner": user["id"], **opts}, {"order": "-id"}))


async def user_builds(user: User, **named: Any) -> Any:
    """Return the builds of that user; keywords are those of ``listBuilds``."""
    return await user.hub.invoke("listBuilds", kwargs={"userID": user["id"], **named})


async def target_build_tag(target: Target) -> Any:
    """Return the tag that is built in."""
    return await target.hub.invoke("getTag", (target["build_tag"],))


async def target_dest_tag(target: Target) -> Any:
    """Return the tag that builds are put in."""
    return await target.hub.invoke("getTag", (target["dest_tag"],))
