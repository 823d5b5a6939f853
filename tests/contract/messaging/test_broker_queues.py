"""What becomes of messages in queues: the same on the embedded broker, in process and by socket, and on RabbitMQ."""

import asyncio
from datetime import datetime

from pamqp import commands

Basic, Exchange, Queue = commands.Basic, commands.Exchange, commands.Queue


async def until(holds, seconds=5):
    async with asyncio.timeout(seconds):
        while not await holds():
            await asyncio.sleep(0.02)


def test_message_that_is_given_back_takes_its_old_place(on_broker):
    async def scenario(client):
        channel, later = await client.channel(), await client.channel()
        queue = await channel.queue()
        await channel.fill(queue, 1, 2, 3, 4, 5)
        tag = await channel.consume(queue, 4)
        held = [await channel.next() for _ in range(4)]
        await channel.call(Basic.Cancel(tag))
        channel.ack(held[0].tag)
        channel.nack(held[3].tag)
        channel.nack(held[1].tag)
        await until(lambda: counts(channel, queue, 3))
        await later.consume(queue)
        again = [await later.next() for _ in range(3)]
        assert [message.body for message in again] == [b"2", b"4", b"5"]
        assert [message.is_redelivered for message in again] == [True, True, False]

    on_broker(scenario)


async def counts(channel, queue, wanted):
    return await channel.count(queue) == wanted


def test_channel_that_closes_gives_its_messages_back_in_order(on_broker):
    async def scenario(client):
        channel, later = await client.channel(), await client.channel()
        queue = await channel.queue()
        await channel.fill(queue, 1, 2, 3, 4)
        await channel.consume(queue, 3)
        await channel.bodies(3)
        await channel.close()
        await later.consume(queue)
        assert await later.bodies(4) == ["1", "2", "3", "4"]

    on_broker(scenario)


def test_connection_that_ends_gives_its_messages_to_others(on_broker):
    async def scenario(client):
        name = client.name("shared")
        channel = await client.channel()
        await channel.call(Queue.Declare(queue=name, durable=True))
        client.leaves(name)
        other = await client.another()
        theirs = await other.channel()
        await theirs.consume(name)
        await channel.fill(name, 1)
        await theirs.next()
        await channel.consume(name)
        await other.close()
        message = await channel.next()
        assert (message.body, message.is_redelivered) == (b"1", True)

    on_broker(scenario)


def test_consumer_holds_no_more_than_its_prefetch(on_broker):
    async def scenario(client):
        channel = await client.channel()
        queue = await channel.queue()
        await channel.fill(queue, *range(5))
        await channel.consume(queue, 2)
        first, second = await channel.next(), await channel.next()
        assert await channel.nothing_more()
        channel.ack(second.tag, multiple=True)
        assert [first.body, *await channel.bodies(2)] == [b"0", "2", "3"]
        assert await channel.nothing_more()

    on_broker(scenario)


def test_global_prefetch_is_for_all_consumers_of_a_channel(on_broker):
    async def scenario(client):
        channel = await client.channel()
        queues = [await channel.queue(), await channel.queue()]
        await channel.call(Basic.Qos(0, 3, True))
        for queue in queues:
            await channel.fill(queue, 1, 2, 3)
            await channel.consume(queue)
        held = [await channel.next() for _ in range(3)]
        assert await channel.nothing_more()
        channel.ack(held[0].tag)
        await channel.next()
        assert await channel.nothing_more()

    on_broker(scenario)


def test_consumers_take_turns(on_broker):
    async def scenario(client):
        channel = await client.channel()
        others = [await client.channel(), await client.channel()]
        queue = await channel.queue()
        for other in others:
            await other.consume(queue)
        await channel.fill(queue, 1, 2, 3, 4)
        assert sorted([await other.bodies(2) for other in others]) == [["1", "3"], ["2", "4"]]

    on_broker(scenario)


def test_consumer_that_does_not_acknowledge_gets_everything(on_broker):
    async def scenario(client):
        channel, other = await client.channel(), await client.channel()
        queue = await channel.queue()
        await channel.fill(queue, 1, 2, 3)
        await other.consume(queue, 1, no_ack=True)
        await other.bodies(3)
        await other.close()
        assert await channel.count(queue) == 0

    on_broker(scenario)


def test_cancelled_consumer_may_still_settle_what_it_holds(on_broker):
    async def scenario(client):
        channel = await client.channel()
        queue = await channel.queue()
        await channel.fill(queue, 1, 2)
        tag = await channel.consume(queue, 1)
        message = await channel.next()
        await channel.call(Basic.Cancel(tag))
        channel.ack(message.tag)
        assert await channel.nothing_more()
        assert await channel.count(queue) == 1

    on_broker(scenario)


