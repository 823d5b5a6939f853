"""What a task is to be: createTask's input, checked, with every default filled in.

Pure.  `complete` turns what a client sent into the definition that the farm keeps and `queue.task` answers; `service`
stores it.  Bounds and defaults are Taskcluster's own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from buildyard.farm.tasks.errors import InputError, InputValidationError
from buildyard.farm.tasks.times import a_year_later, from_datetime, to_json
from buildyard.taskcluster.slugid import SLUG_PATTERN

#: From the least urgent to the most; the number in the tables is the place in this list.
PRIORITIES: Final = ("lowest", "very-low", "low", "medium", "high", "very-high", "highest")

#: Clocks differ by this much without anyone minding.
CLOCK_DRIFT_S: Final = 15 * 60
#: No task waits longer than this.
MAX_DEADLINE_S: Final = 5 * 24 * 3600

PROVISIONER = r"[a-zA-Z0-9-_]{1,38}"
WORKER_TYPE = r"[a-z]([-a-z0-9]{0,36}[a-z0-9])?"
TASK_QUEUE = rf"{PROVISIONER}/{WORKER_TYPE}"


def _text(pattern: str) -> Meta:
    return Meta(pattern=rf"\A(?:{pattern})\Z")


TaskId = Annotated[str, _text(SLUG_PATTERN)]
Identifier = Annotated[str, _text(PROVISIONER)]
Scope = Annotated[str, _text(r"[ -~]*")]
Moment = Annotated[datetime, Meta(tz=True)]


class Metadata(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a task tells people about itself."""

    name: Annotated[str, Meta(max_length=255)]
    description: Annotated[str, Meta(max_length=32768)]
    owner: Annotated[str, Meta(max_length=255)]
    source: Annotated[str, Meta(max_length=4096, pattern=r"\A(https?://|ssh://|git@)")]


class TaskInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The body of createTask."""

    created: Moment
    deadline: Moment
    payload: dict[str, Any]
    metadata: Metadata
    task_queue_id: Annotated[str, _text(TASK_QUEUE)] | None = None
    provisioner_id: Identifier | None = None
    worker_type: Annotated[str, _text(WORKER_TYPE)] | None = None
    scheduler_id: Identifier = "-"
    project_id: Annotated[str, _text(r"[a-zA-Z0-9._/-]{1,500}")] = "none"
    task_group_id: TaskId | None = None
    dependencies: Annotated[list[TaskId], Meta(max_length=10000)] = []
    requires: Literal["all-completed", "all-resolved"] = "all-completed"
    routes: Annotated[list[Annotated[str, Meta(min_length=1, max_length=249)]], Meta(max_length=64)] = []
    priority: Literal["highest", "very-high", "high", "medium", "low", "very-low", "lowest"] = "lowest"
    retries: Annotated[int, Meta(ge=0, le=49)] = 5
    expires: Moment | None = None
    scopes: list[Scope] = []
    tags: dict[str, Annotated[str, Meta(max_length=4096)]] = {}
    extra: dict[str, Any] = {}


class Definition(Struct, frozen=True, kw_only=True):
    """A task's definition, whole: the JSON that is kept, and of it what the tables have columns for."""

    task_queue_id: str
    scheduler_id: str
    project_id: str
    task_group_id: str
    priority: int  #: its place in `PRIORITIES`
    retries: int
    created: float
    deadline: float
    expires: float
    dependencies: list[str]
    requires: str  #: ``all-completed`` or ``all-resolved``
    body: dict[str, Any]  #: as `queue.task` answers it


def complete(task_id: str, given: object, now: float) -> Definition:
    """Return the definition that ``given``, createTask's decoded body, stands for.

    Raises `InputValidationError` for what does not fit the form, `InputError` for values that cannot be: two names of
    the pool that disagree, a deadline in the past, a scope that ends in two stars.
    """
    task = _decode(given)
    _check(task)
    pool = _task_queue(task)
    created, deadline, expires = _moments(task, now)
    group = task.task_group_id or task_id
    provisioner, _, worker_type = pool.partition("/")
    body = {
        "provisionerId": provisioner,
        "workerType": worker_type,
        "taskQueueId": pool,
        "schedulerId": task.scheduler_id,
        "projectId": task.project_id,
        "taskGroupId": group,
        "dependencies": task.dependencies,
        "requires": task.requires,
        "routes": task.routes,
        "priority": task.priority,
        "retries": task.retries,
        "created": to_json(created),
        "deadline": to_json(deadline),
        "expires": to_json(expires),
        "scopes": task.scopes,
        "payload": task.payload,
        "metadata": msgspec.to_builtins(task.metadata),
        "tags": task.tags,
        "extra": task.extra,
    }
    return Definition(
        task_queue_id=pool,
        scheduler_id=task.scheduler_id,
        project_id=task.project_id,
        task_group_id=group,
        priority=PRIORITIES.index(task.priority),
        retries=task.retries,
        created=created,
        deadline=deadline,
        expires=expires,
        dependencies=task.dependencies,
        requires=task.requires,
        body=body,
    )


def is_same(kept: str, given: dict[str, Any]) -> bool:
    """Tell whether the definition kept as JSON text is this one; the order of keys does not count."""
    return _canonical(msgspec.json.decode(kept)) == _canonical(given)


def _canonical(value: object) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


def _decode(given: object) -> TaskInput:
    try:
        return msgspec.convert(given, TaskInput)
    except msgspec.ValidationError as error:
        raise InputValidationError(f"this is no task definition: {error}") from error


def _check(task: TaskInput) -> None:
    for name, values in (("dependencies", task.dependencies), ("routes", task.routes)):
        if len(set(values)) != len(values):
            raise InputValidationError(f"this is no task definition: `{name}` names something twice")
    starry = [scope for scope in task.scopes if scope.endswith("**")]
    if starry:
        raise InputError(f"a scope of a task may not end with two stars: {', '.join(starry)}")


def _task_queue(task: TaskInput) -> str:
    both = task.provisioner_id is not None and task.worker_type is not None
    pair = f"{task.provisioner_id}/{task.worker_type}" if both else None
    if task.task_queue_id is None:
        if pair is None:
            raise InputError("the task names no pool: give `taskQueueId`, or `provisionerId` and `workerType`")
        return pair
    provisioner, _, worker_type = task.task_queue_id.partition("/")
    if task.provisioner_id not in (None, provisioner) or task.worker_type not in (None, worker_type):
        raise InputError("`taskQueueId` and `provisionerId`/`workerType` name different pools")
    return task.task_queue_id


def _moments(task: TaskInput, now: float) -> tuple[float, float, float]:
    created, deadline = from_datetime(task.created), from_datetime(task.deadline)
    if abs(created - now) > CLOCK_DRIFT_S:
        raise InputError("`created` must be the present time, give or take 15 minutes")
    if deadline < created:
        raise InputError("`deadline` cannot be before `created`")
    if deadline <= now:
        raise InputError("`deadline` cannot be in the past")
    if deadline > now + MAX_DEADLINE_S + CLOCK_DRIFT_S:
        raise InputError("`deadline` cannot be more than 5 days into the future")
    expires = a_year_later(deadline) if task.expires is None else from_datetime(task.expires)
    if expires < deadline:
        raise InputError("`expires` cannot be before `deadline`")
    return created, deadline, expires
