"""Every face reaches the embedded broker: asyncio, blocking, and across threads and loops."""

import asyncio
import os
import threading
import time

import pytest

from buildyard.messaging import Message, aio, api, exceptions
from buildyard.messaging._amqp.parameters import parse_url
from buildyard.messaging.broker import Broker
from support.messaging_bus import named, queues, settings, topic

__all__ = ["named", "queues", "settings", "topic"]


@pytest.fixture
def broker(settings):
    made = Broker.named("faces")
    settings["amqp_url"] = made.url
    api.close()
    yield made
    made.close()


async def until(holds):
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.005)


def test_asyncio_publishes_and_consumes(broker, topic, queues):
    seen = []

    async def callback(message):
        seen.append(message)

    async def run():
        (consumer,) = await aio.start_consuming(callback, **queues)
        sent = Message({"a": 1}, topic=f"{topic}.x", headers={"deep": [{"b": 1}]})
        await aio.publish(sent)
        sent.headers["deep"].append("later")
        async with aio.Publisher() as publisher:
            await publisher.publish_many(Message({"n": n}, topic=f"{topic}.x") for n in range(2500))
        await until(lambda: len(seen) == 2501)
        await consumer.cancel()
        await aio.close_default_publisher()
        return consumer

    consumer = asyncio.run(run())
    assert [message.body["n"] for message in seen[1:]] == list(range(2500))
    assert (seen[0].headers["deep"], seen[0].queue, seen[0].exchange) == ([{"b": 1}], consumer.queue, "amq.topic")
    assert broker.queues() == []


def test_blocking_calls_meet_on_it_from_threads_of_their_own(broker, topic, queues):
    seen = []

    def callback(message):
        seen.append((message.body, threading.current_thread()))
        if len(seen) == 3:
            raise exceptions.HaltConsumer

    def publish_when_there():
        while not any(one.consumers for one in broker.queues()):
            time.sleep(0.001)
        for n in range(3):
            api.publish(Message({"n": n}, topic=f"{topic}.x"), timeout=5)

    publishing = threading.Thread(target=publish_when_there)
    publishing.start()
    with pytest.raises(exceptions.HaltConsumer):
        api.consume(callback, **queues)
    publishing.join()
    assert seen == [({"n": n}, threading.current_thread()) for n in range(3)]


def test_iteration_gives_back_what_was_not_finished(broker, topic, named):
    main, _ = named

    async def run():
        await (await aio.start_consuming(lambda message: None, **main))[0].cancel()
        async with aio.Publisher() as publisher:
            await publisher.publish_many(Message({"n": n}, topic=f"{topic}.x") for n in range(3))
        async for message in aio.messages(**main):
            if message.body["n"] == 1:
                break
        await until(lambda: broker.queues()[0].unacknowledged == 0)

    asyncio.run(run())
    assert broker.queues()[0].ready == 2


@pytest.mark.parametrize(
    "publish, error",
    [
        (lambda: aio.publish(Message(topic="t"), "nowhere"), exceptions.ExchangeMissing),
        (lambda: aio.publish(Message(topic="t"), mandatory=True), exceptions.PublishReturned),
        (lambda: aio.publish(Message(topic="t" * 256)), exceptions.ValidationError),
        (lambda: aio.publish(Message({"a": float("nan")}, topic="t")), exceptions.ValidationError),
        (lambda: aio.publish(Message(topic="t", headers={"h" * 256: 1})), exceptions.ValidationError),
        (lambda: aio.publish(Message(topic="t", headers={"h": object()})), exceptions.ValidationError),
        (lambda: aio.publish(Message(topic="t", headers={"h": 1 << 70})), exceptions.ValidationError),
        (lambda: aio.publish(Message({"a": "x" * (65 << 20)}, topic="t")), exceptions.MessageTooLarge),
    ],
)
def test_publishing_fails_as_on_a_socket(broker, publish, error):
    async def run():
        with pytest.raises(error):
            await publish()
        await aio.publish(Message(topic="t"))
        await aio.close_default_publisher()

    asyncio.run(run())


