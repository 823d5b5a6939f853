"""One library doing one thing with a number of messages; prints the seconds of wall time and of CPU.

``LIBRARY WAY URL COUNT``.  Imports only what that library needs, since peers have an environment of their own.
"""

import asyncio
import json
import sys
import time

QUEUE = "benchmark"
TABLE = {"durable": False, "auto_delete": False, "exclusive": False, "arguments": {}}
BINDING = {"queue": QUEUE, "exchange": "amq.topic", "routing_keys": ["benchmark.#"]}
BODY = {"n": 1}


class Clock:
    """Wall time and CPU since `start`."""

    def start(self):
        self.began = time.perf_counter(), time.process_time()

    def stop(self):
        wall, cpu = self.began
        print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]), flush=True)


clock = Clock()


def fill(url, count):
    """Put messages into the queue, with pika where it is there and with ours elsewhere."""
    try:
        import pika
    except ImportError:
        asyncio.run(_fill_ours(count))
        return
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.queue_declare(QUEUE)
    channel.queue_purge(QUEUE)
    properties = pika.BasicProperties(
        content_type="application/json",
        content_encoding="utf-8",
        message_id="x",
        headers={
            "fedora_messaging_schema": "base.message",
            "fedora_messaging_schema_package": "fedora_messaging",
            "fedora_messaging_severity": 20,
            "sent-at": "2026-01-01T00:00:00+00:00",
            "priority": 0,
        },
    )
    for _ in range(count):
        channel.basic_publish("", QUEUE, json.dumps(BODY).encode(), properties)
    connection.close()


async def _fill_ours(count):
    from buildyard.messaging import Message, aio

    queues = {"bindings": [BINDING], "queues": {QUEUE: TABLE}}
    (consumer,) = await aio.start_consuming(lambda message: None, **queues)
    await consumer.cancel()
    async with aio.Publisher() as publisher:
        await publisher.publish_many(Message(BODY, topic="benchmark.x") for _ in range(count))


def buildyard(way, url, count):
    from buildyard.messaging import HaltConsumer, Message, aio, api, config

    config.conf["amqp_url"] = url
    config.conf["qos"] = {"prefetch_size": 0, "prefetch_count": 500}
    queues = {"bindings": [BINDING], "queues": {QUEUE: TABLE}}

    def publish():
        api.publish(Message(BODY, topic="unheard"))
        clock.start()
        for _ in range(count):
            api.publish(Message(BODY, topic="unheard"))
        clock.stop()
        api.close()

    async def publish_many():
        async with aio.Publisher() as publisher:
            await publisher.publish(Message(BODY, topic="unheard"))
            clock.start()
            await publisher.publish_many(Message(BODY, topic="unheard") for _ in range(count))
            clock.stop()

    left = count

    def handled():
        nonlocal left
        left -= 1
        if left == 0:
            clock.stop()
            raise HaltConsumer

    async def callback(message):
        handled()

    def blocking_callback(message):
        handled()

    async def consume():
        await _fill_ours(count)
        clock.start()
        await aio.consume(callback, **queues)

    def consume_blocking():
        asyncio.run(_fill_ours(count))
        clock.start()
        api.consume(blocking_callback, **queues)

    ways = {"publish": publish, "consume_blocking": consume_blocking}
    try:
        if way in ways:
            ways[way]()
        else:
            asyncio.run({"publish_many": publish_many, "consume": consume}[way]())
    except HaltConsumer:
        pass


def fedora(way, url, count):
    from fedora_messaging import api, config, exceptions

    config.conf.load_config()
    config.conf["amqp_url"] = url
    config.conf["qos"] = {"prefetch_size": 0, "prefetch_count": 500}
    if way == "publish":
        api.publish(api.Message(body=BODY, topic="unheard"))
        clock.start()
        for _ in range(count):
            api.publish(api.Message(body=BODY, topic="unheard"))
        clock.stop()
        return
    fill(url, count)
    left = count

    def callback(message):
        nonlocal left
        left -= 1
        if left == 0:
            clock.stop()
            raise exceptions.HaltConsumer

    clock.start()
    try:
        api.consume(callback, [BINDING], {QUEUE: TABLE})
    except exceptions.HaltConsumer:
        pass