# --- the end of queues ----------------------------------------------------------------------------


def test_deleted_queue_ends_its_consumers(on_broker):
    async def scenario(client):
        channel, other = await client.channel(), await client.channel()
        queue = await channel.queue()
        tag = await other.consume(queue)
        await channel.fill(queue, 1)
        await other.next()
        assert (await channel.call(Queue.Delete(queue=queue))).message_count in (0, 1)
        assert await asyncio.wait_for(other.cancelled, 5) == tag
        assert (await channel.call(Queue.Delete(queue=queue))).message_count == 0

    on_broker(scenario)


def test_auto_delete_queue_goes_with_its_last_consumer(on_broker):
    async def scenario(client):
        channel = await client.channel()
        name = client.name("fleeting")
        await channel.call(Queue.Declare(queue=name, auto_delete=True))
        tags = [await channel.consume(name), await channel.consume(name)]
        await channel.call(Basic.Cancel(tags[0]))
        await channel.count(name)
        await channel.call(Basic.Cancel(tags[1]))
        assert (await channel.refused(Queue.Declare(queue=name, passive=True)))[0] == 404

    on_broker(scenario)


def test_exclusive_queue_is_its_connection_s_and_goes_with_it(on_broker):
    async def scenario(client):
        name = client.name("own")
        other = await client.another()
        channel = await other.channel()
        await channel.queue(name)
        for method in (
            Queue.Declare(queue=name, passive=True),
            Queue.Declare(queue=name, exclusive=True),
            Basic.Consume(queue=name),
            Queue.Delete(queue=name),
            Queue.Purge(queue=name),
            Queue.Bind(queue=name, exchange="amq.topic", routing_key="a"),
        ):
            code, words = await (await client.channel()).refused(method)
            assert code == 405
            assert f"RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '{name}' in vhost '/'" in words
        await other.close()

        async def is_gone():
            return (await (await client.channel()).refused(Queue.Declare(queue=name, passive=True)))[0] == 404

        await until(is_gone)

    on_broker(scenario)


def test_auto_delete_exchange_goes_with_its_last_binding(on_broker):
    async def scenario(client):
        channel = await client.channel()
        exchange = await channel.exchange("topic")
        queue = await channel.bound(exchange, "a")
        await channel.call(Queue.Delete(queue=queue))
        assert (await channel.refused(Exchange.Declare(exchange=exchange, passive=True)))[0] == 404

    on_broker(scenario)


def test_queue_that_nobody_uses_expires(on_broker):
    async def scenario(client):
        channel = await client.channel()
        name = client.name("unused")
        await channel.call(Queue.Declare(queue=name, arguments={"x-expires": 300}))
        tag = await channel.consume(name)
        await asyncio.sleep(0.5)
        await channel.call(Queue.Declare(queue=name, arguments={"x-expires": 300}))
        await channel.call(Basic.Cancel(tag))

        async def is_gone():
            await asyncio.sleep(0.4)
            probe = await client.channel()
            try:
                await probe.call(Queue.Declare(queue=name, passive=True))
            except Exception as error:
                return error.code == 404
            return False

        await until(is_gone)

    on_broker(scenario)


# --- dead letters, limits and times ---------------------------------------------------------------


async def grave(channel):
    """An exchange for dead letters, and a consumer of its queue."""
    exchange = await channel.exchange("fanout")
    await channel.consume(await channel.bound(exchange, ""))
    return exchange


def deaths(message):
    """The ``x-death`` header, its times taken out."""
    found = []
    for one in message.properties.headers["x-death"]:
        assert isinstance(one["time"], datetime)
        found.append({name: value for name, value in one.items() if name != "time"})
    return found


def test_rejected_message_is_dead_lettered_with_its_story(on_broker):
    async def scenario(client):
        channel, dead = await client.channel(), await client.channel()
        exchange = await grave(dead)
        queue = await channel.bound("amq.topic", client.name("a"), dead_letter_exchange=exchange)
        await channel.publish("amq.topic", client.name("a"), "x", headers={"kept": 1}, expiration="60000")
        await channel.consume(queue)
        channel.nack((await channel.next()).tag, requeue=False)
        letter = await dead.next()
        assert (letter.body, letter.exchange, letter.routing_key) == (b"x", exchange, client.name("a"))
        assert letter.properties.expiration is None
        headers = letter.properties.headers
        assert deaths(letter) == [
            {
                "count": 1,
                "reason": "rejected",
                "queue": queue,
                "exchange": "amq.topic",
                "routing-keys": [client.name("a")],
                "original-expiration": "60000",
            }
        ]
        first = {name: headers[f"x-first-death-{name}"] for name in ("reason", "queue", "exchange")}
        assert first == {"reason": "rejected", "queue": queue, "exchange": "amq.topic"}
        assert headers["kept"] == 1

    on_broker(scenario)


