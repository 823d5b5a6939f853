"""The names of fedora-messaging's interface: publish, consume, and the signals.

Everything here blocks its caller, save `twisted_consume`.  `buildyard.messaging.aio` is the same for asyncio.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any

from buildyard.messaging import _blocking
from buildyard.messaging._consuming import Bindings, Queues
from buildyard.messaging._settling import Redelivery
from buildyard.messaging.message import SERIALIZED_MESSAGE_SCHEMA, SEVERITIES, Message, dumps, loads
from buildyard.messaging.signals import (
    connection_state_signal,
    invalid_message_signal,
    pre_publish_signal,
    publish_failed_signal,
    publish_signal,
)
from buildyard.messaging.twisted.consumer import Consumer

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from buildyard.messaging.twisted.service import FedoraMessagingServiceV2

__all__ = [
    "SERIALIZED_MESSAGE_SCHEMA",
    "SEVERITIES",
    "Consumer",
    "Message",
    "close",
    "connection_state_signal",
    "consume",
    "dumps",
    "invalid_message_signal",
    "loads",
    "messages",
    "pre_publish_signal",
    "publish",
    "publish_failed_signal",
    "publish_signal",
    "twisted_consume",
    "twisted_publish",
]


def publish(
    message: Message, exchange: str | None = None, timeout: float | None = 30, *, mandatory: bool = False
) -> None:
    """Return when the broker has confirmed the message.

    It goes to ``exchange``, the configuration's ``publish_exchange`` unless given.  ``timeout`` is in seconds.  With
    ``mandatory`` a message that no queue takes is an error.  A message that was not confirmed when the connection
    ended is sent again on the next one, so it may be there twice.

    Raises `ValidationError`, `PublishReturned`, `PublishForbidden`, `ExchangeMissing`, `MessageTooLarge`,
    `PublishTimeout` and `ConnectionException`.
    """
    _blocking.publish(message, exchange, timeout, sender=publish, mandatory=mandatory)


def close() -> None:
    """End this process's connection for publishing; the next `publish` reads the configuration and makes another."""
    _blocking.close()


def consume(
    callback: Callable[[Message], Any] | type,
    bindings: Bindings = None,
    queues: Queues = None,
    *,
    prefetch: int | None = None,
    concurrency: int = 1,
    redelivery: Redelivery | None = None,
    recycle: float | None = None,
) -> None:
    """Call ``callback`` with each message, until it raises or the process is told to end (SIGTERM).

    The callback is a function, a coroutine function, or a class with ``__call__``; plain functions run in this thread,
    and the connection is kept alive meanwhile.  It may raise `Nack`, `Drop` and `HaltConsumer`; with any other
    exception the messages that are held go back to the queue.  ``bindings`` and ``queues`` are those of the
    configuration unless given.  ``concurrency`` is for coroutine functions.  The connection is made anew, between
    messages, each ``recycle`` seconds.

    Raises what the callback raised; `ValueError` for arguments that are none; `ConnectionException`, `BadDeclaration`,
    `PermissionException`; `ConsumerCanceled` where the queue was deleted.
    """
    options = {"prefetch": prefetch, "concurrency": concurrency, "redelivery": redelivery, "recycle": recycle}
    _blocking.consume(callback, bindings, queues, options)


def messages(
    topics: Sequence[str] = ("#",),
    exchange: str = "amq.topic",
    *,
    bindings: Bindings = None,
    queues: Queues = None,
    url: str | None = None,
    prefetch: int = 10,
    recycle: float | None = None,
) -> Generator[Message, None, None]:
    """Yield each message whose topic matches, as `buildyard.messaging.aio.messages` does.

    The connection is kept alive while the body of the loop runs.  Leave the loop early inside `contextlib.closing`,
    so that what was not finished returns to its queue at once.
    """
    where = {"topics": topics, "exchange": exchange, "bindings": bindings, "queues": queues}
    return _blocking.messages({**where, "url": url, "prefetch": prefetch, "recycle": recycle})


_services: dict[str | None, FedoraMessagingServiceV2] = {}


def service(url: str | None = None) -> FedoraMessagingServiceV2:
    """Return this process's service for a broker, the configuration's unless given.

    It starts at its first use and stops with the reactor.
    """
    if url not in _services:
        from twisted.internet import reactor as found

        from buildyard.messaging.twisted.service import FedoraMessagingServiceV2

        reactor: Any = found
        made = _services[url] = FedoraMessagingServiceV2(url)
        made.startService()
        reactor.addSystemEventTrigger("before", "shutdown", _stop_service, url)
    return _services[url]


def _stop_service(url: str | None = None) -> Any:
    made = _services.pop(url, None)
    return None if made is None else made.stopService()


def twisted_consume(
    callback: Callable[[Message], Any] | type, bindings: Bindings = None, queues: Queues = None
) -> Deferred[list[Consumer]]:
    """Return a Deferred of the consumers, one a queue, which go on until each is cancelled or stops.

    The caller runs the reactor.  Plain functions run in its threads, coroutine functions on it.  The Deferred fails
    with `BadDeclaration`, `PermissionException` or `ConnectionException`.  Raises `ValueError` for arguments that are
    none.
    """
    consumers: Deferred[list[Consumer]] = service().factory.consume(callback, bindings, queues)
    return consumers


def twisted_publish(message: Message, exchange: str | None = None) -> Deferred[None]:
    """Return a Deferred that fires when the broker has confirmed the message.  Errors are those of `publish`."""
    published: Deferred[None] = service().factory.publish(message, exchange)
    return published
