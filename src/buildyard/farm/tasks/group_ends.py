"""How a whole group of tasks ends before its time: each of its tasks that is not resolved is cancelled.

A transaction body; `groups` has what a group is, `service.cancel` ends one task.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from buildyard.farm.store.tables import tasks
from buildyard.farm.tasks import groups
from buildyard.farm.tasks.errors import RequestConflict
from buildyard.farm.tasks.happened import Change
from buildyard.farm.tasks.lifecycle import RESOLVED, Action, step
from buildyard.farm.tasks.rows import Task, load
from buildyard.farm.tasks.transitions import advance, drop_hints, write


def cancel(connection: Connection, now: float, task_group_id: str) -> tuple[int, list[str]]:
    """Return how many tasks the group has, and the ids of those that are cancelled now.

    Raises `ResourceNotFound`, and `RequestConflict` for a group to which tasks can be added still.
    """
    if groups.find(connection, task_group_id).sealed is None:
        raise RequestConflict(f"Cannot cancel unsealed task group: `{task_group_id}`")
    chosen = (
        select(tasks.c.task_id)
        .where(tasks.c.task_group_id == task_group_id, tasks.c.state.not_in(RESOLVED), tasks.c.deadline > now)
        .order_by(tasks.c.task_id)
    )
    task_ids = list(connection.execute(chosen).scalars())
    drop_hints(connection, task_ids)
    locked = load(connection, task_ids, lock=True)
    changes = [change for task in locked.values() if (change := _cancelled(task, now))]
    write(connection, now, changes)
    return groups.size(connection, task_group_id), [change.after.task_id for change in changes]


def _cancelled(task: Task, now: float) -> Change | None:
    move = step(task.state, Action.CANCEL)
    return Change(task, advance(task, move, now)) if move and move.changes else None
