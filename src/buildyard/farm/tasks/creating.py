"""How tasks come into the world: one definition or many, each pending in its pool unless it waits for others.

Transaction bodies, part of `service`, which lists them.  What a definition may be is `definition`'s, whom it waits for
`dependencies`', and which group takes it `groups`'.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from buildyard.farm.store.tables import tasks
from buildyard.farm.tasks import definition as definitions
from buildyard.farm.tasks import dependencies, groups
from buildyard.farm.tasks.definition import Definition
from buildyard.farm.tasks.errors import RequestConflict
from buildyard.farm.tasks.happened import Change, Defined
from buildyard.farm.tasks.lifecycle import State
from buildyard.farm.tasks.rows import Task, load
from buildyard.farm.tasks.rows import status as status_of
from buildyard.farm.tasks.transitions import SCHEDULED, advance, write
from buildyard.farm.tasks.upsert import insert_new


def create(connection: Connection, now: float, task_id: str, definition: dict[str, Any]) -> dict[str, Any]:
    """Return the status of the task that this definition makes: pending in its pool, or waiting for other tasks.

    The same definition again is no error and answers the present status.  Raises `InputError` for a definition that
    cannot be, `RequestConflict` where the id has another definition, or the group another scheduler or a seal.
    """
    return create_many(connection, now, {task_id: definition})[task_id]


def create_many(connection: Connection, now: float, wanted: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the status of each of these tasks, by id; otherwise as `create`, with one statement a table for all."""
    return _create(connection, now, {name: definitions.complete(name, given, now) for name, given in wanted.items()})


def create_each(
    connection: Connection, now: float, wanted: Sequence[tuple[str, Definition]]
) -> list[dict[str, Any] | Exception]:
    """Return the status of each of these tasks, in their order, wanted by many at one time; raises as `create`."""
    left, told = dict(enumerate(wanted)), dict[int, dict[str, Any]]()
    while left:
        # An id that is wanted twice is made in the first round and known in the second.
        places = {task_id: place for place, (task_id, _) in reversed(left.items())}
        made = _create(connection, now, {task_id: left[place][1] for task_id, place in places.items()})
        told |= {place: made[left.pop(place)[0]] for place in places.values()}
    return [told[place] for place in range(len(wanted))]


def _create(connection: Connection, now: float, whole: Mapping[str, Definition]) -> dict[str, dict[str, Any]]:
    known = load(connection, list(whole))
    fresh = {task_id: definition for task_id, definition in whole.items() if task_id not in known}
    groups.ensure(connection, fresh.values())
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


def _insert(connection: Connection, now: float, fresh: Mapping[str, Definition]) -> dict[str, Task]:
    required = dependencies.required(connection, fresh)
    named = Counter(name for definition in fresh.values() for name in definition.dependencies)
    rows = [
        row(task_id, definition, now) | _needs(len(dependencies.unmet(definition, required)), named[task_id])
        for task_id, definition in fresh.items()
    ]
    inserted = insert_new(connection, tasks, rows)
    made = [Task(**(one | {"state": State.UNSCHEDULED})) for one in rows if one["task_id"] in inserted]
    dependencies.note(connection, {task.task_id: fresh[task.task_id] for task in made}, required)
    changes = [Change(task, advance(task, SCHEDULED, now)) for task in made if not task.unmet]
    write(connection, now, changes, defined=[Defined(task) for task in made])
    return {task.task_id: task for task in made} | {change.after.task_id: change.after for change in changes}


def _needs(unmet: int, dependents: int) -> dict[str, Any]:
    # The state is as it is once the first run is there, in the same transaction.
    return {
        "unmet": unmet,
        "dependents": dependents,
        "state": State.UNSCHEDULED if unmet else SCHEDULED.state,
    }


def row(task_id: str, whole: Definition, now: float) -> dict[str, Any]:
    """Return the row of a task that nobody has scheduled yet."""
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
