"""Many times by which something is to have happened, and one timer for all of them.

A timer for each message would be a third of what it costs to publish one.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any, NamedTuple

from buildyard.messaging._runtime import Runtime, Timer


class _Deadline(NamedTuple):
    when: float
    number: int  #: so that two of one time are never compared further
    seconds: float
    future: Any


class Deadlines:
    """Calls ``passed(future, seconds)`` for each future that is not done when its time is up."""

    def __init__(self, runtime: Runtime, passed: Callable[[Any, float], object]) -> None:
        self._runtime = runtime
        self._passed = passed
        self._heap: list[_Deadline] = []
        self._count = 0
        self._timer: Timer | None = None
        self._rings_at = 0.0

    def add(self, future: Any, seconds: float) -> None:
        """Give a future so many seconds from now."""
        self._forget_done()
        self._count += 1
        when = self._runtime.now() + seconds
        heapq.heappush(self._heap, _Deadline(when, self._count, seconds, future))
        if self._timer is None or when < self._rings_at:
            self._set_timer(when)

    def close(self) -> None:
        """Let no time be up any more."""
        self._heap.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _forget_done(self) -> None:
        while self._heap and self._heap[0].future.done():
            heapq.heappop(self._heap)

    def _set_timer(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings_at = when
        self._timer = self._runtime.call_later(max(0.0, when - self._runtime.now()), self._ring)

    def _ring(self) -> None:
        self._timer = None
        now = self._runtime.now()
        while self._heap and (self._heap[0].when <= now or self._heap[0].future.done()):
            due = heapq.heappop(self._heap)
            if not due.future.done():
                self._passed(due.future, due.seconds)
        if self._heap and self._timer is None:
            self._set_timer(self._heap[0].when)
