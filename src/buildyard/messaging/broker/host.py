"""The broker's heart, without I/O, loop or clock: queues, and what becomes of messages in them.

`routing` has the exchanges that lead there.  Times are seconds of any clock that never goes back, given by the caller,
who calls `Host.tick` when `next_deadline` is reached.  `session` is what a connection does here; peers are told of what
happens at once, within the call.
"""

from __future__ import annotations

import base64
import heapq
import logging
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from buildyard.messaging.broker import deaths
from buildyard.messaging.broker.arguments import COMPARED, expiration_of, options_of
from buildyard.messaging.broker.channel import Held
from buildyard.messaging.broker.errors import inequivalent, locked, not_found, reserved
from buildyard.messaging.broker.messages import Content, Entry
from buildyard.messaging.broker.queues import Queue
from buildyard.messaging.broker.routing import Exchanges

log = logging.getLogger(__name__)


class Host:
    """One virtual host.  ``unix_offset`` is what a time lacks to be seconds since 1970."""

    def __init__(self, *, unix_offset: float = 0.0) -> None:
        self.queues: dict[str, Queue] = {}
        self.exchanges = Exchanges(self.queues)
        self._unix_offset = unix_offset
        self._alarms: list[tuple[float, int, Queue]] = []
        self._alarm = 0

    # --- queues -----------------------------------------------------------------------------------

    def queue(self, name: str, who: object) -> Queue:
        """Return a queue that somebody may use.  Raises `Refused`."""
        found = self.queues.get(name)
        if found is None:
            raise not_found("queue", name)
        if found.owner is not None and found.owner is not who:
            raise locked(name)
        return found

    def declare_queue(
        self,
        name: str,
        who: object,
        *,
        now: float,
        is_durable: bool = False,
        is_exclusive: bool = False,
        is_auto_delete: bool = False,
        arguments: Mapping[str, Any],
    ) -> Queue:
        """Have a queue; one without a name gets one.  Raises `Refused` where there is another one under that name."""
        known = self.queues.get(name) if name else None
        if known is not None:
            _compare_queue(known, who, is_durable, is_exclusive, is_auto_delete, arguments)
            known.used_at = now
            return known
        if name.startswith("amq."):
            raise reserved("queue", name)
        name = name or _new_name()
        made = Queue(
            name,
            options_of(name, arguments),
            dict(arguments),
            now=now,
            owner=who if is_exclusive else None,
            is_durable=is_durable,
            is_auto_delete=is_auto_delete,
        )
        self.queues[name] = made
        self.exchanges.queues_changed()
        self._watch(made)
        return made

    def delete_queue(self, queue: Queue) -> int:
        """Return how many messages were thrown away with a queue; its consumers are told."""
        del self.queues[queue.name]
        queue.is_deleted = True
        self.exchanges.unbind_everywhere(queue)
        for consumer in list(queue.consumers):
            consumer.leave()
            del consumer.channel.consumers[consumer.tag]
            consumer.channel.session.peer.cancelled(consumer.channel.number, consumer.tag)
        return queue.count

    def purge(self, queue: Queue) -> int:
        """Return how many messages were thrown away."""
        count = queue.count
        while queue.count:
            queue.take()
        return count

    def consumer_left(self, queue: Queue, now: float) -> None:
        """A queue has lost a consumer."""
        if queue.is_deleted:
            return
        if queue.is_auto_delete and not queue.consumers:
            self.delete_queue(queue)
        else:
            self.watch(queue, now)

    # --- messages ---------------------------------------------------------------------------------

    def publish(self, content: Content, *, now: float) -> tuple[bool, bool]:
        """Return whether any queue is bound for a message, and whether all that are took it.  Raises `Refused`."""
        queues = self.exchanges.queues_of(content)
        priority, expires = 0, None
        if not content.is_plain:
            properties = content.peek()
            priority, expires = properties.priority or 0, expiration_of(properties.expiration)
            content = content.without_bcc()
        is_taken = True
        for queue in queues:
            entry = Entry(content)
            entry.priority = priority
            if not self._enter(queue, entry, expires, now):
                is_taken = False
        return bool(queues), is_taken

    def _enter(self, queue: Queue, entry: Entry, expires: float | None, now: float) -> bool:
        """Tell whether the queue takes a message; it goes to a consumer at once where one waits."""
        queue.number(entry)
        options = queue.options
        if queue.has_expiring or expires is not None:
            self._set_expiry(queue, entry, expires, now)
        if not queue.count and queue.takers:
            consumer = queue.next_taker()
            if consumer is not None:
                consumer.take(entry)
                return True
        if options.is_bounded:
            size = len(entry.content.body)
            if options.overflow != "drop-head" and queue.is_over(count=1, size=size):
                if options.overflow == "reject-publish-dlx":
                    self.bury(queue, entry, deaths.TOO_LONG, now)
                return False
        queue.put(entry)
        while options.is_bounded and queue.count and queue.is_over():
            self.bury(queue, queue.take(), deaths.TOO_LONG, now)
        if queue.has_expiring:
            self._expire(queue, now)
            self._watch(queue)
        return True

    def _set_expiry(self, queue: Queue, entry: Entry, expires: float | None, now: float) -> None:
        lives = [one for one in (queue.options.message_ttl, expires) if one is not None]
        entry.expires_at = now + min(lives)
        queue.has_expiring = True

    def serve(self, queue: Queue, now: float) -> None:
        """Give a queue's messages to the consumers who may take them."""
        self._expire(queue, now)
        while queue.count:
            consumer = queue.next_taker()
            if consumer is None:
                break
            consumer.take(queue.take())
            # What was behind it may have expired long ago.
            self._expire(queue, now)
        self._watch(queue)

    def _expire(self, queue: Queue, now: float) -> None:
        while queue.has_expiring and queue.count:
            expires_at = queue.first().expires_at
            if expires_at is None or expires_at > now:
                break
            self.bury(queue, queue.take(), deaths.EXPIRED, now)

    def put_back(self, held: Iterable[Held], now: float) -> None:
        """Let messages wait again that were delivered and not acknowledged."""
        queues: dict[Queue, None] = {}
        for one in held:
            if not one.queue.is_deleted:
                one.queue.put_back(one.entry)
                queues[one.queue] = None
        for queue in queues:
            while queue.options.is_bounded and queue.options.overflow == "drop-head" and queue.is_over():
                self.bury(queue, queue.take(), deaths.TOO_LONG, now)
            self.serve(queue, now)

    def bury(self, queue: Queue, entry: Entry, reason: str, now: float) -> None:
        """Dead-letter a message, where the queue says where to."""
        name = queue.options.dead_letter_exchange
        if name is None:
            return
        try:
            content = deaths.dead_letter(
                entry.content,
                queue=queue.name,
                reason=reason,
                exchange=name,
                routing_key=queue.options.dead_letter_routing_key,
                unix_time=now + self._unix_offset,
            )
        except ValueError as error:
            log.warning("A message of the queue %s cannot be dead-lettered: %s", queue.name, error)
            return
        targets = self.exchanges.queues_of_letter(content)
        if targets is None:
            log.warning("The queue %s dead-letters to the exchange %s, which is not there", queue.name, name)
            return
        for target in targets:
            if reason == deaths.REJECTED or not deaths.is_circle(content, target.name):
                letter = Entry(content)
                letter.priority = content.peek().priority or 0
                self._enter(target, letter, None, now)

    # --- time -------------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """Return when `tick` is due next, or None."""
        return self._alarms[0][0] if self._alarms else None

    def tick(self, now: float) -> None:
        """Do what is due: expire messages and queues."""
        while self._alarms and self._alarms[0][0] <= now:
            rings_at, _, queue = heapq.heappop(self._alarms)
            if queue.is_deleted or queue.alarm != rings_at:
                continue  # an earlier one took its place
            queue.alarm = None
            self._expire(queue, now)
            expires = queue.options.expires
            if expires is not None and not queue.consumers and queue.used_at + expires <= now:
                self.delete_queue(queue)
            else:
                self._watch(queue)

    def watch(self, queue: Queue, now: float) -> None:
        """A queue was used."""
        queue.used_at = now
        self._watch(queue)

    def _watch(self, queue: Queue) -> None:
        deadline = queue.deadline()
        # Where it is looked at earlier anyway, that look sets the next.
        if deadline is not None and (queue.alarm is None or deadline < queue.alarm):
            self._alarm += 1
            queue.alarm = deadline
            heapq.heappush(self._alarms, (deadline, self._alarm, queue))


def _new_name() -> str:
    return "amq.gen-" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def _compare_queue(
    known: Queue,
    who: object,
    is_durable: bool,
    is_exclusive: bool,
    is_auto_delete: bool,
    arguments: Mapping[str, Any],
) -> None:
    if known.owner is not (who if is_exclusive else None):
        raise locked(known.name)
    pairs: list[tuple[str, Any, Any]] = [
        ("durable", is_durable, known.is_durable),
        ("auto_delete", is_auto_delete, known.is_auto_delete),
    ]
    pairs += [(name, arguments.get(name), known.arguments.get(name)) for name in COMPARED]
    for name, received, current in pairs:
        if received != current:
            raise inequivalent(name, "queue", known.name, received, current)
