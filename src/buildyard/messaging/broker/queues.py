"""A queue: messages in order, and the consumers who take them in turn.

It only keeps: `host` decides what enters, what becomes of what leaves, and when it is deleted.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from buildyard.messaging.broker.arguments import Options
from buildyard.messaging.broker.messages import Entry

if TYPE_CHECKING:
    from buildyard.messaging.broker.channel import Consumer


class _Line:
    """Messages of one priority, oldest first.  What comes back takes its old place again."""

    __slots__ = ("_fresh", "_returned")

    def __init__(self) -> None:
        self._fresh: deque[Entry] = deque()
        self._returned: list[Entry] = []  #: a heap; all of them are older than the fresh ones

    def __len__(self) -> int:
        return len(self._fresh) + len(self._returned)

    def __iter__(self) -> Iterator[Entry]:
        yield from sorted(self._returned)
        yield from self._fresh

    def first(self) -> Entry:
        return self._returned[0] if self._returned else self._fresh[0]

    def take(self) -> Entry:
        return heapq.heappop(self._returned) if self._returned else self._fresh.popleft()

    def put(self, entry: Entry) -> None:
        self._fresh.append(entry)

    def put_back(self, entry: Entry) -> None:
        # Messages leave from the front alone, so what was away is older than all that have not been.
        heapq.heappush(self._returned, entry)


class Queue:
    """One queue."""

    def __init__(
        self,
        name: str,
        options: Options,
        arguments: dict[str, Any],
        *,
        now: float,
        owner: object = None,
        is_durable: bool = False,
        is_auto_delete: bool = False,
    ) -> None:
        self.name = name
        self.options = options
        self.arguments = arguments
        self.owner = owner  #: the session that alone may use it
        self.is_durable = is_durable
        self.is_auto_delete = is_auto_delete
        self.is_deleted = False
        self.count = 0  #: messages that wait
        self.bytes = 0  #: of their bodies
        self.used_at = now  #: when it last had a consumer, was declared or asked for a message
        self.alarm: float | None = None  #: when the host looks at it by itself
        self.consumers: list[Consumer] = []
        self.takers: deque[Consumer] = deque()  #: the consumers that may take a message now, the next one first
        self.has_expiring = options.message_ttl is not None
        self._lines = [_Line() for _ in range(options.max_priority + 1)]
        self._last = 0

    @property
    def is_exclusive(self) -> bool:
        """Tell whether it is one connection's own."""
        return self.owner is not None

    def __iter__(self) -> Iterator[Entry]:
        for line in reversed(self._lines):
            yield from line

    def number(self, entry: Entry) -> None:
        """Give a message that arrives its place."""
        self._last += 1
        entry.position = self._last
        entry.priority = min(entry.priority, self.options.max_priority)

    def put(self, entry: Entry) -> None:
        """Let a message wait, behind those of its priority."""
        self._lines[entry.priority].put(entry)
        self._counted(entry, 1)

    def put_back(self, entry: Entry) -> None:
        """Let a message wait that was taken before, at its old place."""
        entry.is_redelivered = True
        self._lines[entry.priority].put_back(entry)
        self._counted(entry, 1)

    def _counted(self, entry: Entry, by: int) -> None:
        self.count += by
        self.bytes += by * len(entry.content.body)

    def first(self) -> Entry:
        """Return the message that is next, and leave it."""
        return self._line().first()

    def take(self) -> Entry:
        """Return the message that is next, which waits no longer."""
        entry = self._line().take()
        self._counted(entry, -1)
        return entry

    def _line(self) -> _Line:
        lines = self._lines
        if len(lines) == 1:
            return lines[0]
        return next(line for line in reversed(lines) if len(line))

    def is_over(self, *, count: int = 0, size: int = 0) -> bool:
        """Tell whether so much more would be too much."""
        options = self.options
        return (options.max_length is not None and self.count + count > options.max_length) or (
            options.max_bytes is not None and self.bytes + size > options.max_bytes
        )

    def next_taker(self) -> Consumer | None:
        """Return the consumer whose turn it is, after which it is the next one's; None where none may take any."""
        takers = self.takers
        while takers:
            consumer = takers[0]
            if consumer.may_take():
                takers.rotate(-1)
                return consumer
            consumer.is_waiting = False
            takers.popleft()
        return None

    def deadline(self) -> float | None:
        """Return when something is due: the first message expires, or the queue itself."""
        moments = []
        if self.has_expiring and self.count:
            expires_at = self.first().expires_at
            if expires_at is not None:
                moments.append(expires_at)
        if self.options.expires is not None and not self.consumers:
            moments.append(self.used_at + self.options.expires)
        return min(moments, default=None)
