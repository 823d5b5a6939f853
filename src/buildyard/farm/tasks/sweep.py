"""What ends by itself: claims that nobody renewed, deadlines, and messages that got lost.

Each function is one transaction body over a batch of rows; the hub's timer calls them when `next_due` says so, and
`repost` at its start and now and then.  Together with `service` they keep two promises: a run whose worker is gone
ends and exactly one further run follows, and every pending run is found by somebody.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, bindparam, exists, func, select, update

from buildyard.farm.queue import database as queue
from buildyard.farm.store.tables import remote_tasks, runs, tasks
from buildyard.farm.tasks.happened import Change
from buildyard.farm.tasks.lifecycle import Action, State, step
from buildyard.farm.tasks.rows import Task, load
from buildyard.farm.tasks.transitions import advance, drop_hints, post, write

#: Rows a transaction takes at once; the rest is due still, and taken by the next.
BATCH: Final = 200

#: A task that runs on another Taskcluster waits there.
_ELSEWHERE: Final = exists().where(remote_tasks.c.task_id == tasks.c.task_id)

_UNRESOLVED: Final = (State.UNSCHEDULED, State.PENDING, State.RUNNING)


def expire_claims(connection: Connection, now: float) -> int:
    """Return how many runs ended now because their claims were not renewed; a retry follows while any are left."""
    due = (
        select(runs.c.task_id)
        .join(tasks, tasks.c.task_id == runs.c.task_id)
        .where(runs.c.state == State.RUNNING, runs.c.taken_until <= now, tasks.c.deadline > now)
        .order_by(runs.c.taken_until)
    )
    return _end(connection, now, due, Action.CLAIM_EXPIRED)


def expire_deadlines(connection: Connection, now: float) -> int:
    """Return how many tasks ended now because their deadlines are over."""
    due = (
        select(tasks.c.task_id)
        .where(tasks.c.state.in_(_UNRESOLVED), tasks.c.deadline <= now)
        .order_by(tasks.c.deadline)
    )
    return _end(connection, now, due, Action.DEADLINE_EXCEEDED)


def _end(connection: Connection, now: float, due: Any, action: Action) -> int:
    task_ids = list(connection.execute(due.limit(BATCH)).scalars())
    if action is Action.DEADLINE_EXCEEDED:
        drop_hints(connection, task_ids)
    locked = load(connection, task_ids, lock=True)
    changes = [change for task in locked.values() if (change := _ended(task, now, action))]
    write(connection, now, changes)
    return len(changes)


def _ended(task: Task, now: float, action: Action) -> Change | None:
    move = step(task.state, action, retries_left=task.retries_left)
    if move is None or not move.changes:
        return None
    return Change(task, advance(task, move, now))


def next_due(connection: Connection) -> float | None:
    """Return when the next claim or deadline ends, in seconds since 1970; ``None`` where nothing is under way."""
    claims = _earliest(connection, runs.c.taken_until, runs.c.state == State.RUNNING)
    deadlines = [_earliest(connection, tasks.c.deadline, tasks.c.state == state) for state in _UNRESOLVED]
    return min((moment for moment in (claims, *deadlines) if moment is not None), default=None)


def _earliest(connection: Connection, column: ColumnElement[Any], condition: ColumnElement[bool]) -> float | None:
    # One state a query: each then reads the first entry of an index.
    found: float | None = connection.execute(select(func.min(column)).where(condition)).scalar()
    return found


def repost(connection: Connection, now: float) -> int:
    """Return how many pending runs had no message any more and got a new one."""
    last, mended = "", 0
    while waiting := _pending_after(connection, now, last):
        last = waiting[-1].task_id
        mended += _repost(connection, now, waiting)
    return mended


def _pending_after(connection: Connection, now: float, last: str) -> list[Task]:
    chosen = (
        select(tasks.c.task_id)
        .where(tasks.c.state == State.PENDING, tasks.c.deadline > now, tasks.c.task_id > last, ~_ELSEWHERE)
        .order_by(tasks.c.task_id)
        .limit(BATCH)
    )
    return list(load(connection, list(connection.execute(chosen).scalars())).values())


def _repost(connection: Connection, now: float, waiting: list[Task]) -> int:
    there = queue.exists(connection, [task.runs[-1].message_id or 0 for task in waiting])
    lost = [(task, task.runs[-1]) for task in waiting if task.runs[-1].message_id not in there]
    messages = post(connection, now, lost)
    if messages:
        # A run that is claimed meanwhile needs no hint; the one just posted is dropped by who finds it.
        its_row = (runs.c.task_id == bindparam("its_task")) & (runs.c.run_id == bindparam("its_run"))
        rows = [{"its_task": key[0], "its_run": key[1], "message_id": number} for key, number in messages.items()]
        connection.execute(update(runs).where(its_row, runs.c.state == State.PENDING), rows)
    return len(lost)
