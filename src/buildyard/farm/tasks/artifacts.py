"""Artifacts of runs: what a worker says a run produced, and what a reader gets for it.

Transaction bodies, as in `service`.  Bytes are not here: an ``object`` artifact names an object of the object service
(`objects`), an ``s3`` one bytes that came to a signed address (`s3_artifacts`), a ``reference`` points elsewhere, a
``link`` to another artifact of the run, an ``error`` says why there is nothing.  Rules are Taskcluster's (reference
section 20), but that a repeated ``object`` artifact gets its upload again, so that a worker may repeat a call whose
answer was lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Struct, structs
from sqlalchemy import Connection, Row, select, update

from buildyard.farm.events import outbox
from buildyard.farm.events.schemas import ArtifactStored
from buildyard.farm.store.tables import artifacts, objects
from buildyard.farm.tasks.artifact_inputs import Given, GivenObject, decode
from buildyard.farm.tasks.definition import CLOCK_DRIFT_S
from buildyard.farm.tasks.errors import (
    InputError,
    RequestConflict,
    ResourceExpired,
    ResourceNotFound,
)
from buildyard.farm.tasks.happened import ArtifactCreated
from buildyard.farm.tasks.lifecycle import State
from buildyard.farm.tasks.paging import FIRST_PAGE, Page, cut
from buildyard.farm.tasks.rows import Run, Task, load, load_one
from buildyard.farm.tasks.telling import tell
from buildyard.farm.tasks.times import from_datetime, to_json
from buildyard.farm.tasks.upsert import insert_new
from buildyard.taskcluster.slugid import slugId

#: After an exception its worker has this long to upload what it still has, a log for one.
GRACE_AFTER_EXCEPTION_S: Final = 25 * 60
#: Links followed one after another.
MAX_LINKS: Final = 20


#: The storage types whose bytes this farm keeps.
BYTES: Final = frozenset({"object", "s3"})
#: Which may take the place of which, with other details.
_REPLACEABLE: Final = frozenset({("object", "object"), ("s3", "s3"), ("reference", "reference"), ("reference", "link")})


class Artifact(Struct, frozen=True, kw_only=True):
    """An artifact as its row holds it."""

    task_id: str
    run_id: int
    name: str
    storage_type: str
    content_type: str
    details: dict[str, Any]
    object_name: str | None = None
    present: bool
    created: float
    expires: float

    @property
    def info(self) -> dict[str, Any]:
        """What lists and `artifactInfo` tell."""
        return {
            "storageType": self.storage_type,
            "name": self.name,
            "expires": to_json(self.expires),
            "contentType": self.content_type,
        }


class Created(Struct, frozen=True, kw_only=True):
    """An artifact, its task's project, and the worker that holds its run."""

    artifact: Artifact
    project_id: str
    worker_group: str
    worker_id: str


def create_artifact(connection: Connection, now: float, task_id: str, run_id: int, name: str, given: object) -> Created:
    """Return the artifact of this run that ``given``, createArtifact's decoded body, describes.

    It is there at once, but for an ``object``, which is there once `finish_artifact` has seen its bytes.  What was
    answered once is answered again, with more time if that is asked for.  Raises `InputError` for what cannot be,
    `RequestConflict` where the run has ended or the name holds something else.
    """
    wanted = decode(given)
    expires = from_datetime(wanted.expires)
    task, run = _run(connection, task_id, run_id)
    _check_expiry(task, expires, now)
    _check_open(task, run, now)
    fresh = _fresh(task_id, run_id, name, wanted, expires, now)
    made, is_news = _put(connection, fresh)
    if is_news and made.storage_type not in BYTES:
        tell(connection, now, [ArtifactCreated(task, run, made.info)])
    return Created(
        artifact=made,
        project_id=task.project_id,
        worker_group=run.worker_group or "",
        worker_id=run.worker_id or "",
    )


