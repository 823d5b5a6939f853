"""Listening to Pulse: which queue to consume from, and the messages that come as events.

`Listening` is what the three faces of an events class share; ``_blocking_events``, ``aio._events`` and
``_deferred_events`` have them.  `buildyard.messaging` does the rest, and is imported when somebody listens: it needs
the extra ``messaging``.

Pulse's rules are by name: a user declares only queues named ``queue/<user>/...``, and may bind them to every exchange.
Its guardian deletes queues that grow, so a consumer must be ready for `ConsumerCanceled`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from buildyard.taskcluster import pulse
from buildyard.taskcluster._exchanges import Binding, Events
from buildyard.taskcluster.errors import TaskclusterFailure
from buildyard.taskcluster.slugid import slugId

if TYPE_CHECKING:
    from buildyard.messaging import Message

#: Seconds after which a connection is made anew, so that the way back is walked before it is needed.
RECYCLE = 3600.0


class Listening(Events):
    """An events class that can listen."""

    def _queue(
        self, bindings: Iterable[Binding], url: str | None, user: str | None, queue: str | None, max_length: int | None
    ) -> dict[str, Any]:
        """Return the arguments ``bindings`` and ``queues`` of a consumer.  Raises `TaskclusterFailure`."""
        name = f"queue/{_user(url, user)}/{queue or slugId()}"
        arguments = {} if max_length is None else {"x-max-length": max_length}
        table = {
            "durable": queue is not None,
            "auto_delete": queue is None,
            "exclusive": queue is None,
            "arguments": arguments,
        }
        wanted = [*bindings] or [self._binding(facts, (), {}) for facts in self.exchanges()]
        return {
            "bindings": [
                {"queue": name, "exchange": one["exchange"], "routing_keys": [one["routingKeyPattern"]]}
                for one in wanted
            ],
            "queues": {name: table},
        }

    def _event(self, message: Message) -> pulse.PulseEvent:
        return pulse.event_of(message, self._own_places())

    def _own_places(self) -> Mapping[str, pulse.Place]:
        return pulse.places(type(self), self._prefix)


def _user(url: str | None, user: str | None) -> str:
    from buildyard.messaging._settings import settings_of

    found = user or settings_of(url).parameters.user
    if not found or "/" in found:
        raise TaskclusterFailure(f"{found!r} is no user of Pulse; queues are named by it: give user=")
    return found
