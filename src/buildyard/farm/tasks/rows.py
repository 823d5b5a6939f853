"""Tasks and runs as values, read from their rows and written as Taskcluster's task status.

`load` reads, `status` and `definition` answer; the writing is next door in `transitions`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final, cast

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, select

from buildyard.farm.store.prepared import Prepared, is_one_of
from buildyard.farm.store.tables import runs, tasks
from buildyard.farm.tasks.definition import PRIORITIES
from buildyard.farm.tasks.errors import ResourceNotFound
from buildyard.farm.tasks.lifecycle import State
from buildyard.farm.tasks.times import to_json


class Run(Struct, frozen=True, kw_only=True):
    """One attempt at a task; moments are seconds since 1970."""

    run_id: int
    state: State
    reason_created: str
    reason_resolved: str | None = None
    worker_group: str | None = None
    worker_id: str | None = None
    scheduled: float
    started: float | None = None
    taken_until: float | None = None
    resolved: float | None = None
    message_id: int | None = None  #: of the message that hints at it, while it is pending


class Task(Struct, frozen=True, kw_only=True):
    """A task and its runs, in order."""

    task_id: str
    task_queue_id: str
    scheduler_id: str
    project_id: str
    task_group_id: str
    priority: int
    retries_left: int
    definition: str  #: JSON text
    state: State
    created: float
    deadline: float
    expires: float
    unmet: int = 0  #: dependencies that are not satisfied
    dependents: int = 0  #: 0: nothing waits for it
    ever_resolved: bool = False
    runs: tuple[Run, ...] = ()

    @property
    def last(self) -> Run | None:
        """The run that counts, ``None`` while there is none."""
        return self.runs[-1] if self.runs else None

    def run(self, run_id: int) -> Run:
        """Return this run.  Raises `ResourceNotFound`."""
        if not 0 <= run_id < len(self.runs):
            raise ResourceNotFound(f"Run {run_id} not found on task `{self.task_id}`.")
        return self.runs[run_id]


_RUN_COLUMNS = (runs.c.task_id, *(runs.c[name] for name in Run.__struct_fields__))
_TASK_FIELDS = tuple(name for name in Task.__struct_fields__ if name != "runs")
_TASK_COLUMNS = tuple(tasks.c[name] for name in _TASK_FIELDS)

_CHOSEN = select(*_TASK_COLUMNS).where(is_one_of(tasks.c.task_id, "task_ids")).order_by(tasks.c.task_id)
_TASKS: Final = Prepared(_CHOSEN)
_TASKS_LOCKED: Final = Prepared(_CHOSEN.with_for_update())
_RUNS: Final = Prepared(
    select(*_RUN_COLUMNS).where(is_one_of(runs.c.task_id, "task_ids")).order_by(runs.c.task_id, runs.c.run_id)
)


def load(connection: Connection, task_ids: Sequence[str], *, lock: bool = False) -> dict[str, Task]:
    """Return those of the tasks that exist, by id; with ``lock``, nobody else changes them before this commits."""
    # Every writer locks task rows in this order, so no two wait for each other.
    rows = (_TASKS_LOCKED if lock else _TASKS).rows(connection, task_ids=list(task_ids))
    by_task = _runs_of(connection, [row[0] for row in rows])
    return {row[0]: _task(row, by_task[row[0]]) for row in rows}


def load_one(connection: Connection, task_id: str, *, lock: bool = False) -> Task:
    """Return the task.  Raises `ResourceNotFound`."""
    found = load(connection, [task_id], lock=lock).get(task_id)
    if found is None:
        raise no_such_task(task_id)
    return found


def no_such_task(task_id: str) -> ResourceNotFound:
    """Return the error for an id that no task has."""
    return ResourceNotFound(
        f"`{task_id}` does not correspond to a task that exists.\nAre you sure this task has already been submitted?"
    )


def _runs_of(connection: Connection, task_ids: Sequence[str]) -> dict[str, list[Run]]:
    found: dict[str, list[Run]] = defaultdict(list)
    if not task_ids:
        return found
    for task_id, *values in _RUNS.rows(connection, task_ids=task_ids):
        facts = dict(zip(Run.__struct_fields__, values, strict=True))
        found[task_id].append(Run(**(facts | {"state": State(facts["state"])})))
    return found


def _task(values: Iterable[object], its_runs: Iterable[Run]) -> Task:
    facts = cast("dict[str, Any]", dict(zip(_TASK_FIELDS, values, strict=True)))
    # SQLite knows no booleans.
    known = {"state": State(facts["state"]), "ever_resolved": bool(facts["ever_resolved"])}
    return Task(**(facts | known), runs=tuple(its_runs))


def status(task: Task) -> dict[str, Any]:
    """Return the task's status structure, without its ``status`` wrapper."""
    provisioner, _, worker_type = task.task_queue_id.partition("/")
    return {
        "taskId": task.task_id,
        "provisionerId": provisioner,
        "workerType": worker_type,
        "taskQueueId": task.task_queue_id,
        "schedulerId": task.scheduler_id,
        "projectId": task.project_id,
        "taskGroupId": task.task_group_id,
        "priority": PRIORITIES[task.priority],
        "deadline": to_json(task.deadline),
        "expires": to_json(task.expires),
        "retriesLeft": task.retries_left,
        "state": task.state.value,
        "runs": [_run_status(run) for run in task.runs],
    }


def definition(task: Task) -> dict[str, Any]:
    """Return the task's definition with all defaults, and with the priority that it has now."""
    whole = msgspec.json.decode(task.definition, type=dict[str, Any])
    return whole | {"priority": PRIORITIES[task.priority]}


def described(task: Task) -> dict[str, Any]:
    """Return what lists tell of a task: its status, and its definition."""
    return {"status": status(task), "task": definition(task)}


def _run_status(run: Run) -> dict[str, Any]:
    optional = {
        "reasonResolved": run.reason_resolved,
        "workerGroup": run.worker_group,
        "workerId": run.worker_id,
        "takenUntil": _moment(run.taken_until),
        "started": _moment(run.started),
        "resolved": _moment(run.resolved),
    }
    return {
        "runId": run.run_id,
        "state": run.state.value,
        "reasonCreated": run.reason_created,
        "scheduled": to_json(run.scheduled),
        **{name: value for name, value in optional.items() if value is not None},
    }


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else to_json(seconds)
