"""One AMQP 0-9-1 connection as a state machine: `Connection` takes bytes and gives events, and bytes to send.

No I/O, no loop, no clock: times are seconds of any monotonic clock, given by the caller.  A driver calls `receive`
with what came, `tick` when `next_deadline` is reached, and writes what `data_to_send` returns; many small frames are
joined there into one write.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from pamqp import commands, frame, header, heartbeat

from buildyard.messaging._amqp import content
from buildyard.messaging._amqp.channel import Channel
from buildyard.messaging._amqp.events import (
    Answered,
    Blocked,
    Cancelled,
    ChannelClosed,
    Closed,
    Event,
    Opened,
    Unblocked,
)
from buildyard.messaging._amqp.parameters import Parameters
from buildyard.messaging._amqp.reader import BODY, HEADER, HEARTBEAT, METHOD, FrameReader, RawFrame
from buildyard.messaging._properties import PropertiesLike
from buildyard.messaging.exceptions import ConnectionException, MessageTooLarge, NoFreeChannels, ProtocolError

Basic = commands.Basic
_DELIVER = b"\x00\x3c\x00\x3c"
_BEGIN = struct.Struct(">BHI")
_END = b"\xce"
#: class basic, method publish, and a reserved short
_PUBLISH = b"\x00\x3c\x00\x28\x00\x00"
_HEARTBEAT = heartbeat.Heartbeat().marshal()

#: Extensions of RabbitMQ that we understand.
_CAPABILITIES = dict.fromkeys(
    (
        "publisher_confirms",
        "consumer_cancel_notify",
        "basic.nack",
        "connection.blocked",
        "authentication_failure_close",
        "exchange_exchange_bindings",
        "per_consumer_qos",
    ),
    True,
)


class Connection:
    """One connection, from its first byte to its last."""

    def __init__(self, parameters: Parameters, *, now: float) -> None:
        self._parameters = parameters
        self._reader = FrameReader(131072)
        self._out: list[bytes] = [header.ProtocolHeader().marshal()]
        self._channels: dict[int, Channel] = {0: Channel(0, 0)}
        self._calls = 0
        self._channel_max = parameters.channel_max
        self._frame_max = parameters.frame_max
        self._heartbeat = 0.0
        self._sent_at = self._received_at = now
        self._blocked_at: float | None = None
        self.is_open = False
        self.is_closed = False
        self.server_properties: dict[str, Any] = {}

    # --- what the driver calls --------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Return what these bytes mean."""
        events: list[Event] = []
        self._received_at = now
        try:
            for raw in [] if self.is_closed else self._reader.feed(data):
                if not self.is_closed:
                    self._take(raw, now, events)
        except ProtocolError as error:
            self._fail(events, error.reason or "protocol error", is_protocol_error=True)
        return events

    def data_to_send(self, now: float) -> bytes:
        """Return what is to be written, once."""
        if not self._out:
            return b""
        data = b"".join(self._out)
        self._out.clear()
        self._sent_at = now
        return data

    def next_deadline(self) -> float | None:
        """Return when `tick` is due next, or None."""
        if self.is_closed:
            return None
        moments = []
        if self._heartbeat:
            moments += [self._sent_at + self._heartbeat / 2, self._received_at + 2 * self._heartbeat]
        limit = self._parameters.blocked_connection_timeout
        if self._blocked_at is not None and limit:
            moments.append(self._blocked_at + limit)
        return min(moments, default=None)

    def tick(self, now: float) -> list[Event]:
        """Do what is due: send a heartbeat, or give up a peer that is silent or does not take messages."""
        events: list[Event] = []
        if self.is_closed:
            return events
        limit = self._parameters.blocked_connection_timeout
        if self._heartbeat and now >= self._received_at + 2 * self._heartbeat:
            self._fail(events, f"the broker was silent for {2 * self._heartbeat:g} s")
        elif self._blocked_at is not None and limit and now >= self._blocked_at + limit:
            self._fail(events, f"the broker has blocked publishers for {limit:g} s")
        elif self._heartbeat and now >= self._sent_at + self._heartbeat / 2:
            self._out.append(_HEARTBEAT)
        return events

    # --- what a user of the connection calls ------------------------------------------------------

    def open_channel(self) -> tuple[int, int]:
        """Ask for a new channel; return its number and that of the call.  Raises `NoFreeChannels`."""
        for number in range(1, (self._channel_max or 65535) + 1):
            if number not in self._channels:
                self._channels[number] = Channel(number, self._parameters.max_body)
                return number, self.call(number, commands.Channel.Open())
        raise NoFreeChannels(f"all {self._channel_max} channels of the connection are in use")

    def call(self, channel: int, method: Any) -> int:
        """Send a method that is answered; the number returned is in the `Answered`."""
        self._calls += 1
        self._channel(channel).calls.append((self._calls, method))
        self._send(channel, method)
        return self._calls

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
        """Send a message; return its tag on a channel in confirm mode.

        Raises `MessageTooLarge`, and `ValueError` where a name or a header cannot be written; nothing is sent then.
        """
        if len(body) > self._parameters.max_body:
            raise MessageTooLarge(len(body), self._parameters.max_body)
        method = _PUBLISH + content.short(exchange) + content.short(routing_key) + (b"\x01" if mandatory else b"\x00")
        head = content.encode_header(properties, len(body))
        room = self._frame_max - 8
        if len(head) > room:
            raise MessageTooLarge(len(head), room)
        state = self._channel(channel)
        out = self._out
        out += (_BEGIN.pack(METHOD, channel, len(method)), method, _END)
        out += (_BEGIN.pack(HEADER, channel, len(head)), head, _END)
        for at in range(0, len(body), room):
            piece = body[at : at + room]
            out += (_BEGIN.pack(BODY, channel, len(piece)), piece, _END)
        return state.published(properties.message_id)

    def ack(self, channel: int, tag: int, *, multiple: bool = False) -> None:
        """Say that a message, or all up to it, is done with."""
        self._send(channel, Basic.Ack(delivery_tag=tag, multiple=multiple))

    def nack(self, channel: int, tag: int, *, requeue: bool, multiple: bool = False) -> None:
        """Give a message back, or have it dead-lettered; with ``multiple`` and tag 0 all that are held."""
        self._send(channel, Basic.Nack(delivery_tag=tag, multiple=multiple, requeue=requeue))

    def close(self) -> None:
        """Begin to say good-bye; `Closed` follows."""
        if self.is_open:
            self.call(0, commands.Connection.Close(reply_code=200, reply_text="bye", class_id=0, method_id=0))

    # --- what came --------------------------------------------------------------------------------

    def _take(self, raw: RawFrame, now: float, events: list[Event]) -> None:
        if raw.kind == HEARTBEAT:
            return
        state = self._channels.get(raw.channel)
        if state is None:
            # What was on its way while we closed the channel.
            return
        if raw.kind == METHOD:
            if raw.payload.startswith(_DELIVER):
                _reading(state.deliver, raw.payload)
            else:
                self._take_method(state, _method(raw), now, events)
            return
        arrived = state.header(raw.payload) if raw.kind == HEADER else state.body(raw.payload)
        if arrived is not None:
            events.append(arrived)

    def _take_method(self, state: Channel, method: Any, now: float, events: list[Event]) -> None:
        handler = _HANDLERS.get(type(method))
        if handler is not None:
            handler(self, state, method, now, events)
            return
        if not state.calls or method.name not in state.calls[0][1].valid_responses:
            raise ProtocolError(reason=f"{method.name} answers nothing that was asked")
        number, asked = state.calls.popleft()
        if isinstance(asked, commands.Channel.Close):
            del self._channels[state.number]
        events.append(Answered(call=number, frame=method))

    def _on_start(self, state: Channel, method: Any, now: float, events: list[Event]) -> None:
        self.server_properties = dict(method.server_properties or {})
        mechanism, response = self._credentials(method.mechanisms.split())
        properties = {**self._parameters.client_properties, "capabilities": _CAPABILITIES}
        self._send(0, commands.Connection.StartOk(properties, mechanism, response, "en_US"))

    def _credentials(self, offered: list[str]) -> tuple[str, str]:
        parameters = self._parameters
        mechanism = "EXTERNAL" if parameters.is_external else "PLAIN"
        if mechanism not in offered:
            raise ProtocolError(reason=f"the broker offers {', '.join(offered)} and not {mechanism}")
        return mechanism, "" if parameters.is_external else f"\0{parameters.user}\0{parameters.password}"

    def _on_tune(self, state: Channel, method: Any, now: float, events: list[Event]) -> None:
        self._channel_max = _lower(self._channel_max, method.channel_max)
        self._frame_max = max(4096, _lower(self._frame_max, method.frame_max))
        self._reader.frame_max = self._frame_max
        asked = self._parameters.heartbeat
        self._heartbeat = float(method.heartbeat if asked is None else asked)
        self._send(0, commands.Connection.TuneOk(self._channel_max, self._frame_max, int(self._heartbeat)))
        self.call(0, commands.Connection.Open(self._parameters.virtual_host))

    def _on_open_ok(self, state: Channel, method: Any, now: float, events: list[Event]) -> None:
        state.calls.clear()
        self.is_open = True
        events.append(Opened())

    def _on_close(self, state: Channel, method: Any, now: float, events: list[Event]) -> None:
        was_open, self.is_open = self.is_open, False
        self._send(0, commands.Connection.CloseOk())
        self.is_closed = True
        events.append(Closed(code=method.reply_code, reason=method.reply_text, is_refused=not was_open))

    def _on_close_ok(self, state: Channel, method: Any, now: float, events: list[Event]) -> None:
        self.is_open, self.is_closed = False, True
        events.append(Closed(code=0, reason="closed"))

    def _on_blocked(self, state: Channel, method: Any, now: float, events: list[Event]) -> None:
        self._blocked_at = now
        events.append(Blocked(reason=method.reason))

    def _on_unblocked(self, state: Channel, method: Any, now: float, events: list[Event]) -> None:
        self._blocked_at = None
        events.append(Unblocked())

    def _on_channel_close(self, state: Channel, method: Any, now: float, events: list[Event]) -> None:
        del self._channels[state.number]
        self._send(state.number, commands.Channel.CloseOk())
        events.append(
            ChannelClosed(
                channel=state.number,
                code=method.reply_code,
                reason=method.reply_text,
                unconfirmed=list(state.unconfirmed),
            )
        )

    def _on_flow(self, state: Channel, method: Any, now: float, events: list[Event]) -> None:
        self._send(state.number, commands.Channel.FlowOk(method.active))

    def _on_return(self, state: Channel, method: Any, now: float, events: list[Event]) -> None:
        state.returned(method)

    def _on_ack(self, state: Channel, method: Any, now: float, events: list[Event]) -> None:
        settled = state.settled(method.delivery_tag, multiple=method.multiple, is_taken=isinstance(method, Basic.Ack))
        if settled is not None:
            events.append(settled)

    def _on_cancel(self, state: Channel, method: Any, now: float, events: list[Event]) -> None:
        if not method.nowait:
            self._send(state.number, Basic.CancelOk(method.consumer_tag))
        events.append(Cancelled(channel=state.number, consumer=method.consumer_tag))

    # --- beneath ----------------------------------------------------------------------------------

    def _channel(self, number: int) -> Channel:
        state = self._channels.get(number)
        if state is None or self.is_closed:
            raise ConnectionException(reason=f"channel {number} is closed")
        return state

    def _send(self, channel: int, method: Any) -> None:
        self._out.append(frame.marshal(method, channel))

    def _fail(self, events: list[Event], reason: str, *, is_protocol_error: bool = False) -> None:
        self.is_open, self.is_closed = False, True
        events.append(Closed(code=0, reason=reason, is_protocol_error=is_protocol_error))


