"""The workers that claim from task queues: when they were last active, what they ran, who is in quarantine.

Transaction bodies over ``task_queues`` and ``workers``.  A worker is noted when it claims, and some minutes after the
last time again, so that a claim seldom writes here.  One in quarantine claims nothing (`check`).  What a worker ran is
read from the runs themselves.  The farm's own builders also say hello (`builders`); these here are Taskcluster's.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, and_, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from buildyard.errors import BuildyardError
from buildyard.farm.store.prepared import Prepared, is_one_of
from buildyard.farm.store.tables import runs, task_queues, tasks, workers
from buildyard.farm.tasks.errors import ResourceNotFound
from buildyard.farm.tasks.paging import Page, cut
from buildyard.farm.tasks.times import to_json

#: Records of workers and task queues are kept this long after they were last active.
KEPT_S: Final = 24 * 3600.0
#: One that was noted less than this ago is not noted again.
STEP_S: Final = 300.0
#: What moves a record's moments by less is not written.
_NEWS_S: Final = 10.0
#: Of a worker's runs, how many are told.
MOST_RECENT: Final = 20


class WorkerId(Struct, frozen=True):
    """Which worker, on which task queue."""

    task_queue_id: str
    worker_group: str
    worker_id: str


class WorkerRecord(Struct, frozen=True, kw_only=True):
    """What is known of a worker."""

    task_queue_id: str
    worker_group: str
    worker_id: str
    first_claim: float
    last_active: float
    expires: float
    quarantine_until: float
    quarantine_details: list[dict[str, Any]]


class TaskQueueRecord(Struct, frozen=True, kw_only=True):
    """A task queue from which somebody claimed."""

    task_queue_id: str
    last_active: float
    expires: float


class InQuarantine(BuildyardError):
    """A worker that was about to claim may not, from these task queues."""

    def __init__(self, task_queue_ids: Sequence[str]) -> None:
        super().__init__(f"in quarantine for {', '.join(task_queue_ids)}")
        self.task_queue_ids = frozenset(task_queue_ids)


_COLUMNS: Final = tuple(workers.c[name] for name in WorkerRecord.__struct_fields__)
_KEY: Final = tuple(workers.primary_key.columns)
_QUEUE_COLUMNS: Final = tuple(task_queues.c[name] for name in TaskQueueRecord.__struct_fields__)
_FACTS: Final = Prepared(
    select(
        workers.c.task_queue_id,
        workers.c.worker_group,
        workers.c.worker_id,
        workers.c.last_active,
        workers.c.quarantine_until,
    ).where(is_one_of(workers.c.task_queue_id, "queues"), is_one_of(workers.c.worker_id, "ids"))
)


# --- who claims ------------------------------------------------------------------------------------------------------


def check(connection: Connection, now: float, names: Set[WorkerId]) -> None:
    """Note that these workers claim from these task queues.  Raises `InQuarantine` where one of them may not."""
    if not names:
        return
    asked = {"queues": {name.task_queue_id for name in names}, "ids": {name.worker_id for name in names}}
    rows = _FACTS.rows(connection, **{key: sorted(values) for key, values in asked.items()})
    found = {WorkerId(*name): (active, until) for *name, active, until in rows}
    shut = [name.task_queue_id for name in names if name in found and found[name][1] > now]
    if shut:
        raise InQuarantine(shut)
    stale = [name for name in names if name not in found or now - found[name][0] > STEP_S]
    seen(connection, now, stale)


def seen_each(connection: Connection, now: float, names: Sequence[Sequence[WorkerId]]) -> list[None]:
    """Note that these workers, of many that ask at one time, are active."""
    seen(connection, now, list(dict.fromkeys(name for some in names for name in some)))
    return [None for _ in names]


def seen(connection: Connection, now: float, names: Sequence[WorkerId], expires: float | None = None) -> None:
    """Note that these workers are active; their records are kept until then, a day unless told."""
    if not names:
        return
    moments = {"last_active": now, "expires": now + KEPT_S if expires is None else expires}
    pools = sorted({name.task_queue_id for name in names})
    _upsert(connection, task_queues, [{"task_queue_id": pool, **moments} for pool in pools])
    rows = [{**msgspec.structs.asdict(name), "first_claim": now, **moments} for name in names]
    _upsert(connection, workers, sorted(rows, key=lambda row: [str(row[column.name]) for column in _KEY]))


def _upsert(connection: Connection, table: Any, rows: Sequence[dict[str, Any]]) -> None:
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(table)
    fresh = {name: statement.excluded[name] for name in ("last_active", "expires")}
    # All workers of a task queue share its row: who would change next to nothing leaves it to the others.
    is_news = (statement.excluded.last_active > table.c.last_active + _NEWS_S) | (
        statement.excluded.expires > table.c.expires + _NEWS_S
    )
    keys = list(table.primary_key.columns)
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=fresh, where=is_news), list(rows))


def quarantine(
    connection: Connection, now: float, name: WorkerId, until: float, why: str, client_id: str
) -> WorkerRecord:
    """Return the worker, which claims nothing before ``until``; a moment that is past lifts its quarantine.

    Raises `ResourceNotFound`.
    """
    known = find(connection, now, name)
    told = {
        "updatedAt": to_json(now),
        "clientId": client_id,
        "quarantineUntil": to_json(until),
        "quarantineInfo": why,
    }
    # The newest are kept: each call adds one.
    details = [*known.quarantine_details, told][-100:]
    changed = {"quarantine_until": until, "quarantine_details": msgspec.json.encode(details).decode()}
    connection.execute(update(workers).where(_is(name)).values(changed))
    return msgspec.structs.replace(known, quarantine_until=until, quarantine_details=details)


# --- lists -----------------------------------------------------------------------------------------------------------


def find(connection: Connection, now: float, name: WorkerId) -> WorkerRecord:
    """Return what is known of this worker.  Raises `ResourceNotFound`."""
    row = connection.execute(select(*_COLUMNS).where(_is(name), _is_there(now))).first()
    if row is None:
        provisioner, _, worker_type = name.task_queue_id.partition("/")
        raise ResourceNotFound(
            f"Worker with workerId `{name.worker_id}`, workerGroup `{name.worker_group}`,worker-type `{worker_type}` "
            f"and provisionerId `{provisioner}` not found. Are you sure it was created?"
        )
    return _record(row)


def _is(name: WorkerId) -> Any:
    return and_(*(workers.c[field] == value for field, value in msgspec.structs.asdict(name).items()))


def _is_there(now: float) -> Any:
    # In quarantine a worker is not seen, and not forgotten either.
    return or_(workers.c.expires > now, workers.c.quarantine_until > now)


def _record(row: Any) -> WorkerRecord:
    facts = dict(zip(WorkerRecord.__struct_fields__, row, strict=True))
    return WorkerRecord(**(facts | {"quarantine_details": msgspec.json.decode(facts["quarantine_details"])}))


def workers_of(
    connection: Connection, now: float, task_queue_id: str, page: Page, *, quarantined: bool | None = None
) -> tuple[list[WorkerRecord], str | None]:
    """Return a page of the task queue's workers by group and id; with ``quarantined``, those that are, or are not."""
    group, worker = page.place((str, str), ("", ""))
    after = or_(workers.c.worker_group > group, and_(workers.c.worker_group == group, workers.c.worker_id > worker))
    chosen = select(*_COLUMNS).where(workers.c.task_queue_id == task_queue_id, _is_there(now), after)
    if quarantined is not None:
        is_shut = workers.c.quarantine_until > now
        chosen = chosen.where(is_shut if quarantined else ~is_shut)
    rows = connection.execute(chosen.order_by(workers.c.worker_group, workers.c.worker_id).limit(page.rows))
    return cut(list(map(_record, rows)), page, lambda one: [one.worker_group, one.worker_id])


