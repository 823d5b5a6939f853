"""Which task waits for which other: noted when a task is created, satisfied when what it waits for is resolved.

Transaction bodies over ``task_dependencies``.  A task counts its dependencies that are not satisfied (`unmet`); at none
it is scheduled.  What was satisfied once stays so, whatever is run again.  A required task counts those that named it
(`dependents`), so that the end of a task for which nobody waits asks nothing; and since that is a write to its row, one
that is created while the other ends is not missed by either.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, Integer, and_, bindparam, false, insert, or_, select, update

from buildyard.farm.store.prepared import Prepared, is_one_of
from buildyard.farm.store.tables import task_dependencies, tasks
from buildyard.farm.tasks.definition import Definition
from buildyard.farm.tasks.errors import InputError
from buildyard.farm.tasks.lifecycle import RESOLVED, State
from buildyard.farm.tasks.paging import Page, cut
from buildyard.farm.tasks.rows import Task, load, load_one
from buildyard.farm.tasks.times import to_json

#: Ids that an error names, at most.
_NAMED: Final = 20

_REQUIRED: Final = task_dependencies.c.required_task_id
_DEPENDENT: Final = task_dependencies.c.dependent_task_id

_NAME: Final = Prepared(
    update(tasks)
    .where(is_one_of(tasks.c.task_id, "task_ids"))
    .values(dependents=tasks.c.dependents + 1)
    .returning(tasks.c.task_id, tasks.c.state, tasks.c.expires)
)
_SATISFY: Final = Prepared(
    update(task_dependencies)
    .where(
        task_dependencies.c.satisfied == false(),
        or_(
            is_one_of(_REQUIRED, "completed"),
            and_(is_one_of(_REQUIRED, "resolved"), task_dependencies.c.requires == "all-resolved"),
        ),
    )
    .values(satisfied=True)
    .returning(_DEPENDENT)
)
_COUNT_DOWN: Final = Prepared(
    update(tasks)
    .where(is_one_of(tasks.c.task_id, "task_ids"))
    .values(unmet=tasks.c.unmet - bindparam("count", type_=Integer))
    .returning(tasks.c.task_id, tasks.c.unmet)
)


class Required(Struct, frozen=True):
    """A task that another one names as a dependency."""

    state: State
    expires: float

    def satisfies(self, requires: str) -> bool:
        """Tell whether whoever waits for it need not wait."""
        return self.state in RESOLVED if requires == "all-resolved" else self.state is State.COMPLETED


def required(connection: Connection, fresh: Mapping[str, Definition]) -> dict[str, Required]:
    """Return the tasks that these new ones name, by id, new ones among them; nobody ends one before this commits.

    Raises `InputError` for those that do not exist, and those that expire before the deadline of who waits for them.
    """
    names = {name for definition in fresh.values() for name in definition.dependencies}
    if not names:
        return {}
    found = {name: Required(State.UNSCHEDULED, fresh[name].expires) for name in names if name in fresh}
    elsewhere = sorted(names - found.keys())
    if elsewhere:
        rows = _NAME.rows(connection, task_ids=elsewhere)
        found |= {task_id: Required(State(state), expires) for task_id, state, expires in rows}
    for definition in fresh.values():
        _check(definition, found)
    return found


def _check(definition: Definition, found: Mapping[str, Required]) -> None:
    missing = [name for name in definition.dependencies if name not in found]
    if missing:
        raise InputError(
            f"`task.dependencies` references non-existing tasks: \n{_listed(missing)}\n"
            "All taskIds in `task.dependencies` **must** exist\nbefore the task is created.\n"
        )
    early = [name for name in definition.dependencies if found[name].expires < definition.deadline]
    if early:
        raise InputError(
            f"`task.dependencies` references tasks that expire before `task.deadline` "
            f"({to_json(definition.deadline)}): \n{_listed(early)}\n"
            "All taskIds in `task.dependencies` **must** have\n`task.expires` after the deadline of this task.\n"
        )


def _listed(names: Sequence[str]) -> str:
    more = [f" * and {len(names) - _NAMED} more"] if len(names) > _NAMED else []
    return "\n".join([*(f" * {name}" for name in names[:_NAMED]), *more])


def unmet(definition: Definition, found: Mapping[str, Required]) -> list[str]:
    """Return those dependencies of the new task that are not satisfied yet."""
    return [name for name in definition.dependencies if not found[name].satisfies(definition.requires)]


def note(connection: Connection, fresh: Mapping[str, Definition], found: Mapping[str, Required]) -> None:
    """Note what these tasks, which have their rows by now, wait for."""
    rows = [
        {
            "dependent_task_id": task_id,
            "required_task_id": name,
            "requires": definition.requires,
            "satisfied": found[name].satisfies(definition.requires),
        }
        for task_id, definition in fresh.items()
        for name in definition.dependencies
    ]
    if rows:
        connection.execute(insert(task_dependencies), rows)


def release(connection: Connection, now: float, ended: Iterable[Task]) -> list[Task]:
    """Return the unscheduled tasks, locked, that waited for no others than these; note it of those that wait on."""
    awaited = [task for task in ended if task.dependents]
    if not awaited:
        return []
    completed = [task.task_id for task in awaited if task.state is State.COMPLETED]
    dependents = _SATISFY.column(connection, completed=completed, resolved=[task.task_id for task in awaited])
    ready = [task_id for task_id, left in _count_down(connection, dependents) if left <= 0]
    locked = load(connection, ready, lock=True) if ready else {}
    return [task for task in locked.values() if task.state is State.UNSCHEDULED and task.deadline > now]


def _count_down(connection: Connection, dependents: Sequence[str]) -> list[tuple[str, int]]:
    by_count: dict[int, list[str]] = defaultdict(list)
    for task_id, count in Counter(dependents).items():
        by_count[count].append(task_id)
    # Nearly always one statement: a task seldom waits for two that end together.
    return [
        (task_id, left)
        for count, task_ids in by_count.items()
        for task_id, left in _COUNT_DOWN.rows(connection, task_ids=task_ids, count=count)
    ]


def dependents(connection: Connection, task_id: str, page: Page) -> tuple[list[Task], str | None]:
    """Return a page of the tasks that wait, or waited, for this one, by id.  Raises `ResourceNotFound`."""
    load_one(connection, task_id)
    of = task_dependencies.c
    chosen = (
        select(of.dependent_task_id)
        .where(of.required_task_id == task_id, of.dependent_task_id > page.after())
        .order_by(of.dependent_task_id)
        .limit(page.rows)
    )
    names, token = cut(list(connection.execute(chosen).scalars()), page, lambda name: [name])
    return list(load(connection, names).values()), token
