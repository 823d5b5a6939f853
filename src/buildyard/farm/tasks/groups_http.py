"""The operations of the queue service on groups of tasks, and on how urgent tasks are.

Part of `http`; `groups`, `group_ends` and `priorities` have the transactions.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from msgspec import Struct

from buildyard.farm.tasks import group_ends, groups, priorities, rows
from buildyard.farm.tasks.definition import PRIORITIES
from buildyard.farm.tasks.paging import PAGED, page_of, paged
from buildyard.farm.tasks.pulse import group_answer
from buildyard.farm.tasks.wire import Answer, Call, Operation


class PriorityInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The body of changeTaskPriority and changeTaskGroupPriority."""

    new_priority: Literal["highest", "very-high", "high", "medium", "low", "very-low", "lowest"]


async def listing(call: Call) -> Answer:
    """Answer listTaskGroup."""
    name, page = call.params["taskGroupId"], page_of(call.query)
    call.caller.require(f"queue:list-task-group:{name}")
    group, (found, token) = await call.rooms.read(
        lambda connection: (groups.find(connection, name), groups.members(connection, name, page))
    )
    return paged({**group_answer(group), "tasks": [rows.described(task) for task in found]}, token)


async def get(call: Call) -> Answer:
    """Answer getTaskGroup."""
    name = call.params["taskGroupId"]
    call.caller.require(f"queue:list-task-group:{name}")
    return group_answer(await call.rooms.read(groups.find, name))


async def seal(call: Call) -> Answer:
    """Answer sealTaskGroup."""
    name = await _named(call, "seal-task-group")
    return group_answer(await call.rooms.write(groups.seal, name))


async def cancel(call: Call) -> Answer:
    """Answer cancelTaskGroup."""
    name = await _named(call, "cancel-task-group")
    size, cancelled = await call.rooms.write(group_ends.cancel, name)
    return {"taskGroupId": name, "taskGroupSize": size, "cancelledCount": len(cancelled), "taskIds": cancelled}


async def change_group_priority(call: Call) -> Answer:
    """Answer changeTaskGroupPriority."""
    name, new = await _named(call, "change-task-group-priority"), call.decode(PriorityInput).new_priority
    group, changed = await call.rooms.write(priorities.change_group, name, PRIORITIES.index(new))
    return {
        "taskGroupId": name,
        "schedulerId": group.scheduler_id,
        "newPriority": new,
        "tasksAffected": len(changed),
        "taskIds": changed,
    }


async def _named(call: Call, verb: str) -> str:
    """Return the group that the caller may do this to; its scheduler is part of the scope."""
    name = call.params["taskGroupId"]
    group = await call.rooms.read(groups.find, name)
    call.caller.require(f"queue:{verb}:{group.scheduler_id}/{name}")
    return name


async def change_priority(call: Call) -> Answer:
    """Answer changeTaskPriority."""
    task_id, new = call.params["taskId"], call.decode(PriorityInput).new_priority
    found = await call.rooms.read(rows.load_one, task_id)
    change: Final = "queue:change-task-priority"
    call.caller.require({"AnyOf": [f"{change}:{task_id}", f"{change}-in-queue:{found.task_queue_id}"]})
    changed: Any = await call.rooms.write(priorities.change, task_id, PRIORITIES.index(new))
    return {"status": rows.status(changed)}


_GROUP: Final = "/task-group/{taskGroupId}"

OPERATIONS: Final = (
    Operation("listTaskGroup", "GET", f"{_GROUP}/list", listing, query=PAGED),
    Operation("getTaskGroup", "GET", _GROUP, get),
    Operation("sealTaskGroup", "POST", f"{_GROUP}/seal", seal),
    Operation("cancelTaskGroup", "POST", f"{_GROUP}/cancel", cancel),
    Operation("changeTaskGroupPriority", "POST", f"{_GROUP}/priority", change_group_priority, body="json"),
    Operation("changeTaskPriority", "POST", "/task/{taskId}/priority", change_priority, body="json"),
)
