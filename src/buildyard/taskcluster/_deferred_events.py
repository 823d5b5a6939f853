"""The events classes of Twisted programs: patterns for Pulse, and iterations over its messages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING

from buildyard.faces.deferred import DeferredIterator
from buildyard.taskcluster import _events
from buildyard.taskcluster._exchanges import Binding
from buildyard.taskcluster._listening import Listening
from buildyard.taskcluster.pulse import PulseEvent

if TYPE_CHECKING:
    from buildyard.messaging import Message


class DeferredListening(Listening):
    """An events class that Twisted programs listen with."""

    def listen(
        self,
        *bindings: Binding,
        url: str | None = None,
        user: str | None = None,
        queue: str | None = None,
        max_length: int | None = None,
        prefetch: int = 10,
    ) -> DeferredIterator[PulseEvent]:
        """Return an iteration over what happens, of these bindings, or of all exchanges of the service.

        Messages wait in the durable queue ``queue/<user>/<queue>``; without ``queue`` in one that ends with the
        iteration, and misses what happens while it is not connected.  ``user`` is that of the AMQP ``url``, which is
        that of the configuration of `buildyard.messaging` unless given.  The oldest are dropped from a queue of more
        than ``max_length``.  A message is acknowledged when the next one is asked for; end early with
        `DeferredIterator.aclose`.

        Raises `TaskclusterFailure` for a user that is none, and what `buildyard.messaging.tx.messages` raises.
        """
        from buildyard.messaging.tx import messages

        where = self._queue(bindings, url, user, queue, max_length)
        return DeferredIterator(self._events(messages(**where, url=url, prefetch=prefetch)))

    async def _events(self, messages: DeferredIterator[Message]) -> AsyncIterator[PulseEvent]:
        async with aclosing(messages):
            async for message in messages:
                yield self._event(message)


class AuthEvents(_events.AuthEvents, DeferredListening):
    """Exchanges of the auth service."""


class GithubEvents(_events.GithubEvents, DeferredListening):
    """Exchanges of the github service."""


class HooksEvents(_events.HooksEvents, DeferredListening):
    """Exchanges of the hooks service."""


class NotifyEvents(_events.NotifyEvents, DeferredListening):
    """Exchanges of the notify service."""


class QueueEvents(_events.QueueEvents, DeferredListening):
    """Exchanges of the queue service."""


class WorkerManagerEvents(_events.WorkerManagerEvents, DeferredListening):
    """Exchanges of the worker-manager service."""
