"""The other side of a connection's core, in bytes: what a broker would send, and what it was sent."""

from __future__ import annotations

from pamqp import body, commands, frame, header, heartbeat

from buildyard.messaging._amqp.connection import Connection
from buildyard.messaging._amqp.parameters import Parameters

START = commands.Connection.Start(0, 9, {"product": "RabbitMQ"}, "PLAIN AMQPLAIN EXTERNAL", "en_US")


def raw(value, channel=0) -> bytes:
    return frame.marshal(value, channel)


def frames(data: bytes):
    """The frames of what a core sent, as (channel, frame)."""
    found = []
    while data:
        size, channel, value = frame.unmarshal(data)
        found.append((channel, value))
        data = data[size:]
    return found


def names(data: bytes):
    return [value.name for _, value in frames(data)]


def opened(now=0.0, frame_max=131072, heartbeat_s=60, **options) -> Connection:
    """A core after the handshake."""
    core = Connection(Parameters(**options), now=now)
    core.receive(raw(START), now)
    core.receive(raw(commands.Connection.Tune(2047, frame_max, heartbeat_s)), now)
    core.receive(raw(commands.Connection.OpenOk()), now)
    core.data_to_send(now)
    return core


def with_channel(core: Connection, *, now=0.0) -> int:
    number, _ = core.open_channel()
    core.receive(raw(commands.Channel.OpenOk(), number), now)
    core.data_to_send(now)
    return number


def delivery(number, payload=b"{}", tag=1, properties=None, chunk=100_000) -> bytes:
    deliver = commands.Basic.Deliver("c", tag, False, "amq.topic", "a.b")
    head = header.ContentHeader(0, len(payload), properties or commands.Basic.Properties(message_id="m"))
    pieces = [payload[at : at + chunk] for at in range(0, len(payload), chunk)]
    return b"".join([raw(deliver, number), raw(head, number), *(raw(body.ContentBody(one), number) for one in pieces)])


HEARTBEAT = heartbeat.Heartbeat().marshal()
