"""Tasks that run on another Taskcluster, as rows here: what is to be made there, and how far it is.

Transaction bodies, as in `service`; `remote` carries between these rows and the deployment.  A task's id and
definition are chosen in the transaction that has the reason for it, so that whatever is killed when, the same task is
asked for again.  Rows of ``remote_tasks`` say what is still to do; the rows of ``tasks`` and ``runs`` are a copy,
written when the deployment has said so, with the same events and wake-ups as the hub's own.  No message hints at them,
so no builder of the hub claims them; they have no deadline and no claim to expire here, since the deployment sees to
both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct, structs
from sqlalchemy import Connection, insert, select, update

from buildyard.farm.events import outbox
from buildyard.farm.events.schemas import ArtifactStored
from buildyard.farm.store.base import wake
from buildyard.farm.store.tables import artifacts, objects, remote_tasks, tasks
from buildyard.farm.tasks import groups, service
from buildyard.farm.tasks.creating import row
from buildyard.farm.tasks.definition import complete
from buildyard.farm.tasks.happened import Change
from buildyard.farm.tasks.lifecycle import RESOLVED, State, Step
from buildyard.farm.tasks.rows import Run, Task, load, load_one
from buildyard.farm.tasks.telling import tell
from buildyard.farm.tasks.times import from_datetime, to_json
from buildyard.farm.tasks.transitions import advance, store
from buildyard.farm.tasks.upsert import insert_new
from buildyard.taskcluster.slugid import slugId

#: Woken when there is something to tell the deployment.
CHANNEL: Final = "remote-tasks"


class RemoteTask(Struct, frozen=True, kw_only=True):
    """A task that the deployment and these rows do not agree on yet, or that has not ended."""

    task: Task
    is_made: bool  #: the deployment has said that it has the task
    tries: int  #: how often what it left could not be fetched


class RunStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """One run, as Taskcluster's task status tells it."""

    run_id: int
    state: State
    reason_created: str
    reason_resolved: str | None = None
    worker_group: str | None = None
    worker_id: str | None = None
    scheduled: datetime
    started: datetime | None = None
    resolved: datetime | None = None


class TaskStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """Taskcluster's task status, as far as builds need it."""

    task_id: str
    state: State
    retries_left: int
    runs: tuple[RunStatus, ...]


class Kept(Struct, frozen=True, kw_only=True):
    """An artifact whose bytes are in the hub's own object store now."""

    name: str
    content_type: str
    sha256: str
    size: int


# --- what builds wish for: the floor's protocol ---------------------------------------------------------------------


def create_many(connection: Connection, now: float, wanted: Mapping[str, dict[str, Any]]) -> None:
    """Note tasks to be made on the deployment; what is noted already is not noted twice."""
    whole = {task_id: complete(task_id, given, now) for task_id, given in wanted.items()}
    groups.ensure(connection, whole.values())
    rows = [row(task_id, it, now) | {"deadline": it.expires} for task_id, it in whole.items()]
    noted = insert_new(connection, tasks, rows)
    if noted:
        connection.execute(insert(remote_tasks), [{"task_id": task_id} for task_id in sorted(noted)])
        wake(connection, CHANNEL)


def cancel(connection: Connection, now: float, task_id: str) -> None:
    """Resolve the task here as canceled; the deployment is told next.  One that is resolved stays as it is."""
    service.cancel(connection, now, task_id)
    wake(connection, CHANNEL)


# --- what `remote` writes of the deployment --------------------------------------------------------------------------


def unsettled(connection: Connection) -> list[RemoteTask]:
    """Return the tasks that `remote` has something to do about, by id."""
    found = {one.task_id: one for one in connection.execute(select(remote_tasks).where(~remote_tasks.c.settled))}
    loaded = load(connection, sorted(found))
    return [
        RemoteTask(task=task, is_made=found[task_id].made, tries=found[task_id].tries)
        for task_id, task in loaded.items()
    ]


def is_idle(connection: Connection) -> bool:
    """Tell whether nothing runs on the deployment, nor is to."""
    return connection.execute(select(remote_tasks.c.task_id).where(~remote_tasks.c.settled).limit(1)).first() is None


