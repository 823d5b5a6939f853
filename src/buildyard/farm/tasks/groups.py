"""Groups of tasks: made with their first task, sealed, cancelled, resolved.

Transaction bodies over ``task_groups``.  All tasks of a group have one scheduler.  A sealed group takes no task; one
is resolved when each of its tasks has been resolved once, which may happen again after a task was added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, bindparam, false, func, select, update

from buildyard.farm.store.prepared import Prepared, is_one_of
from buildyard.farm.store.tables import task_groups, tasks
from buildyard.farm.tasks.definition import Definition
from buildyard.farm.tasks.errors import RequestConflict, ResourceNotFound
from buildyard.farm.tasks.happened import Group, GroupSealed
from buildyard.farm.tasks.paging import Page, cut
from buildyard.farm.tasks.rows import Task, load
from buildyard.farm.tasks.telling import tell
from buildyard.farm.tasks.upsert import insert_new

#: A group is kept this much longer than the tasks that make it expire later.
_SLACK_S: Final = 3600.0

_COLUMNS: Final = tuple(task_groups.c[name] for name in Group.__struct_fields__)
_FIND: Final = Prepared(select(*_COLUMNS).where(is_one_of(task_groups.c.task_group_id, "names")))
# Shared: many tasks are created side by side, and whoever seals the group waits for them, or they for it.
_FIND_SHARED: Final = Prepared(
    select(*_COLUMNS)
    .where(is_one_of(task_groups.c.task_group_id, "names"))
    .order_by(task_groups.c.task_group_id)
    .with_for_update(read=True)
)
_PROLONG: Final = update(task_groups).where(task_groups.c.task_group_id == bindparam("name"))

_IS_OPEN: Final = tasks.c.ever_resolved == false()
_OPEN_ONE: Final = (
    select(tasks.c.task_id).where(tasks.c.task_group_id == task_groups.c.task_group_id, _IS_OPEN).limit(1)
)
_WITH_OPEN: Final = Prepared(
    select(*_COLUMNS, _OPEN_ONE.scalar_subquery()).where(is_one_of(task_groups.c.task_group_id, "names"))
)
# A row that was changed since this transaction's snapshot cannot be locked: then the whole is run again, in a new one.
_STILL_OPEN: Final = Prepared(
    select(tasks.c.task_id)
    .where(tasks.c.task_group_id == bindparam("name"), _IS_OPEN)
    .limit(1)
    .with_for_update(read=True, skip_locked=True)
)


class Joining(Struct, frozen=True, kw_only=True):
    """What a task brings into its group."""

    scheduler_id: str
    expires: float  #: the latest of the tasks'


def ensure(connection: Connection, fresh: Iterable[Definition]) -> None:
    """See to it that the groups of these new tasks are there, and take them.

    Raises `RequestConflict` for a group that is sealed, or has another scheduler.
    """
    joining = _joining(fresh)
    rows = [
        {"task_group_id": name, "scheduler_id": one.scheduler_id, "expires": one.expires + _SLACK_S}
        for name, one in sorted(joining.items())
    ]
    made = insert_new(connection, task_groups, rows)
    known = joining.keys() - made
    if known:
        _join(connection, {name: joining[name] for name in known})


def _joining(fresh: Iterable[Definition]) -> dict[str, Joining]:
    joining: dict[str, Joining] = {}
    for definition in fresh:
        name = definition.task_group_id
        known = joining.setdefault(name, Joining(scheduler_id=definition.scheduler_id, expires=definition.expires))
        _check_scheduler(name, known.scheduler_id, definition.scheduler_id)
        latest = max(known.expires, definition.expires)
        joining[name] = Joining(scheduler_id=known.scheduler_id, expires=latest)
    return joining


def _join(connection: Connection, joining: Mapping[str, Joining]) -> None:
    late = []
    for group in map(_group, _FIND_SHARED.rows(connection, names=sorted(joining))):
        name, one = group.task_group_id, joining[group.task_group_id]
        _check_scheduler(name, group.scheduler_id, one.scheduler_id)
        if group.sealed is not None:
            raise RequestConflict(f"Task group `{name}` is sealed and does not accept new tasks.")
        if group.expires < one.expires:
            late.append({"name": name, "expires": one.expires + _SLACK_S})
    if late:
        connection.execute(_PROLONG, late)


def _check_scheduler(name: str, known: str, given: str) -> None:
    if known != given:
        raise RequestConflict(
            f"Task group `{name}` contains tasks with a schedulerId other\nthan `{given}`. "
            "All tasks in the same task-group must have\nthe same schedulerId."
        )


def find(connection: Connection, task_group_id: str) -> Group:
    """Return the group.  Raises `ResourceNotFound`."""
    row = _FIND.first(connection, names=[task_group_id])
    if row is None:
        raise ResourceNotFound(f"No task-group with taskGroupId: `{task_group_id}`")
    return _group(row)


def _group(row: Any) -> Group:
    return Group(**dict(zip(Group.__struct_fields__, row, strict=True)))


def seal(connection: Connection, now: float, task_group_id: str) -> Group:
    """Return the group, to which no task can be added from now on; a repeat changes nothing of it.

    Raises `ResourceNotFound`.
    """
    its_row = task_groups.c.task_group_id == task_group_id
    connection.execute(update(task_groups).where(its_row, task_groups.c.sealed.is_(None)).values(sealed=now))
    sealed = find(connection, task_group_id)
    tell(connection, now, [GroupSealed(sealed)])
    return sealed


def members(connection: Connection, task_group_id: str, page: Page) -> tuple[list[Task], str | None]:
    """Return a page of the group's tasks, by id, unscheduled ones among them."""
    chosen = (
        select(tasks.c.task_id)
        .where(tasks.c.task_group_id == task_group_id, tasks.c.task_id > page.after())
        .order_by(tasks.c.task_id)
        .limit(page.rows)
    )
    names, token = cut(list(connection.execute(chosen).scalars()), page, lambda name: [name])
    return list(load(connection, names).values()), token


def size(connection: Connection, task_group_id: str) -> int:
    """Return how many tasks the group has."""
    counted = select(func.count()).select_from(tasks).where(tasks.c.task_group_id == task_group_id)
    return int(connection.execute(counted).scalar_one())


def resolved(connection: Connection, ended: Iterable[Task]) -> list[Group]:
    """Return those groups of the tasks, which have just ended, in which no task is left that was never resolved.

    To be called after the ends were told of (`happened.tell`): then transactions that end tasks come here one after
    another.  On PostgreSQL this one may not see yet what the one before it did; so it looks at one of the tasks that
    seem open as it is now.  Those that are locked are about to change, and who changes them comes here later.
    """
    names = sorted({task.task_group_id for task in ended})
    if not names:
        return []
    found = [(_group(group), open_one) for *group, open_one in _WITH_OPEN.rows(connection, names=names)]
    if connection.dialect.name == "postgresql":
        for group, open_one in found:
            if open_one is not None:
                _STILL_OPEN.rows(connection, name=group.task_group_id)
    return [group for group, open_one in found if open_one is None]
