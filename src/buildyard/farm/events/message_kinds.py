"""The farm's events as classes of messages: one for each topic, over any base that is fedora-messaging's ``Message``.

`messages` has them over this library's base and `fedora` over the official one, so that consumers of either validate
our messages and have words for them.  Everything is made from the typed events: an event's body is the message's, its
JSON schema is that of its type, its ``schema_version`` stands at the end of the schema's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import msgspec

from buildyard.farm.events.schemas import (
    TOPICS,
    ArtifactStored,
    BuilderLost,
    BuildFailed,
    BuildPhase,
    Event,
    RequestFailed,
)

#: What stands before an event's topic on the bus, and in the name of its schema.
APP: Final = "buildyard"

#: Bytes of a name that consumers filter by; what is longer is in the body alone.
_LONGEST_FILTER: Final = 200

_DEBUG, _INFO, _WARNING = 10, 20, 30

#: How an event counts, where it is not of interest to everybody or needs to be looked at.
_SEVERITIES: Final[Mapping[type[Event], int]] = {
    BuildPhase: _DEBUG,
    ArtifactStored: _DEBUG,
    BuildFailed: _WARNING,
    RequestFailed: _WARNING,
    BuilderLost: _WARNING,
}


class EventMessage:
    """What the farm's messages have beside their base's."""

    kind: ClassVar[type[Event]]  #: of the event
    app_name = "buildyard"
    body: Any

    @property
    def event(self) -> Event:
        """The event.  Raises `msgspec.ValidationError` where the body is none."""
        return msgspec.convert(self.body, self.kind)

    @property
    def summary(self) -> str:
        """What happened, in one line."""
        return self.event.summary

    @property
    def packages(self) -> list[str]:
        """The Python package it is about, so that consumers filter by the header that RPM packages have."""
        return _filterable(getattr(self.event, "package", ""))

    @property
    def agent_name(self) -> str | None:
        """Who asked, where somebody did."""
        return getattr(self.event, "asked_by", None)

    @property
    def agent_avatar(self) -> None:
        """None: who asks a farm is not known elsewhere by that name."""
        return

    @property
    def usernames(self) -> list[str]:
        """Who asked."""
        return _filterable(self.agent_name or "")

    def __str__(self) -> str:
        facts = "".join(f"\n{name}: {_shown(value)}" for name, value in self.body.items())
        return f"{self.summary}\n{facts}"


def schema_name(kind: type[Event]) -> str:
    """Return the name of an event's schema on the wire, ``buildyard.build.completed.v1``."""
    return f"{APP}.{kind.topic}.v{kind.schema_version}"


def severity_of(kind: type[Event]) -> int:
    """Return the severity of an event's message, in the numbers of `logging`."""
    return _SEVERITIES.get(kind, _DEBUG if kind.topic.startswith("task.") else _INFO)


def body_schema(kind: type[Event]) -> dict[str, Any]:
    """Return the JSON schema of an event's body; it allows keys that it does not know."""
    _, parts = msgspec.json.schema_components([kind], ref_template="#/definitions/{name}")
    titled = {"title": schema_name(kind), "description": kind.__doc__}
    return {"$schema": "http://json-schema.org/draft-07/schema#", **parts[kind.__name__], **titled}


def message_classes(base: type, module: str) -> dict[str, Any]:
    """Return a class for each event, by the event's own name."""
    return {kind.__name__: _made(kind, base, module) for kind in TOPICS.values()}


def _made(kind: type[Event], base: type, module: str) -> type:
    own: dict[str, Any] = {
        "__doc__": kind.__doc__,
        "__module__": module,
        "kind": kind,
        "topic": f"{APP}.{kind.topic}",
        "severity": severity_of(kind),
        "body_schema": body_schema(kind),
    }
    return type(kind.__name__, (EventMessage, base), own)


def _filterable(name: str) -> list[str]:
    # It becomes a part of a header's name, of which AMQP takes 255 bytes in all.
    return [name] if name and len(name.encode()) <= _LONGEST_FILTER else []


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
