"""What a hub tells on a bus (its plug-in ``protonmsg``), as typed events.

    event = parse(headers, body, koji)
    if isinstance(event, BuildStateChange) and event.new == "COMPLETE":
        print(event.build.nvr)

``headers`` are the message's properties, ``body`` its JSON; `from_frame` takes an object that has both.  An event may
come twice, and two may come in another order than they happened.  A kind that is not here is a plain `KojiEvent`.
With a connection, builds and tasks of an event can ask its hub.  `buildyard.messaging.events` knows these events, too,
by the ends of their topics.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from buildyard.errors import excerpt
from buildyard.koji._core import AsyncKoji
from buildyard.koji._faced import AnyConnection
from buildyard.koji._kinds import Kinds
from buildyard.koji._row import Row
from buildyard.koji.build import Build
from buildyard.koji.channel import Channel
from buildyard.koji.errors import KojiException
from buildyard.koji.package import Package
from buildyard.koji.states import BUILD_STATES, TASK_STATES, state_name
from buildyard.koji.tag import Tag
from buildyard.koji.target import Target
from buildyard.koji.task import Task
from buildyard.koji.user import User

__all__ = [
    "BuildPromote",
    "BuildStateChange",
    "BuildTag",
    "BuildUntag",
    "Import",
    "InvalidMessage",
    "KojiEvent",
    "PackageListChange",
    "RPMSign",
    "RepoDone",
    "RepoInit",
    "TaskStateChange",
    "from_frame",
    "parse",
    "register",
]

#: Bytes; a hub's messages have a few thousand.
MAX_BODY = 16 * 1024 * 1024

#: How the topics of a hub's messages end, whatever prefix its operator has chosen.
_TOPICS = ("#.build.*", "#.import.*", "#.package.*", "#.repo.*", "#.sign.rpm", "#.task.*")

_PLAIN = Kinds(build=Build, task=Task, channel=Channel, package=Package, tag=Tag, user=User, target=Target)


class InvalidMessage(KojiException, ValueError):
    """The message is none of a hub's; put it aside, as it will not get better."""


@dataclass(frozen=True, kw_only=True)
class KojiEvent:
    """Something that happened on a hub."""

    type: str  #: Koji's word for it, ``TaskStateChange``
    headers: Mapping[str, Any]  #: the message's properties
    body: Row  #: all that the hub told
    core: AsyncKoji | None = None  #: of the connection, where there is one

    @property
    def _kinds(self) -> Kinds:
        return self.core.kinds if self.core else _PLAIN

    def _build(self, row: Any) -> Any:
        return self._kinds.build(_struct(row, "build"), self.core)

    def _tag(self, row: Any) -> Any:
        return self._kinds.tag(_struct(row, "tag"), self.core)

    def _user(self, row: Any) -> Any:
        return self._kinds.user(row, self.core) if isinstance(row, Mapping) else None


class _StateChange(KojiEvent):
    _STATES: Mapping[int, str] = {}

    @property
    def old(self) -> str | None:
        """The state before, in words; None where it was just made."""
        return self._state("old")

    @property
    def new(self) -> str:
        """The state now, in words."""
        return self._state("new") or ""

    def _state(self, name: str) -> str | None:
        # A build's properties have words where its body has numbers.
        found = self.headers.get(name, self.body.get(name))
        return state_name(self._STATES, found) if isinstance(found, int) else found


class BuildStateChange(_StateChange):
    """A build began, or what became of it."""

    _STATES = BUILD_STATES

    @property
    def build(self) -> Any:
        """The build, as it is now."""
        return self._build(self.body.get("info"))

    @property
    def btypes(self) -> list[str]:
        """What kinds of files it has, ``rpm``, ``image``."""
        return list(self.body.get("btypes") or ())

    @property
    def url(self) -> str:
        """The build's page on the hub's web site."""
        found: str = self.build.url
        return found


class TaskStateChange(_StateChange):
    """A task was made, or went from one state to another."""

    _STATES = TASK_STATES

    @property
    def task(self) -> Any:
        """The task, as it is now; that of a new one has neither times nor weight."""
        return self._kinds.task(_struct(self.body.get("info"), "task"), self.core)

    @property
    def url(self) -> str:
        """The task's page on the hub's web site."""
        found: str = self.task.url
        return found


class _Tagging(KojiEvent):
    @property
    def build(self) -> Any:
        """The build."""
        return self._build(self.body.get("build"))

    @property
    def tag(self) -> Any:
        """The tag."""
        return self._tag(self.body.get("tag"))

    @property
    def user(self) -> Any:
        """Who did it."""
        return self._user(self.body.get("user"))


class BuildTag(_Tagging):
    """A build was put into a tag."""


class BuildUntag(_Tagging):
    """A build was taken out of a tag."""


class PackageListChange(KojiEvent):
    """What a tag says about a package was changed."""

    @property
    def action(self) -> str:
        """What was done: add, update, block, unblock, remove."""
        found: str = self.body.get("action") or self.headers.get("action", "")
        return found

    @property
    def tag(self) -> Any:
        """The tag."""
        return self._tag(self.body.get("tag"))

    @property
    def package(self) -> Any:
        """The package."""
        return self._kinds.package(_struct(self.body.get("package"), "package"), self.core)

    @property
    def user(self) -> Any:
        """Who did it."""
        return self._user(self.body.get("user"))


