"""A RabbitMQ that is killed, blocked, or no longer reached, while messages are published and consumed."""

import asyncio
import contextlib

import pytest

from buildyard.messaging import _session, aio, exceptions
from buildyard.messaging.message import Message
from buildyard.messaging.signals import connection_state_signal
from support.needs import missing
from support.rabbitmq import Broker, RabbitmqMissing


@pytest.fixture(scope="module")
def doomed():
    """A broker of this file's own, for killing; it blocks publishers when told so."""
    try:
        broker = Broker()
    except RabbitmqMissing as reason:
        missing(str(reason))
    yield broker
    broker.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Connecting again waits a second at most: a broker takes a while to start, and a test may take a minute."""
    monkeypatch.setattr(_session, "LONGEST_DELAY", 1.0)


async def until(holds, seconds=30):
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.02)


@contextlib.contextmanager
def told_states():
    states = []

    def listen(sender, state, error):
        states.append((sender, state))

    with connection_state_signal.connected_to(listen):
        yield states


def test_killed_broker_costs_no_acknowledged_message_and_work_resumes(doomed, settings, topic, named):
    """Publishing and consuming go on by themselves; what was confirmed arrives, and what was not handled again."""
    settings["amqp_url"] = doomed.url()
    main, _ = named
    confirmed, handled = set(), []

    async def callback(message):
        await asyncio.sleep(0.002)
        handled.append(message.body["n"])

    async def publishing(publisher, stop):
        number = 0
        while not stop.is_set():
            await publisher.publish(Message({"n": number}, topic=f"{topic}.x"), timeout=50)
            confirmed.add(number)
            number += 1

    async def run():
        stop = asyncio.Event()
        (consumer,) = await aio.start_consuming(callback, **main)
        async with aio.Publisher() as publisher:
            tasks = [asyncio.create_task(publishing(publisher, stop))]
            await until(lambda: len(confirmed) > 100)
            doomed.kill()
            before = len(confirmed)
            await until(lambda: not consumer.running)
            await asyncio.to_thread(doomed.start)
            await until(lambda: len(confirmed) > before + 100)
            stop.set()
            await asyncio.gather(*tasks)
            await until(lambda: confirmed <= set(handled))
        await consumer.cancel()
        return consumer.stats

    with told_states() as states:
        stats = asyncio.run(asyncio.wait_for(run(), 55))
    assert confirmed == set(range(len(confirmed)))
    assert stats.failed == stats.invalid == 0
    consuming = [state for sender, state in states if sender is aio.consume]
    assert consuming[:3] == ["connecting", "connected", "disconnected"]
    assert consuming[-2:] == ["connected", "closed"]


def test_queue_of_the_broker_s_naming_is_declared_and_bound_again(doomed, settings, topic, queues):
    settings["amqp_url"] = doomed.url()
    seen = asyncio.Event()

    async def callback(message):
        seen.set()

    async def run():
        (consumer,) = await aio.start_consuming(callback, **queues)
        before = consumer.queue
        doomed.kill()
        await until(lambda: not consumer.running)
        await asyncio.to_thread(doomed.start)
        await until(lambda: consumer.running)
        await aio.publish(Message(topic=f"{topic}.x"))
        await asyncio.wait_for(seen.wait(), 10)
        after = consumer.queue
        await consumer.cancel()
        await aio.close_default_publisher()
        return before, after

    before, after = asyncio.run(run())
    assert before != after
    assert after.startswith("amq.gen-")


def test_blocked_publisher_is_told_so(doomed, settings, topic):
    settings["amqp_url"] = doomed.url()

    async def run():
        async with aio.Publisher() as publisher:
            await publisher.publish(Message(topic=topic))
            await asyncio.to_thread(doomed.ctl, "set_vm_memory_high_watermark", "0")
            with pytest.raises(exceptions.PublishTimeout, match="blocks"):
                await publisher.publish(Message(topic=topic), timeout=4)
            await asyncio.to_thread(doomed.ctl, "set_vm_memory_high_watermark", "0.4")
            await publisher.publish(Message(topic=topic), timeout=20)

    with told_states() as states:
        asyncio.run(run())
    assert [state for _, state in states][1:4] == ["connected", "blocked", "unblocked"]


def test_slow_consumer_past_the_broker_s_patience_gets_its_message_again(doomed, settings, topic, named):
    """The broker closes the channel of who has not acknowledged in time (406)."""
    settings["amqp_url"] = doomed.url()
    main, _ = named
    handled = []

    async def callback(message):
        handled.append(message.redelivered)
        if not message.redelivered:
            await asyncio.sleep(3)

    def patience(milliseconds, tick):
        doomed.ctl(
            "eval",
            f"application:set_env(rabbit, consumer_timeout, {milliseconds}), "
            f"application:set_env(rabbit, channel_tick_interval, {tick}).",
        )

    async def run():
        await asyncio.to_thread(patience, 700, 200)
        (consumer,) = await aio.start_consuming(callback, **main)
        await aio.publish(Message(topic=f"{topic}.x"))
        await until(lambda: len(handled) == 2, 15)
        await until(lambda: consumer.stats.processed == 2, 15)
        running = consumer.running
        await consumer.cancel()
        await aio.close_default_publisher()
        await asyncio.to_thread(patience, 1_800_000, 60_000)
        return running

    assert asyncio.run(run())
    assert handled == [False, True]


class Proxy:
    """Forwards to a broker until told to be silent, as a broken network is."""

    def __init__(self, port):
        self._port = port
        self.is_silent = False
        self._tasks = set()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader, writer):
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        both = asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        self._tasks.add(both)
        try:
            await both
        except asyncio.CancelledError:
            pass
        finally:
            for one in (writer, back):
                one.close()

    async def _pump(self, source, target):
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                if self.is_silent:
                    continue
                target.write(data)
            target.close()


def test_network_that_forwards_nothing_is_noticed_by_the_heartbeat(doomed, settings, topic, queues):
    seen = asyncio.Event()

    async def callback(message):
        seen.set()

    async def run():
        async with Proxy(doomed.port) as proxy:
            settings["amqp_url"] = f"amqp://guest:guest@127.0.0.1:{proxy.port}/?heartbeat=1"
            (consumer,) = await aio.start_consuming(callback, **queues)
            proxy.is_silent = True
            await until(lambda: not consumer.running, 10)
            proxy.is_silent = False
            await until(lambda: consumer.running, 20)
            await aio.publish(Message(topic=f"{topic}.x"))
            await asyncio.wait_for(seen.wait(), 10)
            await consumer.cancel()
            await aio.close_default_publisher()

    asyncio.run(run())
    assert seen.is_set()
