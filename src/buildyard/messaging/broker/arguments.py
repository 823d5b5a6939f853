"""What the arguments of a queue ask for, checked as RabbitMQ checks them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from buildyard.messaging.broker.errors import Refused, invalid_argument

#: RabbitMQ's own bound of times in milliseconds: a hundred years.
_LONGEST_MS = 3_153_600_000_000
_HIGHEST_PRIORITY = 255


class Options(Struct, frozen=True, kw_only=True):
    """How a queue behaves."""

    message_ttl: float | None = None  #: seconds
    expires: float | None = None  #: seconds without a consumer, after which the queue is deleted
    max_length: int | None = None  #: messages that wait
    max_bytes: int | None = None  #: bytes of the bodies that wait
    overflow: str = "drop-head"  #: or reject-publish, reject-publish-dlx
    dead_letter_exchange: str | None = None
    dead_letter_routing_key: str | None = None
    max_priority: int = 0

    @property
    def is_bounded(self) -> bool:
        """Tell whether it can be full."""
        return self.max_length is not None or self.max_bytes is not None


def options_of(queue: str, arguments: Mapping[str, Any]) -> Options:
    """Return what a queue's arguments say; those that mean nothing here are ignored.  Raises `Refused`."""
    found: dict[str, Any] = {}
    for argument, (name, check) in _ARGUMENTS.items():
        if argument in arguments:
            try:
                found[name] = check(arguments[argument])
            except ValueError as error:
                raise invalid_argument(argument, queue, str(error)) from error
    kind = arguments.get("x-queue-type", "classic")
    if kind != "classic":
        raise Refused(406, f"the embedded broker has classic queues only, and '{queue}' is to be {kind!r}")
    if "dead_letter_routing_key" in found and "dead_letter_exchange" not in found:
        raise invalid_argument("x-dead-letter-routing-key", queue, "routing_key_but_no_dlx_defined")
    return Options(**found)


def _number(value: object) -> int:
    if type(value) is not int:
        raise ValueError(f"unacceptable_type: {value!r} is no number")
    if value < 0:
        raise ValueError(f"value_negative: {value}")
    return value


def _seconds(value: object) -> float:
    milliseconds = _number(value)
    if milliseconds > _LONGEST_MS:
        raise ValueError(f"value_too_large: {milliseconds}")
    return milliseconds / 1000


def _some_seconds(value: object) -> float:
    seconds = _seconds(value)
    if not seconds:
        raise ValueError("value_zero")
    return seconds


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"unacceptable_type: {value!r} is no text")
    return value


def _overflow(value: object) -> str:
    if value not in ("drop-head", "reject-publish", "reject-publish-dlx"):
        raise ValueError(f"invalid_overflow: {value!r}")
    return str(value)


def _priority(value: object) -> int:
    priority = _number(value)
    if priority > _HIGHEST_PRIORITY:
        raise ValueError(f"max_value_exceeded: {priority}")
    return priority


_ARGUMENTS: dict[str, tuple[str, Callable[[object], object]]] = {
    "x-message-ttl": ("message_ttl", _seconds),
    "x-expires": ("expires", _some_seconds),
    "x-max-length": ("max_length", _number),
    "x-max-length-bytes": ("max_bytes", _number),
    "x-overflow": ("overflow", _overflow),
    "x-dead-letter-exchange": ("dead_letter_exchange", _text),
    "x-dead-letter-routing-key": ("dead_letter_routing_key", _text),
    "x-max-priority": ("max_priority", _priority),
}

#: The arguments in which two declarations of one queue must agree.
COMPARED = (*_ARGUMENTS, "x-queue-type")


def expiration_of(text: str | None) -> float | None:
    """Return the seconds that a message's own ``expiration`` says.  Raises `Refused`."""
    if text is None:
        return None
    try:
        return _seconds(int(text))
    except ValueError as error:
        raise Refused(406, f"invalid expiration {text!r}: {error}") from error
