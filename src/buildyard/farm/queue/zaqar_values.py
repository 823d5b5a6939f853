"""What a Zaqar tells, as the values of `base`.  It tells ages; moments are by the clock that is given here."""

from __future__ import annotations

from collections.abc import Callable

from buildyard.farm.queue.base import Claim, Message, Popped, QueueStats
from buildyard.marconi import aio
from buildyard.marconi.models import QueueStats as RemoteStats
from buildyard.marconi.models import StatsMessage


class Values:
    """Turns answers into values, at the time of their coming."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def message(self, told: aio.Message, *, is_free: bool = False) -> Message:
        """Return a message as it was listed, claimed or read; nobody holds one that ``is_free``."""
        return Message(
            id=told.id,
            body=told.body,
            ttl=told.ttl,
            created=self._clock() - told.age,
            age=float(told.age),
            claim_id=None if is_free else told.claim_id,
            claim_count=told.claim_count,
        )

    def popped(self, told: aio.Message, queue: str) -> Popped:
        """Return a message that was popped from this queue."""
        return Popped(
            id=told.id,
            queue=queue,
            body=told.body,
            ttl=told.ttl,
            age=float(told.age),
            claim_count=told.claim_count,
        )

    def claim(self, told: aio.Claim, *, age: float) -> Claim:
        """Return a claim that was made or read, this many seconds after its beginning."""
        return Claim(
            id=told.id or "",
            ttl=told.ttl,
            grace=told.grace,
            created=self._clock() - age,
            age=age,
            messages=tuple(self.message(each) for each in told),
        )

    def stats(self, told: RemoteStats) -> QueueStats:
        """Return how much is in a queue."""
        return QueueStats(
            claimed=told.claimed,
            free=told.free,
            oldest=self._end(told.oldest),
            newest=self._end(told.newest),
        )

    def _end(self, told: StatsMessage | None) -> Message | None:
        if told is None:
            return None
        return Message(
            id=told.id,
            body=told.body,
            ttl=told.ttl or 0,
            created=self._clock() - told.age,
            age=float(told.age),
            claim_id=told.claim_id,
            claim_count=told.claim_count,
        )