def redate(connection: Connection, now: float, task_id: str) -> dict[str, Any]:
    """Return the task's definition as of now, its deadline as far ahead as it was, and keep that.

    For a task that the deployment has never had: it takes no definition older than a quarter of an hour.
    """
    task = load_one(connection, task_id, lock=True)
    definition = msgspec.json.decode(task.definition, type=dict[str, Any])
    begun = datetime.fromisoformat(definition["created"])
    for name in ("deadline", "expires"):
        span = datetime.fromisoformat(definition[name]) - begun
        definition[name] = to_json((datetime.fromtimestamp(now, UTC) + span).timestamp())
    definition["created"] = to_json(now)
    dated = {"definition": msgspec.json.encode(definition).decode(), "created": now}
    connection.execute(update(tasks).where(tasks.c.task_id == task_id).values(dated))
    return definition


def follow(connection: Connection, now: float, status: TaskStatus, kept: Sequence[Kept] = ()) -> bool:
    """Bring the rows up to what the deployment says of a task, with what its last run left; return whether it moved.

    A task that is resolved here stays so, whatever goes on there.
    """
    before = load_one(connection, status.task_id, lock=True)
    ended = status.state in RESOLVED
    _note(connection, status.task_id, made=True, settled=ended)
    after = _as_told(before, status)
    if before.state in RESOLVED or after == before:
        return False
    _write(connection, now, Change(before, after))
    _keep(connection, now, after, kept)
    return True


def give_up(connection: Connection, now: float, task_id: str) -> bool:
    """Settle a task that the deployment does not have; return whether that ended it here.

    It had it and has lost it, or it was cancelled before it was made.
    """
    before = load_one(connection, task_id, lock=True)
    _note(connection, task_id, settled=True)
    if before.state in RESOLVED:
        return False
    lost = Step(state=State.EXCEPTION, resolved="internal-error")
    _write(connection, now, Change(before, advance(before, lost, now)))
    return True


def missed(connection: Connection, now: float, task_id: str) -> None:
    """Note that what a task left could not be fetched this time."""
    counted = remote_tasks.c.tries + 1
    connection.execute(update(remote_tasks).where(remote_tasks.c.task_id == task_id).values(tries=counted))


def _write(connection: Connection, now: float, change: Change) -> None:
    store(connection, now, [change], {})
    tell(connection, now, [change])


def _note(connection: Connection, task_id: str, **facts: bool) -> None:
    connection.execute(update(remote_tasks).where(remote_tasks.c.task_id == task_id).values(facts))


def _as_told(before: Task, status: TaskStatus) -> Task:
    known = dict(enumerate(before.runs))
    runs = tuple(_run(known.get(told.run_id), told) for told in status.runs)
    ever_resolved = before.ever_resolved or status.state in RESOLVED
    return structs.replace(
        before, runs=runs, retries_left=status.retries_left, state=status.state, ever_resolved=ever_resolved
    )


def _run(known: Run | None, told: RunStatus) -> Run:
    return Run(
        run_id=told.run_id,
        state=told.state,
        reason_created=known.reason_created if known else told.reason_created,
        reason_resolved=told.reason_resolved,
        worker_group=told.worker_group,
        worker_id=told.worker_id,
        scheduled=known.scheduled if known else from_datetime(told.scheduled),
        started=_seconds(told.started),
        resolved=_seconds(told.resolved),
    )


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else from_datetime(moment)


def _keep(connection: Connection, now: float, task: Task, kept: Sequence[Kept]) -> None:
    run_id = len(task.runs) - 1
    dated = {"created": now, "expires": task.expires}
    for one in kept:
        name = f"t/{task.task_id}/{run_id}/{one.name}"
        stored = {"name": name, "project_id": task.project_id, "upload_id": slugId(), "finished": True}
        content = {"content_type": one.content_type, "sha256": one.sha256, "size": one.size}
        insert_new(connection, objects, [stored | content | dated])
        place = {"task_id": task.task_id, "run_id": run_id, "name": one.name, "object_name": name}
        facts = {"storage_type": "object", "content_type": one.content_type, "present": True}
        insert_new(connection, artifacts, [place | facts | dated])
    outbox.record(connection, now, [_stored(task.task_id, run_id, one) for one in kept])


def _stored(task_id: str, run_id: int, one: Kept) -> ArtifactStored:
    return ArtifactStored(task_id=task_id, run_id=run_id, name=one.name, sha256=one.sha256, size=one.size)
