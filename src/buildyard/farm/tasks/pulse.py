"""Which of Taskcluster's messages a record of `happened` is: exchange, routing key, CC, body.

Pure.  Bodies and keys are those of the queue service's exchanges, so that patterns made by
`QueueEvents` match them.  Who publishes them stores them in the transaction that makes them true.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Struct

from buildyard.farm.events.outbox import BusMessage
from buildyard.farm.tasks.definition import PRIORITIES
from buildyard.farm.tasks.exchanges import PREFIX
from buildyard.farm.tasks.happened import (
    ArtifactCreated,
    Change,
    Defined,
    Group,
    GroupPriorityChanged,
    GroupResolved,
    GroupSealed,
    Happening,
    PriorityChanged,
)
from buildyard.farm.tasks.lifecycle import State
from buildyard.farm.tasks.rows import Run, Task
from buildyard.farm.tasks.rows import status as status_of
from buildyard.farm.tasks.times import to_json

#: In a routing key, for a word that there is nothing to say in.
NOTHING: Final = "_"


class _Told(Struct, frozen=True):
    """What messages tell of a definition."""

    routes: tuple[str, ...] = ()
    tags: dict[str, str] = {}


def messages_of(happening: Happening) -> list[BusMessage]:
    """Return the messages about this, in the order in which they are to be published."""
    return _MESSAGES[type(happening)](happening)


def _defined(happening: Defined) -> list[BusMessage]:
    return [_of_task("task-defined", happening.task, None)]


def _changed(change: Change) -> list[BusMessage]:
    return [_of_run(change.after, run) for run in change.moved]


def _of_run(task: Task, run: Run) -> BusMessage:
    facts: dict[str, Any] = {"runId": run.run_id}
    if run.worker_id is not None:
        facts |= {"workerGroup": run.worker_group, "workerId": run.worker_id}
    if run.state is State.RUNNING:
        facts["takenUntil"] = to_json(run.taken_until or 0.0)
    return _of_task(f"task-{run.state.value}", task, run, facts)


def _of_task(
    exchange: str, task: Task, run: Run | None, facts: dict[str, Any] | None = None, *, with_tags: bool = True
) -> BusMessage:
    told = msgspec.json.decode(task.definition, type=_Told)
    tags = {"task": {"tags": told.tags}} if with_tags else {}
    return BusMessage(
        exchange=PREFIX + exchange,
        routing_key=_task_key(task, run),
        cc=tuple(f"route.{route}" for route in told.routes),
        body={"status": status_of(task), **(facts or {}), **tags, "version": 1},
    )


def _task_key(task: Task, run: Run | None) -> str:
    provisioner, _, worker_type = task.task_queue_id.partition("/")
    about = (NOTHING,) * 3 if run is None else (str(run.run_id), run.worker_group or NOTHING, run.worker_id or NOTHING)
    words = ("primary", task.task_id, *about, provisioner, worker_type, task.scheduler_id, task.task_group_id, NOTHING)
    return ".".join(words)


def _artifact_created(happening: ArtifactCreated) -> list[BusMessage]:
    run = happening.run
    facts = {
        "artifact": happening.artifact,
        "workerGroup": run.worker_group,
        "workerId": run.worker_id,
        "runId": run.run_id,
    }
    return [_of_task("artifact-created", happening.task, run, facts, with_tags=False)]


def _priority_changed(happening: PriorityChanged) -> list[BusMessage]:
    task = happening.task
    facts = {"oldPriority": PRIORITIES[happening.old], "newPriority": PRIORITIES[task.priority]}
    return [_of_task("task-priority-changed", task, None, facts, with_tags=False)]


def group_answer(group: Group) -> dict[str, Any]:
    """Return what calls and messages tell of a group."""
    sealed = {} if group.sealed is None else {"sealed": to_json(group.sealed)}
    return {
        "taskGroupId": group.task_group_id,
        "schedulerId": group.scheduler_id,
        "expires": to_json(group.expires),
        **sealed,
    }


def _group_sealed(happening: GroupSealed) -> list[BusMessage]:
    return [_of_group("task-group-sealed", happening.group, group_answer(happening.group))]


def _group_resolved(happening: GroupResolved) -> list[BusMessage]:
    return [_of_group("task-group-resolved", happening.group, group_answer(happening.group))]


def _group_priority_changed(happening: GroupPriorityChanged) -> list[BusMessage]:
    group = happening.group
    facts = {
        "taskGroupId": group.task_group_id,
        "schedulerId": group.scheduler_id,
        "newPriority": PRIORITIES[happening.new],
        "tasksAffected": happening.tasks_affected,
    }
    return [_of_group("task-group-priority-changed", group, facts)]


def _of_group(exchange: str, group: Group, facts: dict[str, Any]) -> BusMessage:
    key = ".".join(("primary", group.task_group_id, group.scheduler_id, NOTHING))
    return BusMessage(exchange=PREFIX + exchange, routing_key=key, cc=(), body={**facts, "version": 1})


_MESSAGES: Final[dict[type, Callable[[Any], list[BusMessage]]]] = {
    Defined: _defined,
    Change: _changed,
    PriorityChanged: _priority_changed,
    ArtifactCreated: _artifact_created,
    GroupSealed: _group_sealed,
    GroupResolved: _group_resolved,
    GroupPriorityChanged: _group_priority_changed,
}
