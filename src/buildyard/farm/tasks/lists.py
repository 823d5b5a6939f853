"""Many tasks at once: definitions and statuses by id, and what waits or runs in a task queue.

Transaction bodies that only read.  Lists of a group's tasks are `groups`', those of dependent tasks `dependencies`'.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select

from buildyard.farm.store.prepared import Prepared, is_one_of
from buildyard.farm.store.tables import runs, tasks
from buildyard.farm.tasks.lifecycle import State
from buildyard.farm.tasks.paging import Page, cut
from buildyard.farm.tasks.rows import Run, Task, load

_EXIST: Final = Prepared(select(tasks.c.task_id).where(is_one_of(tasks.c.task_id, "task_ids")))


class Placed(Struct, frozen=True):
    """A task and its last run, which waits or runs."""

    task: Task
    run: Run


def by_id(connection: Connection, task_ids: Iterable[str], page: Page) -> tuple[list[Task], str | None]:
    """Return a page of those of these tasks that exist, by id."""
    asked = [task_id for task_id in set(task_ids) if task_id > page.after()]
    found = sorted(_EXIST.column(connection, task_ids=asked))
    names, token = cut(found, page, lambda name: [name])
    return list(load(connection, names).values()), token


def pending(connection: Connection, pool: str, page: Page) -> tuple[list[Placed], str | None]:
    """Return a page of what waits in this task queue, the longest wait first."""
    return _placed(connection, pool, page, State.PENDING, runs.c.scheduled)


def claimed(connection: Connection, pool: str, page: Page) -> tuple[list[Placed], str | None]:
    """Return a page of what runs from this task queue, the oldest claim first."""
    return _placed(connection, pool, page, State.RUNNING, runs.c.started)


def _placed(
    connection: Connection, pool: str, page: Page, state: State, moment: ColumnElement[Any]
) -> tuple[list[Placed], str | None]:
    found = [tuple(row) for row in connection.execute(_in_pool(pool, page, state, moment))]
    shown, token = cut(found, page, lambda row: row)
    loaded = load(connection, [task_id for _, task_id in shown])
    return [Placed(loaded[task_id], loaded[task_id].runs[-1]) for _, task_id in shown], token


def _in_pool(pool: str, page: Page, state: State, moment: ColumnElement[Any]) -> Select[Any]:
    since, last = page.place((float, str), (0.0, ""))
    after = or_(moment > since, and_(moment == since, runs.c.task_id > last))
    return (
        select(moment, runs.c.task_id)
        .join(tasks, tasks.c.task_id == runs.c.task_id)
        .where(runs.c.state == state, tasks.c.task_queue_id == pool, after)
        .order_by(moment, runs.c.task_id)
        .limit(page.rows)
    )
