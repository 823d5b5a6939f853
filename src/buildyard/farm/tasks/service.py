"""The life of tasks, as transactions: create, claim, renew, report, cancel, schedule again.

Each function is one transaction body: it takes a connection and the time, writes its whole transition (`transitions`)
or raises a typed error and writes nothing.  What may happen is `lifecycle`'s table.  Those that make tasks are in
`creating`.  `http` and the rooms above call these; `sweep` ends what nobody ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, func, select

from buildyard.farm.queue import database as queue
from buildyard.farm.store.tables import runs, tasks
from buildyard.farm.tasks import definition as definitions
from buildyard.farm.tasks.creating import create, create_many
from buildyard.farm.tasks.errors import InputError, RequestConflict
from buildyard.farm.tasks.lifecycle import MAX_RUNS, REPORTED_EXCEPTIONS, Action, State, Step, step
from buildyard.farm.tasks.rows import Task, load, load_one
from buildyard.farm.tasks.rows import status as status_of
from buildyard.farm.tasks.transitions import (
    PROJECT,
    Change,
    Hint,
    Worker,
    advance,
    drop_hints,
    queue_name,
    read_hint,
    write,
)

__all__ = [
    "CLAIM_TIMEOUT_S",
    "MAX_CLAIMS",
    "Claimed",
    "cancel",
    "claim",
    "counts",
    "create",
    "create_many",
    "reclaim",
    "report_completed",
    "report_exception",
    "report_failed",
    "rerun",
    "schedule",
    "status",
    "task",
]

#: Seconds for which a claim holds unless it is renewed.
CLAIM_TIMEOUT_S: Final = 60.0
#: At most this many runs are claimed at once.
MAX_CLAIMS: Final = 32


class Claimed(Struct, frozen=True, kw_only=True):
    """A run that a worker holds until ``taken_until``."""

    task_id: str
    run_id: int
    worker_group: str
    worker_id: str
    taken_until: float  #: seconds since 1970
    status: dict[str, Any]
    task: dict[str, Any]  #: the definition


def status(connection: Connection, task_id: str) -> dict[str, Any]:
    """Return the task's status.  Raises `ResourceNotFound`."""
    return status_of(load_one(connection, task_id))


def task(connection: Connection, task_id: str) -> dict[str, Any]:
    """Return the task's definition, with all defaults.  Raises `ResourceNotFound`."""
    return _definition(load_one(connection, task_id))


def claim(
    connection: Connection,
    now: float,
    pools: Sequence[str],
    worker_group: str,
    worker_id: str,
    limit: int = 1,
    claim_timeout: float = CLAIM_TIMEOUT_S,
) -> list[Claimed]:
    """Return up to ``limit`` runs of these pools, now held by the worker: the most urgent first, then the oldest.

    Pools of one priority are asked in the order given.  A message whose run no longer waits is dropped.
    """
    worker = Worker(worker_group, worker_id, now + claim_timeout)
    urgent_first = [
        queue_name(pool, number) for number in reversed(range(len(definitions.PRIORITIES))) for pool in pools
    ]
    changes: dict[str, Change] = {}
    while len(changes) < limit:
        popped = queue.pop(connection, now, PROJECT, urgent_first, limit - len(changes))
        if not popped:
            break
        hints = [hint for message in popped if (hint := read_hint(message.body)) and hint.task_id not in changes]
        changes |= _held(connection, now, hints, pools, worker)
    write(connection, now, list(changes.values()))
    return [_claimed(change.after) for change in changes.values()]


def _held(
    connection: Connection, now: float, hints: Sequence[Hint], pools: Sequence[str], worker: Worker
) -> dict[str, Change]:
    found = load(connection, [hint.task_id for hint in hints], lock=True)
    held: dict[str, Change] = {}
    for hint in hints:
        hinted = found.get(hint.task_id)
        move = _claiming(hinted, hint, pools, now) if hinted else None
        if hinted and move:
            held[hint.task_id] = Change(hinted, advance(hinted, move, now, worker=worker))
    return held


def _claiming(hinted: Task, hint: Hint, pools: Sequence[str], now: float) -> Step | None:
    """Return the step that claims what the hint is about; ``None`` where the hint is stale, or not to be believed."""
    if hinted.last is None or hinted.last.run_id != hint.run_id:
        return None
    if hinted.deadline <= now or hinted.task_queue_id not in pools:
        return None
    return step(hinted.last.state, Action.CLAIM)


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
    return _claimed(renewed)


def report_completed(connection: Connection, now: float, task_id: str, run_id: int) -> dict[str, Any]:
    """Return the status with this run completed; a repeat is no error.

    Raises `ResourceNotFound`, and `RequestConflict` where the run is not the caller's any more.
    """
    return _report(connection, now, task_id, run_id, Action.COMPLETE, "completed")


def report_failed(connection: Connection, now: float, task_id: str, run_id: int) -> dict[str, Any]:
    """Return the status with this run failed; otherwise as `report_completed`."""
    return _report(connection, now, task_id, run_id, Action.FAIL, "failed")


def report_exception(connection: Connection, now: float, task_id: str, run_id: int, reason: str) -> dict[str, Any]:
    """Return the status with this run ended for a reason outside the task; a run may follow it.

    ``reason`` is one of `REPORTED_EXCEPTIONS`, else `InputError`; otherwise as `report_completed`.
    """
    if reason not in REPORTED_EXCEPTIONS:
        raise InputError(f"no worker may report {reason!r}; the reasons are {', '.join(REPORTED_EXCEPTIONS)}")
    return _report(connection, now, task_id, run_id, Action(reason), "resolved")


def _report(
    connection: Connection, now: float, task_id: str, run_id: int, action: Action, otherwise: str
) -> dict[str, Any]:
    held = load_one(connection, task_id, lock=True)
    run = held.run(run_id)
    move = step(run.state, action, retries_left=_retries_left(held, now), reason=run.reason_resolved)
    if move is None:
        if action in REPORTED_EXCEPTIONS:
            raise RequestConflict(f"Run {run_id} on task `{task_id}` is resolved or not running.")
        raise RequestConflict(f"Run {run_id} of task `{task_id}` is not running or {otherwise}.")
    return status_of(_take_step(connection, now, held, move))


def _retries_left(held: Task, now: float) -> int:
    # Past its deadline a task gets no further run: it could not be claimed.
    return held.retries_left if held.deadline > now else 0


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
    return min(int(_definition(found)["retries"]), MAX_RUNS - len(found.runs) - 1)


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


def _definition(found: Task) -> dict[str, Any]:
    return msgspec.json.decode(found.definition, type=dict[str, Any])


def _claimed(held: Task) -> Claimed:
    run = held.runs[-1]
    return Claimed(
        task_id=held.task_id,
        run_id=run.run_id,
        worker_group=run.worker_group or "",
        worker_id=run.worker_id or "",
        taken_until=run.taken_until or 0.0,
        status=status_of(held),
        task=_definition(held),
    )


def counts(connection: Connection, pool: str) -> tuple[int, int]:
    """Return how many runs of this pool wait, and how many are claimed."""
    of_pool = (
        select(runs.c.state, func.count())
        .join(tasks, tasks.c.task_id == runs.c.task_id)
        .where(tasks.c.task_queue_id == pool, runs.c.state.in_([State.PENDING, State.RUNNING]))
        .group_by(runs.c.state)
    )
    found = {row[0]: row[1] for row in connection.execute(of_pool)}
    return found.get(State.PENDING, 0), found.get(State.RUNNING, 0)
