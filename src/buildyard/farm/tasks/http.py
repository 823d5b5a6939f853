"""The queue service's HTTP face, ``/api/queue/v1``: what Taskcluster's own client and workers call.

Each operation checks its scopes, calls one transaction body and answers in Taskcluster's shape.
`SERVICES` lists these operations together with those of its neighbours: `workers`, `groups_http`,
`lists_http`, `worker_records_http`, `artifacts_http`, `s3_http` and `objects_http`; `OWN` are those of `extension`.
`buildyard.farm.services.http` serves them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Connection

import buildyard
from buildyard.farm.tasks import (
    artifacts_http,
    extension,
    groups_http,
    lists_http,
    objects_http,
    s3_http,
    service,
    worker_records_http,
    workers,
)
from buildyard.farm.tasks.definition import PRIORITIES, complete
from buildyard.farm.tasks.wire import Answer, Call, Handler, Operation
from buildyard.taskcluster.scopes import ScopeExpression

FARM: Final = "/api/farm/v1"


# --- one task --------------------------------------------------------------------------------------------------------


async def create_task(call: Call) -> Answer:
    """Answer createTask."""
    task_id = call.params["taskId"]
    whole = complete(task_id, call.payload, call.rooms.clock())
    call.caller.require(_may_create(whole.body))
    return {"status": await call.rooms.write_each(service.create_each, (task_id, whole))}


def _may_create(body: dict[str, Any]) -> ScopeExpression:
    # A right to create urgent tasks is one to create less urgent ones too.
    enough = reversed(PRIORITIES[PRIORITIES.index(body["priority"]) :])
    return {
        "AllOf": [
            *body["scopes"],
            *(f"queue:route:{name}" for name in body["routes"]),
            f"queue:create-task:project:{body['projectId']}",
            f"queue:scheduler-id:{body['schedulerId']}",
            {"AnyOf": [f"queue:create-task:{priority}:{body['taskQueueId']}" for priority in enough]},
        ]
    }


async def task(call: Call) -> Answer:
    """Answer task: the definition."""
    call.caller.require(f"queue:get-task:{call.params['taskId']}")
    return await call.rooms.read(service.task, call.params["taskId"])


async def status(call: Call) -> Answer:
    """Answer status."""
    call.caller.require(f"queue:status:{call.params['taskId']}")
    return {"status": await call.rooms.read(service.status, call.params["taskId"])}


def _acting(body: Callable[[Connection, float, str], dict[str, Any]], verb: str) -> Handler:
    """Return the handler of cancelTask, scheduleTask or rerunTask, whose scopes name the task's place."""

    async def handler(call: Call) -> Answer:
        task_id = call.params["taskId"]
        found = await call.rooms.read(service.task, task_id)
        call.caller.require(_may_act(verb, task_id, found))
        return {"status": await call.rooms.write(body, task_id)}

    return handler


def _may_act(verb: str, task_id: str, found: dict[str, Any]) -> ScopeExpression:
    place = f"{found['schedulerId']}/{found['taskGroupId']}"
    return {
        "AnyOf": [
            f"queue:{verb}:{place}/{task_id}",
            f"queue:{verb}-in-project:{found['projectId']}",
            {"AllOf": [f"queue:{verb}", f"assume:scheduler-id:{place}"]},
        ]
    }


# --- monitoring ------------------------------------------------------------------------------------------------------


async def ping(call: Call) -> Answer:
    """Answer ping: this hub is there."""
    return {"alive": True, "uptime": time.monotonic() - call.rooms.started}


async def heartbeat(call: Call) -> Answer:
    """Answer heartbeat and lbheartbeat."""
    return {}


async def version(call: Call) -> Answer:
    """Answer version of this program."""
    return {"version": buildyard.__version__, "commit": "", "source": "", "build": ""}


MONITORING: Final = (
    Operation("ping", "GET", "/ping", ping, signed=False),
    Operation("lbheartbeat", "GET", "/__lbheartbeat__", heartbeat, signed=False),
    Operation("heartbeat", "GET", "/__heartbeat__", heartbeat, signed=False),
    Operation("version", "GET", "/__version__", version, signed=False),
)

_TASK: Final = "/task/{taskId}"

OPERATIONS: Final = (
    Operation("createTask", "PUT", _TASK, create_task, body="json"),
    Operation("task", "GET", _TASK, task),
    Operation("status", "GET", f"{_TASK}/status", status),
    Operation("scheduleTask", "POST", f"{_TASK}/schedule", _acting(service.schedule, "schedule-task")),
    Operation("rerunTask", "POST", f"{_TASK}/rerun", _acting(service.rerun, "rerun-task")),
    Operation("cancelTask", "POST", f"{_TASK}/cancel", _acting(service.cancel, "cancel-task")),
)


#: The queue service's whole.
QUEUE_OPERATIONS: Final = (
    *OPERATIONS,
    *workers.OPERATIONS,
    *groups_http.OPERATIONS,
    *lists_http.OPERATIONS,
    *worker_records_http.OPERATIONS,
    *artifacts_http.OPERATIONS,
    *s3_http.OPERATIONS,
)


#: The services of this floor, by their names in Taskcluster.
SERVICES: Final = {
    "queue": QUEUE_OPERATIONS,
    "object": objects_http.OPERATIONS,
}
#: What builders need beyond them, below `FARM`.
OWN: Final = extension.OPERATIONS
