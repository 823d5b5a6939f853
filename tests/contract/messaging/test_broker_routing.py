"""What reaches which queue: the same on the embedded broker, in process and over a socket, and on RabbitMQ."""

import asyncio

from pamqp import commands

Exchange, Queue = commands.Exchange, commands.Queue

PATTERNS = (
    "", "#", "#.#", "*", "*.*", "a", "a.#", "#.a", "a.*", "*.b", "#.b", "a.b", "a.b.#", "*.b.*", "a.#.c", "#.b.#",
    "*.a.#", "a.#.a",
)  # fmt: skip

#: Which of the patterns a topic matches.
TOPICS = {
    "": {"", "#", "#.#"},
    "a": {"#", "#.#", "*", "a", "a.#", "#.a"},
    "a.b": {"#", "#.#", "*.*", "a.*", "*.b", "a.#", "#.b", "a.b", "a.b.#", "#.b.#"},
    "a.b.c": {"#", "#.#", "a.#", "*.b.*", "a.#.c", "a.b.#", "#.b.#"},
    "a.": {"#", "#.#", "*.*", "a.*", "a.#"},
    "b.a.x": {"#", "#.#", "*.a.#", "#.b.#"},
    "a.a": {"#", "#.#", "*.*", "a.*", "a.#", "#.a", "*.a.#", "a.#.a"},
}


async def received(channel, queues, send):
    """Which of the queues have what was sent."""
    await send()
    return {name for name, queue in queues.items() if await channel.count(queue)}


def test_topics_match_words(on_broker):
    async def scenario(client):
        channel = await client.channel()
        exchange = await channel.exchange("topic")
        queues = {pattern: await channel.bound(exchange, pattern) for pattern in PATTERNS}
        for topic, expected in TOPICS.items():
            found = await received(channel, queues, lambda topic=topic: channel.publish(exchange, topic))
            assert found == expected, topic
            for queue in queues.values():
                await channel.call(Queue.Purge(queue=queue))

    on_broker(scenario)


def test_direct_wants_the_very_key_and_fanout_none(on_broker):
    async def scenario(client):
        channel = await client.channel()
        direct, fanout = await channel.exchange("direct"), await channel.exchange("fanout")
        queues = {"a": await channel.bound(direct, "a"), "#": await channel.bound(direct, "#")}
        assert await received(channel, queues, lambda: channel.publish(direct, "a")) == {"a"}
        queues = {"a": await channel.bound(fanout, "a"), "": await channel.bound(fanout, "")}
        assert await received(channel, queues, lambda: channel.publish(fanout, "z")) == {"a", ""}

    on_broker(scenario)


def test_headers_match_all_or_any(on_broker):
    async def scenario(client):
        channel = await client.channel()
        exchange = await channel.exchange("headers")
        queues = {}
        for name, arguments in {
            "all": {"x-match": "all", "a": 1, "b": "x"},
            "any": {"x-match": "any", "a": 1, "b": "x"},
            "there": {"a": None},
            "nothing": {},
            "never": {"x-match": "any"},
        }.items():
            queues[name] = await channel.queue()
            await channel.call(Queue.Bind(queue=queues[name], exchange=exchange, arguments=arguments))
        for headers, expected in (
            ({"a": 1, "b": "x"}, {"all", "any", "there", "nothing"}),
            ({"a": 2, "b": "x"}, {"any", "there", "nothing"}),
            ({"c": 1}, {"nothing"}),
        ):
            found = await received(
                channel, queues, lambda headers=headers: channel.publish(exchange, "", headers=headers)
            )
            assert found == expected
            for queue in queues.values():
                await channel.call(Queue.Purge(queue=queue))

    on_broker(scenario)


def test_queue_has_a_message_once_however_often_it_is_bound(on_broker):
    async def scenario(client):
        channel = await client.channel()
        exchange, further = await channel.exchange("topic"), await channel.exchange("fanout")
        queue = await channel.bound(exchange, "a.*", "#", "a.#")
        await channel.call(Queue.Bind(queue=queue, exchange=further))
        await channel.call(Exchange.Bind(destination=further, source=exchange, routing_key="#"))
        await channel.publish(exchange, "a.b")
        assert await channel.count(queue) == 1

    on_broker(scenario)


