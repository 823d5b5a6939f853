"""One connection on the broker's side: its channels, and what each method of AMQP does.

`memory` has sessions of this process, `server` those of sockets.  Whoever has one gives it a `Peer`, which is told of
what happens, within the calls of whichever session causes it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

from pamqp import commands

from buildyard.messaging.broker import deaths
from buildyard.messaging.broker.channel import Channel, Consumer, Held
from buildyard.messaging.broker.errors import Refused
from buildyard.messaging.broker.exchanges import Exchange
from buildyard.messaging.broker.host import Host
from buildyard.messaging.broker.messages import Content, Entry
from buildyard.messaging.broker.queues import Queue

Basic = commands.Basic


class Peer(Protocol):
    """Who is at the other end of a session.  It only takes note: it calls nothing of the broker."""

    def answered(self, channel: int, method: Any, /) -> None:
        """The answer to a method."""

    def delivered(self, channel: int, consumer: str, tag: int, entry: Entry, /) -> None:
        """A message for a consumer."""

    def returned(self, channel: int, content: Content, code: int, text: str, /) -> None:
        """A mandatory message that no queue takes; its confirmation follows."""

    def confirmed(self, channel: int, tag: int, is_taken: bool, /) -> None:
        """What became of a message that was published."""

    def cancelled(self, channel: int, consumer: str, /) -> None:
        """A consumer whose queue is gone."""

    def closed(self, code: int, text: str, /) -> None:
        """The broker ends the connection."""


class Got(NamedTuple):
    """A message that was asked for."""

    tag: int
    entry: Entry
    left: int  #: messages that wait behind it


class Session:
    """A connection.  Every call may raise `Refused`; who calls then closes the channel or, where it is hard, this."""

    def __init__(self, host: Host, peer: Peer, *, user: str = "guest") -> None:
        self.host = host
        self.peer = peer
        self.user = user
        self.channels: dict[int, Channel] = {}
        self.is_paused = False  #: it gets no messages for now
        self.is_open = True

    def open_channel(self, number: int) -> Channel:
        """Return a new channel."""
        if number in self.channels:
            raise Refused(504, "second 'channel.open' seen")
        made = self.channels[number] = Channel(self, number)
        return made

    def close_channel(self, channel: Channel, now: float) -> None:
        """End a channel: its consumers are gone, and what they hold waits again."""
        if not channel.is_open:
            return
        channel.is_open = False
        del self.channels[channel.number]
        queues = self._leave(channel.consumers.values())
        held = list(channel.held.values())
        channel.held.clear()
        channel.consumers = {}
        self.host.put_back(held, now)
        for queue in queues:
            self.host.consumer_left(queue, now)

    def _leave(self, consumers: Iterable[Consumer]) -> list[Queue]:
        left = list(consumers)
        for consumer in left:
            consumer.leave()
        return [consumer.queue for consumer in left]

    def close(self, now: float) -> None:
        """End the session, with its channels and the queues that are its own."""
        if not self.is_open:
            return
        self.is_open = False
        for channel in list(self.channels.values()):
            self.close_channel(channel, now)
        for queue in [one for one in self.host.queues.values() if one.owner is self]:
            if not queue.is_deleted:
                self.host.delete_queue(queue)

    def pause(self, is_paused: bool, now: float) -> None:
        """Stop delivering, or begin again."""
        self.is_paused = is_paused
        if not is_paused:
            for channel in list(self.channels.values()):
                self._served(channel, now)

    # --- messages ---------------------------------------------------------------------------------

    def publish(self, channel: Channel, content: Content, *, is_mandatory: bool, now: float) -> None:
        """Take a message, and tell the peer what became of it."""
        channel.published += 1
        if not content.is_plain:
            self._check_user(content.peek().user_id)
        is_routed, is_taken = self.host.publish(content, now=now)
        if is_mandatory and not is_routed:
            channel.give_back(content)
        channel.confirm(is_taken)

    def _check_user(self, name: str | None) -> None:
        """Let nobody say that a message is from somebody else.  Raises `Refused`."""
        if name is not None and name != self.user:
            raise Refused(406, f"user_id property set to '{name}' but authenticated user was '{self.user}'")

    def ack(self, channel: Channel, tag: int, *, multiple: bool, now: float) -> None:
        """Be done with what was delivered."""
        self._freed(channel, channel.release(tag, multiple=multiple), now)

    def nack(self, channel: Channel, tag: int, *, requeue: bool, multiple: bool, now: float) -> None:
        """Let what was delivered wait again, or dead-letter it."""
        released = channel.release(tag, multiple=multiple)
        if requeue:
            channel.wake()
            self.host.put_back(released, now)
        else:
            for held in released:
                if not held.queue.is_deleted:
                    self.host.bury(held.queue, held.entry, deaths.REJECTED, now)
        self._freed(channel, released, now)

    def _freed(self, channel: Channel, released: list[Held], now: float) -> None:
        """Let consumers have more, now that they hold less."""
        if channel.limit or len(channel.consumers) != 1:
            self._served(channel, now)
            return
        for consumer in {id(one.consumer): one.consumer for one in released}.values():
            if consumer is not None:
                consumer.wait()
                if consumer.queue.count:
                    self.host.serve(consumer.queue, now)

    def _served(self, channel: Channel, now: float) -> None:
        channel.wake()
        for queue in dict.fromkeys(consumer.queue for consumer in channel.consumers.values()):
            self.host.serve(queue, now)

    def get(self, channel: Channel, name: str, *, is_acking: bool, now: float) -> Got | None:
        """Return the message that is next in a queue; None where there is none."""
        queue = self._queue(channel, name)
        self.host.watch(queue, now)
        self.host.serve(queue, now)
        if not queue.count:
            return None
        entry = queue.take()
        tag = channel.hold(queue, entry, None) if is_acking else channel.next_tag()
        return Got(tag, entry, queue.count)

    # --- methods ----------------------------------------------------------------------------------

    def call(self, channel: Channel, method: Any, now: float) -> None:
        """Do what a method says, and answer it."""
        handler = _METHODS.get(type(method))
        if handler is None:
            raise Refused(540, f"{method.name} is not implemented")
        answer = handler(self, channel, method, now)
        if not getattr(method, "nowait", False):
            self.peer.answered(channel.number, answer)
        if isinstance(method, Basic.Consume):
            # The first messages come after the answer.
            self._served(channel, now)

    def _queue(self, channel: Channel, name: str) -> Queue:
        return self.host.queue(name or channel.last_queue, self)

    def _declare_exchange(self, channel: Channel, method: Any, now: float) -> Any:
        if method.passive:
            self.host.exchanges.get(method.exchange)
        else:
            self.host.exchanges.declare(
                method.exchange,
                method.exchange_type,
                is_durable=method.durable,
                is_auto_delete=method.auto_delete,
                is_internal=method.internal,
                arguments=method.arguments or {},
            )
        return commands.Exchange.DeclareOk()

    def _delete_exchange(self, channel: Channel, method: Any, now: float) -> Any:
        self.host.exchanges.delete(method.exchange, only_unused=method.if_unused)
        return commands.Exchange.DeleteOk()

    def _bind_exchange(self, channel: Channel, method: Any, now: float) -> Any:
        self.host.exchanges.bind(method.source, *self._exchange_ends(method))
        return commands.Exchange.BindOk()

    def _unbind_exchange(self, channel: Channel, method: Any, now: float) -> Any:
        self.host.exchanges.unbind(method.source, *self._exchange_ends(method))
        return commands.Exchange.UnbindOk()

    def _exchange_ends(self, method: Any) -> tuple[Exchange, str, dict[str, Any]]:
        return self.host.exchanges.get(method.destination), method.routing_key, method.arguments or {}

    def _declare_queue(self, channel: Channel, method: Any, now: float) -> Any:
        if method.passive:
            queue = self._queue(channel, method.queue)
            self.host.watch(queue, now)
        else:
            queue = self.host.declare_queue(
                method.queue,
                self,
                now=now,
                is_durable=method.durable,
                is_exclusive=method.exclusive,
                is_auto_delete=method.auto_delete,
                arguments=method.arguments or {},
            )
        channel.last_queue = queue.name
        return commands.Queue.DeclareOk(queue.name, queue.count, len(queue.consumers))

    def _delete_queue(self, channel: Channel, method: Any, now: float) -> Any:
        name = method.queue or channel.last_queue
        if name not in self.host.queues:
            return commands.Queue.DeleteOk(0)
        queue = self.host.queue(name, self)
        for is_asked, holds, words in (
            (method.if_unused, queue.consumers, "in use"),
            (method.if_empty, queue.count, "not empty"),
        ):
            if is_asked and holds:
                raise Refused(406, f"queue '{name}' in vhost '/' {words}")
        return commands.Queue.DeleteOk(self.host.delete_queue(queue))

    def _purge_queue(self, channel: Channel, method: Any, now: float) -> Any:
        return commands.Queue.PurgeOk(self.host.purge(self._queue(channel, method.queue)))

    def _bind_queue(self, channel: Channel, method: Any, now: float) -> Any:
        self.host.exchanges.bind(method.exchange, *self._queue_ends(channel, method))
        return commands.Queue.BindOk()

    def _unbind_queue(self, channel: Channel, method: Any, now: float) -> Any:
        self.host.exchanges.unbind(method.exchange, *self._queue_ends(channel, method))
        return commands.Queue.UnbindOk()

    def _queue_ends(self, channel: Channel, method: Any) -> tuple[Queue, str, dict[str, Any]]:
        # Where neither is named, the key is that of the queue which was declared last.
        key = method.routing_key or ("" if method.queue else channel.last_queue)
        return self._queue(channel, method.queue), key, method.arguments or {}

    def _consume(self, channel: Channel, method: Any, now: float) -> Any:
        tag = method.consumer_tag or f"amq.ctag-{uuid.uuid4().hex}"
        if tag in channel.consumers:
            raise Refused(530, f"attempt to reuse consumer tag '{tag}'")
        queue = self._queue(channel, method.queue)
        if queue.consumers and (method.exclusive or queue.consumers[0].is_exclusive):
            raise Refused(403, f"queue '{queue.name}' in vhost '/' in exclusive use")
        consumer = Consumer(channel, queue, tag, is_acking=not method.no_ack, is_exclusive=method.exclusive)
        channel.consumers[tag] = consumer
        queue.consumers.append(consumer)
        return Basic.ConsumeOk(tag)

    def _cancel(self, channel: Channel, method: Any, now: float) -> Any:
        consumer = channel.consumers.pop(method.consumer_tag, None)
        if consumer is not None:
            consumer.leave()
            self.host.consumer_left(consumer.queue, now)
        return Basic.CancelOk(method.consumer_tag)

    def _qos(self, channel: Channel, method: Any, now: float) -> Any:
        if method.prefetch_size:
            raise Refused(540, f"prefetch_size!=0 ({method.prefetch_size})")
        if method.global_:
            channel.limit = method.prefetch_count
            self._served(channel, now)
        else:
            channel.prefetch = method.prefetch_count
        return Basic.QosOk()

    def _recover(self, channel: Channel, method: Any, now: float) -> Any:
        if not method.requeue:
            raise Refused(540, "requeue=false")
        if channel.held:
            self.nack(channel, 0, requeue=True, multiple=True, now=now)
        return Basic.RecoverOk()

    def _select_confirms(self, channel: Channel, method: Any, now: float) -> Any:
        if not channel.is_confirming:
            channel.is_confirming = True
            channel.published = 0
        return commands.Confirm.SelectOk()

    def _flow(self, channel: Channel, method: Any, now: float) -> Any:
        if not method.active:
            raise Refused(540, "active=false")
        return commands.Channel.FlowOk(True)


_METHODS: dict[type, Callable[[Session, Channel, Any, float], Any]] = {
    commands.Exchange.Declare: Session._declare_exchange,
    commands.Exchange.Delete: Session._delete_exchange,
    commands.Exchange.Bind: Session._bind_exchange,
    commands.Exchange.Unbind: Session._unbind_exchange,
    commands.Queue.Declare: Session._declare_queue,
    commands.Queue.Delete: Session._delete_queue,
    commands.Queue.Purge: Session._purge_queue,
    commands.Queue.Bind: Session._bind_queue,
    commands.Queue.Unbind: Session._unbind_queue,
    Basic.Consume: Session._consume,
    Basic.Cancel: Session._cancel,
    Basic.Qos: Session._qos,
    Basic.Recover: Session._recover,
    commands.Confirm.Select: Session._select_confirms,
    commands.Channel.Flow: Session._flow,
}