def test_wrong_declaration_is_a_typed_error(broker, queues):
    queues["bindings"][0]["exchange"] = "nowhere"
    with pytest.raises(exceptions.BadDeclaration, match="no exchange 'nowhere'"):
        api.consume(lambda message: None, **queues)


def test_connections_that_the_broker_ends_are_made_again(broker, topic, named, monkeypatch):
    monkeypatch.setattr("buildyard.messaging._session.FIRST_DELAY", 0.01)
    main, _ = named
    seen = []

    async def callback(message):
        seen.append(message.body["n"])

    async def run():
        (consumer,) = await aio.start_consuming(callback, **main)
        await aio.publish(Message({"n": 1}, topic=f"{topic}.x"))
        await until(lambda: seen == [1] and not broker.queues()[0].unacknowledged)
        broker.disconnect()
        await aio.publish(Message({"n": 2}, topic=f"{topic}.x"))
        await until(lambda: seen == [1, 2])
        await consumer.cancel()
        await aio.close_default_publisher()

    asyncio.run(run())


def test_consumer_whose_loop_has_ended_holds_nothing(broker, topic, named):
    """Who did not say good-bye is found gone when the next message comes."""
    main, _ = named

    async def leave():
        await aio.start_consuming(lambda message: None, **main)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(leave())
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    api.publish(Message(topic=f"{topic}.x"), timeout=5)
    (state,) = broker.queues()
    assert (state.ready, state.unacknowledged, state.consumers) == (1, 0, 0)


def test_threads_with_loops_of_their_own_lose_nothing(broker, topic, named):
    main, _ = named
    seen, ended = [], threading.Event()

    async def callback(message):
        seen.append((message.body["who"], message.body["n"]))
        if len(seen) == 900:
            ended.set()

    async def consume():
        (consumer,) = await aio.start_consuming(callback, **main)
        await asyncio.to_thread(ended.wait, 20)
        await consumer.cancel()

    async def publish(who):
        async with aio.Publisher(window=20) as publisher:
            await publisher.publish_many(Message({"who": who, "n": n}, topic=f"{topic}.x") for n in range(300))

    threads = [threading.Thread(target=asyncio.run, args=(consume(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    while sum(state.consumers for state in broker.queues()) < 2:
        time.sleep(0.001)
    publishing = [threading.Thread(target=asyncio.run, args=(publish(who),)) for who in range(3)]
    for thread in publishing:
        thread.start()
    for thread in [*publishing, *threads]:
        thread.join(25)
    assert sorted(seen) == [(who, n) for who in range(3) for n in range(300)]
    assert [(state.ready, state.unacknowledged) for state in broker.queues()] == [(0, 0)]


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_child_that_was_forked_has_a_broker_of_its_own(broker):
    """Even where a thread of its parent was using that one just then."""
    with broker.step:
        child = os.fork()
        if not child:
            code = 2
            try:
                api.publish(Message(topic="t"), timeout=5)
                code = int(Broker.named("faces") is broker)
            finally:
                os._exit(code)
    assert os.waitpid(child, 0)[1] == 0


def test_closed_broker_is_followed_by_an_empty_one(broker):
    with broker.step as now:
        broker._host.declare_queue("q", None, now=now, arguments={"x-expires": 60_000})
    broker.close()
    assert Broker.named("faces") is not broker
    assert (broker.queues(), broker._timer.finished.is_set()) == ([], True)


def test_address_is_a_name_alone():
    assert parse_url("memory://farm").memory == "farm"
    assert parse_url("memory://").visible == "memory://"
    for wrong in ("memory://a/b", "memory://user@a"):
        with pytest.raises(exceptions.ConfigurationException, match="a name alone"):
            parse_url(wrong)
