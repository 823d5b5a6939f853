"""How urgent tasks are, changed after they were created: one task's, or a whole group's.

Transaction bodies.  A pending run's message moves to the queue of its new priority; a running run goes on, and only
its retry is more urgent, or less.  The definition keeps what its creator wrote, so that a repeated createTask is none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import structs
from sqlalchemy import Connection, bindparam, false, select, update

from buildyard.farm.store.base import wake
from buildyard.farm.store.prepared import Prepared, is_one_of
from buildyard.farm.store.tables import runs, tasks
from buildyard.farm.tasks import groups
from buildyard.farm.tasks.errors import RequestConflict
from buildyard.farm.tasks.happened import Group, GroupPriorityChanged, PriorityChanged
from buildyard.farm.tasks.lifecycle import State
from buildyard.farm.tasks.rows import Task, load, load_one
from buildyard.farm.tasks.telling import tell
from buildyard.farm.tasks.times import to_json
from buildyard.farm.tasks.transitions import CHANNEL, drop_hints, post, task_channel

_SET: Final = Prepared(
    update(tasks).where(is_one_of(tasks.c.task_id, "task_ids")).values(priority=bindparam("priority"))
)
_HINT: Final = update(runs).where(runs.c.task_id == bindparam("its_task"), runs.c.run_id == bindparam("its_run"))


def change(connection: Connection, now: float, task_id: str, priority: int) -> Task:
    """Return the task with this priority, a place in `definition.PRIORITIES`.

    Raises `ResourceNotFound`, and `RequestConflict` past the deadline.
    """
    drop_hints(connection, [task_id])
    found = load_one(connection, task_id, lock=True)
    if found.deadline <= now:
        raise RequestConflict(
            f"Task `{task_id}` can't be reprioritized past its deadline of {to_json(found.deadline)}."
        )
    (changed,) = _set(connection, now, [found], priority)
    tell(connection, now, [PriorityChanged(changed, found.priority)])
    return changed


def change_group(connection: Connection, now: float, task_group_id: str, priority: int) -> tuple[Group, list[str]]:
    """Return the group, and the ids of its tasks that have this priority now: those that were never resolved.

    Raises `ResourceNotFound`.
    """
    group = groups.find(connection, task_group_id)
    chosen = (
        select(tasks.c.task_id)
        .where(tasks.c.task_group_id == task_group_id, tasks.c.ever_resolved == false())
        .where(tasks.c.deadline > now, tasks.c.priority != priority)
        .order_by(tasks.c.task_id)
    )
    task_ids = list(connection.execute(chosen).scalars())
    drop_hints(connection, task_ids)
    locked = load(connection, task_ids, lock=True)
    changed = _set(connection, now, [task for task in locked.values() if not task.ever_resolved], priority)
    tell(connection, now, [GroupPriorityChanged(group, priority, len(changed))])
    return group, [task.task_id for task in changed]


def _set(connection: Connection, now: float, found: Iterable[Task], priority: int) -> list[Task]:
    changed = [structs.replace(task, priority=priority) for task in found]
    _SET.rows(connection, task_ids=[task.task_id for task in changed], priority=priority)
    waiting = [(task, task.runs[-1]) for task in changed if task.state is State.PENDING]
    # The oldest first, so that those of one group keep their order.
    messages = post(connection, now, sorted(waiting, key=lambda pair: pair[1].scheduled))
    if messages:
        rows = [{"its_task": key[0], "its_run": key[1], "message_id": number} for key, number in messages.items()]
        connection.execute(_HINT, rows)
    wake(connection, CHANNEL, *(task_channel(task.task_id) for task in changed))
    return changed
