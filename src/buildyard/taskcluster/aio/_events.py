"""The events classes of asyncio programs: patterns for Pulse, and iterations over its messages."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from buildyard.taskcluster import _events
from buildyard.taskcluster._exchanges import Binding
from buildyard.taskcluster._listening import RECYCLE, Listening
from buildyard.taskcluster.pulse import PulseEvent

if TYPE_CHECKING:
    from buildyard.messaging import Message


class AsyncListening(Listening):
    """An events class that asyncio programs listen with."""

    def listen(
        self,
        *bindings: Binding,
        url: str | None = None,
        user: str | None = None,
        queue: str | None = None,
        max_length: int | None = None,
        prefetch: int = 10,
        recycle: float | None = RECYCLE,
    ) -> AsyncGenerator[PulseEvent, None]:
        """Yield what happens, of these bindings, or of all exchanges of the service.

        Messages wait in the durable queue ``queue/<user>/<queue>``; without ``queue`` in one that ends with the
        iteration, and misses what happens while it is not connected.  ``user`` is that of the AMQP ``url``, which is
        that of the configuration of `buildyard.messaging` unless given.  The oldest are dropped from a queue of more
        than ``max_length``.  A message is acknowledged when the next one is asked for; leave the loop early inside
        `contextlib.aclosing`.  The connection is made anew each ``recycle`` seconds.

        Raises `TaskclusterFailure` for a user that is none, and what `buildyard.messaging.aio.messages` raises.
        """
        from buildyard.messaging.aio import messages

        where = self._queue(bindings, url, user, queue, max_length)
        return self._events(messages(**where, url=url, prefetch=prefetch, recycle=recycle))

    async def _events(self, messages: AsyncGenerator[Message, None]) -> AsyncGenerator[PulseEvent, None]:
        async with aclosing(messages):
            async for message in messages:
                yield self._event(message)


class AuthEvents(_events.AuthEvents, AsyncListening):
    """Exchanges of the auth service."""


class GithubEvents(_events.GithubEvents, AsyncListening):
    """Exchanges of the github service."""


class HooksEvents(_events.HooksEvents, AsyncListening):
    """Exchanges of the hooks service."""


class NotifyEvents(_events.NotifyEvents, AsyncListening):
    """Exchanges of the notify service."""


class QueueEvents(_events.QueueEvents, AsyncListening):
    """Exchanges of the queue service."""


class WorkerManagerEvents(_events.WorkerManagerEvents, AsyncListening):
    """Exchanges of the worker-manager service."""
