"""What becomes of delivered messages: verdicts, and acknowledgements that go out together."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from msgspec import Struct

from buildyard.messaging._link import Link
from buildyard.messaging._properties import Headers
from buildyard.messaging._runtime import Runtime
from buildyard.messaging.exceptions import Drop, HaltConsumer, Nack

#: So many ids of messages that came back are remembered.
_REMEMBERED = 10_000


class Verdict(Struct, frozen=True, kw_only=True):
    """What is done with a message after its handler has ended."""

    statistic: str  #: which number of `Stats` it adds to
    is_acked: bool = False
    is_requeued: bool = False
    is_last: bool = False  #: the consumer stops
    gives_all_back: bool = False  #: with everything else that was delivered and not handled


PROCESSED = Verdict(statistic="processed", is_acked=True)
DROPPED = Verdict(statistic="dropped")
INVALID = Verdict(statistic="invalid")
REJECTED = Verdict(statistic="rejected", is_requeued=True)


def verdict_on(error: BaseException) -> Verdict:
    """Return what a handler's exception means for its message."""
    if isinstance(error, Nack):
        return REJECTED
    if isinstance(error, Drop):
        return DROPPED
    if isinstance(error, HaltConsumer):
        statistic = "rejected" if error.requeue else "processed"
        return Verdict(statistic=statistic, is_acked=not error.requeue, is_requeued=error.requeue, is_last=True)
    return Verdict(statistic="failed", is_requeued=True, is_last=True, gives_all_back=True)


class Stats(Struct, kw_only=True):
    """What a consumer has done since it began."""

    received: int = 0
    processed: int = 0
    dropped: int = 0
    rejected: int = 0
    failed: int = 0
    invalid: int = 0


def totals(several: Iterable[Stats]) -> dict[str, int]:
    """Return the sums of what several consumers have done, by name."""
    sums = dict.fromkeys(Stats.__struct_fields__, 0)
    for one in several:
        for name in sums:
            sums[name] += getattr(one, name)
    return sums


class Redelivery(Struct, frozen=True, kw_only=True):
    """How often, and after which delay, a message that a handler gave back comes again.

    After ``limit`` times it is dropped, and so dead-lettered where the queue says so.  Quorum queues count themselves;
    for others the count is this process's own.
    """

    limit: int | None = None  #: None: for ever, as fedora-messaging does
    delay: float = 0.0  #: seconds


class Returns:
    """Counts how often messages were given back."""

    def __init__(self, policy: Redelivery) -> None:
        self._policy = policy
        self._counts: OrderedDict[str, int] = OrderedDict()

    def verdict(self, message_id: str | None, headers: Headers) -> Verdict:
        """Return what becomes of a message that is given back now."""
        limit = self._policy.limit
        if limit is None:
            return REJECTED
        return DROPPED if self._count(message_id, headers) > limit else REJECTED

    def _count(self, message_id: str | None, headers: Headers) -> int:
        told = headers.get("x-delivery-count")
        if isinstance(told, int):
            return told + 1
        if message_id is None:
            # Nothing tells one such message from another; to give it back for ever would be a loop.
            return (self._policy.limit or 0) + 1
        count = self._counts.pop(message_id, 0) + 1
        self._counts[message_id] = count
        while len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)
        return count

    @property
    def delay(self) -> float:
        """Seconds that a message rests before it goes back."""
        return self._policy.delay


class Settler:
    """Settles the deliveries of one channel; acknowledgements of one turn of the loop go out together."""

    def __init__(self, link: Link, channel: int, runtime: Runtime) -> None:
        self.link = link
        self.channel = channel
        self._runtime = runtime
        self._held: dict[int, bool] = {}  #: tag to whether it is to be acknowledged, in order of delivery
        self._is_flushing = False
        self._is_over = False

    def hold(self, tag: int) -> None:
        """Remember a delivery."""
        self._held[tag] = False

    @property
    def is_over(self) -> bool:
        """Tell whether the channel is gone, and the broker has given its deliveries to others."""
        return self._is_over or self.link.is_over

    def end(self) -> None:
        """The channel is gone."""
        self._is_over = True

    def ack(self, tag: int) -> None:
        """Acknowledge at the end of this turn."""
        self._held[tag] = True
        if not self._is_flushing:
            self._is_flushing = True
            self._runtime.call_soon(self.flush)

    def nack(self, tag: int, *, requeue: bool, delay: float = 0.0) -> None:
        """Give a message back, or have it dropped."""
        if delay:
            self._runtime.call_later(delay, lambda: self.nack(tag, requeue=requeue))
            return
        if self.is_over or self._held.pop(tag, None) is None:
            return
        self.link.core.nack(self.channel, tag, requeue=requeue)
        self.link.flush_soon()

    def give_all_back(self) -> None:
        """Give back everything that is not settled."""
        self.flush()
        if not self.is_over:
            self._held.clear()
            self.link.core.nack(self.channel, 0, requeue=True, multiple=True)
            self.link.flush_soon()

    def flush(self) -> None:
        """Send the acknowledgements that there are."""
        self._is_flushing = False
        if self.is_over:
            return
        first = self._leading()
        for tag in first:
            del self._held[tag]
        if first:
            self.link.core.ack(self.channel, first[-1], multiple=len(first) > 1)
        # What overtook an unfinished one goes alone.
        for tag in [tag for tag, is_acked in self._held.items() if is_acked]:
            del self._held[tag]
            self.link.core.ack(self.channel, tag)
        self.link.flush_soon()

    def _leading(self) -> list[int]:
        tags: list[int] = []
        for tag, is_acked in self._held.items():
            if not is_acked:
                break
            tags.append(tag)
        return tags
