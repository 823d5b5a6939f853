"""One transition of a task: computed as a value, then written with its message, its event and its wake-ups.

`advance` is pure: a task and a `Step` give the task as it is afterwards.  `write` stores any number of such changes
with one statement a table, inside the caller's transaction, and with them what follows: tasks that waited for these
alone are pending, a group may be resolved.  The task row is the truth and a message in the pool only
a hint: one that was lost is posted again by `sweep`, and one too many is dropped by whoever claims it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence, Set
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct, structs
from sqlalchemy import Connection, select

from buildyard.farm.queue import database as queue
from buildyard.farm.queue.base import NewMessage
from buildyard.farm.store.base import wake
from buildyard.farm.store.many_rows import insert_rows, update_rows
from buildyard.farm.store.tables import runs, tasks
from buildyard.farm.tasks import dependencies, groups
from buildyard.farm.tasks.definition import PRIORITIES
from buildyard.farm.tasks.happened import Change, Defined, GroupResolved
from buildyard.farm.tasks.indexing import index_completed
from buildyard.farm.tasks.lifecycle import RESOLVED, TABLE, Action, State, Step
from buildyard.farm.tasks.rows import Run, Task
from buildyard.farm.tasks.telling import tell

#: The project whose queues are the pools.
PROJECT: Final = "farm"
#: Woken by every transition.
CHANNEL: Final = "tasks"
#: Woken when a task's last run is resolved and none follows.
RESOLVED_CHANNEL: Final = "resolved"


_RUN_FIELDS: Final = Run.__struct_fields__
#: What of a run never changes.
_FIXED: Final = ("run_id", "reason_created", "scheduled")
_MOVE_RUN: Final = update_rows(runs, ("task_id", "run_id"), [name for name in _RUN_FIELDS if name not in _FIXED])
_ADD_RUN: Final = insert_rows(runs, ("task_id", *_RUN_FIELDS))
_MOVE_TASK: Final = update_rows(tasks, ("task_id",), ("state", "retries_left", "ever_resolved"))


#: What makes an unscheduled task pending.
SCHEDULED: Final = TABLE[State.UNSCHEDULED, Action.SCHEDULE]


class Worker(NamedTuple):
    """Who holds a run, and until when."""

    group: str
    id: str
    taken_until: float


def task_channel(task_id: str) -> str:
    """Return the channel that is woken by what happens to this one task."""
    return f"task:{task_id}"


class Hint(Struct, frozen=True, kw_only=True, rename="camel"):
    """The body of a message in a pool: this run may be waiting."""

    task_id: str
    run_id: int


def queue_name(task_queue_id: str, priority: int) -> str:
    """Return the name of the queue where pending runs of this pool and priority wait."""
    return f"{task_queue_id}/{PRIORITIES[priority]}"


def advance(task: Task, step: Step, now: float, *, worker: Worker | None = None, retries: int | None = None) -> Task:
    """Return the task as it is after the step.

    ``worker`` claims, or renews its claim; ``retries`` sets the retries that are left, as a rerun does.
    """
    changed = (
        [*task.runs, _added(task, step, now)] if step.created else [*task.runs[:-1], _moved(task, step, now, worker)]
    )
    left = task.retries_left if retries is None else retries
    if step.retry:
        changed.append(
            Run(run_id=len(changed), state=State.PENDING, reason_created=step.retry, scheduled=now),
        )
        left -= 1
    state = changed[-1].state
    return structs.replace(
        task,
        runs=tuple(changed),
        retries_left=left,
        state=state,
        ever_resolved=task.ever_resolved or state in RESOLVED,
    )


def _added(task: Task, step: Step, now: float) -> Run:
    assert step.created
    return Run(
        run_id=len(task.runs),
        state=step.state,
        reason_created=step.created,
        reason_resolved=step.resolved,
        scheduled=now,
        resolved=now if step.resolved else None,
    )


def _moved(task: Task, step: Step, now: float, worker: Worker | None) -> Run:
    run = structs.replace(task.runs[-1], state=step.state, message_id=None)
    if step.resolved:
        run = structs.replace(run, reason_resolved=step.resolved, resolved=now)
    if worker is None:
        return run
    return structs.replace(
        run,
        worker_group=worker.group,
        worker_id=worker.id,
        taken_until=worker.taken_until,
        started=now if run.started is None else run.started,
    )


def write(connection: Connection, now: float, changes: Sequence[Change], *, defined: Sequence[Defined] = ()) -> None:
    """Store the changes: runs, tasks, messages of runs that now wait, what follows, events, wake-ups.

    ``defined`` are those of the tasks that are new, whose rows say already what becomes of them.
    """
    _store(connection, now, changes, {one.task.task_id for one in defined})
    ended = [change.after for change in changes if change.ends]
    index_completed(connection, now, ended)
    # Rows are locked before the log is: who waits for the log holds nothing that its holder could want.
    released = dependencies.release(connection, now, ended)
    followed = [Change(task, advance(task, SCHEDULED, now)) for task in released]
    _store(connection, now, followed)
    tell(connection, now, [*defined, *changes, *followed])
    tell(connection, now, [GroupResolved(group) for group in groups.resolved(connection, ended)])


def _store(connection: Connection, now: float, changes: Sequence[Change], fresh: Set[str] = frozenset()) -> None:
    if not changes:
        return
    messages = post(connection, now, [(change.after, run) for change in changes for run in _newly_pending(change)])
    store(connection, now, changes, messages, fresh)


def store(
    connection: Connection,
    now: float,
    changes: Sequence[Change],
    messages: dict[tuple[str, int], int],
    fresh: Set[str] = frozenset(),
) -> None:
    """Store the changes without posting anything; ``messages`` are those that hint at runs that now wait.

    ``fresh`` are the ids of tasks whose rows are as the changes leave them.
    """
    _write_runs(connection, changes, messages)
    _MOVE_TASK.run(connection, [structs.asdict(one.after) for one in changes if one.after.task_id not in fresh])
    wake(connection, CHANNEL, *(task_channel(change.after.task_id) for change in changes))
    if any(change.after.state in RESOLVED for change in changes):
        wake(connection, RESOLVED_CHANNEL)


def post(connection: Connection, now: float, pending: Sequence[tuple[Task, Run]]) -> dict[tuple[str, int], int]:
    """Put a message for each of these runs into its pool; return the messages' ids by task and run."""
    by_queue: dict[str, list[tuple[Task, Run]]] = defaultdict(list)
    for task, run in pending:
        by_queue[queue_name(task.task_queue_id, task.priority)].append((task, run))
    ids: dict[tuple[str, int], int] = {}
    # In the order of names, so that two transactions that make new queues do not wait for each other.
    for name, waiting in sorted(by_queue.items()):
        messages = [_message(task, run, now) for task, run in waiting]
        given = queue.put(connection, now, PROJECT, name, messages)
        ids.update({(task.task_id, run.run_id): number for (task, run), number in zip(waiting, given, strict=True)})
    return ids


