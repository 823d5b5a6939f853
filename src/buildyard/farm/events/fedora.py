"""The farm's messages for users of fedora-messaging: entry points of the group ``fedora.messages``.

Imported where that library is, by that library; this one registers the classes of `messages` under the same names.
"""

from __future__ import annotations

from typing import Any, Final

from fedora_messaging.message import Message

from buildyard.farm.events.message_kinds import message_classes

_BY_NAME: Final = message_classes(Message, __name__)


def __getattr__(name: str) -> Any:
    """Return the class of this event."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
