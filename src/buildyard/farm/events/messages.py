"""The farm's messages for users of `buildyard.messaging`: entry points of the group ``buildyard.messages``.

One class for each event, by the event's own name: ``messages.BuildCompleted``.  `CLASSES` has them by topic.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from buildyard.farm.events.message_kinds import EventMessage, message_classes
from buildyard.messaging.message import Message

__all__ = ["CLASSES", "EventMessage"]

_BY_NAME: Final = message_classes(Message, __name__)

#: Every class by its event's topic, ``build.completed``.
CLASSES: Final[Mapping[str, type[Message]]] = {cls.kind.topic: cls for cls in _BY_NAME.values()}


def __getattr__(name: str) -> Any:
    """Return the class of this event."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
