"""The shapes of Taskcluster's answers and inputs, for type checkers and readers; at run time all are plain dicts.

Field names are the services' own.  Optional fields are absent, never ``None``.  Times are text,
ISO 8601 with ``Z``.  (Taskcluster: the schemas of ``queue/v1`` and ``object/v1``.)
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

from buildyard.taskcluster.credentials import CredentialsDict

State: TypeAlias = Literal["unscheduled", "pending", "running", "completed", "failed", "exception"]
Priority: TypeAlias = Literal["highest", "very-high", "high", "medium", "low", "very-low", "lowest"]
StorageType: TypeAlias = Literal["s3", "object", "reference", "link", "error"]


class Ping(TypedDict):
    """A service that is there."""

    alive: bool
    uptime: float  #: seconds


class Version(TypedDict):
    """What a service is."""

    version: str
    commit: NotRequired[str]
    source: NotRequired[str]
    build: NotRequired[str]


class Run(TypedDict):
    """One attempt at a task."""

    runId: int  #: from 0
    state: State
    reasonCreated: Literal["scheduled", "retry", "task-retry", "rerun", "exception"]
    reasonResolved: NotRequired[str]  #: ``completed``, ``failed``, ``claim-expired``, ``canceled``, ...
    workerGroup: NotRequired[str]
    workerId: NotRequired[str]
    takenUntil: NotRequired[str]  #: the claim ends then unless it is renewed by `reclaimTask`
    scheduled: str
    started: NotRequired[str]
    resolved: NotRequired[str]


class TaskStatus(TypedDict):
    """Where a task stands."""

    taskId: str
    provisionerId: str
    workerType: str
    taskQueueId: str  #: ``provisionerId/workerType``
    schedulerId: str
    projectId: str
    taskGroupId: str
    priority: Priority
    deadline: str
    expires: str
    retriesLeft: int
    state: State  #: that of the last run
    runs: list[Run]


class StatusAnswer(TypedDict):
    """What most calls about a task answer."""

    status: TaskStatus


class Metadata(TypedDict):
    """What a person wants to know of a task."""

    name: str
    description: str
    owner: str
    source: str


class TaskDefinition(TypedDict):
    """A task as it was created, with all defaults filled in."""

    provisionerId: str
    workerType: str
    taskQueueId: str
    schedulerId: str
    projectId: str
    taskGroupId: str
    dependencies: list[str]
    requires: Literal["all-completed", "all-resolved"]
    routes: list[str]
    priority: Priority
    retries: int
    created: str
    deadline: str
    expires: str
    scopes: list[str]
    payload: dict[str, Any]  #: for the worker
    metadata: Metadata
    tags: dict[str, str]
    extra: dict[str, Any]


class Claim(TypedDict):
    """A run that is this worker's until ``takenUntil``."""

    status: TaskStatus
    runId: int
    workerGroup: str
    workerId: str
    takenUntil: str
    task: TaskDefinition
    credentials: CredentialsDict  #: to renew, to resolve and to upload with; they end with the claim


class ClaimWorkAnswer(TypedDict):
    """The runs that were claimed: none where there was no work for twenty seconds."""

    tasks: list[Claim]


class ReclaimAnswer(TypedDict):
    """A renewed claim, with new credentials."""

    status: TaskStatus
    runId: int
    workerGroup: str
    workerId: str
    takenUntil: str
    credentials: CredentialsDict


class CreatedArtifact(TypedDict):
    """How to go on with an artifact; what is there depends on ``storageType``."""

    storageType: StorageType
    name: NotRequired[str]  #: object: its name in the object service
    projectId: NotRequired[str]  #: object
    uploadId: NotRequired[str]  #: object
    expires: NotRequired[str]  #: object: of the artifact; s3: of ``putUrl``
    credentials: NotRequired[CredentialsDict]  #: object: for the object service
    contentType: NotRequired[str]  #: s3
    putUrl: NotRequired[str]  #: s3


class ArtifactInfo(TypedDict):
    """An artifact in a list."""

    storageType: StorageType
    name: str
    expires: str
    contentType: str
    contentLength: NotRequired[int]


class ArtifactList(TypedDict):
    """A page of a run's artifacts, ordered by name."""

    artifacts: list[ArtifactInfo]
    continuationToken: NotRequired[str]  #: where there is another page


class TaskInGroup(TypedDict):
    """A task with its status, as lists of tasks hold it."""

    status: TaskStatus
    task: TaskDefinition


class TaskGroupPage(TypedDict):
    """A task group with a page of its tasks."""

    taskGroupId: str
    schedulerId: str
    expires: NotRequired[str]
    sealed: NotRequired[str]  #: since when it takes no further tasks
    tasks: list[TaskInGroup]
    continuationToken: NotRequired[str]  #: where there is another page


class ArtifactContent(TypedDict):
    """Where an artifact's content is; what is there depends on ``storageType``."""

    storageType: StorageType
    url: NotRequired[str]  #: s3, reference
    name: NotRequired[str]  #: object: its name in the object service
    credentials: NotRequired[CredentialsDict]  #: object: for the object service
    reason: NotRequired[str]  #: error
    message: NotRequired[str]  #: error


class PutUrl(TypedDict):
    """An address that takes the content by one PUT."""

    url: str
    expires: str
    headers: dict[str, str]  #: to be sent exactly so


class UploadMethod(TypedDict, total=False):
    """How the object service takes the content; empty where none of the ways offered suits it."""

    dataInline: Literal[True]  #: it has it already
    putUrl: PutUrl


class CreatedUpload(TypedDict):
    """An upload that has begun."""

    projectId: str
    uploadId: str
    expires: str
    uploadMethod: UploadMethod


class StartedDownload(TypedDict):
    """How to get an object."""

    method: Literal["getUrl", "simple"]
    url: str
    expires: NotRequired[str]  #: of ``url``, getUrl only
    hashes: NotRequired[dict[str, str]]  #: by algorithm, hexadecimal; getUrl only


class ObjectMetadata(TypedDict):
    """What is known of an object."""

    projectId: str
    expires: str
    hashes: dict[str, str]
