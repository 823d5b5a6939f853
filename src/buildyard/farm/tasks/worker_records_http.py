"""The operations of the queue service on task queues and the workers that claim from them.

Part of `http`; `worker_records` has the transactions.  What a client must not rely on any more (provisioners, worker
types) is answered from the same records.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import Meta, Struct
from sqlalchemy import Connection

from buildyard.farm.tasks import worker_records
from buildyard.farm.tasks.definition import Moment
from buildyard.farm.tasks.errors import InputError, ResourceNotFound
from buildyard.farm.tasks.paging import PAGED, page_of, paged
from buildyard.farm.tasks.times import from_datetime, to_json
from buildyard.farm.tasks.wire import Answer, Call, Operation
from buildyard.farm.tasks.worker_records import TaskQueueRecord, WorkerId, WorkerRecord

#: A worker that declares itself is kept for this long at most.
_LONGEST_S: Final = 365 * 24 * 3600.0


class QuarantineInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The body of quarantineWorker."""

    quarantine_until: Moment
    quarantine_info: Annotated[str, Meta(max_length=4000)] = ""


class DeclareInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of declareWorker."""

    expires: Moment


# --- workers ---------------------------------------------------------------------------------------------------------


async def listing(call: Call) -> Answer:
    """Answer listWorkers."""
    pool = _pool(call)
    call.caller.require(f"queue:list-workers:{pool}")
    asked = call.query.get("quarantined")
    quarantined = None if asked is None else asked == "true"

    def body(connection: Connection) -> tuple[list[dict[str, Any]], str | None]:
        now = call.rooms.clock()
        found, token = worker_records.workers_of(connection, now, pool, page_of(call.query), quarantined=quarantined)
        return [_listed(connection, now, one) for one in found], token

    workers, token = await call.rooms.read(body)
    return paged({"workers": workers}, token)


def _listed(connection: Connection, now: float, one: WorkerRecord) -> dict[str, Any]:
    latest = worker_records.recent_runs(connection, _id(one), 1)
    return {
        "workerGroup": one.worker_group,
        "workerId": one.worker_id,
        "firstClaim": to_json(one.first_claim),
        "lastDateActive": to_json(one.last_active),
        **({"latestTask": latest[0]} if latest else {}),
        **({"quarantineUntil": to_json(one.quarantine_until)} if one.quarantine_until > now else {}),
    }


async def get(call: Call) -> Answer:
    """Answer getWorker."""
    name = _named(call)
    call.caller.require(f"queue:get-worker:{_place(name)}")

    def body(connection: Connection) -> dict[str, Any]:
        return _described(connection, worker_records.find(connection, call.rooms.clock(), name))

    return await call.rooms.read(body)


async def quarantine(call: Call) -> Answer:
    """Answer quarantineWorker."""
    name = _named(call)
    call.caller.require({"AllOf": [f"queue:quarantine-worker:{_place(name)}"]})
    asked = call.decode(QuarantineInput)
    until, who = from_datetime(asked.quarantine_until), call.caller.client_id or ""

    def body(connection: Connection, now: float) -> dict[str, Any]:
        changed = worker_records.quarantine(connection, now, name, until, asked.quarantine_info, who)
        return _described(connection, changed)

    return await call.rooms.write(body)


async def declare(call: Call) -> Answer:
    """Answer declareWorker."""
    name = _named(call)
    properties = sorted(call.payload) if isinstance(call.payload, dict) else []
    call.caller.require({"AllOf": [f"queue:declare-worker:{_place(name)}#{given}" for given in properties]})
    expires = from_datetime(call.decode(DeclareInput).expires)
    if expires > call.rooms.clock() + _LONGEST_S:
        raise InputError("a worker is kept for a year at most")

    def body(connection: Connection, now: float) -> dict[str, Any]:
        worker_records.seen(connection, now, [name], expires)
        return _described(connection, worker_records.find(connection, now, name))

    return await call.rooms.write(body)


def _described(connection: Connection, one: WorkerRecord) -> dict[str, Any]:
    return {
        **_split(one.task_queue_id),
        "workerGroup": one.worker_group,
        "workerId": one.worker_id,
        "recentTasks": worker_records.recent_runs(connection, _id(one)),
        "expires": to_json(one.expires),
        **({"quarantineUntil": to_json(one.quarantine_until)} if one.quarantine_until else {}),
        "quarantineDetails": one.quarantine_details,
        "firstClaim": to_json(one.first_claim),
        "lastDateActive": to_json(one.last_active),
        "actions": [],
    }


def _id(one: WorkerRecord) -> WorkerId:
    return WorkerId(one.task_queue_id, one.worker_group, one.worker_id)


def _pool(call: Call) -> str:
    return f"{call.params['provisionerId']}/{call.params['workerType']}"


def _named(call: Call) -> WorkerId:
    return WorkerId(_pool(call), call.params["workerGroup"], call.params["workerId"])


def _place(name: WorkerId) -> str:
    return f"{name.task_queue_id}/{name.worker_group}/{name.worker_id}"


def _split(pool: str) -> dict[str, str]:
    provisioner, _, worker_type = pool.partition("/")
    return {"provisionerId": provisioner, "workerType": worker_type, "taskQueueId": pool}


# --- task queues -----------------------------------------------------------------------------------------------------


async def queues(call: Call) -> Answer:
    """Answer listTaskQueues."""
    call.caller.require("queue:list-task-queues")
    found, token = await call.rooms.read(worker_records.queues_of, call.rooms.clock(), page_of(call.query))
    return paged({"taskQueues": [_queue(one) for one in found]}, token)


async def queue(call: Call) -> Answer:
    """Answer getTaskQueue."""
    pool = call.params["taskQueueId"]
    call.caller.require(f"queue:get-task-queue:{pool}")
    return _queue(await call.rooms.read(worker_records.task_queue, call.rooms.clock(), pool))


def _queue(one: TaskQueueRecord) -> dict[str, Any]:
    return {"taskQueueId": one.task_queue_id, **_moments(one)}


def _moments(one: TaskQueueRecord) -> dict[str, str]:
    return {
        "expires": to_json(one.expires),
        "lastDateActive": to_json(one.last_active),
        "description": "",
        "stability": "experimental",
    }


async def worker_types(call: Call) -> Answer:
    """Answer listWorkerTypes."""
    provisioner = call.params["provisionerId"]
    call.caller.require(f"queue:list-worker-types:{provisioner}")
    found, token = await call.rooms.read(worker_records.queues_of, call.rooms.clock(), page_of(call.query), provisioner)
    return paged({"workerTypes": [{**_split(one.task_queue_id), **_moments(one)} for one in found]}, token)


async def worker_type(call: Call) -> Answer:
    """Answer getWorkerType."""
    pool = _pool(call)
    call.caller.require(f"queue:get-worker-type:{pool}")
    found = await call.rooms.read(worker_records.task_queue, call.rooms.clock(), pool)
    return {**_split(pool), **_moments(found), "actions": []}


async def provisioners(call: Call) -> Answer:
    """Answer listProvisioners, on one page."""
    call.caller.require("queue:list-provisioners")
    found = await call.rooms.read(worker_records.provisioners, call.rooms.clock())
    return {"provisioners": [_provisioner(name, one) for name, one in found.items()]}


async def provisioner(call: Call) -> Answer:
    """Answer getProvisioner."""
    name = call.params["provisionerId"]
    call.caller.require(f"queue:get-provisioner:{name}")
    found = (await call.rooms.read(worker_records.provisioners, call.rooms.clock())).get(name)
    if found is None:
        raise ResourceNotFound(f"Provisioner `{name}` not found. Are you sure it was created?")
    return _provisioner(name, found)


def _provisioner(name: str, one: TaskQueueRecord) -> dict[str, Any]:
    return {"provisionerId": name, **_moments(one), "actions": []}


_TYPE: Final = "/provisioners/{provisionerId}/worker-types/{workerType}"
_WORKER: Final = "{workerGroup}/{workerId}"

OPERATIONS: Final = (
    Operation("listWorkers", "GET", f"{_TYPE}/workers", listing, query=PAGED | {"quarantined"}),
    Operation("getWorker", "GET", f"{_TYPE}/workers/{_WORKER}", get),
    Operation("quarantineWorker", "PUT", f"{_TYPE}/workers/{_WORKER}", quarantine, body="json"),
    Operation("declareWorker", "PUT", f"{_TYPE}/{_WORKER}", declare, body="json"),
    Operation("listTaskQueues", "GET", "/task-queues", queues, query=PAGED),
    # After its longer neighbours, whose ends it would take for a part of the name.
    Operation("getTaskQueue", "GET", "/task-queues/{taskQueueId:path}", queue),
    Operation("listWorkerTypes", "GET", "/provisioners/{provisionerId}/worker-types", worker_types, query=PAGED),
    Operation("getWorkerType", "GET", _TYPE, worker_type),
    Operation("listProvisioners", "GET", "/provisioners", provisioners, query=PAGED),
    Operation("getProvisioner", "GET", "/provisioners/{provisionerId}", provisioner),
)
