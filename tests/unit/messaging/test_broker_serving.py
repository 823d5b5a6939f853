"""The broker's side of a socket, in bytes: whole exchanges in any pieces, and nothing that breaks it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pamqp import body, commands, header

from buildyard.messaging.broker.serving import ServerConnection
from buildyard.messaging.broker.shared import Broker
from support.amqp_server import HEARTBEAT, frames, names, raw

GREETING = header.ProtocolHeader().marshal()


def start_ok(password="guest"):
    return commands.Connection.StartOk({}, "PLAIN", f"\0guest\0{password}", "en_US")


def handshake(frame_max=131072, heartbeat_s=0):
    return b"".join(
        [
            GREETING,
            raw(start_ok()),
            raw(commands.Connection.TuneOk(10, frame_max, heartbeat_s)),
            raw(commands.Connection.Open("/")),
        ]
    )


def publish(key, payload, channel=1):
    method = commands.Basic.Publish(0, "", key)
    head = header.ContentHeader(0, len(payload), commands.Basic.Properties(message_id="m"))
    return raw(method, channel) + raw(head, channel) + raw(body.ContentBody(payload), channel)


OPENED = raw(commands.Channel.Open(), 1)
EXCHANGE = b"".join(
    [
        handshake(),
        OPENED,
        raw(commands.Confirm.Select(), 1),
        raw(commands.Queue.Declare(queue="q", exclusive=True), 1),
        raw(commands.Basic.Consume(queue="q", consumer_tag="t"), 1),
        publish("q", b"one"),
        publish("q", b"two"),
        raw(commands.Connection.Close(200, "bye", 0, 0)),
    ]
)


@pytest.fixture
def broker():
    made = Broker("serving")
    yield made
    made.close()


def connection(broker, **options):
    return ServerConnection(broker, lambda: None, users={"guest": "guest"}, now=0.0, **options)


def answers(broker, data):
    served = connection(broker)
    served.receive(data, 0.0)
    return served, names(served.data_to_send(0.0))


@given(st.integers(1, 40))
def test_exchange_is_the_same_in_any_pieces(size):
    broker = Broker("pieces")
    served, out = connection(broker), b""
    for at in range(0, len(EXCHANGE), size):
        served.receive(EXCHANGE[at : at + size], 0.0)
        out += served.data_to_send(0.0)
    found = frames(out)
    assert [value.name for _, value in found][:6] == [
        "Connection.Start",
        "Connection.Tune",
        "Connection.OpenOk",
        "Channel.OpenOk",
        "Confirm.SelectOk",
        "Queue.DeclareOk",
    ]
    assert [value.value for _, value in found if value.name == "ContentBody"] == [b"one", b"two"]
    assert [value.delivery_tag for _, value in found if value.name == "Basic.Ack"][-1] == 2
    assert found[-1][1].name == "Connection.CloseOk"
    assert (served.is_closed, broker.queues()) == (True, [])


def test_confirmations_of_one_read_are_one_frame(broker):
    served, _ = answers(broker, handshake() + OPENED + raw(commands.Confirm.Select(), 1))
    served.receive(b"".join(publish("nobody", b"x") for _ in range(50)), 0.0)
    ((_, ack),) = frames(served.data_to_send(0.0))
    assert (ack.delivery_tag, ack.multiple) == (50, True)


def test_other_protocol_is_told_which_one_is_spoken(broker):
    served = connection(broker)
    served.receive(b"GET / HTTP/1.1\r\n\r\n", 0.0)
    assert (served.data_to_send(0.0), served.is_closed) == (GREETING, True)


@pytest.mark.parametrize(
    "data, code",
    [
        (GREETING + raw(start_ok("wrong")), 403),
        (GREETING + raw(start_ok()) + raw(commands.Connection.Open("elsewhere")), 530),
        (GREETING + raw(commands.Connection.Blocked("no")), 503),
        (handshake() + raw(commands.Basic.Qos(0, 1, False), 1), 504),
        (handshake() + OPENED + OPENED, 504),
        (handshake() + OPENED + raw(body.ContentBody(b"x"), 1), 501),
        (handshake() + OPENED + raw(commands.Tx.Select(), 1), 540),
        (handshake() + b"\x01\x00\x01\x00\x00\x00\x04\x00\x63\x00\x63\xce", 501),
        (handshake() + b"nonsense", 501),
    ],
)
def test_what_breaks_the_rules_closes_the_connection(broker, data, code):
    served = connection(broker)
    served.receive(data, 0.0)
    last = frames(served.data_to_send(0.0))[-1][1]
    assert (last.name, last.reply_code) == ("Connection.Close", code)
    served.receive(raw(commands.Connection.CloseOk()), 0.0)
    assert served.is_closed


def test_closed_channel_swallows_what_was_under_way_and_opens_again(broker):
    served, _ = answers(broker, handshake() + OPENED)
    served.receive(raw(commands.Queue.Declare(queue="nowhere", passive=True), 1) + publish("q", b"x"), 0.0)
    ((_, close),) = frames(served.data_to_send(0.0))
    assert (close.reply_code, close.class_id, close.method_id) == (404, 50, 10)
    served.receive(raw(commands.Channel.CloseOk(), 1) + OPENED, 0.0)
    assert names(served.data_to_send(0.0)) == ["Channel.OpenOk"]


def test_large_body_is_delivered_in_frames_of_the_agreed_size(broker):
    served, _ = answers(broker, handshake(frame_max=4096) + OPENED)
    served.receive(
        raw(commands.Queue.Declare(queue="q", exclusive=True), 1)
        + raw(commands.Basic.Consume(queue="q"), 1)
        + publish("q", b"x" * 10_000),
        0.0,
    )
    sizes = [len(value.value) for _, value in frames(served.data_to_send(0.0)) if value.name == "ContentBody"]
    assert (sum(sizes), max(sizes)) == (10_000, 4088)


def test_body_that_is_too_large_closes_its_channel_before_it_has_come(broker):
    served, _ = answers(broker, handshake() + OPENED)
    head = header.ContentHeader(0, 100 << 20, commands.Basic.Properties())
    served.receive(raw(commands.Basic.Publish(0, "", "q"), 1) + raw(head, 1), 0.0)
    ((_, close),) = frames(served.data_to_send(0.0))
    assert close.reply_code == 406
    assert "larger than configured max size" in close.reply_text


def test_client_that_does_not_say_who_it_is_is_let_go(broker):
    served = connection(broker)
    served.receive(GREETING, 3.0)
    assert served.next_deadline() == 10.0
    served.tick(10.0)
    assert (served.is_closed, served.next_deadline()) == (True, None)


def test_silent_client_is_given_up_after_two_heartbeats(broker):
    served, _ = answers(broker, handshake(heartbeat_s=10))
    assert served.next_deadline() == 5.0
    served.tick(5.0)
    assert served.data_to_send(5.0) == HEARTBEAT
    served.tick(20.0)
    assert (served.is_closed, served.next_deadline()) == (True, None)


@settings(max_examples=200)
@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_raise_anything(data, is_open):
    served = connection(Broker("fuzz"))
    served.receive((handshake() + OPENED if is_open else b"") + data, 0.0)
    served.data_to_send(0.0)
    served.lost()


@settings(max_examples=200)
@given(st.integers(0, len(EXCHANGE) - 1), st.integers(0, 255))
def test_no_damage_to_a_good_exchange_raises_anything(at, byte):
    broker = Broker("damage")
    served = connection(broker)
    served.receive(EXCHANGE[:at] + bytes((byte,)) + EXCHANGE[at + 1 :], 0.0)
    served.data_to_send(0.0)
    served.lost()
    assert not any(state.unacknowledged or state.consumers for state in broker.queues())
