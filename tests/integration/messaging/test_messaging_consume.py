"""Consuming from a real RabbitMQ: what becomes of a message after its callback."""

import asyncio
import os
import signal
import threading
import time
from itertools import pairwise

import pytest

from buildyard.messaging import Redelivery, aio, api, exceptions
from buildyard.messaging._properties import Properties
from buildyard.messaging.message import Message


class Enough(Exception):
    pass


async def prepared(main, dead):
    """Declare both queues."""
    for where in (main, dead):
        (consumer,) = await aio.start_consuming(lambda message: None, **where)
        await consumer.cancel()


async def outcome(bus, topic, named, callback, count=3, wait=1.0, **options):
    """Publish messages, let a callback have them; return why it stopped, what is left, and what was dead-lettered."""
    main, dead = named
    await prepared(main, dead)
    async with aio.Publisher() as publisher:
        await publisher.publish_many(Message({"n": n}, topic=f"{topic}.x") for n in range(count))
    error = None
    try:
        await asyncio.wait_for(aio.consume(callback, **main, **options), wait)
    except TimeoutError:
        pass
    except Exception as found:
        error = found
    return error, await left(main), await left(dead)


async def left(where):
    """How many messages are in the queue."""
    from pamqp import commands

    from buildyard.messaging._asyncio import AsyncioRuntime
    from buildyard.messaging._session import connect_once
    from buildyard.messaging._settings import settings_of

    link = await connect_once(settings_of(), AsyncioRuntime(), lambda *_: None)
    channel = await link.channel(None)
    try:
        answer = await link.call(channel, commands.Queue.Declare(queue=next(iter(where["queues"])), passive=True))
    finally:
        link.close()
        await link.wait_closed()
    return answer.message_count


def test_returning_acknowledges(bus, topic, named):
    async def callback(message):
        pass

    assert asyncio.run(outcome(bus, topic, named, callback)) == (None, 0, 0)


def test_plain_function_is_called_in_a_thread(bus, topic, named):
    seen = []

    def callback(message):
        seen.append(threading.current_thread())

    assert asyncio.run(outcome(bus, topic, named, callback)) == (None, 0, 0)
    assert threading.main_thread() not in seen
    assert len(seen) == 3


def test_drop_dead_letters(bus, topic, named):
    async def callback(message):
        raise exceptions.Drop

    assert asyncio.run(outcome(bus, topic, named, callback)) == (None, 0, 3)


def test_nack_returns_the_message(bus, topic, named):
    seen = []

    async def callback(message):
        seen.append(message.redelivered)
        if not message.redelivered:
            raise exceptions.Nack

    assert asyncio.run(outcome(bus, topic, named, callback)) == (None, 0, 0)
    assert sorted(seen) == [False] * 3 + [True] * 3


def test_redelivery_is_bounded_and_delayed(bus, topic, named):
    times = []

    async def callback(message):
        times.append(time.monotonic())
        raise exceptions.Nack

    policy = Redelivery(limit=2, delay=0.2)
    assert asyncio.run(outcome(bus, topic, named, callback, count=1, wait=3, redelivery=policy)) == (None, 0, 1)
    assert len(times) == 3
    assert min(later - earlier for earlier, later in pairwise(times)) > 0.19


@pytest.mark.parametrize("requeue, remaining", [(False, 2), (True, 3)])
def test_halt_stops_and_says_what_becomes_of_its_message(bus, topic, named, requeue, remaining):
    async def callback(message):
        raise exceptions.HaltConsumer(exit_code=3, requeue=requeue)

    error, there, dead = asyncio.run(outcome(bus, topic, named, callback))
    assert (error.exit_code, there, dead) == (3, remaining, 0)


def test_other_exceptions_stop_and_give_everything_back(bus, topic, named):
    async def callback(message):
        raise Enough

    error, there, dead = asyncio.run(outcome(bus, topic, named, callback))
    assert (type(error), there, dead) == (Enough, 3, 0)


