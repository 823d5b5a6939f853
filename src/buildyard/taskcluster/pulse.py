"""Pulse's messages as typed events: what happened, to what, and by which routes it was sent.

    with closing(QueueEvents().listen(QueueEvents().taskCompleted(taskGroupId=group), url=url)) as events:
        for event in events:
            print(event.routing.taskId, event.payload["status"]["state"])

The names of an event's attributes are those that Taskcluster's own consumers give handlers.  Payloads are plain dicts,
as every answer of this client is: types describe them, and what a later release adds is there too.  `_listening` makes
the streams of events; `buildyard.messaging.events` knows these too.  (Taskcluster: the exchange references of each
service; routing keys have fixed places, ``_`` for what is absent.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import msgspec
from msgspec import Struct

from buildyard.taskcluster import _events
from buildyard.taskcluster._exchanges import Events, Exchange
from buildyard.taskcluster._lazy import EVENTS
from buildyard.taskcluster.types import Priority, TaskStatus

if TYPE_CHECKING:
    from buildyard.messaging import Message

__all__ = [
    "AuthEvent",
    "GithubEvent",
    "HookEvent",
    "NotifyEvent",
    "PulseEvent",
    "RepositoryRouting",
    "Routing",
    "TaskEvent",
    "TaskGroupEvent",
    "TaskGroupPayload",
    "TaskGroupRouting",
    "TaskPayload",
    "TaskRouting",
    "TopicRouting",
    "WorkerManagerEvent",
    "WorkerManagerRouting",
    "event_of",
]

_ROUTE = "route."


class Routing(Struct, frozen=True, kw_only=True):
    """A routing key, its words by their names; None for what is absent."""

    routingKeyKind: str | None = None  # noqa: N815 #: ``primary``
    reserved: str | None = None


class TaskRouting(Routing, frozen=True, kw_only=True):
    """Where a task's message comes from."""

    taskId: str  # noqa: N815
    runId: int | None = None  # noqa: N815
    workerGroup: str | None = None  # noqa: N815
    workerId: str | None = None  # noqa: N815
    provisionerId: str | None = None  # noqa: N815
    workerType: str | None = None  # noqa: N815
    schedulerId: str | None = None  # noqa: N815
    taskGroupId: str | None = None  # noqa: N815


class TaskGroupRouting(Routing, frozen=True, kw_only=True):
    """Where a task group's message comes from."""

    taskGroupId: str  # noqa: N815
    schedulerId: str | None = None  # noqa: N815


class RepositoryRouting(Routing, frozen=True, kw_only=True):
    """Where a message of GitHub's comes from; periods in names are written ``%``."""

    organization: str
    repository: str
    action: str | None = None


class WorkerManagerRouting(Routing, frozen=True, kw_only=True):
    """Where a message about workers comes from."""

    providerId: str | None = None  # noqa: N815
    provisionerId: str | None = None  # noqa: N815
    workerType: str | None = None  # noqa: N815
    workerGroup: str | None = None  # noqa: N815
    workerId: str | None = None  # noqa: N815
    launchConfigId: str | None = None  # noqa: N815


class TopicRouting(Routing, frozen=True, kw_only=True):
    """What somebody chose for a notification."""

    topic: str | None = None


class TaskPayload(TypedDict):
    """What a message about a task says."""

    version: int
    status: TaskStatus
    runId: NotRequired[int]
    workerGroup: NotRequired[str]
    workerId: NotRequired[str]
    takenUntil: NotRequired[str]  #: of ``taskRunning``
    task: NotRequired[dict[str, Any]]  #: its ``tags``
    artifact: NotRequired[dict[str, Any]]  #: of ``artifactCreated``
    oldPriority: NotRequired[Priority]  #: of ``taskPriorityChanged``, as the next one
    newPriority: NotRequired[Priority]


class TaskGroupPayload(TypedDict):
    """What a message about a task group says."""

    version: int
    taskGroupId: str
    schedulerId: str
    expires: NotRequired[str]
    sealed: NotRequired[str]
    newPriority: NotRequired[Priority]
    tasksAffected: NotRequired[int]


class PulseEvent(Struct, frozen=True, kw_only=True):
    """A message of Pulse; its classes below are told apart by what they are about.

    This one itself is a message of an exchange that is none of Taskcluster's, or that is not as its exchange says.
    """

    kind: str = ""  #: the method of an events class that binds to its exchange: ``taskCompleted``
    exchange: str
    routingKey: str  # noqa: N815
    routing: Any = None  #: the routing key, parsed
    routes: tuple[str, ...] = ()  #: what else it was sent by (CC), without ``route.``: ``index.my.project.latest``
    payload: Any  #: as it came
    redelivered: bool = False

    @property
    def summary(self) -> str:
        """What happened, in one line."""
        return " ".join(filter(None, (self.kind or self.exchange, self._subject)))

    @property
    def _subject(self) -> str:
        """What it is about."""
        return self.routingKey


class TaskEvent(PulseEvent, frozen=True, kw_only=True):
    """Something happened to a task, or to an artifact of it."""

    routing: TaskRouting
    payload: TaskPayload

    @property
    def _subject(self) -> str:
        run = "" if self.routing.runId is None else f" run {self.routing.runId}"
        artifact = self.payload.get("artifact")
        name = f" {artifact['name']}" if isinstance(artifact, dict) and "name" in artifact else ""
        return f"{self.routing.taskId}{run}{name}"