def test_deaths_of_one_kind_are_counted(on_broker):
    async def scenario(client):
        channel = await client.channel()
        exchange = await channel.exchange("direct")
        queue = await channel.bound(exchange, "again", dead_letter_exchange=exchange, dead_letter_routing_key="again")
        await channel.publish(exchange, "again")
        await channel.consume(queue)
        for _ in range(3):
            message = await channel.next()
            channel.nack(message.tag, requeue=False)
        message = await channel.next()
        assert [(one["count"], one["reason"], one["queue"]) for one in deaths(message)] == [(3, "rejected", queue)]

    on_broker(scenario)


def test_message_expires_at_the_queue_s_time_or_its_own(on_broker):
    async def scenario(client):
        channel, dead = await client.channel(), await client.channel()
        exchange = await grave(dead)
        queue = await channel.queue(message_ttl=400, dead_letter_exchange=exchange)
        await channel.publish("", queue, "own", expiration="50")
        await channel.publish("", queue, "queue's", expiration="60000")
        letters = [await dead.next(), await dead.next()]
        assert [letter.body for letter in letters] == [b"own", b"queue's"]
        assert [deaths(letter)[0]["reason"] for letter in letters] == ["expired", "expired"]
        assert deaths(letters[0])[0]["original-expiration"] == "50"

    on_broker(scenario)


def test_only_the_first_message_of_a_queue_expires(on_broker):
    async def scenario(client):
        channel = await client.channel()
        queue = await channel.queue()
        await channel.publish("", queue, "stays")
        await channel.publish("", queue, "hides", expiration="20")
        await asyncio.sleep(0.1)
        assert await channel.count(queue) == 2
        await channel.consume(queue)
        assert await channel.bodies(1) == ["stays"]
        assert await channel.nothing_more()

    on_broker(scenario)


def test_message_without_time_is_for_who_waits_alone(on_broker):
    async def scenario(client):
        channel = await client.channel()
        queue = await channel.queue(message_ttl=0)
        await channel.fill(queue, "nobody waits")
        await channel.consume(queue)
        await channel.fill(queue, "somebody does")
        assert await channel.bodies(1) == ["somebody does"]
        assert await channel.nothing_more()

    on_broker(scenario)


def test_circle_of_expired_letters_ends(on_broker):
    async def scenario(client):
        channel = await client.channel()
        queue = await channel.queue(client.name("circle"), message_ttl=30, dead_letter_exchange="")
        await channel.fill(queue, 1)
        await until(lambda: counts(channel, queue, 0))
        await asyncio.sleep(0.1)
        assert await channel.count(queue) == 0

    on_broker(scenario)


def test_full_queue_drops_its_oldest(on_broker):
    async def scenario(client):
        channel, dead = await client.channel(), await client.channel()
        exchange = await grave(dead)
        queue = await channel.queue(max_length=2, dead_letter_exchange=exchange)
        assert await channel.fill(queue, 1, 2, 3) == [True] * 3
        letter = await dead.next()
        assert (letter.body, deaths(letter)[0]["reason"]) == (b"1", "maxlen")
        await channel.consume(queue)
        assert await channel.bodies(2) == ["2", "3"]

    on_broker(scenario)


def test_full_queue_refuses_where_it_is_told_to(on_broker):
    async def scenario(client):
        channel = await client.channel()
        queue = await channel.queue(max_length=2, overflow="reject-publish")
        taken = [channel.send("", queue, body) for body in (1, 2, 3)]
        assert await asyncio.gather(*taken) == [True, True, False]
        await channel.consume(queue, 1)
        channel.ack((await channel.next()).tag)
        assert await channel.bodies(1) == ["2"]
        assert await channel.fill(queue, 4) == [True]

    on_broker(scenario)


def test_bytes_of_a_queue_are_limited(on_broker):
    async def scenario(client):
        channel = await client.channel()
        queue = await channel.queue(max_length_bytes=10)
        await channel.fill(queue, "1234", "5678", "9abc")
        await channel.consume(queue)
        assert await channel.bodies(2) == ["5678", "9abc"]

    on_broker(scenario)


def test_higher_priority_goes_first(on_broker):
    async def scenario(client):
        channel = await client.channel()
        queue = await channel.queue(max_priority=5)
        for body, priority in (("a", None), ("b", 3), ("c", 1), ("d", 3), ("e", 200)):
            await channel.publish("", queue, body, priority=priority)
        await channel.consume(queue)
        assert await channel.bodies(5) == ["e", "b", "d", "c", "a"]

    on_broker(scenario)
