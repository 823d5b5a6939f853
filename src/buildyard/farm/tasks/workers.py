"""The worker operations of the queue service: claim, renew, report.

Part of `http`.  Every claim is answered with credentials that end with it; whoever lost a claim is told so by a 409.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import Meta, Struct
from sqlalchemy import Connection

from buildyard.farm.tasks import builders, service
from buildyard.farm.tasks.definition import Identifier
from buildyard.farm.tasks.lifecycle import Action
from buildyard.farm.tasks.polling import claim_work
from buildyard.farm.tasks.rooms import TaskRooms
from buildyard.farm.tasks.rows import load_one
from buildyard.farm.tasks.service import Claimed, Wish
from buildyard.farm.tasks.times import to_json
from buildyard.farm.tasks.wire import Answer, Call, Operation
from buildyard.farm.tasks.worker_records import InQuarantine


class ClaimInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The body of claimWork."""

    worker_group: Identifier
    worker_id: Identifier
    tasks: Annotated[int, Meta(ge=1, le=service.MAX_CLAIMS)] = 1


class WorkerInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The body of claimTask."""

    worker_group: Identifier
    worker_id: Identifier


class ExceptionInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of reportException."""

    reason: str


async def claim(call: Call) -> Answer:
    """Answer claimWork: a long poll."""
    pool = call.params["taskQueueId"]
    asked = call.decode(ClaimInput)
    worker = f"{asked.worker_group}/{asked.worker_id}"
    call.caller.require({"AllOf": [f"queue:claim-work:{pool}", f"queue:worker-id:{worker}"]})
    wish = Wish(
        pools=(pool,),
        worker_group=asked.worker_group,
        worker_id=asked.worker_id,
        limit=asked.tasks,
        claim_timeout=call.rooms.settings.claim_timeout_s,
    )
    claimed = await claim_work(call.rooms, wish, call.request.receive)
    return {"tasks": [{**claim_answer(call.rooms, one), "task": one.task} for one in claimed]}


async def claim_one(call: Call) -> Answer:
    """Answer claimTask, which claimWork has replaced."""
    task_id, run_id, asked = call.params["taskId"], call.run_id, call.decode(WorkerInput)
    found = await call.rooms.read(load_one, task_id)
    worker = f"queue:worker-id:{asked.worker_group}/{asked.worker_id}"
    call.caller.require({"AllOf": [f"queue:claim-task:{found.task_queue_id}", worker]})
    timeout = call.rooms.settings.claim_timeout_s
    try:
        held = await call.rooms.write(service.claim_one, task_id, run_id, asked.worker_group, asked.worker_id, timeout)
    except InQuarantine:
        return {}
    return {**claim_answer(call.rooms, held), "task": held.task}


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
    """Answer reclaimTask."""
    task_id, run_id = call.params["taskId"], call.run_id
    call.caller.require(f"queue:reclaim-task:{task_id}/{run_id}")
    renewed = await call.rooms.write(_reclaim, task_id, run_id, call.rooms.settings.claim_timeout_s)
    return claim_answer(call.rooms, renewed)


def _reclaim(connection: Connection, now: float, task_id: str, run_id: int, timeout: float) -> Claimed:
    renewed = service.reclaim(connection, now, task_id, run_id, timeout)
    builders.seen(connection, now, renewed.worker_id)
    return renewed


async def report_completed(call: Call) -> Answer:
    """Answer reportCompleted."""
    return await _report(call, Action.COMPLETE)


async def report_failed(call: Call) -> Answer:
    """Answer reportFailed."""
    return await _report(call, Action.FAIL)


async def report_exception(call: Call) -> Answer:
    """Answer reportException."""
    return await _report(call, service.exception_of(call.decode(ExceptionInput).reason))


async def _report(call: Call, action: Action) -> Answer:
    task_id, run_id = call.params["taskId"], call.run_id
    call.caller.require(f"queue:resolve-task:{task_id}/{run_id}")
    log_bytes = call.rooms.logs.size(task_id, run_id)
    report = service.Report(task_id=task_id, run_id=run_id, action=action, log_bytes=log_bytes)
    return {"status": await call.rooms.write_each(service.report_each, report)}


_RUN: Final = "/task/{taskId}/runs/{runId}"

OPERATIONS: Final = (
    Operation("claimWork", "POST", "/claim-work/{taskQueueId:path}", claim, body="json"),
    Operation("claimTask", "POST", f"{_RUN}/claim", claim_one, body="json"),
    Operation("reclaimTask", "POST", f"{_RUN}/reclaim", reclaim),
    Operation("reportCompleted", "POST", f"{_RUN}/completed", report_completed),
    Operation("reportFailed", "POST", f"{_RUN}/failed", report_failed),
    Operation("reportException", "POST", f"{_RUN}/exception", report_exception, body="json"),
)
