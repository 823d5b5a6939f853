"""The operations of the queue service on many tasks at once: by their ids, by what they wait for, by task queue.

Part of `http`; `lists` and `dependencies` have the transactions.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from buildyard.farm.tasks import dependencies, lists, rows, service
from buildyard.farm.tasks.definition import TASK_QUEUE
from buildyard.farm.tasks.lists import Placed
from buildyard.farm.tasks.paging import PAGED, page_of, paged
from buildyard.farm.tasks.rows import Task
from buildyard.farm.tasks.times import to_json
from buildyard.farm.tasks.wire import Answer, Call, Operation
from buildyard.taskcluster.scopes import ScopeExpression

#: Ids in one call, at most.
MOST_IDS: Final = 10_000


class TasksInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The body of tasks and statuses."""

    task_ids: Annotated[tuple[Annotated[str, Meta(max_length=64)], ...], Meta(max_length=MOST_IDS)] = ()


class QueuesInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The body of taskQueueCountsBatch."""

    task_queue_ids: Annotated[tuple[Annotated[str, Meta(pattern=rf"\A(?:{TASK_QUEUE})\Z")], ...], Meta(max_length=1000)]


async def tasks(call: Call) -> Answer:
    """Answer tasks: their definitions."""
    found, token = await _by_id(call, "get-task")
    return paged({"tasks": [{"taskId": task.task_id, "task": rows.definition(task)} for task in found]}, token)


async def statuses(call: Call) -> Answer:
    """Answer statuses."""
    found, token = await _by_id(call, "status")
    return paged({"statuses": [{"taskId": task.task_id, "status": rows.status(task)} for task in found]}, token)


async def _by_id(call: Call, verb: str) -> tuple[list[Task], str | None]:
    task_ids, page = call.decode(TasksInput).task_ids, page_of(call.query)
    call.caller.require({"AllOf": [f"queue:{verb}:{task_id}" for task_id in task_ids]})
    # Ids of another form than a task's are of no task; a database need not see them.
    plain = [task_id for task_id in task_ids if task_id.isascii() and task_id.isprintable()]
    return await call.rooms.read(lists.by_id, plain, page)


async def dependents(call: Call) -> Answer:
    """Answer listDependentTasks."""
    task_id = call.params["taskId"]
    call.caller.require(f"queue:list-dependent-tasks:{task_id}")
    found, token = await call.rooms.read(dependencies.dependents, task_id, page_of(call.query))
    return paged({"taskId": task_id, "tasks": [rows.described(task) for task in found]}, token)


async def pending(call: Call) -> Answer:
    """Answer listPendingTasks."""
    pool = call.params["taskQueueId"]
    call.caller.require(f"queue:pending-list:{pool}")
    found, token = await call.rooms.read(lists.pending, pool, page_of(call.query))
    return paged({"tasks": [{**_placed(one), "inserted": to_json(one.run.scheduled)} for one in found]}, token)


async def claimed(call: Call) -> Answer:
    """Answer listClaimedTasks."""
    pool = call.params["taskQueueId"]
    call.caller.require(f"queue:claimed-list:{pool}")
    found, token = await call.rooms.read(lists.claimed, pool, page_of(call.query))
    return paged({"tasks": [_held(one) for one in found]}, token)


def _placed(one: Placed) -> dict[str, Any]:
    return {"taskId": one.task.task_id, "runId": one.run.run_id, "task": rows.definition(one.task)}


def _held(one: Placed) -> dict[str, Any]:
    worker = {"workerGroup": one.run.worker_group, "workerId": one.run.worker_id}
    return {**_placed(one), **worker, "claimed": to_json(one.run.started or 0.0)}


async def counts(call: Call) -> Answer:
    """Answer taskQueueCounts."""
    pool = call.params["taskQueueId"]
    call.caller.require(_may_count(pool))
    waiting, held = await call.rooms.read(service.counts, pool)
    return {**_pool(pool), "pendingTasks": waiting, "claimedTasks": held}


async def counts_of_many(call: Call) -> Answer:
    """Answer taskQueueCountsBatch."""
    pools = tuple(dict.fromkeys(call.decode(QueuesInput).task_queue_ids))
    call.caller.require({"AllOf": [_may_count(pool) for pool in pools]})
    found = await call.rooms.read(service.counts_of, pools)
    return {
        "taskQueueCounts": [
            {"taskQueueId": pool, "pendingTasks": waiting, "claimedTasks": held}
            for pool, (waiting, held) in found.items()
        ]
    }


def _may_count(pool: str) -> ScopeExpression:
    return {"AllOf": [f"queue:pending-count:{pool}", f"queue:claimed-count:{pool}"]}


async def pending_count(call: Call) -> Answer:
    """Answer pendingTasks, which taskQueueCounts has replaced."""
    pool = call.params["taskQueueId"]
    call.caller.require(f"queue:pending-count:{pool}")
    waiting, _ = await call.rooms.read(service.counts, pool)
    return {**_pool(pool), "pendingTasks": waiting}


def _pool(pool: str) -> dict[str, Any]:
    provisioner, _, worker_type = pool.partition("/")
    return {"provisionerId": provisioner, "workerType": worker_type, "taskQueueId": pool}


_POOL: Final = "{taskQueueId:path}"

OPERATIONS: Final = (
    Operation("tasks", "POST", "/tasks", tasks, body="json", query=PAGED),
    Operation("statuses", "POST", "/tasks/status", statuses, body="json", query=PAGED),
    Operation("listDependentTasks", "GET", "/task/{taskId}/dependents", dependents, query=PAGED),
    Operation("taskQueueCountsBatch", "POST", "/task-queues/counts", counts_of_many, body="json"),
    Operation("taskQueueCounts", "GET", f"/task-queues/{_POOL}/counts", counts),
    Operation("listPendingTasks", "GET", f"/task-queues/{_POOL}/pending", pending, query=PAGED),
    Operation("listClaimedTasks", "GET", f"/task-queues/{_POOL}/claimed", claimed, query=PAGED),
    Operation("pendingTasks", "GET", f"/pending/{_POOL}", pending_count),
)
