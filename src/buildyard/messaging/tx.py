"""Publish and consume in Twisted programs, under the names that the other faces have."""

from __future__ import annotations

from collections.abc import Sequence

from buildyard.faces.deferred import DeferredIterator
from buildyard.messaging._consuming import Bindings, Queues
from buildyard.messaging._iterating import places
from buildyard.messaging.api import Consumer, service
from buildyard.messaging.api import twisted_consume as consume
from buildyard.messaging.api import twisted_publish as publish
from buildyard.messaging.message import Message

__all__ = ["Consumer", "consume", "messages", "publish"]


def messages(
    topics: Sequence[str] = ("#",),
    exchange: str = "amq.topic",
    *,
    bindings: Bindings = None,
    queues: Queues = None,
    url: str | None = None,
    prefetch: int = 10,
) -> DeferredIterator[Message]:
    """Return an iteration over each message whose topic matches; see `buildyard.messaging.aio.messages`.

    ``async for`` works in coroutines of Twisted's, `each` and `collect` in other code.  Leave it with `aclose`.
    """
    bindings, queues = places(topics, exchange, bindings, queues)
    return DeferredIterator(service(url).factory.messages(bindings, queues, prefetch=prefetch))