def drop_hints(connection: Connection, task_ids: Sequence[str]) -> None:
    """Delete the messages that hint at pending runs of these tasks, which are about to end.

    Call it before the tasks are locked: a claim takes messages first and tasks second too, so neither waits for the
    other in a circle.
    """
    hinted = select(runs.c.message_id).where(
        runs.c.task_id.in_(task_ids), runs.c.state == State.PENDING, runs.c.message_id.is_not(None)
    )
    queue.delete_messages(connection, sorted(connection.execute(hinted).scalars()))


def _message(task: Task, run: Run, now: float) -> NewMessage:
    # After the deadline nobody may claim the run.
    hint = Hint(task_id=task.task_id, run_id=run.run_id)
    return NewMessage(body=msgspec.to_builtins(hint), ttl=max(1, math.ceil(task.deadline - now)))


def read_hint(body: object) -> Hint | None:
    """Return what a message's body hints at; ``None`` for one that somebody else has put into the pool."""
    try:
        return msgspec.convert(body, Hint)
    except msgspec.ValidationError:
        return None


def _newly_pending(change: Change) -> list[Run]:
    return [run for run in change.after.runs[len(change.before.runs) :] if run.state is State.PENDING]


def _write_runs(connection: Connection, changes: Sequence[Change], messages: dict[tuple[str, int], int]) -> None:
    updated, added = [], []
    for change in changes:
        known = len(change.before.runs)
        task_id = change.after.task_id
        updated += [(task_id, run) for run in change.after.runs[:known] if run != change.before.runs[run.run_id]]
        added += [(task_id, run) for run in change.after.runs[known:]]
    _MOVE_RUN.run(connection, [{"task_id": task_id, **structs.asdict(run)} for task_id, run in updated])
    _ADD_RUN.run(
        connection,
        [
            {"task_id": task_id, **structs.asdict(run), "message_id": messages.get((task_id, run.run_id))}
            for task_id, run in added
        ],
    )
