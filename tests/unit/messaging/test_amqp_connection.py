"""The AMQP core: bytes in, events out, byte by byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp import commands, header

from buildyard.messaging._amqp import events
from buildyard.messaging._amqp.connection import Connection
from buildyard.messaging._amqp.parameters import Parameters
from buildyard.messaging._properties import Properties
from buildyard.messaging.exceptions import ConnectionException, MessageTooLarge, NoFreeChannels
from support.amqp_server import HEARTBEAT, START, delivery, frames, names, opened, raw, with_channel


def test_first_bytes_are_the_protocol_header():
    assert Connection(Parameters(), now=0.0).data_to_send(0.0) == b"AMQP\x00\x00\x09\x01"


def test_handshake_answers_start_with_credentials_and_capabilities():
    core = Connection(Parameters(user="ada", password="pw"), now=0.0)
    core.data_to_send(0.0)
    assert core.receive(raw(START), 0.0) == []
    ((channel, answer),) = frames(core.data_to_send(0.0))
    assert (channel, answer.mechanism, answer.response) == (0, "PLAIN", "\0ada\0pw")
    assert answer.client_properties["capabilities"]["consumer_cancel_notify"] is True


def test_client_certificate_needs_no_password():
    core = Connection(Parameters(is_external=True), now=0.0)
    core.data_to_send(0.0)
    core.receive(raw(START), 0.0)
    ((_, answer),) = frames(core.data_to_send(0.0))
    assert (answer.mechanism, answer.response) == ("EXTERNAL", "")


def test_broker_without_our_mechanism_is_refused():
    core = Connection(Parameters(), now=0.0)
    (event,) = core.receive(raw(commands.Connection.Start(0, 9, {}, "GSSAPI", "en_US")), 0.0)
    assert isinstance(event, events.Closed)
    assert "GSSAPI" in event.reason


def test_handshake_ends_with_opened_whatever_the_pieces():
    core = Connection(Parameters(virtual_host="v"), now=0.0)
    core.data_to_send(0.0)
    stream = raw(START) + raw(commands.Connection.Tune(0, 0, 0)) + raw(commands.Connection.OpenOk())
    found = [event for byte in stream for event in core.receive(bytes((byte,)), 0.0)]
    assert found == [events.Opened()]
    sent = frames(core.data_to_send(0.0))
    assert [value.name for _, value in sent] == ["Connection.StartOk", "Connection.TuneOk", "Connection.Open"]
    assert (sent[1][1].channel_max, sent[1][1].frame_max, sent[2][1].virtual_host) == (2047, 131072, "v")


def test_lower_limits_of_the_broker_hold():
    core = opened(frame_max=4096)
    number = with_channel(core)
    core.publish(number, "e", "k", Properties(), b"x" * 10_000)
    sizes = [len(value.value) for _, value in frames(core.data_to_send(0.0)) if value.name == "ContentBody"]
    assert sizes == [4088, 4088, 1824]


def test_refused_credentials_are_told_apart():
    core = Connection(Parameters(), now=0.0)
    core.receive(raw(START), 0.0)
    (event,) = core.receive(raw(commands.Connection.Close(403, "ACCESS_REFUSED", 0, 0)), 0.0)
    assert (event.code, event.is_refused) == (403, True)
    assert names(core.data_to_send(0.0)[8:])[-1] == "Connection.CloseOk"


def test_writes_are_joined():
    core = opened()
    number = with_channel(core)
    for _ in range(3):
        core.publish(number, "e", "k", Properties(), b"{}")
    assert names(core.data_to_send(0.0)) == ["Basic.Publish", "ContentHeader", "ContentBody"] * 3
    assert core.data_to_send(0.0) == b""


def test_multiple_confirmation_settles_everything_up_to_its_tag():
    core = opened()
    number = with_channel(core)
    tags = [core.publish(number, "e", "k", Properties(), b"") for _ in range(5)]
    assert tags == [1, 2, 3, 4, 5]
    found = core.receive(raw(commands.Basic.Ack(3, True), number) + raw(commands.Basic.Nack(5, False), number), 0.0)
    assert [(event.tags, event.is_taken) for event in found] == [([1, 2, 3], True), ([5], False)]
    (event,) = core.receive(raw(commands.Basic.Ack(0, True), number), 0.0)
    assert event.tags == [4]


def test_returned_message_is_found_by_its_id():
    core = opened()
    number = with_channel(core)
    for name in ("a", "b", "c"):
        core.publish(number, "e", "k", Properties(message_id=name), b"", mandatory=True)
    back = raw(commands.Basic.Return(312, "NO_ROUTE", "e", "k"), number)
    back += raw(header.ContentHeader(0, 0, commands.Basic.Properties(message_id="b")), number)
    assert core.receive(back, 0.0) == [events.Returned(channel=number, tag=2, code=312, reason="NO_ROUTE")]


@given(st.binary(max_size=500), st.integers(1, 200))
def test_delivery_is_whole_whatever_the_chunks(payload, chunk):
    core = opened()
    number = with_channel(core)
    (event,) = core.receive(delivery(number, payload, tag=7, chunk=chunk), 0.0)
    assert (event.body, event.tag, event.routing_key, event.properties.message_id) == (payload, 7, "a.b", "m")


def test_table_of_every_type_is_read():
    table = {
        "s": "x", "b": True, "i8": 5, "i16": -300, "u16": 40_000, "i32": -70_000, "u32": 4_000_000_000, "i64": 1 << 60,
        "f": 0.5, "v": None, "t": {"a": [1, "b", {"c": []}]},
    }  # fmt: skip
    core = opened()
    number = with_channel(core)
    (event,) = core.receive(delivery(number, properties=commands.Basic.Properties(headers=table)), 0.0)
    assert event.properties.headers == table


def test_properties_that_cannot_be_read_are_a_fault_of_that_message_alone():
    core = opened()
    number = with_channel(core)
    good = delivery(number)
    bad = good.replace(b"\x01m\xce", b"\x09m\xce")
    found = core.receive(bad, 0.0) + core.receive(good, 0.0)
    assert [event.fault is None for event in found] == [False, True]


def test_body_beyond_the_limit_is_not_kept():
    core = opened(max_body=10)
    number = with_channel(core)
    (event,) = core.receive(delivery(number, b"x" * 11), 0.0)
    assert (event.body, event.fault) == (b"", "the body has 11 bytes, and 10 are allowed")


def test_body_beyond_the_limit_is_not_sent():
    core = opened(max_body=10)
    number = with_channel(core)
    with pytest.raises(MessageTooLarge):
        core.publish(number, "e", "k", Properties(), b"x" * 11)
    assert core.data_to_send(0.0) == b""


def test_channel_that_the_broker_closes_takes_its_messages_with_it():
    core = opened()
    number = with_channel(core)
    core.publish(number, "nowhere", "k", Properties(), b"")
    core.data_to_send(0.0)
    (event,) = core.receive(raw(commands.Channel.Close(404, "NOT_FOUND", 60, 40), number), 0.0)
    assert (event.code, event.reason, event.unconfirmed) == (404, "NOT_FOUND", [1])
    assert names(core.data_to_send(0.0)) == ["Channel.CloseOk"]
    with pytest.raises(ConnectionException):
        core.publish(number, "e", "k", Properties(), b"")


def test_what_comes_on_a_closed_channel_is_nothing():
    core = opened()
    assert core.receive(delivery(9), 0.0) == []


def test_channels_run_out():
    core = opened(channel_max=2)
    core.open_channel()
    core.open_channel()
    with pytest.raises(NoFreeChannels):
        core.open_channel()


def test_answers_belong_to_calls_in_order():
    core = opened()
    number = with_channel(core)
    one = core.call(number, commands.Queue.Declare(queue="a"))
    two = core.call(number, commands.Basic.Qos(0, 5, False))
    found = core.receive(raw(commands.Queue.DeclareOk("a", 0, 0), number) + raw(commands.Basic.QosOk(), number), 0.0)
    assert [event.call for event in found] == [one, two]


def test_answer_to_nothing_ends_the_connection():
    core = opened()
    number = with_channel(core)
    (event,) = core.receive(raw(commands.Basic.QosOk(), number), 0.0)
    assert event.is_protocol_error


def test_heartbeat_is_sent_at_half_of_the_interval():
    core = opened(now=100.0, heartbeat_s=60)
    assert core.next_deadline() == 130.0
    assert core.tick(130.0) == []
    assert core.data_to_send(130.0) == HEARTBEAT
    assert core.next_deadline() == 160.0


def test_silent_broker_is_given_up_after_two_intervals():
    core = opened(now=100.0, heartbeat_s=60)
    core.receive(HEARTBEAT, 150.0)
    core.data_to_send(250.0)
    assert core.tick(269.0) == []
    (event,) = core.tick(270.0)
    assert "silent for 120 s" in event.reason
    assert core.next_deadline() is None


def test_heartbeat_may_be_asked_to_be_none():
    assert opened(heartbeat=0).next_deadline() is None


def test_blocked_broker_is_told_and_given_up_where_that_was_asked():
    core = opened(heartbeat=0, blocked_connection_timeout=5)
    assert core.receive(raw(commands.Connection.Blocked("low on memory")), 1.0) == [
        events.Blocked(reason="low on memory")
    ]
    assert core.next_deadline() == 6.0
    (event,) = core.tick(6.0)
    assert isinstance(event, events.Closed)


def test_cancel_of_the_broker_is_told():
    core = opened()
    number = with_channel(core)
    assert core.receive(raw(commands.Basic.Cancel("c", True), number), 0.0) == [
        events.Cancelled(channel=number, consumer="c")
    ]


@pytest.mark.parametrize(
    "data, said",
    [
        (b"AMQP\x00\x01\x00\x00", "offers version 1.0.0"),
        (b"HTTP/1.1 400 Bad Request\r\n", "no AMQP frame"),
        (b"\x01\x00\x00\x7f\xff\xff\xff", "larger than"),
        (b"\x08\x00\x00\x00\x00\x00\x00\x00", "does not end"),
        (b"\x01\x00\x00\x00\x00\x00\x04\x00\x63\x00\x63\xce", "cannot be read"),
    ],
)
def test_what_is_no_amqp_is_a_protocol_error(data, said):
    (event,) = Connection(Parameters(), now=0.0).receive(data, 0.0)
    assert event.is_protocol_error
    assert said in event.reason


@given(st.binary(max_size=2000), st.integers(1, 50))
def test_no_bytes_raise_anything(data, step):
    """Whatever comes, in whatever pieces, is events; and what was closed stays so."""
    core = opened()
    with_channel(core)
    found = []
    for at in range(0, len(data), step):
        found += core.receive(data[at : at + step], 0.0)
    assert [type(event) for event in found].count(events.Closed) <= 1


@given(st.data())
def test_no_damage_to_a_good_stream_raises_anything(data):
    core = opened()
    number = with_channel(core)
    core.publish(number, "e", "k", Properties(), b"")
    stream = bytearray(
        delivery(number, b"{}", properties=commands.Basic.Properties(headers={"a": {"b": [1]}}, priority=1))
        + raw(commands.Basic.Ack(1, False), number)
        + raw(commands.Channel.Close(404, "NOT_FOUND", 60, 40), number)
    )
    for _ in range(data.draw(st.integers(1, 4))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    for event in core.receive(bytes(stream), 0.0):
        assert isinstance(event, events.Event)
