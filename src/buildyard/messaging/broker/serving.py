"""A socket's connection on the broker's side, without the socket: bytes in, bytes to send.

The handshake, frames and contents of AMQP 0-9-1 as RabbitMQ speaks it; what methods do is in `session`.  `server`
drives it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

from pamqp import commands, frame, header, heartbeat

from buildyard import __version__
from buildyard.messaging._amqp import content as codec
from buildyard.messaging._amqp.parameters import MAX_BODY
from buildyard.messaging._amqp.reader import BODY, HEADER, HEARTBEAT, METHOD, FrameReader, RawFrame
from buildyard.messaging.broker.channel import Channel
from buildyard.messaging.broker.errors import Refused
from buildyard.messaging.broker.messages import Content, Entry
from buildyard.messaging.broker.session import Session
from buildyard.messaging.broker.shared import Broker
from buildyard.messaging.exceptions import ProtocolError

Basic = commands.Basic

_GREETING = header.ProtocolHeader().marshal()
_HEARTBEAT = heartbeat.Heartbeat().marshal()
_BEGIN = struct.Struct(">BHI")
_END = b"\xce"
_PUBLISH = b"\x00\x3c\x00\x28"
_DELIVER = b"\x00\x3c\x00\x3c"
_DELIVERY = struct.Struct(">QB")

FRAME_MAX = 131072
#: Who has not opened the connection by then is let go.
_HANDSHAKE_SECONDS = 10.0
CHANNEL_MAX = 2047

_CAPABILITIES = dict.fromkeys(
    (
        "publisher_confirms",
        "exchange_exchange_bindings",
        "basic.nack",
        "consumer_cancel_notify",
        "authentication_failure_close",
        "per_consumer_qos",
    ),
    True,
)
_PROPERTIES: dict[str, Any] = {"product": "buildyard", "version": __version__, "capabilities": _CAPABILITIES}


class _Arriving:
    """A message of which not everything is here."""

    def __init__(self, payload: bytes) -> None:
        self.exchange, at = _short(payload, 6)
        self.routing_key, at = _short(payload, at)
        self.is_mandatory = bool(payload[at] & 1)
        self.is_immediate = bool(payload[at] & 2)
        self.header: bytes | None = None
        self.left = 0  #: bytes of the body
        self.pieces: list[bytes] = []


class ServerConnection:
    """One connection.  ``users`` are names with passwords; ``wake`` is called when there is something to send."""

    def __init__(
        self,
        broker: Broker,
        wake: Callable[[], object],
        *,
        users: Mapping[str, str],
        now: float,
        heartbeat_s: int = 60,
    ) -> None:
        self.is_closed = False  #: nothing more is to be read, and what is to be sent is the last
        self._broker = broker
        self._wake = wake
        self._users = users
        self._user = ""
        self._opens_until = now + _HANDSHAKE_SECONDS
        self._reader = FrameReader(FRAME_MAX)
        self._greeting: bytes | None = b""  #: what is there of the first eight bytes
        self._out: list[bytes] = []
        self._confirmed: dict[int, tuple[int, bool]] = {}  #: channel to the last tag, and what became of it
        self._session: Session | None = None
        self._channels: dict[int, Channel] = {}
        self._arriving: dict[int, _Arriving] = {}
        self._closing: set[int] = set()  #: channels that we have closed, and the peer has not yet
        self._is_ending = False  #: we have closed the connection
        self._frame_max = FRAME_MAX
        self._heartbeat = float(heartbeat_s)
        self._is_beating = False
        self._sent_at = self._received_at = now

    # --- what the driver calls --------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes."""
        self._received_at = now
        with self._broker.step as moment:
            try:
                for raw in self._reader.feed(self._after_greeting(data)):
                    if not self.is_closed:
                        self._take(raw, moment)
            except (ProtocolError, IndexError, struct.error) as error:
                self._fail(501, f"FRAME_ERROR - {error}", moment)

    def data_to_send(self, now: float) -> bytes:
        """Return what is to be written, once."""
        with self._broker.step:
            self._put_confirmations()
            data = b"".join(self._out)
            self._out.clear()
        if data:
            self._sent_at = now
        return data

    def next_deadline(self) -> float | None:
        """Return when `tick` is due next, or None."""
        if self.is_closed:
            return None
        if self._session is None:
            return self._opens_until
        if not self._is_beating:
            return None
        return min(self._sent_at + self._heartbeat / 2, self._received_at + 2 * self._heartbeat)

    def tick(self, now: float) -> None:
        """Do what is due: send a heartbeat, or give up a peer that is silent or does not say who it is."""
        if self._session is None:
            if now >= self._opens_until:
                self.lost()
        elif now >= self._received_at + 2 * self._heartbeat:
            self.lost()
        elif now >= self._sent_at + self._heartbeat / 2:
            self._out.append(_HEARTBEAT)

    def pause(self, is_paused: bool) -> None:
        """Deliver nothing while the peer does not read."""
        with self._broker.step as now:
            if self._session is not None:
                self._session.pause(is_paused, now)

    def lost(self) -> None:
        """The stream has ended."""
        self.is_closed = True
        with self._broker.step as now:
            self._end(now)

    def _end(self, now: float) -> None:
        self._is_beating = False
        if self._session is not None:
            self._broker.end(self._session, now)

    # --- frames -----------------------------------------------------------------------------------

    def _after_greeting(self, data: bytes) -> bytes:
        if self._greeting is None:
            return data
        begun = self._greeting + data
        if len(begun) < len(_GREETING):
            self._greeting = begun
            return b""
        self._greeting = None
        if not begun.startswith(_GREETING):
            # Whoever speaks something else is told what is spoken here (section 4.2.2).
            self._wake_once()
            self._out.append(_GREETING)
            self.is_closed = True
            return b""
        self._send(0, commands.Connection.Start(0, 9, _PROPERTIES, "PLAIN", "en_US"))
        return begun[len(_GREETING) :]

    def _take(self, raw: RawFrame, now: float) -> None:
        if raw.kind == HEARTBEAT:
            return
        if raw.channel == 0 or self._session is None:
            self._take_of_connection(_method(raw), now)
            return
        if self._is_ending:
            return
        try:
            self._take_of_channel(raw, now)
        except Refused as error:
            self._refuse(raw, error, now)

    def _take_of_channel(self, raw: RawFrame, now: float) -> None:
        channel = self._channels.get(raw.channel)
        if raw.channel in self._closing or channel is None:
            self._take_of_no_channel(raw)
        elif raw.kind == METHOD:
            if raw.payload.startswith(_PUBLISH):
                self._arriving[raw.channel] = _Arriving(raw.payload)
            else:
                self._take_method(channel, _method(raw), now)
        else:
            self._take_content(channel, raw, now)

    def _take_of_no_channel(self, raw: RawFrame) -> None:
        method = _method(raw) if raw.kind == METHOD else None
        if isinstance(method, commands.Channel.CloseOk):
            self._closing.discard(raw.channel)
        elif isinstance(method, commands.Channel.Close):
            self._send(raw.channel, commands.Channel.CloseOk())
            self._closing.discard(raw.channel)
        elif isinstance(method, commands.Channel.Open) and self._session is not None:
            self._channels[raw.channel] = self._session.open_channel(raw.channel)
            self._send(raw.channel, commands.Channel.OpenOk())
        elif raw.channel not in self._closing:
            raise Refused(504, "expected 'channel.open'")

    def _take_method(self, channel: Channel, method: Any, now: float) -> None:
        session = channel.session
        match method:
            case Basic.Ack():
                session.ack(channel, method.delivery_tag, multiple=method.multiple, now=now)
            case Basic.Nack():
                session.nack(
                    channel, method.delivery_tag or 0, requeue=method.requeue, multiple=method.multiple, now=now
                )
            case Basic.Reject():
                session.nack(channel, method.delivery_tag or 0, requeue=method.requeue, multiple=False, now=now)
            case Basic.Get():
                self._get(channel, method, now)
            case commands.Channel.Close():
                session.close_channel(channel, now)
                del self._channels[channel.number]
                self._put_confirmations()
                self._send(channel.number, commands.Channel.CloseOk())
            case commands.Channel.Open():
                session.open_channel(channel.number)
            case Basic.CancelOk() | commands.Channel.FlowOk():
                pass
            case _:
                session.call(channel, method, now)

    def _get(self, channel: Channel, method: Any, now: float) -> None:
        got = channel.session.get(channel, method.queue, is_acking=not method.no_ack, now=now)
        if got is None:
            self._send(channel.number, Basic.GetEmpty())
            return
        content = got.entry.content
        answer = Basic.GetOk(got.tag, got.entry.is_redelivered, content.exchange, content.routing_key, got.left)
        self._send(channel.number, answer)
        self._put_content(channel.number, content)

    def _take_content(self, channel: Channel, raw: RawFrame, now: float) -> None:
        arriving = self._arriving.get(channel.number)
        if arriving is None or (arriving.header is None) != (raw.kind == HEADER):
            raise ProtocolError(reason="a content came where a method was expected")
        if raw.kind == HEADER:
            arriving.header = raw.payload
            arriving.left = _size(raw.payload)
            if arriving.left > MAX_BODY:
                del self._arriving[channel.number]
                words = f"message size {arriving.left} is larger than configured max size {MAX_BODY}"
                raise Refused(406, words)
        else:
            arriving.left -= len(raw.payload)
            arriving.pieces.append(raw.payload)
        if arriving.left < 0:
            raise ProtocolError(reason="a body is longer than its header said")
        if arriving.left == 0:
            del self._arriving[channel.number]
            self._publish(channel, arriving, now)

    def _publish(self, channel: Channel, arriving: _Arriving, now: float) -> None:
        if arriving.is_immediate:
            raise Refused(540, "immediate=true")
        content = Content(arriving.exchange, arriving.routing_key, b"".join(arriving.pieces), header=arriving.header)
        channel.session.publish(channel, content, is_mandatory=arriving.is_mandatory, now=now)

    # --- the connection ---------------------------------------------------------------------------

    def _take_of_connection(self, method: Any, now: float) -> None:
        match method:
            case commands.Connection.StartOk():
                self._authenticate(method, now)
            case commands.Connection.TuneOk():
                self._frame_max = min(method.frame_max or FRAME_MAX, FRAME_MAX)
                self._heartbeat = float(method.heartbeat)
                self._is_beating = method.heartbeat > 0
            case commands.Connection.Open():
                self._open(method, now)
            case commands.Connection.Close():
                self._end(now)
                self._put_confirmations()
                self._send(0, commands.Connection.CloseOk())
                self.is_closed = True
            case commands.Connection.CloseOk():
                self.is_closed = True
            case _:
                self._fail(503, f"COMMAND_INVALID - {method.name} has no place here", now)

    def _authenticate(self, method: Any, now: float) -> None:
        _, user, password = [*str(method.response).split("\0"), "", "", ""][:3]
        if method.mechanism == "PLAIN" and self._users.get(user) == password and user in self._users:
            self._user = user
            self._send(0, commands.Connection.Tune(CHANNEL_MAX, FRAME_MAX, int(self._heartbeat)))
        else:
            self._fail(403, "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN.", now)

    def _open(self, method: Any, now: float) -> None:
        if method.virtual_host != "/":
            self._fail(530, f"NOT_ALLOWED - vhost {method.virtual_host} not found", now)
            return
        self._session = self._broker.begin(self, self._user)
        self._send(0, commands.Connection.OpenOk())

    def _refuse(self, raw: RawFrame, error: Refused, now: float) -> None:
        if error.is_hard:
            self._fail(error.code, error.text, now)
            return
        channel = self._channels.pop(raw.channel)
        channel.session.close_channel(channel, now)
        self._put_confirmations()
        self._closing.add(raw.channel)
        class_id, method_id = struct.unpack_from(">HH", raw.payload) if raw.kind == METHOD else (60, 40)
        self._send(raw.channel, commands.Channel.Close(error.code, error.text[:255], class_id, method_id))

    def _fail(self, code: int, text: str, now: float) -> None:
        if not self._is_ending:
            self._is_ending = True
            self._put_confirmations()
            self._send(0, commands.Connection.Close(code, text[:255], 0, 0))
            self._end(now)

    # --- as the peer of a session -----------------------------------------------------------------

    def answered(self, channel: int, method: Any) -> None:
        """The answer to a method."""
        self._send(channel, method)

    def delivered(self, channel: int, consumer: str, tag: int, entry: Entry) -> None:
        """A message for a consumer."""
        content = entry.content
        method = b"".join(
            (
                _DELIVER,
                codec.short(consumer),
                _DELIVERY.pack(tag, entry.is_redelivered),
                codec.short(content.exchange),
                codec.short(content.routing_key),
            )
        )
        self._put(METHOD, channel, method)
        self._put_content(channel, content)

    def returned(self, channel: int, content: Content, code: int, text: str) -> None:
        """A mandatory message that no queue takes."""
        self._send(channel, Basic.Return(code, text, content.exchange, content.routing_key))
        self._put_content(channel, content)

    def confirmed(self, channel: int, tag: int, is_taken: bool) -> None:
        """What became of a message; several are told as one."""
        self._wake_once()
        known = self._confirmed.get(channel)
        if known is not None and known[1] is not is_taken:
            self._put_confirmations()
        self._confirmed[channel] = (tag, is_taken)

    def cancelled(self, channel: int, consumer: str) -> None:
        """A consumer whose queue is gone."""
        self._send(channel, Basic.Cancel(consumer, True))

    def closed(self, code: int, text: str) -> None:
        """The broker ends the connection."""
        self._is_ending = True
        self._put_confirmations()
        self._send(0, commands.Connection.Close(code, text[:255], 0, 0))

    def wake(self) -> None:
        """Let the driver send."""
        try:
            self._wake()
        except RuntimeError:
            self.lost()

    # --- beneath ----------------------------------------------------------------------------------

    def _send(self, channel: int, method: Any) -> None:
        self._wake_once()
        self._out.append(frame.marshal(method, channel))

    def _put(self, kind: int, channel: int, payload: bytes) -> None:
        self._wake_once()
        self._out += (_BEGIN.pack(kind, channel, len(payload)), payload, _END)

    def _put_content(self, channel: int, content: Content) -> None:
        body, room = content.body, self._frame_max - 8
        self._put(HEADER, channel, content.header())
        for at in range(0, len(body), room):
            self._put(BODY, channel, body[at : at + room])

    def _put_confirmations(self) -> None:
        confirmed, self._confirmed = self._confirmed, {}
        for channel, (tag, is_taken) in confirmed.items():
            # Every message is settled when it comes, so all before it have been.
            kind = Basic.Ack if is_taken else Basic.Nack
            self._out.append(frame.marshal(kind(delivery_tag=tag, multiple=True), channel))

    def _wake_once(self) -> None:
        if not (self._out or self._confirmed):
            self._broker.to_wake(self)


def _method(raw: RawFrame) -> Any:
    try:
        return frame.unmarshal(_BEGIN.pack(METHOD, raw.channel, len(raw.payload)) + raw.payload + _END)[2]
    except Exception as error:
        raise ProtocolError(reason=f"a method cannot be read: {error}") from error


def _size(payload: bytes) -> int:
    try:
        return codec.body_size(payload)
    except ValueError as error:
        raise ProtocolError(reason=str(error)) from error


def _short(payload: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + payload[at]
    return str(payload[at + 1 : end], "utf-8", "surrogateescape"), end