def test_exchanges_that_are_bound_in_a_circle_pass_a_message_on_once(on_broker):
    async def scenario(client):
        channel = await client.channel()
        first = await channel.exchange("topic", auto_delete=False)
        second = await channel.exchange("fanout", internal=True)
        queue = await channel.bound(second, "")
        await channel.call(Exchange.Bind(destination=second, source=first, routing_key="a.#"))
        await channel.call(Exchange.Bind(destination=first, source=second))
        await channel.publish(first, "a.b")
        assert await channel.count(queue) == 1
        await channel.call(Exchange.Delete(exchange=first))

    on_broker(scenario)


def test_unbound_queue_gets_no_more(on_broker):
    async def scenario(client):
        channel = await client.channel()
        exchange = await channel.exchange("topic", auto_delete=False)
        queue = await channel.bound(exchange, "a", "b")
        await channel.call(Queue.Unbind(queue=queue, exchange=exchange, routing_key="a"))
        await channel.call(Queue.Unbind(queue=queue, exchange=exchange, routing_key="never"))
        await channel.publish(exchange, "a")
        await channel.publish(exchange, "b")
        assert await channel.count(queue) == 1
        await channel.call(Exchange.Delete(exchange=exchange))

    on_broker(scenario)


def test_alternate_exchange_has_what_matches_nothing(on_broker):
    async def scenario(client):
        channel = await client.channel()
        other = await channel.exchange("fanout")
        rest = await channel.bound(other, "")
        main = await channel.exchange("topic", arguments={"alternate-exchange": other})
        queue = await channel.bound(main, "a")
        await channel.publish(main, "a", mandatory=True)
        await channel.publish(main, "b", mandatory=True)
        assert (await channel.count(queue), await channel.count(rest), channel.returned) == (1, 1, [])

    on_broker(scenario)


def test_mandatory_message_comes_back_before_its_confirmation(on_broker):
    async def scenario(client):
        channel = await client.channel()
        exchange = await channel.exchange("topic")
        await channel.bound(exchange, "a")
        taken = await asyncio.gather(
            channel.send(exchange, "a", mandatory=True),
            channel.send(exchange, "b", mandatory=True),
            channel.send(exchange, "b"),
        )
        assert taken == [True, True, True]
        assert channel.returned == [(2, 312, "NO_ROUTE")]

    on_broker(scenario)


def test_nameless_exchange_leads_to_the_queue_of_the_key(on_broker):
    async def scenario(client):
        channel = await client.channel()
        queue = await channel.queue()
        await channel.publish("", queue)
        await channel.publish("", "no such queue")
        assert await channel.count(queue) == 1

    on_broker(scenario)


def test_more_keys_are_in_headers_of_which_one_is_not_seen(on_broker):
    async def scenario(client):
        channel = await client.channel()
        exchange = await channel.exchange("direct")
        queues = [await channel.bound(exchange, key) for key in ("a", "b", "c", "d")]
        await channel.publish(exchange, "a", headers={"CC": ["b"], "BCC": ["c"], "kept": 1})
        assert [await channel.count(queue) for queue in queues] == [1, 1, 1, 0]
        await channel.consume(queues[2])
        message = await channel.next()
        assert (message.routing_key, message.properties.headers) == ("a", {"CC": ["b"], "kept": 1})

    on_broker(scenario)


def test_empty_name_of_a_queue_means_the_one_that_was_declared_last(on_broker):
    async def scenario(client):
        channel = await client.channel()
        queue = await channel.queue()
        exchange = await channel.exchange("direct")
        await channel.call(Queue.Bind(queue="", exchange=exchange, routing_key=""))
        await channel.publish(exchange, queue)
        await channel.call(commands.Basic.Consume(queue=""))
        assert (await channel.next()).routing_key == queue

    on_broker(scenario)


def test_message_keeps_its_properties(on_broker):
    async def scenario(client):
        channel = await client.channel()
        queue = await channel.queue()
        headers = {"text": "é", "n": 1 << 40, "yes": True, "none": None, "deep": {"list": [1, "b", {"c": 0.5}]}}
        await channel.publish("", queue, "é", headers=headers, type="t", app_id="app", correlation_id="c", priority=3)
        await channel.consume(queue)
        message = await channel.next()
        found = message.properties
        assert (found.headers, found.type, found.app_id, found.correlation_id, found.priority) == (
            headers,
            "t",
            "app",
            "c",
            3,
        )
        assert (message.body.decode(), message.exchange, message.is_redelivered) == ("é", "", False)

    on_broker(scenario)