def _run(connection: Connection, task_id: str, run_id: int) -> tuple[Task, Run]:
    task = load(connection, [task_id], lock=True).get(task_id)
    if task is None:
        raise InputError(f"Task `{task_id}` does not exist")
    if not 0 <= run_id < len(task.runs):
        raise InputError(f"Run {run_id} of task `{task_id}` does not exist")
    return task, task.runs[run_id]


def _check_expiry(task: Task, expires: float, now: float) -> None:
    if expires < now - CLOCK_DRIFT_S:
        raise InputError("an artifact cannot expire in the past")
    if expires > task.expires:
        raise InputError(
            f"Artifact expires ({to_json(expires)}) after the task expiration {to_json(task.expires)} "
            "(task.expires < expires) - this is not allowed, "
            "artifacts may not expire after the task they belong to expires"
        )


def _check_open(task: Task, run: Run, now: float) -> None:
    if run.worker_id is None:
        raise InputError(f"Run {run.run_id} of task `{task.task_id}` was never claimed, so it has no artifacts")
    late = run.state is State.EXCEPTION and run.resolved is not None and now - run.resolved < GRACE_AFTER_EXCEPTION_S
    if run.state is not State.RUNNING and not late:
        raise RequestConflict(f"Run {run.run_id} of task `{task.task_id}` is not running: no artifact can be added")


def _fresh(task_id: str, run_id: int, name: str, wanted: Given, expires: float, now: float) -> Artifact:
    is_object = isinstance(wanted, GivenObject)
    details = {field: getattr(wanted, field) for field in wanted.details}
    return Artifact(
        task_id=task_id,
        run_id=run_id,
        name=name,
        storage_type=str(wanted.__struct_config__.tag),
        content_type=wanted.content_type,
        details={"uploadId": slugId()} if is_object else details,
        object_name=f"t/{task_id}/{run_id}/{name}" if is_object else None,
        present=not is_object,
        created=now,
        expires=expires,
    )


def _put(connection: Connection, fresh: Artifact) -> tuple[Artifact, bool]:
    """Return the artifact as it is now, and whether that is news."""
    row = structs.asdict(fresh) | {"details": msgspec.json.encode(fresh.details).decode()}
    if insert_new(connection, artifacts, [row]):
        return fresh, True
    known = find(connection, fresh.task_id, fresh.run_id, fresh.name)
    if not _may_replace(known, fresh):
        facts = {name: known.info[name] for name in ("storageType", "contentType", "expires")}
        raise RequestConflict(
            "Artifact already exists with different properties, and none of the allowed exceptions apply: "
            + msgspec.json.format(msgspec.json.encode(facts)).decode()
        )
    kept = known.details if fresh.storage_type in BYTES else fresh.details
    merged = structs.replace(fresh, details=kept, present=known.present, created=known.created)
    changed = structs.asdict(merged) | {"details": msgspec.json.encode(kept).decode()}
    connection.execute(update(artifacts).where(*_key(merged.task_id, merged.run_id, merged.name)).values(changed))
    return merged, merged != known


def _may_replace(known: Artifact, fresh: Artifact) -> bool:
    if fresh.content_type != known.content_type or fresh.expires < known.expires:
        return False
    kinds = (known.storage_type, fresh.storage_type)
    if kinds in _REPLACEABLE:
        return True
    return kinds[0] == kinds[1] and known.details == fresh.details


def _key(task_id: str, run_id: int, name: str) -> tuple[Any, ...]:
    return (artifacts.c.task_id == task_id, artifacts.c.run_id == run_id, artifacts.c.name == name)


