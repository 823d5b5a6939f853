"""The events classes of blocking programs: patterns for Pulse, and iterations over its messages."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import TYPE_CHECKING

from buildyard.taskcluster import _events
from buildyard.taskcluster._exchanges import Binding
from buildyard.taskcluster._listening import RECYCLE, Listening
from buildyard.taskcluster.pulse import PulseEvent

if TYPE_CHECKING:
    from buildyard.messaging import Message


class BlockingListening(Listening):
    """An events class that blocking programs listen with."""

    def listen(
        self,
        *bindings: Binding,
        url: str | None = None,
        user: str | None = None,
        queue: str | None = None,
        max_length: int | None = None,
        prefetch: int = 10,
        recycle: float | None = RECYCLE,
    ) -> Generator[PulseEvent, None, None]:
        """Yield what happens, of these bindings, or of all exchanges of the service.

        Messages wait in the durable queue ``queue/<user>/<queue>``; without ``queue`` in one that ends with the
        iteration, and misses what happens while it is not connected.  ``user`` is that of the AMQP ``url``, which is
        that of the configuration of `buildyard.messaging` unless given.  The oldest are dropped from a queue of more
        than ``max_length``.  A message is acknowledged when the next one is asked for; leave the loop early inside
        `contextlib.closing`.  The connection is made anew each ``recycle`` seconds.

        Raises `TaskclusterFailure` for a user that is none, and what `buildyard.messaging.messages` raises.
        """
        from buildyard.messaging import messages

        where = self._queue(bindings, url, user, queue, max_length)
        return self._events(messages(**where, url=url, prefetch=prefetch, recycle=recycle))

    def _events(self, messages: Generator[Message, None, None]) -> Generator[PulseEvent, None, None]:
        with closing(messages):
            for message in messages:
                yield self._event(message)


class AuthEvents(_events.AuthEvents, BlockingListening):
    """Exchanges of the auth service."""


class GithubEvents(_events.GithubEvents, BlockingListening):
    """Exchanges of the github service."""


class HooksEvents(_events.HooksEvents, BlockingListening):
    """Exchanges of the hooks service."""


class NotifyEvents(_events.NotifyEvents, BlockingListening):
    """Exchanges of the notify service."""


class QueueEvents(_events.QueueEvents, BlockingListening):
    """Exchanges of the queue service."""


class WorkerManagerEvents(_events.WorkerManagerEvents, BlockingListening):
    """Exchanges of the worker-manager service."""
