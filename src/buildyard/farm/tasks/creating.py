"""How tasks come into the world: one definition or many, each pending in its pool at once.

Transaction bodies, part of `service`, which lists them.  What a definition may be is `definition`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, select

from buildyard.farm.store.tables import tasks
from buildyard.farm.tasks import definition as definitions
from buildyard.farm.tasks.definition import Definition
from buildyard.farm.tasks.errors import RequestConflict
from buildyard.farm.tasks.lifecycle import Action, State, step
from buildyard.farm.tasks.rows import Task, load
from buildyard.farm.tasks.rows import status as status_of
from buildyard.farm.tasks.transitions import Change, advance, write
from buildyard.farm.tasks.upsert import insert_new

_OTHER_SCHEDULER: Final = (
    select(tasks.c.task_id)
    .where(tasks.c.task_group_id == bindparam("task_group"), tasks.c.scheduler_id != bindparam("scheduler"))
    .limit(1)
)


def create(connection: Connection, now: float, task_id: str, definition: dict[str, Any]) -> dict[str, Any]:
    """Return the status of the task that this definition makes, pending in its pool.

    The same definition again is no error and answers the present status.  Raises `InputError` for a definition that
    cannot be, `RequestConflict` where the id has another definition or the group another scheduler.
    """
    return create_many(connection, now, {task_id: definition})[task_id]


def create_many(connection: Connection, now: float, wanted: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the status of each of these tasks, by id; otherwise as `create`, with one statement a table for all."""
    whole = {task_id: definitions.complete(task_id, given, now) for task_id, given in wanted.items()}
    known = load(connection, list(whole))
    fresh = {task_id: definition for task_id, definition in whole.items() if task_id not in known}
    for definition in {definition.task_group_id: definition for definition in fresh.values()}.values():
        _check_group(connection, definition)
    made = _insert(connection, now, fresh)
    if len(made) < len(fresh):  # another hub has made them since
        known |= load(connection, list(fresh.keys() - made.keys()))
    for task_id, task in known.items():
        _check_same(task, whole[task_id])
    return {task_id: status_of(made.get(task_id) or known[task_id]) for task_id in whole}


def _check_same(known: Task, whole: Definition) -> None:
    if not definitions.is_same(known.definition, whole.body):
        raise RequestConflict(
            f"taskId `{known.task_id}` already used by another task.\nThis could be the result of faulty idempotency!"
        )


def _check_group(connection: Connection, whole: Definition) -> None:
    asked = {"task_group": whole.task_group_id, "scheduler": whole.scheduler_id}
    if connection.execute(_OTHER_SCHEDULER, asked).first() is not None:
        raise RequestConflict(
            f"Task group `{whole.task_group_id}` contains tasks with a schedulerId other\nthan `{whole.scheduler_id}`. "
            "All tasks in the same task-group must have\nthe same schedulerId."
        )


def _insert(connection: Connection, now: float, fresh: Mapping[str, Definition]) -> dict[str, Task]:
    rows = [_row(task_id, definition, now) for task_id, definition in fresh.items()]
    inserted = insert_new(connection, tasks, rows)
    unscheduled = [Task(**row, runs=()) for row in rows if row["task_id"] in inserted]
    move = step(State.UNSCHEDULED, Action.SCHEDULE)
    assert move is not None
    changes = [Change(task, advance(task, move, now)) for task in unscheduled]
    write(connection, now, changes)
    return {change.after.task_id: change.after for change in changes}


def _row(task_id: str, whole: Definition, now: float) -> dict[str, Any]:
    return {
        "task_id": task_id,
        "task_queue_id": whole.task_queue_id,
        "scheduler_id": whole.scheduler_id,
        "project_id": whole.project_id,
        "task_group_id": whole.task_group_id,
        "priority": whole.priority,
        "retries_left": whole.retries,
        "definition": msgspec.json.encode(whole.body).decode(),
        "state": State.UNSCHEDULED,
        "created": now,
        "deadline": whole.deadline,
        "expires": whole.expires,
    }