class Import(KojiEvent):
    """A build, or a part of one, was imported."""

    @property
    def build(self) -> Any:
        """The build."""
        return self._build(self.body.get("build"))


class RPMSign(KojiEvent):
    """An RPM was signed."""

    @property
    def sigkey(self) -> str:
        """The key."""
        found: str = self.body.get("sigkey") or self.headers.get("sigkey", "")
        return found

    @property
    def build(self) -> Any:
        """The build that the RPM is of."""
        return self._build(self.body.get("build"))

    @property
    def rpm(self) -> Row:
        """The RPM."""
        return Row(_struct(self.body.get("rpm"), "rpm"))


class _RepoEvent(KojiEvent):
    @property
    def repo_id(self) -> int:
        """The repository's number."""
        found: int = self.headers.get("repo_id", (self.body.get("repo") or {}).get("id"))
        return found

    @property
    def tag_name(self) -> str:
        """The tag that it is of."""
        found: str = self.headers.get("tag", "")
        return found

    @property
    def task_id(self) -> int | None:
        """The task that made it."""
        found: int | None = self.headers.get("task_id")
        return found


class RepoInit(_RepoEvent):
    """A repository is about to be made."""


class RepoDone(_RepoEvent):
    """A repository is ready, or has expired."""

    @property
    def is_expired(self) -> bool:
        """True where it is no longer good."""
        return bool(self.body.get("expire", self.headers.get("expire")))


class BuildPromote(KojiEvent):
    """A draft build was made a real one."""

    @property
    def build(self) -> Any:
        """The build."""
        return self._build(self.body.get("build"))

    @property
    def user(self) -> Any:
        """Who did it."""
        return self._user(self.body.get("user"))


#: By the property ``type``.
EVENTS: Mapping[str, type[KojiEvent]] = {
    "BuildStateChange": BuildStateChange,
    "TaskStateChange": TaskStateChange,
    "Tag": BuildTag,
    "Untag": BuildUntag,
    "PackageListChange": PackageListChange,
    "Import": Import,
    "RPMSign": RPMSign,
    "RepoInit": RepoInit,
    "RepoDone": RepoDone,
    "BuildPromote": BuildPromote,
}


def parse(headers: Mapping[str, Any], body: bytes | str, connection: AnyConnection | None = None) -> KojiEvent:
    """Return the event that a message tells.  Raises `InvalidMessage` for what is no message of a hub."""
    kind = headers.get("type")
    if not isinstance(kind, str):
        raise InvalidMessage(f"a message of a hub has a type, this one has {', '.join(map(str, headers)) or 'nothing'}")
    return EVENTS.get(kind, KojiEvent)(type=kind, headers=dict(headers), body=_body(body), core=_core(connection))


def from_frame(frame: Any, connection: AnyConnection | None = None) -> KojiEvent:
    """Return the event of a message that has ``headers`` and ``body``: a STOMP frame, or a bus message."""
    headers = getattr(frame, "headers", None)
    properties = getattr(frame, "properties", None)
    return parse(headers if headers is not None else properties or {}, frame.body, connection)


def register(register_event: Callable[..., None]) -> None:
    """Let `buildyard.messaging.events` know a hub's messages (an entry point of ``buildyard.events`` calls this)."""
    for topic in _TOPICS:
        register_event(_event_of, topic=topic)


def _event_of(message: Any) -> KojiEvent | None:
    """Return the event of a bus message; None for one of somebody else, whose topic ends alike."""
    kind = message.headers.get("type")
    if not isinstance(kind, str) or kind not in EVENTS:
        return None
    try:
        return from_frame(message)
    except InvalidMessage:
        return None


def _core(connection: AnyConnection | None) -> AsyncKoji | None:
    return connection if connection is None or isinstance(connection, AsyncKoji) else connection._core


def _body(body: bytes | str | Mapping[str, Any]) -> Row:
    found = dict(body) if isinstance(body, Mapping) else _decoded(body)
    if set(found) == {"error", "type"}:
        raise InvalidMessage(f"the hub could not write its message: {found['error']}")
    return Row(_rows(found))


def _decoded(body: bytes | str) -> dict[str, Any]:
    if len(body) > MAX_BODY:
        raise InvalidMessage(f"the message has more than {MAX_BODY} bytes")
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidMessage(f"the body is no JSON: {error} (got {excerpt(body)})") from error
    if not isinstance(found, dict):
        raise InvalidMessage(f"the body is no object (got {excerpt(body)})")
    return found


def _rows(value: Any) -> Any:
    if isinstance(value, dict):
        return Row({name: _rows(inner) for name, inner in value.items()})
    return [_rows(inner) for inner in value] if isinstance(value, list) else value


def _struct(found: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(found, Mapping):
        raise InvalidMessage(f"the message has no {name}")
    return found
