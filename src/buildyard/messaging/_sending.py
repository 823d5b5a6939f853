"""What every face does with a message before and after it is published: signals, validation, encoding.

`interceptors` is where tests stand in for the broker (`buildyard.messaging.testing`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from buildyard.messaging._settings import Settings
from buildyard.messaging._wire import Outgoing, encode
from buildyard.messaging.message import Message
from buildyard.messaging.signals import pre_publish_signal, publish_failed_signal, publish_signal

#: The last one is called with each valid message, in place of publishing it.
interceptors: list[Callable[[Message, str | None], None]] = []


def prepare(message: Message, settings: Settings, sender: Any) -> Outgoing:
    """Return what goes out, after the handlers of ``pre_publish`` have had the message.

    Raises `ValidationError`, and what a handler raises; either way the message counts as failed.
    """
    try:
        pre_publish_signal.send(sender, message=message)
        message.validate()
        return encode(message, topic_prefix=settings.topic_prefix, priority=settings.publish_priority)
    except Exception as error:
        tell_failure(message, error, sender)
        raise


def intercept(message: Message, exchange: str | None) -> bool:
    """Give the message to who stands in for the broker, and tell whether somebody does."""
    if not interceptors:
        return False
    interceptors[-1](message, exchange)
    return True


def tell_success(message: Message, sender: Any) -> None:
    """Send the signal of a published message."""
    publish_signal.send(sender, message=message)


def tell_failure(message: Message, error: Exception, sender: Any) -> None:
    """Send the signal of a message that was not published, under both names of its error."""
    publish_failed_signal.send(sender, message=message, error=error, reason=error)
