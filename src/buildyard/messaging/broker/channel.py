"""A channel on the broker's side: its consumers, what they hold, and how much more they may."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from buildyard.messaging.broker.errors import Refused
from buildyard.messaging.broker.messages import Content, Entry
from buildyard.messaging.broker.queues import Queue

if TYPE_CHECKING:
    from buildyard.messaging.broker.session import Session


class Consumer:
    """One consumer of a queue."""

    __slots__ = ("channel", "held", "is_acking", "is_exclusive", "is_gone", "is_waiting", "limit", "queue", "tag")

    def __init__(self, channel: Channel, queue: Queue, tag: str, *, is_acking: bool, is_exclusive: bool) -> None:
        self.channel = channel
        self.queue = queue
        self.tag = tag
        self.is_acking = is_acking  #: messages are held until it has settled them
        self.is_exclusive = is_exclusive
        self.limit = channel.prefetch  #: messages it may hold; 0 for any number
        self.held = 0
        self.is_waiting = False  #: among its queue's takers
        self.is_gone = False

    def may_take(self) -> bool:
        """Tell whether it may have another message."""
        channel = self.channel
        if channel.session.is_paused:
            return False
        return not self.is_acking or (
            (not self.limit or self.held < self.limit) and (not channel.limit or len(channel.held) < channel.limit)
        )

    def wait(self) -> None:
        """Stand among those who take messages, if it may."""
        if not (self.is_waiting or self.is_gone) and self.may_take():
            self.is_waiting = True
            self.queue.takers.append(self)

    def leave(self) -> None:
        """Take no more; what it holds may still be settled."""
        self.is_gone = True
        self.queue.consumers.remove(self)
        if self.is_waiting:
            self.queue.takers.remove(self)
            self.is_waiting = False

    def take(self, entry: Entry) -> None:
        """Take a message."""
        tag = self.channel.hold(self.queue, entry, self) if self.is_acking else self.channel.next_tag()
        self.channel.session.peer.delivered(self.channel.number, self.tag, tag, entry)


class Held(NamedTuple):
    """A message that was delivered and is not settled."""

    queue: Queue
    entry: Entry
    consumer: Consumer | None  #: none where it was asked for


class Channel:
    """One channel of a session."""

    def __init__(self, session: Session, number: int) -> None:
        self.session = session
        self.number = number
        self.is_open = True
        self.is_confirming = False
        self.published = 0  #: messages, in confirm mode
        self.prefetch = 0  #: of the consumers that begin from now on
        self.limit = 0  #: messages that all consumers together may hold; 0 for any number
        self.held: dict[int, Held] = {}  #: by tag, in order of delivery
        self.consumers: dict[str, Consumer] = {}
        self.last_queue = ""  #: what an empty name means
        self._last_tag = 0

    def next_tag(self) -> int:
        """Return the tag of a delivery."""
        self._last_tag += 1
        return self._last_tag

    def hold(self, queue: Queue, entry: Entry, consumer: Consumer | None) -> int:
        """Return the tag of a delivery that is to be settled."""
        tag = self.next_tag()
        self.held[tag] = Held(queue, entry, consumer)
        if consumer is not None:
            consumer.held += 1
        return tag

    def release(self, tag: int, *, multiple: bool) -> list[Held]:
        """Return what is settled now, in order of delivery; consumers may take more.  Raises `Refused`."""
        if not multiple:
            found = self.held.pop(tag, None)
            if found is None:
                raise _unknown(tag)
            _let_go(found)
            return [found]
        if tag and tag not in self.held:
            raise _unknown(tag)
        tags = []
        for one in self.held:
            tags.append(one)
            if one == tag:
                break
        released = [self.held.pop(one) for one in tags]
        for held in released:
            _let_go(held)
        return released

    def wake(self) -> None:
        """Let consumers stand up who may take messages again."""
        for consumer in self.consumers.values():
            consumer.wait()

    def confirm(self, is_taken: bool) -> None:
        """Tell what became of the message that was published last, in confirm mode."""
        if self.is_confirming:
            self.session.peer.confirmed(self.number, self.published, is_taken)

    def give_back(self, content: Content) -> None:
        """Return a message that no queue takes."""
        self.session.peer.returned(self.number, content, 312, "NO_ROUTE")


def _let_go(held: Held) -> None:
    if held.consumer is not None:
        held.consumer.held -= 1


def _unknown(tag: int) -> Refused:
    return Refused(406, f"unknown delivery tag {tag}")
