"""Exit codes of ``buildyard bus``, which are fedora-messaging's, and what is told of messaging's errors.

A callback that raises `HaltConsumer` chooses the code itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any

from buildyard.cli.trouble import Trouble
from buildyard.messaging import exceptions


class BusExit(IntEnum):
    """How a command of ``buildyard bus`` ended, beside `trouble.ExitCode`."""

    FAILED = 1  #: no callback, or publishing failed
    WRONG_USE = 2  #: an option, the configuration, or a file of messages
    BAD_DECLARATION = 10
    NOT_REGISTERED = 11  #: consuming did not begin, for another reason
    CANCELED = 12  #: the queue was deleted
    CALLBACK_RAISED = 13
    NOT_CONNECTED = 14
    NOT_PERMITTED = 15
    NOT_CONFIRMED = 111  #: in time, or there was no broker to do it
    REFUSED = 121  #: by the broker: returned, forbidden, or to an exchange that is not there


def trouble(error: exceptions.BaseException, *, publishes: bool = False) -> Trouble:
    """Return what to tell of an error of messaging, from publishing or from consuming."""
    if isinstance(error, exceptions.SomeNotPublished):
        return _of_several(error)
    if publishes and isinstance(error, exceptions.ConnectionException):
        return _unreachable(error, BusExit.NOT_CONFIRMED)
    tell = next(tell for kind, tell in _TABLE if isinstance(error, kind))
    return tell(error)


def unreadable_line(where: str, number: int, error: exceptions.ValidationError) -> Trouble:
    """Return what to tell of a line that is no message."""
    return Trouble(
        f"line {number} of {where} is no message",
        code="invalid_message",
        exit_code=BusExit.WRONG_USE,
        facts={"found": error.summary.partition("\n")[0][:200], **_at(error)},
        next=["each line is one JSON object with topic and body, as `buildyard bus record` writes them"],
    )


def _at(error: exceptions.ValidationError) -> dict[str, str]:
    path = ".".join(map(str, error.absolute_path))
    return {"at": path} if path else {}


def _configuration(error: exceptions.ConfigurationException) -> Trouble:
    return Trouble(
        error.message,
        code="bad_configuration",
        exit_code=BusExit.WRONG_USE,
        next=["correct it, or give another --config"],
    )


def _invalid(error: exceptions.ValidationError) -> Trouble:
    facts = {"found": error.summary.partition("\n")[0][:200], **_at(error)}
    return Trouble("that message is not valid", code="invalid_message", exit_code=BusExit.WRONG_USE, facts=facts)


def _declaration(error: exceptions.BadDeclaration) -> Trouble:
    return Trouble(
        f"the {error.obj_type} cannot be declared",
        code="bad_declaration",
        exit_code=BusExit.BAD_DECLARATION,
        facts={"asked": _described(error.description), "said": str(error.reason)},
        next=["an exchange must be there before; a queue must be declared as it is: see its settings"],
    )


def _permission(error: exceptions.PermissionException) -> Trouble:
    return Trouble(
        f"the broker does not allow the {error.obj_type or 'object'} to these credentials",
        code="not_permitted",
        exit_code=BusExit.NOT_PERMITTED,
        facts={"asked": _described(error.description), "said": str(error.reason)},
        next=["ask who runs the broker, or name another queue: --queue-name"],
    )


def _canceled(error: exceptions.ConsumerCanceled) -> Trouble:
    return Trouble(
        "the broker ended the consumer: its queue is gone",
        code="canceled",
        exit_code=BusExit.CANCELED,
        facts={"said": str(error)},
        next=["start it again to declare the queue anew"],
    )


def _unreachable(error: exceptions.ConnectionException, exit_code: BusExit = BusExit.NOT_CONNECTED) -> Trouble:
    refused = bool(getattr(error, "is_refused", False))
    return Trouble(
        "the broker refused us" if refused else "the broker cannot be reached",
        code="refused" if refused else "unreachable",
        exit_code=exit_code,
        facts={"said" if refused else "found": str(error.reason)},
        next=["check user, password and virtual host of amqp_url" if refused else "check amqp_url, or give --url"],
    )


def _not_confirmed(error: exceptions.PublishTimeout) -> Trouble:
    return Trouble(
        "the broker did not confirm in time",
        code="not_confirmed",
        exit_code=BusExit.NOT_CONFIRMED,
        facts={"found": str(error.reason)},
        next=["it may have been published all the same; consumers compare ids"],
    )


def _refused(what: str, *following: str) -> Callable[[exceptions.PublishException], Trouble]:
    def tell(error: exceptions.PublishException) -> Trouble:
        return Trouble(
            what, code="refused", exit_code=BusExit.REFUSED, facts={"said": str(error.reason)}, next=following
        )

    return tell


def _failed(error: exceptions.BaseException) -> Trouble:
    return Trouble(str(error) or type(error).__name__, code="failed", exit_code=BusExit.FAILED)


def _of_several(error: exceptions.SomeNotPublished) -> Trouble:
    message, first = error.failures[0]
    told = trouble(first, publishes=True) if isinstance(first, exceptions.BaseException) else _failed_with(first)
    count = f"{len(error.failures)} of {error.total}"
    facts = {"message": f"{message.id}, topic {message.topic}", **told.facts, "failed": count}
    return Trouble(told.what, code=told.code, exit_code=told.exit_code, facts=facts, next=told.next)


def _failed_with(error: Exception) -> Trouble:
    return Trouble(f"publishing failed: {error!r}", code="failed", exit_code=BusExit.FAILED)


def _described(description: object) -> str:
    if not isinstance(description, Mapping):
        return str(description)
    return ", ".join(f"{name} {value}" for name, value in description.items() if value not in ("", False, None, {}))


#: Most special first.
_TABLE: tuple[tuple[type[exceptions.BaseException], Callable[[Any], Trouble]], ...] = (
    (exceptions.ConfigurationException, _configuration),
    (exceptions.ValidationError, _invalid),
    (exceptions.BadDeclaration, _declaration),
    (exceptions.PermissionException, _permission),
    (exceptions.ConsumerCanceled, _canceled),
    (exceptions.ConnectionException, _unreachable),
    (exceptions.PublishTimeout, _not_confirmed),
    (exceptions.PublishReturned, _refused("the broker returned the message")),
    (exceptions.PublishForbidden, _refused("the broker forbids to publish there", "check the exchange and the topic")),
    (exceptions.ExchangeMissing, _refused("there is no such exchange", "name one that is there: --exchange")),
    (exceptions.BaseException, _failed),
)
