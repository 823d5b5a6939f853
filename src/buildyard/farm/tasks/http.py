"""The queue service's HTTP face, ``/api/queue/v1``: what Taskcluster's own client and workers call.

Each operation checks its scopes, calls one transaction body and answers in Taskcluster's shape (reference sections 13
to 20).  `routes` lists these operations together with those of `artifacts_http`, `objects_http` and `extension`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Any, Concatenate, Final

from msgspec import Meta, Struct
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

import buildyard
from buildyard.farm.tasks import artifacts_http, builders, extension, objects_http, service
from buildyard.farm.tasks.definition import PRIORITIES, Identifier, complete
from buildyard.farm.tasks.polling import Wish, claim_work
from buildyard.farm.tasks.rooms import TaskRooms
from buildyard.farm.tasks.service import Claimed
from buildyard.farm.tasks.times import to_json
from buildyard.farm.tasks.wire import Answer, Call, Handler, Operation, json_response, route
from buildyard.taskcluster.scopes import ScopeExpression

QUEUE: Final = "/api/queue/v1"
OBJECT: Final = "/api/object/v1"
FARM: Final = "/api/farm/v1"
#: Services of which this farm has no more than their monitoring.
MONITORED: Final = (QUEUE, OBJECT, "/api/auth/v1")


class ClaimInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The body of claimWork."""

    worker_group: Identifier
    worker_id: Identifier
    tasks: Annotated[int, Meta(ge=1, le=service.MAX_CLAIMS)] = 1


class ExceptionInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of reportException."""

    reason: str


# --- one task --------------------------------------------------------------------------------------------------------


async def create_task(call: Call) -> Answer:
    """createTask."""
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
    """Task: the definition."""
    call.caller.require(f"queue:get-task:{call.params['taskId']}")
    return await call.rooms.read(service.task, call.params["taskId"])


async def status(call: Call) -> Answer:
    """Status."""
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


# --- workers ---------------------------------------------------------------------------------------------------------


async def claim(call: Call) -> Answer:
    """claimWork: a long poll."""
    pool = call.params["taskQueueId"]
    asked = call.decode(ClaimInput)
    worker = f"{asked.worker_group}/{asked.worker_id}"
    call.caller.require({"AllOf": [f"queue:claim-work:{pool}", f"queue:worker-id:{worker}"]})
    wish = Wish(pools=(pool,), worker_group=asked.worker_group, worker_id=asked.worker_id, limit=asked.tasks)
    claimed = await claim_work(call.rooms, wish, call.request.receive)
    return {"tasks": [{**claim_answer(call.rooms, one), "task": one.task} for one in claimed]}


def claim_answer(rooms: TaskRooms, claimed: Claimed) -> dict[str, Any]:
    """Return what a worker is told of a claim, with the credentials that act for it."""
    return {
        "status": claimed.status,
        "runId": claimed.run_id,
        "workerGroup": claimed.worker_group,
        "workerId": claimed.worker_id,
        "takenUntil": to_json(claimed.taken_until),
        "credentials": rooms.auth.task_credentials(claimed),
    }


async def reclaim(call: Call) -> Answer:
    """reclaimTask."""
    task_id, run_id = call.params["taskId"], call.run_id
    call.caller.require(f"queue:reclaim-task:{task_id}/{run_id}")
    renewed = await call.rooms.write(_reclaim, task_id, run_id, call.rooms.settings.claim_timeout_s)
    return claim_answer(call.rooms, renewed)


def _reclaim(connection: Connection, now: float, task_id: str, run_id: int, timeout: float) -> Claimed:
    renewed = service.reclaim(connection, now, task_id, run_id, timeout)
    builders.seen(connection, now, renewed.worker_id)
    return renewed


async def report_completed(call: Call) -> Answer:
    """reportCompleted."""
    return await _report(call, service.report_completed)


async def report_failed(call: Call) -> Answer:
    """reportFailed."""
    return await _report(call, service.report_failed)


async def report_exception(call: Call) -> Answer:
    """reportException."""
    return await _report(call, service.report_exception, call.decode(ExceptionInput).reason)


Report = Callable[Concatenate[Connection, float, str, int, ...], dict[str, Any]]


async def _report(call: Call, report: Report, *reason: str) -> Answer:
    task_id, run_id = call.params["taskId"], call.run_id
    call.caller.require(f"queue:resolve-task:{task_id}/{run_id}")
    log_bytes = call.rooms.logs.size(task_id, run_id)

    def body(connection: Connection, now: float) -> dict[str, Any]:
        answer = report(connection, now, task_id, run_id, *reason)
        service.note_log_size(connection, task_id, run_id, log_bytes)
        return answer

    return {"status": await call.rooms.write(body)}


# --- pools -----------------------------------------------------------------------------------------------------------


async def counts(call: Call) -> Answer:
    """taskQueueCounts."""
    pool = call.params["taskQueueId"]
    call.caller.require({"AllOf": [f"queue:pending-count:{pool}", f"queue:claimed-count:{pool}"]})
    pending, claimed = await call.rooms.read(service.counts, pool)
    return {**_pool(pool), "pendingTasks": pending, "claimedTasks": claimed}


async def pending(call: Call) -> Answer:
    """pendingTasks, which taskQueueCounts has replaced."""
    pool = call.params["taskQueueId"]
    call.caller.require(f"queue:pending-count:{pool}")
    waiting, _ = await call.rooms.read(service.counts, pool)
    return {**_pool(pool), "pendingTasks": waiting}


def _pool(pool: str) -> dict[str, Any]:
    provisioner, _, worker_type = pool.partition("/")
    return {"provisionerId": provisioner, "workerType": worker_type, "taskQueueId": pool}


# --- monitoring ------------------------------------------------------------------------------------------------------


async def ping(call: Call) -> Answer:
    """Ping: this hub is there."""
    return {"alive": True, "uptime": time.monotonic() - call.rooms.started}


async def heartbeat(call: Call) -> Answer:
    """Heartbeat and lbheartbeat."""
    return {}


async def version(call: Call) -> Answer:
    """Version of this program."""
    return {"version": buildyard.__version__, "commit": "", "source": "", "build": ""}


MONITORING: Final = (
    Operation(name="ping", method="GET", route="/ping", handler=ping, signed=False),
    Operation(name="lbheartbeat", method="GET", route="/__lbheartbeat__", handler=heartbeat, signed=False),
    Operation(name="heartbeat", method="GET", route="/__heartbeat__", handler=heartbeat, signed=False),
    Operation(name="version", method="GET", route="/__version__", handler=version, signed=False),
)

_TASK, _RUN, _POOL = "/task/{taskId}", "/task/{taskId}/runs/{runId}", "{taskQueueId:path}"

OPERATIONS: Final = (
    Operation(name="createTask", method="PUT", route=_TASK, handler=create_task, body="json"),
    Operation(name="task", method="GET", route=_TASK, handler=task),
    Operation(name="status", method="GET", route=f"{_TASK}/status", handler=status),
    Operation(name="scheduleTask", method="POST", route=f"{_TASK}/schedule", handler=_acting(service.schedule, "schedule-task")),
    Operation(name="rerunTask", method="POST", route=f"{_TASK}/rerun", handler=_acting(service.rerun, "rerun-task")),
    Operation(name="cancelTask", method="POST", route=f"{_TASK}/cancel", handler=_acting(service.cancel, "cancel-task")),
    Operation(name="claimWork", method="POST", route=f"/claim-work/{_POOL}", handler=claim, body="json"),
    Operation(name="reclaimTask", method="POST", route=f"{_RUN}/reclaim", handler=reclaim),
    Operation(name="reportCompleted", method="POST", route=f"{_RUN}/completed", handler=report_completed),
    Operation(name="reportFailed", method="POST", route=f"{_RUN}/failed", handler=report_failed),
    Operation(name="reportException", method="POST", route=f"{_RUN}/exception", handler=report_exception, body="json"),
    Operation(name="taskQueueCounts", method="GET", route=f"/task-queues/{_POOL}/counts", handler=counts),
    Operation(name="pendingTasks", method="GET", route=f"/pending/{_POOL}", handler=pending),
)  # fmt: skip


def routes(rooms: TaskRooms) -> list[BaseRoute]:
    """Return the routes of the queue and object services, the services' monitoring, and the farm's worker routes."""
    listed = [
        *((prefix, operation) for prefix in MONITORED for operation in MONITORING),
        *((QUEUE, operation) for operation in (*OPERATIONS, *artifacts_http.OPERATIONS)),
        *((OBJECT, operation) for operation in objects_http.OPERATIONS),
        *((FARM, operation) for operation in extension.OPERATIONS),
    ]
    found = [route(rooms, prefix, operation) for prefix, operation in listed]
    return [*found, *(Route(f"{prefix}/{{rest:path}}", _nothing_here, methods=_VERBS) for prefix in MONITORED)]


_VERBS: Final = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]


async def _nothing_here(request: Request) -> Response:
    # Taskcluster answers an unknown path or verb in another shape than everything else.
    return json_response({"error": "Not found"}, 404)