def test_handlers_run_beside_each_other_where_asked(bus, topic, named):
    running, most = 0, 0

    async def callback(message):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.1)
        running -= 1

    assert asyncio.run(outcome(bus, topic, named, callback, count=8, wait=3, concurrency=4)) == (None, 0, 0)
    assert most == 4


def test_invalid_messages_are_dead_lettered_and_do_not_stop_the_consumer(bus, topic, named):
    """Ten thousand of ten kinds, then a good one."""
    main, dead = named
    seen = []

    async def callback(message):
        seen.append(message)
        raise exceptions.HaltConsumer

    async def run():
        await prepared(main, dead)
        await publish_raw(topic)
        (consumer,) = await aio.start_consuming(callback, **main, prefetch=500)
        await aio.publish(Message({"good": True}, topic=f"{topic}.x"))
        with pytest.raises(exceptions.HaltConsumer):
            await asyncio.wait_for(consumer.result, 40)
        await aio.close_default_publisher()
        return consumer.stats, await left(dead)

    stats, letters = asyncio.run(run())
    assert [message.body for message in seen] == [{"good": True}]
    assert (stats.invalid, stats.processed, letters) == (10_000, 1, 10_000)


MALFORMED = [
    (Properties(content_encoding="gzip"), b"{}"),
    (Properties(headers={"fedora_messaging_schema": ["x"]}), b"{}"),
    (Properties(headers={"fedora_messaging_severity": 7}), b"{}"),
    (Properties(headers={"sent-at": 5}), b"{}"),
    (Properties(), b""),
    (Properties(), b'{"a":'),
    (Properties(), b"\xff\xfe"),
    (Properties(), b"[]"),
    (Properties(), b"5"),
    (Properties(), b"[" * 20_000),
]


async def publish_raw(topic):
    """Publish what no message can be made of."""
    from buildyard.messaging._wire import Outgoing

    async with aio.Publisher() as publisher:
        under_way = [
            publisher.submit(
                Outgoing(routing_key=f"{topic}.x", properties=properties, body=body),
                "amq.topic",
                timeout=30,
                mandatory=False,
            )
            for properties, body in MALFORMED
            for _ in range(len(MALFORMED) * 100)
        ]
        await asyncio.gather(*under_way)


def test_queue_deleted_under_a_consumer_ends_it(bus, topic, named):
    main, dead = named

    async def run():
        await prepared(main, dead)
        (consumer,) = await aio.start_consuming(lambda message: None, **main)
        await asyncio.to_thread(bus.ctl, "delete_queue", topic)
        with pytest.raises(exceptions.ConsumerCanceled):
            await asyncio.wait_for(consumer.result, 10)
        return consumer.running

    assert asyncio.run(run()) is False


def test_channel_closed_by_the_broker_is_opened_again(bus, topic, named):
    """An acknowledgement of nothing closes the channel (406)."""
    main, dead = named
    seen = asyncio.Event()

    async def callback(message):
        seen.set()

    async def run():
        await prepared(main, dead)
        (consumer,) = await aio.start_consuming(callback, **main)
        settler = consumer._inner._settler
        settler.link.core.ack(settler.channel, 999)
        settler.link.flush_soon()
        while consumer.running:
            await asyncio.sleep(0.01)
        await aio.publish(Message(topic=f"{topic}.x"))
        await asyncio.wait_for(seen.wait(), 10)
        await consumer.cancel()
        await aio.close_default_publisher()

    asyncio.run(run())
    assert seen.is_set()


@pytest.mark.parametrize(
    "change, error, said",
    [
        ({"bindings": [{"exchange": "nowhere", "routing_keys": ["#"]}]}, exceptions.BadDeclaration, "nowhere"),
        (
            {
                "queues": {
                    "": {"durable": False, "auto_delete": True, "exclusive": True, "arguments": {"x-max-length": "x"}}
                }
            },
            exceptions.BadDeclaration,
            "x-max-length",
        ),
        ({"queues": {"": {}}}, ValueError, "durable"),
        ({"bindings": "x"}, ValueError, "bindings"),
    ],
)
def test_wrong_declaration_is_a_typed_error(bus, queues, change, error, said):
    with pytest.raises(error, match=said):
        asyncio.run(aio.consume(lambda message: None, **{**queues, **change}))


