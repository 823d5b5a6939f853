"""What can go wrong with messages, as one tree under the names that fedora-messaging's interface documents.

* BaseException
  * ConfigurationException      a setting is wrong (.message)
  * ValidationError             a message does not fit its schema, or cannot be sent; also jsonschema's (.summary)
  * ConnectionException         no connection to the broker (.reason)
    - ProtocolError             the peer does not speak AMQP 0-9-1, or breaks its rules
  * NoFreeChannels              the connection has as many channels as it may
  * PermissionException         the broker does not allow it (.obj_type, .description, .reason)
    - BadDeclaration            a queue, an exchange or a binding cannot be declared
  * PublishException            a message was not published (.reason)
    - PublishReturned           the broker refused it, or no queue wanted it where that was asked for
    - PublishTimeout            nothing was confirmed in time; it may have been published
    - PublishForbidden          these credentials may not publish there
    - ExchangeMissing           there is no such exchange
    - MessageTooLarge           the body has more bytes than the limit (.size, .limit)
    - SomeNotPublished          of several messages, these were not (.failures)
  * ConsumeException
    - ConsumerCanceled          the broker ended the consumer: its queue is gone
    - Nack, Drop, HaltConsumer  raised by callbacks, to say what becomes of the message
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import jsonschema

from buildyard.errors import BuildyardError

if TYPE_CHECKING:
    from buildyard.messaging.message import Message

__all__ = [
    "BadDeclaration",
    "BaseException",
    "ConfigurationException",
    "ConnectionException",
    "ConsumeException",
    "ConsumerCanceled",
    "Drop",
    "ExchangeMissing",
    "HaltConsumer",
    "MessageTooLarge",
    "Nack",
    "NoFreeChannels",
    "PermissionException",
    "ProtocolError",
    "PublishException",
    "PublishForbidden",
    "PublishReturned",
    "PublishTimeout",
    "SomeNotPublished",
    "ValidationError",
]


class BaseException(BuildyardError):
    """The root of all errors of messaging."""


class NoFreeChannels(BaseException):
    """The connection has as many channels as it may; have fewer consumers on it, or another connection."""


class PermissionException(BaseException):
    """The broker does not allow it to these credentials."""

    def __init__(self, obj_type: str | None = None, description: object = None, reason: str | None = None) -> None:
        self.obj_type = obj_type  #: ``queue``, ``exchange``, ``binding`` or None
        self.description = description  #: what was to be declared or read, as far as it is known
        self.reason = reason  #: the broker's words
        super().__init__(obj_type, description, reason)

    def __str__(self) -> str:
        return f"{self.obj_type or 'object'} {self.description}: {self.reason}"


class BadDeclaration(PermissionException):
    """A queue, an exchange or a binding cannot be declared as it is described."""


class ConfigurationException(BaseException):
    """A setting is wrong; ``message`` names it."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)

    def __str__(self) -> str:
        return f"Configuration error: {self.message}"


class _Reasoned(BaseException):
    """An error with one reason, in words."""

    def __init__(self, reason: str | None = None, **kwargs: object) -> None:
        self.reason = reason
        super().__init__(*([] if reason is None else [reason]))
        for name, value in kwargs.items():
            setattr(self, name, value)


class PublishException(_Reasoned):
    """A message was not published."""


class PublishReturned(PublishException):
    """The broker refused the message or, where ``mandatory`` was asked for, no queue is bound for it."""


class PublishTimeout(PublishException):
    """Nothing was confirmed in time.  The message was not delivered, or it was and the confirmation is lost."""


class PublishForbidden(PublishException):
    """These credentials may not publish to that exchange or topic."""


class ExchangeMissing(PublishException):
    """There is no such exchange."""


class MessageTooLarge(PublishException):
    """The body has more bytes than the limit; nothing was sent."""

    def __init__(self, size: int, limit: int) -> None:
        self.size = size  #: bytes
        self.limit = limit  #: bytes
        super().__init__(f"the body has {size} bytes, and {limit} are allowed")


class SomeNotPublished(PublishException):
    """Of several messages, some were not published; the others were."""

    def __init__(self, failures: Sequence[tuple[Message, Exception]], total: int) -> None:
        self.failures = list(failures)  #: each message with the error that it would have raised alone
        self.total = total
        super().__init__(f"{len(failures)} of {total} messages were not published; the first: {failures[0][1]}")


class ConnectionException(BaseException):
    """There is no connection to the broker."""

    def __init__(self, *args: object, reason: str | None = None, **kwargs: object) -> None:
        self.reason = reason if reason is not None else next((one for one in args if isinstance(one, str)), None)
        super().__init__(*(args or ([] if reason is None else [reason])))
        for name, value in kwargs.items():
            setattr(self, name, value)


class ProtocolError(ConnectionException):
    """The peer does not speak AMQP 0-9-1, or breaks its rules.  The connection is closed."""


class ConsumeException(BaseException):
    """The root of what has to do with consuming."""


class ConsumerCanceled(ConsumeException):
    """The broker ended the consumer: its queue was deleted, or the queue's node failed."""


class Nack(ConsumeException):
    """Raise it in a callback to return the message to its queue."""


class Drop(ConsumeException):
    """Raise it in a callback to be rid of the message: it is dead-lettered where the queue says so."""


class HaltConsumer(ConsumeException):
    """Raise it in a callback to stop the consumer.

    The message counts as processed, unless ``requeue`` is true: then it returns to its queue.
    """

    def __init__(self, exit_code: int = 0, reason: str | None = None, requeue: bool = False, **kwargs: object) -> None:
        self.exit_code = exit_code
        self.reason = reason
        self.requeue = requeue
        super().__init__(*([] if reason is None else [reason]))
        for name, value in kwargs.items():
            setattr(self, name, value)


class ValidationError(BaseException, jsonschema.ValidationError):  # type: ignore[misc, unused-ignore]
    """A message does not fit its schema, or cannot be sent as it is.

    It is one of jsonschema's errors too, with all their attributes (``message``, ``path``, ``schema``, ...).
    """

    @classmethod
    def of(cls, error: Exception) -> Self:
        """Return the error of a schema, or the trouble of a decoder, as this one."""
        if isinstance(error, jsonschema.ValidationError):
            found: Self = cls.create_from(error)
            found.__cause__ = error
            return found
        made = cls(str(error))
        made.cause = made.__cause__ = error
        return made

    @property
    def summary(self) -> str:
        """The trouble in one line."""
        return str(self.message)
