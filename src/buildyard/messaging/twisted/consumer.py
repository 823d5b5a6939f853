"""A consumer of one queue, as `twisted_consume` returns it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from buildyard.messaging._settling import Stats

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from buildyard.messaging._consumer import QueueConsumer

__all__ = ["Consumer"]


class Consumer:
    """One consumer.  ``result`` is a Deferred: it fires after `cancel`, and fails with any other reason to stop."""

    def __init__(self, queue: str | None = None, callback: Callable[..., Any] | None = None) -> None:
        from twisted.internet.defer import Deferred

        self.callback = callback
        self.result: Deferred[Any] = Deferred()
        self._queue = queue
        self._inner: QueueConsumer | None = None

    def _follow(self, inner: QueueConsumer) -> None:
        self._inner = inner
        inner.on_stop = self._stopped

    def _stopped(self, error: Exception | None) -> None:
        if not self.result.called:
            if error is None:
                self.result.callback(None)
            else:
                self.result.errback(error)

    @property
    def queue(self) -> str | None:
        """The queue's name, as the broker knows it."""
        return self._queue if self._inner is None else self._inner.queue

    @property
    def running(self) -> bool:
        """Tell whether messages come."""
        return self._inner is not None and self._inner.running

    @property
    def stats(self) -> Stats:
        """What it has done since it began."""
        return Stats() if self._inner is None else self._inner.stats

    def cancel(self) -> Deferred[None]:
        """Return a Deferred that fires when the message under way is finished and the consumer has ended."""
        from twisted.internet.defer import Deferred, succeed

        if self._inner is None:
            return succeed(None)
        return Deferred.fromCoroutine(self._inner.cancel())

    def __repr__(self) -> str:
        return f"Consumer(queue={self.queue!r}, callback={self.callback!r})"