def aio_pika(way, url, count):
    import aio_pika as library

    async def run():
        if way == "consume":
            fill(url, count)
        connection = await library.connect(url)
        async with connection:
            channel = await connection.channel()
            await {"publish": publish, "publish_many": publish_many, "consume": consume}[way](channel)

    def message():
        return library.Message(
            json.dumps(BODY).encode(), content_type="application/json", delivery_mode=2, headers={"severity": 20}
        )

    async def publish(channel):
        exchange = await channel.get_exchange("amq.topic")
        clock.start()
        for _ in range(count):
            await exchange.publish(message(), "unheard", mandatory=False)
        clock.stop()

    async def publish_many(channel):
        exchange = await channel.get_exchange("amq.topic")
        room = asyncio.Semaphore(1000)

        async def one():
            async with room:
                await exchange.publish(message(), "unheard", mandatory=False)

        clock.start()
        await asyncio.gather(*(one() for _ in range(count)))
        clock.stop()

    async def consume(channel):
        await channel.set_qos(prefetch_count=500)
        queue = await channel.get_queue(QUEUE)
        ended = asyncio.Event()
        left = count

        async def callback(message):
            nonlocal left
            json.loads(message.body)
            await message.ack()
            left -= 1
            if left == 0:
                ended.set()

        clock.start()
        await queue.consume(callback)
        await ended.wait()
        clock.stop()

    asyncio.run(run())


def pika(way, url, count):
    import pika as library

    channel = library.BlockingConnection(library.URLParameters(url)).channel()
    channel.confirm_delivery()
    properties = library.BasicProperties(content_type="application/json", delivery_mode=2, headers={"severity": 20})
    clock.start()
    for _ in range(count):
        channel.basic_publish("amq.topic", "unheard", json.dumps(BODY).encode(), properties)
    clock.stop()


def embedded(way, url, count):
    """From publishing to the acknowledgement, through one queue, in turns of 500 messages as loops have them.

    ``connection``: calls of connections, bodies as bytes.  ``encoded``: asyncio's publisher and consumer, what goes out
    made and checked before.  ``messages``: with `Message`, its headers and its checks.
    """
    from buildyard.messaging import HaltConsumer, Message, aio
    from buildyard.messaging._wire import encode

    queues = {"bindings": [BINDING], "queues": {QUEUE: TABLE}}
    left = count

    async def callback(message):
        nonlocal left
        left -= 1
        if left == 0:
            raise HaltConsumer

    async def run(publish):
        (consumer,) = await aio.start_consuming(callback, url=url, prefetch=500, **queues)
        async with aio.Publisher(url) as publisher:
            await publisher.publish(Message(BODY, topic="unheard"))
            clock.start()
            await publish(publisher)
            try:
                await consumer.result
            except HaltConsumer:
                clock.stop()

    async def encoded(publisher):
        for one in [publisher.submit(each, "amq.topic", timeout=None, mandatory=False) for each in made]:
            await one

    async def messages(publisher):
        await publisher.publish_many(Message(BODY, topic="benchmark.x") for _ in range(count))

    made = [] if way == "messages" else [encode(Message(BODY, topic="benchmark.x")) for _ in range(count)]
    if way == "connection":
        _by_connections(url, made)
    else:
        asyncio.run(run(encoded if way == "encoded" else messages))


def _by_connections(url, made):
    from pamqp import commands

    from buildyard.messaging._amqp.events import Delivered
    from buildyard.messaging._amqp.parameters import parse_url
    from buildyard.messaging.broker.memory import MemoryConnection

    sending, taking = (MemoryConnection(parse_url(url), lambda: None) for _ in range(2))
    sender, taker = sending.open_channel()[0], taking.open_channel()[0]
    sending.call(sender, commands.Confirm.Select())
    for method in (
        commands.Queue.Declare(queue=QUEUE),
        commands.Queue.Bind(queue=QUEUE, exchange="amq.topic", routing_key="benchmark.#"),
        commands.Basic.Qos(0, 500, False),
        commands.Basic.Consume(queue=QUEUE),
    ):
        taking.call(taker, method)
    clock.start()
    for at in range(0, len(made), 500):
        for one in made[at : at + 500]:
            sending.publish(sender, "amq.topic", one.routing_key, one.properties, one.body)
        sending.receive(b"", 0.0)
        delivered = [event for event in taking.receive(b"", 0.0) if isinstance(event, Delivered)]
        taking.ack(taker, delivered[-1].tag, multiple=True)
    clock.stop()


def validation(way, url, count):
    from buildyard.messaging import _compiling
    from buildyard.messaging._validation import Validator

    if way == "fastjsonschema":
        _compiling.jsonschema_rs = None
    members = {f"member{number}": {"type": "string"} for number in range(12)}
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {**members, "n": {"type": "integer"}},
        "required": ["member0", "n"],
    }
    body = {**dict.fromkeys(members, "some text"), "n": 5}
    validator = Validator(schema)
    clock.start()
    for _ in range(count):
        validator.check(body)
    clock.stop()


if __name__ == "__main__":
    library, way, url, count = sys.argv[1:]
    globals()[library](way, url, int(count))
