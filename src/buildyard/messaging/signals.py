"""The signals of publishing, and the one that tells of the connection; blinker's.

``pre_publish_signal`` and ``publish_signal`` carry ``message``; ``publish_failed_signal`` carries ``message`` and the
exception, as ``error`` and, for handlers written for fedora-messaging as it is, as ``reason``.  Their sender is the
function that publishes.  ``invalid_message_signal`` tells of what arrived and was no valid message.
"""

from __future__ import annotations

from blinker.base import NamedSignal

__all__ = [
    "connection_state_signal",
    "invalid_message_signal",
    "pre_publish_signal",
    "publish_failed_signal",
    "publish_signal",
]

pre_publish_signal: NamedSignal = NamedSignal(
    "pre_publish", "Sent before a message is published; handlers may change the message, which is validated after."
)
publish_signal: NamedSignal = NamedSignal("publish_success", "Sent after the broker has confirmed a message.")
publish_failed_signal: NamedSignal = NamedSignal("publish_failed_signal", "Sent when a message was not published.")
connection_state_signal: NamedSignal = NamedSignal(
    "connection_state",
    "Sent by a publisher or consumer when its connection changes; ``state`` is connecting, connected, blocked, "
    "unblocked, disconnected or closed, and ``error`` the reason where there is one.",
)
invalid_message_signal: NamedSignal = NamedSignal(
    "invalid_message",
    "Sent by a consumer for a delivery that is no valid message and is dropped: ``topic``, ``exchange``, ``queue``, "
    "``id`` and ``error``, a `ValidationError`.  Its handlers must not raise.",
)
