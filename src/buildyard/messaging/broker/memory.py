"""Connections to a broker of this process: calls, and no bytes.

`MemoryConnection` stands where the core of a socket's connection would (`_amqp.connection`), so that publishers and
consumers do not know the difference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pamqp import commands

from buildyard.messaging._amqp.events import (
    Answered,
    Cancelled,
    ChannelClosed,
    Closed,
    Confirmed,
    Delivered,
    Event,
    Opened,
    Returned,
)
from buildyard.messaging._amqp.parameters import Parameters
from buildyard.messaging._properties import Properties, PropertiesLike
from buildyard.messaging.broker.channel import Channel
from buildyard.messaging.broker.errors import Refused
from buildyard.messaging.broker.messages import Content, Entry, content_of
from buildyard.messaging.broker.shared import Broker
from buildyard.messaging.exceptions import ConnectionException, MessageTooLarge, NoFreeChannels


class MemoryConnection:
    """A connection to a `Broker`, from its client's side; used on one loop."""

    def __init__(self, parameters: Parameters, wake: Callable[[], object]) -> None:
        self._broker = Broker.named(parameters.memory or "")
        self._max_body = parameters.max_body
        self._channel_max = parameters.channel_max
        self._wake = wake
        self._events: list[Event] = []
        self._confirmed: dict[tuple[int, bool], list[int]] = {}
        self._channels: dict[int, Channel] = {}
        self._tags: dict[int, int] = {}  #: of what was published last on each channel
        self._calls = 0
        self.is_closed = False
        with self._broker.step:
            self._session = self._broker.begin(self, parameters.user)
            self._note(Opened())

    # --- as the core of a link --------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Return what has happened."""
        with self._broker.step:
            self._put_confirmations()
            events, self._events = self._events, []
        for event in events:
            if isinstance(event, ChannelClosed):
                del self._channels[event.channel]
        return events

    def data_to_send(self, now: float) -> bytes:
        """Return nothing: there is no socket."""
        return b""

    def next_deadline(self) -> float | None:
        """Return None: nothing falls due between a process and itself."""
        return None

    def tick(self, now: float) -> list[Event]:
        """Return nothing."""
        return []

    def open_channel(self) -> tuple[int, int]:
        """Ask for a new channel; return its number and that of the call.  Raises `NoFreeChannels`."""
        for number in range(1, (self._channel_max or 65535) + 1):
            if number not in self._channels:
                with self._broker.step:
                    if not self._session.is_open:
                        raise ConnectionException(reason="the broker has closed the connection")
                    self._channels[number] = self._session.open_channel(number)
                    self._tags[number] = 0
                    self._answer(commands.Channel.OpenOk())
                return number, self._calls
        raise NoFreeChannels(f"all {self._channel_max} channels of the connection are in use")

    def call(self, channel: int, method: Any) -> int:
        """Do what a method says; the number returned is in the `Answered`."""
        state = self._channel(channel)
        with self._broker.step as now:
            self._calls += 1
            if state.is_open:
                self._do(state, method, now)
            return self._calls

    def _do(self, state: Channel, method: Any, now: float) -> None:
        if isinstance(method, commands.Channel.Close):
            self._session.close_channel(state, now)
            del self._channels[state.number]
            self._note(Answered(call=self._calls, frame=commands.Channel.CloseOk()))
            return
        try:
            self._session.call(state, method, now)
        except Refused as error:
            self._refuse(state, error, now)

    def publish(
        self,
        channel: int,
        exchange: str,
        routing_key: str,
        properties: PropertiesLike,
        body: bytes,
        *,
        mandatory: bool = False,
    ) -> int:
        """Publish a message; return its tag on a channel in confirm mode.

        Raises `MessageTooLarge`, and `ValueError` where a name or a header could not be sent; nothing is published
        then.
        """
        if len(body) > self._max_body:
            raise MessageTooLarge(len(body), self._max_body)
        content = content_of(exchange, routing_key, properties, body)
        state = self._channel(channel)
        self._tags[channel] = tag = self._tags[channel] + 1
        with self._broker.step as now:
            if state.is_open:
                try:
                    self._session.publish(state, content, is_mandatory=mandatory, now=now)
                except Refused as error:
                    self._refuse(state, error, now)
        return tag

    def ack(self, channel: int, tag: int, *, multiple: bool = False) -> None:
        """Say that a message, or all up to it, is done with."""
        state = self._channel(channel)
        with self._broker.step as now:
            if state.is_open:
                try:
                    self._session.ack(state, tag, multiple=multiple, now=now)
                except Refused as error:
                    self._refuse(state, error, now)

    def nack(self, channel: int, tag: int, *, requeue: bool, multiple: bool = False) -> None:
        """Give a message back, or have it dead-lettered; with ``multiple`` and tag 0 all that are held."""
        state = self._channel(channel)
        with self._broker.step as now:
            if state.is_open:
                try:
                    self._session.nack(state, tag, requeue=requeue, multiple=multiple, now=now)
                except Refused as error:
                    self._refuse(state, error, now)

    def close(self) -> None:
        """Say good-bye; `Closed` follows."""
        with self._broker.step as now:
            if self._session.is_open:
                self._broker.end(self._session, now)
                self._note(Closed(code=0, reason="closed"))

    def drop(self) -> None:
        """Be gone, as a client whose socket ends."""
        self.is_closed = True
        with self._broker.step as now:
            self._broker.end(self._session, now)

    def _channel(self, number: int) -> Channel:
        state = self._channels.get(number)
        if state is None or self.is_closed:
            raise ConnectionException(reason=f"channel {number} is closed")
        return state

    def _refuse(self, state: Channel, error: Refused, now: float) -> None:
        if error.is_hard:
            self.closed(error.code, error.text)
            self._broker.end(self._session, now)
            return
        self._session.close_channel(state, now)
        self._put_confirmations()
        self._note(ChannelClosed(channel=state.number, code=error.code, reason=error.text, unconfirmed=[]))

    # --- as the peer of a session -----------------------------------------------------------------

    def answered(self, channel: int, method: Any) -> None:
        """The broker has answered the call that is being made."""
        self._note(Answered(call=self._calls, frame=method))

    def delivered(self, channel: int, consumer: str, tag: int, entry: Entry) -> None:
        """A message for a consumer."""
        content, fault = entry.content, None
        try:
            properties = content.properties()
        except ValueError as error:
            properties, fault = Properties(), str(error)
        self._note(
            Delivered(
                channel=channel,
                consumer=consumer,
                tag=tag,
                is_redelivered=entry.is_redelivered,
                exchange=content.exchange,
                routing_key=content.routing_key,
                properties=properties,
                body=content.body,
                fault=fault,
            )
        )

    def returned(self, channel: int, content: Content, code: int, text: str) -> None:
        """A message that no queue takes: the one that is being published."""
        self._note(Returned(channel=channel, tag=self._tags[channel], code=code, reason=text))

    def confirmed(self, channel: int, tag: int, is_taken: bool) -> None:
        """What became of a message; it is told with others."""
        if not (self._events or self._confirmed):
            self._broker.to_wake(self)
        tags = self._confirmed.get((channel, is_taken))
        if tags is None:
            tags = self._confirmed[channel, is_taken] = []
        tags.append(tag)

    def cancelled(self, channel: int, consumer: str) -> None:
        """A consumer whose queue is gone."""
        self._note(Cancelled(channel=channel, consumer=consumer))

    def closed(self, code: int, text: str) -> None:
        """The broker ends the connection."""
        self._put_confirmations()
        self._note(Closed(code=code, reason=text))

    def wake(self) -> None:
        """Let the loop look."""
        try:
            self._wake()
        except RuntimeError:
            # The loop is closed, and with it whoever used this.
            self.drop()

    def _note(self, event: Event) -> None:
        if not (self._events or self._confirmed):
            self._broker.to_wake(self)
        self._events.append(event)

    def _put_confirmations(self) -> None:
        if self._confirmed:
            for (channel, is_taken), tags in self._confirmed.items():
                self._events.append(Confirmed(channel=channel, tags=tags, is_taken=is_taken))
            self._confirmed.clear()

    def _answer(self, method: Any) -> None:
        self._calls += 1
        self._note(Answered(call=self._calls, frame=method))


class MemoryWire:
    """The byte stream of a link that needs none; ``lost`` is called once it has ended."""

    def __init__(self, connection: MemoryConnection, lost: Callable[[], object]) -> None:
        self._connection = connection
        self._lost = lost
        self._is_over = False

    def write(self, data: bytes) -> None:
        """Send nothing."""

    def abort(self) -> None:
        """Be gone."""
        if not self._is_over:
            self._is_over = True
            self._connection.drop()
            self._lost()