@pytest.mark.parametrize("callback", [5, "text", type("NoCall", (), {})])
def test_callback_that_cannot_be_called_is_refused(bus, queues, callback):
    with pytest.raises(ValueError, match=r"callback|__call__"):
        api.consume(callback, **queues)


def test_blocking_consume_calls_in_the_caller_s_thread_and_keeps_the_connection(bus, topic, queues, settings):
    """A callback of three heartbeats' length does not cost the connection."""
    settings["amqp_url"] = bus.url(query="?heartbeat=1")
    api.close()
    seen, states = [], []

    def listen(sender, state, error):
        states.append(state)

    def callback(message):
        seen.append(threading.current_thread())
        if len(seen) == 2:
            raise exceptions.HaltConsumer(exit_code=7)
        time.sleep(3)

    def publish():
        for _ in range(2):
            api.publish(Message(topic=f"{topic}.x"))

    timer = threading.Timer(1.0, publish)
    timer.start()
    with api.connection_state_signal.connected_to(listen), pytest.raises(exceptions.HaltConsumer) as caught:
        api.consume(callback, **queues)
    timer.join()
    assert caught.value.exit_code == 7
    assert seen == [threading.main_thread()] * 2
    assert "disconnected" not in states


def test_coroutine_functions_work_in_blocking_consume(bus, topic, queues):
    async def callback(message):
        await asyncio.sleep(0.01)
        raise exceptions.HaltConsumer(exit_code=4)

    timer = threading.Timer(1.0, api.publish, [Message(topic=f"{topic}.x")])
    timer.start()
    with pytest.raises(exceptions.HaltConsumer):
        api.consume(callback, **queues)
    timer.join()


def test_sigterm_ends_blocking_consume_after_the_message_under_way(bus, topic, named):
    main, dead = named
    asyncio.run(prepared(main, dead))
    seen = []

    def callback(message):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.3)
        seen.append(message)

    for _ in range(2):
        api.publish(Message(topic=f"{topic}.x"))
    assert api.consume(callback, **main) is None
    assert len(seen) == 1
    assert asyncio.run(left(main)) == 1


def test_connection_is_made_anew_between_messages_where_asked(bus, topic, named):
    """No message is handled twice for it."""
    main, dead = named
    seen, states = [], []

    def listen(sender, state, error):
        states.append(state)

    async def callback(message):
        await asyncio.sleep(0.02)
        seen.append(message.body["n"])

    async def run():
        await prepared(main, dead)
        (consumer,) = await aio.start_consuming(callback, **main, recycle=0.5)
        async with aio.Publisher() as publisher:
            for n in range(100):
                await publisher.publish(Message({"n": n}, topic=f"{topic}.x"))
            async with asyncio.timeout(20):
                while len(seen) < 100:
                    await asyncio.sleep(0.05)
        await consumer.cancel()

    with api.connection_state_signal.connected_to(listen, sender=aio.consume):
        asyncio.run(run())
    assert seen == list(range(100))
    assert states.count("connected") > 3


def test_iteration_acknowledges_what_the_loop_has_finished(bus, topic, named):
    main, dead = named

    async def run():
        await prepared(main, dead)
        async with aio.Publisher() as publisher:
            await publisher.publish_many(Message({"n": n}, topic=f"{topic}.x") for n in range(3))
        stream = aio.messages(**main)
        first = await anext(stream)
        second = await anext(stream)
        await stream.aclose()
        return first.body, second.body, await left(main)

    assert asyncio.run(run()) == ({"n": 0}, {"n": 1}, 2)
