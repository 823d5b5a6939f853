"""The life of tasks, as transactions: create, claim, renew, report, cancel, schedule again.

Each function is one transaction body: it takes a connection and the time, writes its whole transition (`transitions`)
or raises a typed error and writes nothing.  What may happen is `lifecycle`'s table.  Those that make tasks are in
`creating`, those that claim from pools in `claiming`, and workers' reports in `reporting`; each of these also does what
many want at one time (`store.batches`).  `http` and the rooms above call these; `sweep` ends what nobody ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, func, or_, select

from buildyard.farm.store.prepared import Prepared, is_one_of
from buildyard.farm.store.tables import tasks
from buildyard.farm.tasks import worker_records
from buildyard.farm.tasks.claiming import CLAIM_TIMEOUT_S, MAX_CLAIMS, Claimed, Wish, claim, claim_each, claimed_of
from buildyard.farm.tasks.creating import create, create_each, create_many
from buildyard.farm.tasks.errors import RequestConflict
from buildyard.farm.tasks.happened import Change
from buildyard.farm.tasks.lifecycle import MAX_RUNS, Action, State, Step, step
from buildyard.farm.tasks.reporting import (
    Report,
    exception_of,
    report_completed,
    report_each,
    report_exception,
    report_failed,
)
from buildyard.farm.tasks.rows import Task, definition, load_one
from buildyard.farm.tasks.rows import status as status_of
from buildyard.farm.tasks.transitions import Worker, advance, drop_hints, write
from buildyard.farm.tasks.worker_records import WorkerId

__all__ = [
    "CLAIM_TIMEOUT_S",
    "MAX_CLAIMS",
    "Claimed",
    "Report",
    "Wish",
    "cancel",
    "claim",
    "claim_each",
    "claim_one",
    "counts",
    "counts_of",
    "create",
    "create_each",
    "create_many",
    "exception_of",
    "reclaim",
    "report_completed",
    "report_each",
    "report_exception",
    "report_failed",
    "rerun",
    "schedule",
    "status",
    "task",
]


def status(connection: Connection, task_id: str) -> dict[str, Any]:
    """Return the task's status.  Raises `ResourceNotFound`."""
    return status_of(load_one(connection, task_id))


def task(connection: Connection, task_id: str) -> dict[str, Any]:
    """Return the task's definition, with all defaults.  Raises `ResourceNotFound`."""
    return definition(load_one(connection, task_id))


def claim_one(
    connection: Connection,
    now: float,
    task_id: str,
    run_id: int,
    worker_group: str,
    worker_id: str,
    claim_timeout: float = CLAIM_TIMEOUT_S,
) -> Claimed:
    """Return the claim on this run alone; a repeat by the same worker answers the claim that it has.

    Raises `ResourceNotFound`, `InQuarantine`, and `RequestConflict` where somebody else holds it, or it has ended.
    """
    drop_hints(connection, [task_id])
    found = load_one(connection, task_id, lock=True)
    run = found.run(run_id)
    if run.state is State.RUNNING and (run.worker_group, run.worker_id) == (worker_group, worker_id):
        return claimed_of(found)
    move = step(run.state, Action.CLAIM)
    if move is None or found.deadline <= now:
        raise RequestConflict(f"Run {run_id} on task `{task_id}` is not pending: nobody can claim it.")
    worker_records.check(connection, now, {WorkerId(found.task_queue_id, worker_group, worker_id)})
    held = advance(found, move, now, worker=Worker(worker_group, worker_id, now + claim_timeout))
    write(connection, now, [Change(found, held)])
    return claimed_of(held)


def reclaim(
    connection: Connection, now: float, task_id: str, run_id: int, claim_timeout: float = CLAIM_TIMEOUT_S
) -> Claimed:
    """Return the claim on this run, renewed.  Raises `ResourceNotFound`, and `RequestConflict` once it has ended."""
    held = load_one(connection, task_id, lock=True)
    run = held.run(run_id)
    move = step(run.state, Action.RECLAIM)
    if move is None:
        raise RequestConflict(f"Run {run_id} on task `{task_id}` is resolved or not running.")
    if held.deadline <= now:
        raise RequestConflict(f"The deadline of task `{task_id}` is over; its run {run_id} cannot go on.")
    worker = Worker(run.worker_group or "", run.worker_id or "", now + claim_timeout)
    renewed = advance(held, move, now, worker=worker)
    write(connection, now, [Change(held, renewed)])
    return claimed_of(renewed)


def cancel(connection: Connection, now: float, task_id: str, reason: str = "") -> dict[str, Any]:
    """Return the status with the task cancelled; one that is resolved already stays as it is.

    ``reason`` is for the caller's own log: a run's reason is always ``canceled``.  Raises `ResourceNotFound`, and
    `RequestConflict` past the deadline.
    """
    return _act(connection, now, task_id, Action.CANCEL)


def schedule(connection: Connection, now: float, task_id: str) -> dict[str, Any]:
    """Return the status with an unscheduled task pending; any other stays as it is.  Raises as `cancel`."""
    return _act(connection, now, task_id, Action.SCHEDULE)


def rerun(connection: Connection, now: float, task_id: str) -> dict[str, Any]:
    """Return the status with a resolved task pending once more, its retries restored.

    Raises as `cancel`, and `RequestConflict` where it has had `MAX_RUNS` runs.
    """
    return _act(connection, now, task_id, Action.RERUN)


def _act(connection: Connection, now: float, task_id: str, action: Action) -> dict[str, Any]:
    if action is Action.CANCEL:
        drop_hints(connection, [task_id])
    found = load_one(connection, task_id, lock=True)
    if found.deadline <= now:
        raise RequestConflict(f"The deadline of task `{task_id}` is over; nothing can be done with it.")
    move = _allowed(found, action)
    retries = None
    if action is Action.RERUN and move.changes:
        retries = _restored_retries(found)
    return status_of(_take_step(connection, now, found, move, retries=retries))


def _restored_retries(found: Task) -> int:
    if len(found.runs) >= MAX_RUNS:
        raise RequestConflict(f"task `{found.task_id}` has had {MAX_RUNS} runs and cannot be run again")
    return min(int(definition(found)["retries"]), MAX_RUNS - len(found.runs) - 1)


def _allowed(found: Task, action: Action) -> Step:
    move = step(found.state, action, retries_left=found.retries_left)
    assert move is not None, f"the table lacks ({found.state}, {action})"
    return move


def _take_step(connection: Connection, now: float, before: Task, move: Step, *, retries: int | None = None) -> Task:
    if not move.changes:
        return before
    after = advance(before, move, now, retries=retries)
    write(connection, now, [Change(before, after)])
    return after


def counts(connection: Connection, pool: str) -> tuple[int, int]:
    """Return how many runs of this pool wait, and how many are claimed."""
    return counts_of(connection, [pool])[pool]


def counts_of(connection: Connection, pools: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return how many runs of each of these pools wait, and how many are claimed."""
    found = {(pool, state): count for pool, state, count in _COUNTS.rows(connection, pools=list(pools))}
    return {pool: (found.get((pool, State.PENDING), 0), found.get((pool, State.RUNNING), 0)) for pool in pools}


# A task's state is that of its last run, and no other run of it waits or runs.
_COUNTS: Final = Prepared(
    select(tasks.c.task_queue_id, tasks.c.state, func.count())
    .where(
        is_one_of(tasks.c.task_queue_id, "pools"),
        or_(tasks.c.state == State.PENDING.value, tasks.c.state == State.RUNNING.value),
    )
    .group_by(tasks.c.task_queue_id, tasks.c.state)
)
