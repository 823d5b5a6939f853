"""What is refused, with which code and words: the same on the embedded broker and on RabbitMQ."""

import copy

import pytest
from pamqp import commands

from buildyard.messaging.exceptions import ConnectionException

Basic, Exchange, Queue = commands.Basic, commands.Exchange, commands.Queue

#: A method, the code it is refused with, and how the words begin; ``NAME`` is a queue with a consumer and one message.
REFUSED = [
    (Queue.Declare(queue="nowhere", passive=True), 404, "NOT_FOUND - no queue 'nowhere' in vhost '/'"),
    (Exchange.Declare(exchange="nowhere", passive=True), 404, "NOT_FOUND - no exchange 'nowhere' in vhost '/'"),
    (Basic.Consume(queue="nowhere"), 404, "NOT_FOUND - no queue 'nowhere' in vhost '/'"),
    (Queue.Purge(queue="nowhere"), 404, "NOT_FOUND - no queue 'nowhere' in vhost '/'"),
    (Queue.Bind(queue="nowhere", exchange="amq.topic"), 404, "NOT_FOUND - no queue 'nowhere' in vhost '/'"),
    (Queue.Bind(queue="NAME", exchange="nowhere"), 404, "NOT_FOUND - no exchange 'nowhere' in vhost '/'"),
    (Exchange.Bind(destination="nowhere", source="amq.topic"), 404, "NOT_FOUND - no exchange 'nowhere' in vhost '/'"),
    (Queue.Declare(queue="amq.mine"), 403, "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'"),
    (
        Exchange.Declare(exchange="amq.mine", exchange_type="topic"),
        403,
        "ACCESS_REFUSED - exchange name 'amq.mine' contains reserved prefix 'amq.*'",
    ),
    (Queue.Bind(queue="NAME", exchange=""), 403, "ACCESS_REFUSED - operation not permitted on the default exchange"),
    (Exchange.Delete(exchange="amq.topic"), 403, "ACCESS_REFUSED"),
    (Basic.Consume(queue="NAME", exclusive=True), 403, "ACCESS_REFUSED - queue 'NAME' in vhost '/' in exclusive use"),
    (
        Queue.Declare(queue="NAME", durable=True),
        406,
        "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'NAME' in vhost '/': received 'true' but current "
        "is 'false'",
    ),
    (
        Queue.Declare(queue="NAME", arguments={"x-max-length": 3}),
        406,
        "PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'NAME' in vhost '/'",
    ),
    (
        Exchange.Declare(exchange="amq.topic", exchange_type="direct", durable=True),
        406,
        "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'amq.topic' in vhost '/': received 'direct' but "
        "current is 'topic'",
    ),
    (Queue.Delete(queue="NAME", if_unused=True), 406, "PRECONDITION_FAILED - queue 'NAME' in vhost '/' in use"),
    (Queue.Delete(queue="NAME", if_empty=True), 406, "PRECONDITION_FAILED - queue 'NAME' in vhost '/' not empty"),
    *(
        (
            Queue.Declare(queue="", arguments=arguments),
            406,
            f"PRECONDITION_FAILED - invalid arg '{next(iter(arguments))}' for queue 'amq.gen-",
        )
        for arguments in (
            {"x-message-ttl": -1},
            {"x-message-ttl": "5"},
            {"x-expires": 0},
            {"x-max-length": -1},
            {"x-max-length": "x"},
            {"x-max-length-bytes": True},
            {"x-overflow": "burst"},
            {"x-max-priority": 256},
            {"x-dead-letter-routing-key": "lonely"},
        )
    ),
]


def named(method, name):
    """The method, on that queue where it is to be on ``NAME``."""
    made = copy.copy(method)
    if getattr(method, "queue", "") == "NAME":
        made.queue = name
    return made


def test_refused_calls_close_their_channel(on_broker):
    async def scenario(client):
        name = client.name("busy")
        channel = await client.channel()
        await channel.call(Queue.Declare(queue=name))
        client.leaves(name)
        await channel.fill(name, 1, 2)
        await channel.consume(name, 1)
        for method, code, words in REFUSED:
            found = await (await client.channel()).refused(named(method, name))
            assert found[0] == code, method
            assert found[1].startswith(words.replace("NAME", name)), found
        await channel.count(name)

    on_broker(scenario)


def test_channel_is_closed_by_an_acknowledgement_of_nothing(on_broker):
    async def scenario(client):
        for act in (
            lambda channel: channel.ack(9),
            lambda channel: channel.ack(9, multiple=True),
            lambda channel: channel.nack(9),
        ):
            channel = await client.channel()
            act(channel)
            assert await channel.closed == (406, "PRECONDITION_FAILED - unknown delivery tag 9")

    on_broker(scenario)


def test_channel_is_closed_by_a_message_to_nowhere(on_broker):
    async def scenario(client):
        channel = await client.channel()
        lost = channel.send("nowhere", "a")
        assert await channel.closed == (404, "NOT_FOUND - no exchange 'nowhere' in vhost '/'")
        assert not lost.done()

    on_broker(scenario)


def test_nobody_publishes_as_somebody_else(on_broker):
    async def scenario(client):
        channel = await client.channel()
        assert await channel.publish("", "a", user_id="guest")
        channel.send("", "a", user_id="ada")
        words = "PRECONDITION_FAILED - user_id property set to 'ada' but authenticated user was 'guest'"
        assert await channel.closed == (406, words)

    on_broker(scenario)


def test_internal_exchange_takes_no_message(on_broker):
    async def scenario(client):
        channel = await client.channel()
        exchange = await channel.exchange("topic", internal=True)
        await channel.bound(exchange, "a")
        channel.send(exchange, "a")
        code, words = await channel.closed
        assert code == 403
        assert words.startswith(f"ACCESS_REFUSED - cannot publish to internal exchange '{exchange}' in vhost '/'")

    on_broker(scenario)


@pytest.mark.parametrize(
    "method, words",
    [
        (
            Exchange.Declare(exchange="x", exchange_type="riddle"),
            "503 COMMAND_INVALID - unknown exchange type 'riddle'",
        ),
        (Basic.Qos(5, 1, False), "540 NOT_IMPLEMENTED - prefetch_size!=0 (5)"),
    ],
)
def test_what_nobody_can_do_ends_the_connection(on_broker, method, words):
    async def scenario(client):
        other = await client.another()
        channel = await other.channel()
        with pytest.raises(ConnectionException, match=r".*") as failure:
            await channel.call(method)
        assert failure.value.reason == words

    on_broker(scenario)


def test_consumer_tag_is_used_once_a_channel(on_broker):
    async def scenario(client):
        other = await client.another()
        channel = await other.channel()
        queue = await channel.queue()
        await channel.consume(queue, consumer_tag="t")
        with pytest.raises(ConnectionException, match="530 NOT_ALLOWED - attempt to reuse consumer tag 't'"):
            await channel.consume(queue, consumer_tag="t")

    on_broker(scenario)