class TaskGroupEvent(PulseEvent, frozen=True, kw_only=True):
    """Something happened to a task group."""

    routing: TaskGroupRouting
    payload: TaskGroupPayload

    @property
    def _subject(self) -> str:
        return self.routing.taskGroupId


class AuthEvent(PulseEvent, frozen=True, kw_only=True):
    """A client or a role changed; the payload has ``clientId`` or ``roleId``."""

    routing: Routing
    payload: dict[str, Any]

    @property
    def _subject(self) -> str:
        return str(self.payload.get("clientId") or self.payload.get("roleId") or "")


class HookEvent(PulseEvent, frozen=True, kw_only=True):
    """A hook changed; the payload has ``hookGroupId`` and ``hookId``."""

    routing: Routing
    payload: dict[str, Any]

    @property
    def _subject(self) -> str:
        return f"{self.payload.get('hookGroupId', '')}/{self.payload.get('hookId', '')}"


class GithubEvent(PulseEvent, frozen=True, kw_only=True):
    """Something happened to a repository of GitHub's."""

    routing: RepositoryRouting
    payload: dict[str, Any]

    @property
    def _subject(self) -> str:
        action = f" {self.routing.action}" if self.routing.action else ""
        return f"{self.routing.organization}/{self.routing.repository}{action}"


class WorkerManagerEvent(PulseEvent, frozen=True, kw_only=True):
    """Something happened to a worker, its pool, or how its pool launches workers."""

    routing: WorkerManagerRouting
    payload: dict[str, Any]

    @property
    def _subject(self) -> str:
        routing = self.routing
        return "/".join(
            filter(None, (routing.provisionerId, routing.workerType, routing.workerGroup, routing.workerId))
        )


class NotifyEvent(PulseEvent, frozen=True, kw_only=True):
    """Somebody asked for a notification."""

    routing: TopicRouting
    payload: dict[str, Any]

    @property
    def _subject(self) -> str:
        return self.routing.topic or ""


class _Shape(Struct, frozen=True):
    """What messages become."""

    event: type[PulseEvent]
    routing: type[Routing]


_SHAPES: Mapping[str, _Shape] = {
    "AuthEvents": _Shape(AuthEvent, Routing),
    "GithubEvents": _Shape(GithubEvent, RepositoryRouting),
    "HooksEvents": _Shape(HookEvent, Routing),
    "NotifyEvents": _Shape(NotifyEvent, TopicRouting),
    "QueueEvents": _Shape(TaskEvent, TaskRouting),
    "WorkerManagerEvents": _Shape(WorkerManagerEvent, WorkerManagerRouting),
}
_GROUP = _Shape(TaskGroupEvent, TaskGroupRouting)


class Place(Struct, frozen=True):
    """An exchange of Taskcluster's, and what its messages become."""

    facts: Exchange
    shape: _Shape


def places(events: type[Events], prefix: str = "") -> dict[str, Place]:
    """Return the exchanges of an events class, by their whole names; ``prefix`` stands over the class's own."""
    shape = next(_SHAPES[base.__name__] for base in events.__mro__ if base.__name__ in _SHAPES)
    found = {facts.exchange: Place(facts, _GROUP if facts.is_of_group else shape) for facts in events.exchanges()}
    beginning = (prefix or events.EXCHANGE_PREFIX).rstrip("/")
    return {f"{beginning}/{name}": place for name, place in found.items()}


_PLACES: dict[str, Place] = {}


def known_places() -> Mapping[str, Place]:
    """Return every exchange of every service."""
    if not _PLACES:
        for name in EVENTS:
            _PLACES.update(places(getattr(_events, name)))
    return _PLACES


def event_of(message: Message, places: Mapping[str, Place] | None = None) -> PulseEvent:
    """Return the event that a message of `buildyard.messaging` tells of.

    ``places`` are exchanges that are looked at first.  A message that is not as its exchange says is a `PulseEvent`,
    without ``kind`` and ``routing``.
    """
    exchange = message.exchange or ""
    place = (places or {}).get(exchange) or known_places().get(exchange)
    facts: dict[str, Any] = {
        "exchange": exchange,
        "routingKey": message.topic,
        "routes": _routes(message),
        "payload": message.body,
        "redelivered": message.redelivered,
    }
    routing = None if place is None else _routing(place, message.topic)
    if place is None or routing is None:
        return PulseEvent(**facts)
    return place.shape.event(kind=place.facts.name, routing=routing, **facts)


def _routes(message: Message) -> tuple[str, ...]:
    copies = message.headers.get("CC")
    if not isinstance(copies, list):
        return ()
    return tuple(one.removeprefix(_ROUTE) for one in copies if isinstance(one, str) and one.startswith(_ROUTE))


def _routing(place: Place, routing_key: str) -> Routing | None:
    words = place.facts.words(routing_key)
    if words is None:
        return None
    try:
        return msgspec.convert(words, place.shape.routing, strict=False)
    except msgspec.ValidationError:
        return None


def register(register_event: Callable[..., None]) -> None:
    """Let `buildyard.messaging.events` know every exchange (an entry point of ``buildyard.events`` calls this)."""
    for exchange in known_places():
        register_event(event_of, exchange=exchange)