def _reading(read: Callable[[bytes], None], payload: bytes) -> None:
    try:
        read(payload)
    except (IndexError, struct.error) as error:
        raise ProtocolError(reason=f"a delivery cannot be read: {error}") from error


def _method(raw: RawFrame) -> Any:
    try:
        return frame.unmarshal(_BEGIN.pack(METHOD, raw.channel, len(raw.payload)) + raw.payload + _END)[2]
    except Exception as error:
        raise ProtocolError(reason=f"a method cannot be read: {error}") from error


def _lower(ours: int, theirs: int) -> int:
    """Return the lower of two limits, where zero is none."""
    return min(ours or theirs, theirs or ours)


_HANDLERS: dict[type, Callable[[Connection, Channel, Any, float, list[Event]], None]] = {
    commands.Connection.Start: Connection._on_start,
    commands.Connection.Tune: Connection._on_tune,
    commands.Connection.OpenOk: Connection._on_open_ok,
    commands.Connection.Close: Connection._on_close,
    commands.Connection.CloseOk: Connection._on_close_ok,
    commands.Connection.Blocked: Connection._on_blocked,
    commands.Connection.Unblocked: Connection._on_unblocked,
    commands.Channel.Close: Connection._on_channel_close,
    commands.Channel.Flow: Connection._on_flow,
    Basic.Return: Connection._on_return,
    Basic.Ack: Connection._on_ack,
    Basic.Nack: Connection._on_ack,
    Basic.Cancel: Connection._on_cancel,
}
