"""The queue service's HTTP face, ``/api/queue/v1``: what Taskcluster's own client and workers call.

Each operation checks its scopes, calls one transaction body and answers in Taskcluster's shape (reference sections 13
to 20).  `routes` lists these operations together with those of `workers`, `artifacts_http`, `objects_http`
and `extension`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

import buildyard
from buildyard.farm.tasks import artifacts_http, extension, objects_http, service, workers
from buildyard.farm.tasks.answers import json_response
from buildyard.farm.tasks.definition import PRIORITIES, complete
from buildyard.farm.tasks.rooms import TaskRooms
from buildyard.farm.tasks.wire import Answer, Call, Handler, Operation, route
from buildyard.taskcluster.scopes import ScopeExpression

QUEUE: Final = "/api/queue/v1"
OBJECT: Final = "/api/object/v1"
FARM: Final = "/api/farm/v1"
#: Services of which this farm has no more than their monitoring.
MONITORED: Final = (QUEUE, OBJECT, "/api/auth/v1")


# --- one task --------------------------------------------------------------------------------------------------------


async def create_task(call: Call) -> Answer:
    """Answer createTask."""
    task_id = call.params["taskId"]
    whole = complete(task_id, call.payload, call.rooms.clock())
    call.caller.require(_may_create(whole.body))
    return {"status": await call.rooms.write(service.create, task_id, call.payload)}


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


# --- pools -----------------------------------------------------------------------------------------------------------


async def counts(call: Call) -> Answer:
    """Answer taskQueueCounts."""
    pool = call.params["taskQueueId"]
    call.caller.require({"AllOf": [f"queue:pending-count:{pool}", f"queue:claimed-count:{pool}"]})
    pending, claimed = await call.rooms.read(service.counts, pool)
    return {**_pool(pool), "pendingTasks": pending, "claimedTasks": claimed}


async def pending(call: Call) -> Answer:
    """Answer pendingTasks, which taskQueueCounts has replaced."""
    pool = call.params["taskQueueId"]
    call.caller.require(f"queue:pending-count:{pool}")
    waiting, _ = await call.rooms.read(service.counts, pool)
    return {**_pool(pool), "pendingTasks": waiting}


def _pool(pool: str) -> dict[str, Any]:
    provisioner, _, worker_type = pool.partition("/")
    return {"provisionerId": provisioner, "workerType": worker_type, "taskQueueId": pool}


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

_TASK, _POOL = "/task/{taskId}", "{taskQueueId:path}"

OPERATIONS: Final = (
    Operation("createTask", "PUT", _TASK, create_task, body="json"),
    Operation("task", "GET", _TASK, task),
    Operation("status", "GET", f"{_TASK}/status", status),
    Operation("scheduleTask", "POST", f"{_TASK}/schedule", _acting(service.schedule, "schedule-task")),
    Operation("rerunTask", "POST", f"{_TASK}/rerun", _acting(service.rerun, "rerun-task")),
    Operation("cancelTask", "POST", f"{_TASK}/cancel", _acting(service.cancel, "cancel-task")),
    Operation("taskQueueCounts", "GET", f"/task-queues/{_POOL}/counts", counts),
    Operation("pendingTasks", "GET", f"/pending/{_POOL}", pending),
)


def routes(rooms: TaskRooms) -> list[BaseRoute]:
    """Return the routes of the queue and object services, the services' monitoring, and the farm's worker routes."""
    listed = [
        *((prefix, operation) for prefix in MONITORED for operation in MONITORING),
        *((QUEUE, operation) for operation in (*OPERATIONS, *workers.OPERATIONS, *artifacts_http.OPERATIONS)),
        *((OBJECT, operation) for operation in objects_http.OPERATIONS),
        *((FARM, operation) for operation in extension.OPERATIONS),
    ]
    found = [route(rooms, prefix, operation) for prefix, operation in listed]
    return [*found, *(Route(f"{prefix}/{{rest:path}}", _nothing_here, methods=_VERBS) for prefix in MONITORED)]


_VERBS: Final = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]


async def _nothing_here(request: Request) -> Response:
    # Taskcluster answers an unknown path or verb in another shape than everything else.
    return json_response({"error": "Not found"}, 404)