def finish_artifact(connection: Connection, now: float, task_id: str, run_id: int, name: str, upload_id: str) -> None:
    """Note that the bytes of this ``object`` artifact are there; a repeat changes nothing.

    Raises `ResourceNotFound` for an unknown artifact, and `InputError` for one that is no object, for another upload's
    id, and for an upload that is not finished.
    """
    found = find(connection, task_id, run_id, name)
    if found.storage_type != "object":
        raise InputError("only artifacts of the storage type `object` are finished")
    if found.present:
        return
    if found.details.get("uploadId") != upload_id:
        raise InputError(f"the upload of artifact `{name}` has another uploadId")
    stored = connection.execute(
        select(objects.c.sha256, objects.c.size).where(
            objects.c.name == found.object_name, objects.c.upload_id == upload_id, objects.c.finished
        )
    ).one_or_none()
    if stored is None:
        raise InputError(
            f"the upload of artifact `{name}` is not finished: call the object service's finishUpload first"
        )
    connection.execute(update(artifacts).where(*_key(task_id, run_id, name)).values(present=True))
    told = ArtifactStored(task_id=task_id, run_id=run_id, name=name, sha256=stored.sha256, size=stored.size)
    outbox.record(connection, now, [told])
    task = load_one(connection, task_id)
    tell(connection, now, [ArtifactCreated(task, task.run(run_id), found.info)])


def find(connection: Connection, task_id: str, run_id: int, name: str) -> Artifact:
    """Return this artifact, whether its bytes are there or not.  Raises `ResourceNotFound`."""
    row = connection.execute(select(artifacts).where(*_key(task_id, run_id, name))).one_or_none()
    if row is None:
        raise ResourceNotFound("Artifact not found")
    return _artifact(row)


def _artifact(row: Row[Any]) -> Artifact:
    return Artifact(**(row._asdict() | {"details": msgspec.json.decode(row.details)}))


def content(
    connection: Connection,
    now: float,
    task_id: str,
    run_id: int | None,
    name: str,
    allow: Callable[[str], None] = lambda _: None,
) -> Artifact:
    """Return the artifact that a reader of this name gets, links followed; ``run_id`` ``None`` is the latest run.

    ``allow`` is called with each name on the way and raises where it may not be read.  Raises `ResourceNotFound` for
    what is not there or not whole, `ResourceExpired`, and `InputError` for links in a circle.
    """
    run_id = latest_run(connection, task_id) if run_id is None else run_id
    for _ in range(MAX_LINKS):
        allow(name)
        found = present(connection, now, task_id, run_id, name)
        if found.storage_type != "link":
            return found
        name = found.details["artifact"]
    raise InputError(f"the links from this artifact lead in a circle, or are more than {MAX_LINKS}")


def present(connection: Connection, now: float, task_id: str, run_id: int | None, name: str) -> Artifact:
    """Return this artifact if it can be read now, a link as itself.  Raises as `content`."""
    run_id = latest_run(connection, task_id) if run_id is None else run_id
    found = find(connection, task_id, run_id, name)
    if not found.present:
        raise ResourceNotFound("Artifact not found")
    if found.expires <= now:
        raise ResourceExpired(f"Artifact `{name}` has expired")
    return found


def latest_run(connection: Connection, task_id: str) -> int:
    """Return the number of the task's last run, whatever its state.  Raises `ResourceNotFound`."""
    task = load(connection, [task_id]).get(task_id)
    if task is None or task.last is None:
        raise ResourceNotFound("Task not found, or it has no runs")
    return task.last.run_id


def listing(
    connection: Connection, task_id: str, run_id: int | None, page: Page = FIRST_PAGE
) -> tuple[list[Artifact], str | None]:
    """Return a page of the run's artifacts by name.

    Raises `ResourceNotFound` for an unknown task or run, `InputError` for a token that is none.
    """
    task = load(connection, [task_id]).get(task_id)
    if task is None:
        raise ResourceNotFound(f"Task `{task_id}` not found")
    run_id = task.run(len(task.runs) - 1 if run_id is None else run_id).run_id
    _, _, after = page.place((str, int, str), ("", 0, ""))
    chosen = (
        select(artifacts)
        .where(artifacts.c.task_id == task_id, artifacts.c.run_id == run_id, artifacts.c.name > after)
        .order_by(artifacts.c.name)
        .limit(page.rows)
    )
    found = [_artifact(row) for row in connection.execute(chosen)]
    return cut(found, page, lambda last: [last.task_id, last.run_id, last.name])
