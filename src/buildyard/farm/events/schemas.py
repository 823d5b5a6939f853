"""Every event of the farm: its topic and its typed body.

A topic is final once published; keys are only ever added.  `TOPICS` is the registry: the log, the pages, `watch` and
the bus all read it, and the reference page of the docs is written from it.  Each event says what happened in one
sentence (`summary`), in the words and with the state words of the glossary.
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened.  Sub-classes are the bodies; `topic` is where each is published."""

    topic: ClassVar[str]
    schema_version: ClassVar[int] = 1  #: of its schema on a bus, whose name ends with it

    @property
    def subject(self) -> str:
        """What it is about, for filters: a package's name, a builder's, or ''."""
        return str(getattr(self, "package", "") or getattr(self, "builder", ""))

    @property
    def summary(self) -> str:
        """What happened, in one line, without its time."""
        raise TypeError(f"{type(self).__name__} has no summary")  # each sub-class says its own; a test holds it to that


class BuildRequested(Event, frozen=True, kw_only=True):
    """Somebody asked for wheels."""

    topic: ClassVar[str] = "build.requested"
    request_id: int
    requirements: tuple[str, ...]
    asked_by: str

    @property
    def summary(self) -> str:
        return f"{', '.join(self.requirements)} asked for by {self.asked_by}"


class RequestFailed(Event, frozen=True, kw_only=True):
    """A request could not be planned; nothing was queued for it."""

    topic: ClassVar[str] = "request.failed"
    request_id: int
    requirements: tuple[str, ...]
    reason: str

    @property
    def summary(self) -> str:
        return f"{', '.join(self.requirements)} not planned: {self.reason}"


class _BuildEvent(Event, frozen=True, kw_only=True):
    build_id: int
    package: str
    version: str
    abi: str
    platform: str

    @property
    def _named(self) -> str:
        return f"{self.package} {self.version} {self.abi} {self.platform.removeprefix('linux_')}"


class BuildQueued(_BuildEvent, frozen=True, kw_only=True):
    """A build is wanted and waits for a builder."""

    topic: ClassVar[str] = "build.queued"

    @property
    def summary(self) -> str:
        return f"{self._named} queued"


class BuildSkipped(_BuildEvent, frozen=True, kw_only=True):
    """A build is not wanted, or another wheel serves it."""

    topic: ClassVar[str] = "build.skipped"
    state: str  #: covered, not_wanted, left_to_upstream
    reason: str

    @property
    def summary(self) -> str:
        return f"{self._named} {self.state.replace('_', ' ')}: {self.reason}"


class BuildStarted(_BuildEvent, frozen=True, kw_only=True):
    """A builder has begun to build."""

    topic: ClassVar[str] = "build.started"
    task_id: str
    run_id: int
    builder: str

    @property
    def summary(self) -> str:
        return f"{self._named} begun on {self.builder}"


class BuildPhase(_BuildEvent, frozen=True, kw_only=True):
    """A build entered a phase."""

    topic: ClassVar[str] = "build.phase"
    task_id: str
    run_id: int
    phase: str
    builder: str

    @property
    def summary(self) -> str:
        return f"{self._named} {self.phase} on {self.builder}"


class BuildCompleted(_BuildEvent, frozen=True, kw_only=True):
    """A build gave a wheel."""

    topic: ClassVar[str] = "build.completed"
    filename: str
    elapsed_s: float
    builder: str

    @property
    def summary(self) -> str:
        return f"{self._named} built in {self.elapsed_s:.1f} s"


class BuildFailed(_BuildEvent, frozen=True, kw_only=True):
    """A build failed; `try_at` says when it is tried again, if it is."""

    topic: ClassVar[str] = "build.failed"
    kind: str
    reason: str
    final: bool
    try_at: float | None = None
    builder: str = ""

    @property
    def summary(self) -> str:
        verb = "failed" if self.final else "will retry"
        return f"{self._named} {verb}: {self.reason}"


class FilePublished(Event, frozen=True, kw_only=True):
    """A wheel can be installed from the index."""

    topic: ClassVar[str] = "file.published"
    build_id: int
    package: str
    version: str
    filename: str
    sha256: str
    size: int

    @property
    def summary(self) -> str:
        return f"{self.filename} published, {self.size / 1000:.1f} kB"


class _TaskEvent(Event, frozen=True, kw_only=True):
    task_id: str
    task_queue_id: str
    run_id: int
    state: str
    reason: str = ""
    worker_group: str = ""
    worker_id: str = ""

    @property
    def _named(self) -> str:
        return f"task {self.task_id} run {self.run_id}"


class TaskPending(_TaskEvent, frozen=True, kw_only=True):
    """A run waits in its pool."""

    topic: ClassVar[str] = "task.pending"

    @property
    def summary(self) -> str:
        return f"{self._named} waits in {self.task_queue_id}"


class TaskRunning(_TaskEvent, frozen=True, kw_only=True):
    """A builder claimed a run."""

    topic: ClassVar[str] = "task.running"
    taken_until: float

    @property
    def summary(self) -> str:
        return f"{self._named} claimed by {self.worker_id}"


class TaskCompleted(_TaskEvent, frozen=True, kw_only=True):
    """A run did what it was to do."""

    topic: ClassVar[str] = "task.completed"

    @property
    def summary(self) -> str:
        return f"{self._named} completed"


class TaskFailed(_TaskEvent, frozen=True, kw_only=True):
    """A run ended, and did not do what it was to do."""

    topic: ClassVar[str] = "task.failed"

    @property
    def summary(self) -> str:
        return f"{self._named} failed"


class TaskException(_TaskEvent, frozen=True, kw_only=True):
    """A run ended for a reason outside it: its claim expired, its worker stopped, it was cancelled."""

    topic: ClassVar[str] = "task.exception"

    @property
    def summary(self) -> str:
        return f"{self._named} ended: {self.reason}"


class ArtifactStored(Event, frozen=True, kw_only=True):
    """An artifact of a run is whole, and its hash is verified."""

    topic: ClassVar[str] = "artifact.stored"
    task_id: str
    run_id: int
    name: str
    sha256: str
    size: int

    @property
    def summary(self) -> str:
        return f"{self.name} of task {self.task_id} stored, {self.size / 1000:.1f} kB"


class BuilderSeen(Event, frozen=True, kw_only=True):
    """A builder said hello."""

    topic: ClassVar[str] = "builder.seen"
    builder: str
    platform: str
    slots: int

    @property
    def summary(self) -> str:
        return f"builder {self.builder} is here, {self.slots} slots"


class BuilderLost(Event, frozen=True, kw_only=True):
    """A builder said goodbye, or went silent."""

    topic: ClassVar[str] = "builder.lost"
    builder: str
    reason: str

    @property
    def summary(self) -> str:
        return f"builder {self.builder} {self.reason}"


#: Every event by its topic.
TOPICS: dict[str, type[Event]] = {
    kind.topic: kind
    for kind in (
        BuildRequested,
        RequestFailed,
        BuildQueued,
        BuildSkipped,
        TaskPending,
        TaskRunning,
        BuildStarted,
        BuildPhase,
        ArtifactStored,
        TaskCompleted,
        TaskFailed,
        TaskException,
        BuildCompleted,
        BuildFailed,
        FilePublished,
        BuilderSeen,
        BuilderLost,
    )
}