def recent_runs(connection: Connection, name: WorkerId, most: int = MOST_RECENT) -> list[dict[str, Any]]:
    """Return the worker's newest runs of this task queue, the newest last."""
    chosen = (
        select(runs.c.task_id, runs.c.run_id)
        .join(tasks, tasks.c.task_id == runs.c.task_id)
        .where(
            runs.c.worker_group == name.worker_group,
            runs.c.worker_id == name.worker_id,
            tasks.c.task_queue_id == name.task_queue_id,
        )
        .order_by(runs.c.started.desc())
        .limit(most)
    )
    newest_first = [{"taskId": task_id, "runId": run_id} for task_id, run_id in connection.execute(chosen)]
    return newest_first[::-1]


def task_queue(connection: Connection, now: float, task_queue_id: str) -> TaskQueueRecord:
    """Return what is known of this task queue.  Raises `ResourceNotFound`."""
    chosen = select(*_QUEUE_COLUMNS).where(task_queues.c.task_queue_id == task_queue_id, task_queues.c.expires > now)
    row = connection.execute(chosen).first()
    if row is None:
        raise ResourceNotFound(f"Task queue with `{task_queue_id}` not found. Are you sure it was created?")
    return TaskQueueRecord(**row._asdict())


def queues_of(
    connection: Connection, now: float, page: Page, provisioner: str | None = None
) -> tuple[list[TaskQueueRecord], str | None]:
    """Return a page of the task queues that somebody claimed from, by name; of one provisioner, where it is given."""
    chosen = select(*_QUEUE_COLUMNS).where(task_queues.c.expires > now, task_queues.c.task_queue_id > page.after())
    if provisioner is not None:
        chosen = chosen.where(task_queues.c.task_queue_id.startswith(provisioner + "/", autoescape=True))
    rows = connection.execute(chosen.order_by(task_queues.c.task_queue_id).limit(page.rows))
    found = [TaskQueueRecord(**row._asdict()) for row in rows]
    return cut(found, page, lambda one: [one.task_queue_id])


def provisioners(connection: Connection, now: float) -> dict[str, TaskQueueRecord]:
    """Return what is known of each provisioner: the task queue of its that was active last."""
    found: dict[str, TaskQueueRecord] = {}
    chosen = select(*_QUEUE_COLUMNS).where(task_queues.c.expires > now).order_by(task_queues.c.last_active)
    for row in connection.execute(chosen):
        one = TaskQueueRecord(**row._asdict())
        found[one.task_queue_id.partition("/")[0]] = one
    return dict(sorted(found.items()))


def forget(connection: Connection, now: float) -> int:
    """Return how many records ended with their time, deleted."""
    gone = connection.execute(delete(workers).where(~_is_there(now))).rowcount
    return gone + connection.execute(delete(task_queues).where(task_queues.c.expires <= now)).rowcount
