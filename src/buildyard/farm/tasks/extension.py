"""The farm's own additions to the worker interface, below ``/api/farm/v1``: what Taskcluster lacks for builders.

One long poll over all pools of a builder, hello and goodbye, the live log and the phase of a run.  Requests are signed
as the queue's are; errors are problem details.  `http.routes` serves these operations.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Final

from msgspec import Meta, Struct

from buildyard.farm.store.base import Waiter
from buildyard.farm.store.errors import StoreClosed
from buildyard.farm.tasks import builders, progress, service
from buildyard.farm.tasks.definition import TASK_QUEUE, Identifier
from buildyard.farm.tasks.errors import InputError
from buildyard.farm.tasks.polling import claim_work, first_of
from buildyard.farm.tasks.rooms import TaskRooms
from buildyard.farm.tasks.service import Wish
from buildyard.farm.tasks.transitions import task_channel
from buildyard.farm.tasks.wire import Answer, Call, Operation
from buildyard.farm.tasks.workers import claim_answer
from buildyard.farm.wire import BuilderInfo, PhaseName

#: A follower of a log looks again after this, whatever it was told.
_RECHECK_S: Final = 60.0

TaskQueueId = Annotated[str, Meta(pattern=rf"\A(?:{TASK_QUEUE})\Z")]


class ClaimInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The body of claim-work over several pools."""

    task_queue_ids: Annotated[tuple[TaskQueueId, ...], Meta(min_length=1, max_length=64)]
    worker_group: Identifier
    worker_id: Identifier
    tasks: Annotated[int, Meta(ge=1, le=service.MAX_CLAIMS)] = 1


class PhaseInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body that tells of a phase."""

    phase: PhaseName
    at: Annotated[float, Meta(ge=0)]  #: seconds since the run began
    log_offset: Annotated[int, Meta(ge=0)]  #: where in the log it begins


async def claim(call: Call) -> Answer:
    """Answer claimWork over several pools in one long poll."""
    asked = call.decode(ClaimInput)
    pools = tuple(dict.fromkeys(asked.task_queue_ids))
    worker = f"queue:worker-id:{asked.worker_group}/{asked.worker_id}"
    call.caller.require({"AllOf": [*(f"queue:claim-work:{pool}" for pool in pools), worker]})
    await call.rooms.write(builders.seen, asked.worker_id)
    wish = Wish(
        pools=pools,
        worker_group=asked.worker_group,
        worker_id=asked.worker_id,
        limit=asked.tasks,
        claim_timeout=call.rooms.settings.claim_timeout_s,
    )
    claimed = await claim_work(call.rooms, wish, call.request.receive)
    return {"tasks": [{**claim_answer(call.rooms, one), "task": one.task} for one in claimed]}


async def hello(call: Call) -> Answer:
    """A builder says what it is."""
    name, info = call.params["builder"], call.decode(BuilderInfo)
    call.caller.require(f"farm:builder:{name}")
    if info.name != name:
        raise InputError(f"the builder calls itself {info.name!r}, and its address calls it {name!r}")
    await call.rooms.write(builders.hello, info)
    return {}


async def goodbye(call: Call) -> Answer:
    """A builder goes."""
    call.caller.require(f"farm:builder:{call.params['builder']}")
    await call.rooms.write(builders.goodbye, call.params["builder"])
    return {}


async def append_log(call: Call) -> Answer:
    """A piece of the log of a run, by its offset."""
    task_id, run_id = _held(call)
    if not {"offset", "at"} <= call.query.keys():
        raise InputError("a piece of a log needs `offset` (bytes before it) and `at` (seconds since the run began)")
    await call.rooms.read(progress.check_running, task_id, run_id)
    offset, at = int(call.query["offset"]), float(call.query["at"])
    size = await asyncio.to_thread(call.rooms.logs.append, task_id, run_id, offset, call.body, at)
    return {"size": size}


async def phase(call: Call) -> Answer:
    """A run enters a phase."""
    task_id, run_id = _held(call)
    told = call.decode(PhaseInput)
    logs = call.rooms.logs
    await call.rooms.write(progress.enter_phase, task_id, run_id, told.phase, told.at, logs.size(task_id, run_id))
    await asyncio.to_thread(logs.mark, task_id, run_id, told.log_offset, told.at, told.phase)
    return {}


def _held(call: Call) -> tuple[str, int]:
    """Return the run that the caller holds."""
    task_id, run_id = call.params["taskId"], call.run_id
    call.caller.require(f"queue:reclaim-task:{task_id}/{run_id}")
    return task_id, run_id


async def follow_log(rooms: TaskRooms, task_id: str, run_id: int, start: int = 0) -> AsyncGenerator[bytes, None]:
    """Yield the log from ``start`` on as it grows, until its run is resolved or the hub shuts down."""

    async def ended() -> bool:
        return rooms.shutdown.is_set() or await rooms.read(progress.is_resolved, task_id, run_id)

    async with rooms.store.waiter([task_channel(task_id)]) as waiter:
        watching = asyncio.ensure_future(_nudge(rooms, waiter, task_id, run_id))
        try:
            async with aclosing(rooms.logs.follow(task_id, run_id, start, ended=ended)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


async def _nudge(rooms: TaskRooms, waiter: Waiter, task_id: str, run_id: int) -> None:
    """Let followers of the log look again whenever something happened to its task."""
    while not rooms.shutdown.is_set():
        try:
            await first_of(waiter.wait(_RECHECK_S), rooms.shutdown.wait())
        except StoreClosed:
            rooms.shutdown.set()
        rooms.logs.nudge(task_id, run_id)


_PIECE: Final = frozenset({"offset", "at"})
_RUN: Final = "/tasks/{taskId}/runs/{runId}"

OPERATIONS: Final = (
    Operation("claimWorkOfPools", "POST", "/claim-work", claim, body="json", style="problem"),
    Operation("hello", "PUT", "/builders/{builder}", hello, body="json", style="problem"),
    Operation("goodbye", "DELETE", "/builders/{builder}", goodbye, style="problem"),
    Operation("appendLog", "POST", f"{_RUN}/log", append_log, body="raw", query=_PIECE, style="problem"),
    Operation("enterPhase", "POST", f"{_RUN}/phase", phase, body="json", style="problem"),
)
