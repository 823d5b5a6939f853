"""What the broker refuses, with RabbitMQ's codes and words.

A soft error closes the channel it happened on, a hard one the connection (AMQP 0-9-1, section 1.2, reply codes).
"""

from __future__ import annotations

_HARD = frozenset({320, 501, 502, 503, 504, 505, 530, 540, 541})

_NAMES = {
    320: "CONNECTION_FORCED",
    403: "ACCESS_REFUSED",
    404: "NOT_FOUND",
    405: "RESOURCE_LOCKED",
    406: "PRECONDITION_FAILED",
    503: "COMMAND_INVALID",
    504: "CHANNEL_ERROR",
    530: "NOT_ALLOWED",
    540: "NOT_IMPLEMENTED",
}


class Refused(Exception):
    """What was asked for cannot be done."""

    def __init__(self, code: int, words: str) -> None:
        self.code = code  #: AMQP's reply code
        self.text = f"{_NAMES[code]} - {words}"  #: what the peer is told
        super().__init__(code, self.text)

    @property
    def is_hard(self) -> bool:
        """Tell whether the connection ends, and not the channel alone."""
        return self.code in _HARD


def not_found(kind: str, name: str) -> Refused:
    """There is no such queue or exchange."""
    return Refused(404, f"no {kind} '{name}' in vhost '/'")


def inequivalent(argument: str, kind: str, name: str, received: object, current: object) -> Refused:
    """Something is there under that name, and differs."""
    words = f"received {_shown(received)} but current is {_shown(current)}"
    return Refused(406, f"inequivalent arg '{argument}' for {kind} '{name}' in vhost '/': {words}")


def invalid_argument(argument: str, queue: str, why: str) -> Refused:
    """An argument of a queue means nothing."""
    return Refused(406, f"invalid arg '{argument}' for queue '{queue}' in vhost '/': {why}")


def locked(queue: str) -> Refused:
    """The queue is another connection's own."""
    return Refused(
        405,
        f"cannot obtain exclusive access to locked queue '{queue}' in vhost '/'. It could be originally declared on "
        "another connection or the exclusive property value does not match that of the original declaration.",
    )


def reserved(kind: str, name: str) -> Refused:
    """Names that begin so are the broker's."""
    return Refused(403, f"{kind} name '{name}' contains reserved prefix 'amq.*'")


def _shown(value: object) -> str:
    if value is None:
        return "none"
    return f"'{str(value).lower() if isinstance(value, bool) else value}'"
