"""The Twisted interface on a real RabbitMQ: the functions, and the classes, the deprecated ones too."""

import threading
import uuid

import pytest
from twisted.internet import reactor
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.protocol import ClientCreator

from buildyard.messaging import api, exceptions, testing
from buildyard.messaging.broker import Broker
from buildyard.messaging.message import Message
from buildyard.messaging.twisted.factory import FedoraMessagingFactoryV2
from buildyard.messaging.twisted.protocol import Consumer, FedoraMessagingProtocol, FedoraMessagingProtocolV2
from buildyard.messaging.twisted.service import FedoraMessagingService, FedoraMessagingServiceV2
from support.in_reactor import in_reactor


@pytest.fixture(autouse=True)
def running(reactor_thread):
    """The reactor runs."""


@pytest.fixture
def service(bus):
    made = in_reactor(lambda: started(FedoraMessagingServiceV2(bus.url())))
    yield made
    in_reactor(made.stopService)


async def started(service):
    service.startService()
    await service.factory.when_connected()
    return service


@pytest.fixture
def process_service(bus):
    """The service of this process, for `twisted_consume`, ended after the test."""
    yield
    in_reactor(lambda: ended())


async def ended():
    await api._stop_service()


async def pause(seconds):
    waiting = Deferred()
    reactor.callLater(seconds, waiting.callback, None)
    await waiting


def test_twisted_consume_and_publish(process_service, topic, queues):
    seen = []

    def callback(message):
        seen.append((message.body, threading.current_thread() is not threading.main_thread()))
        if len(seen) == 2:
            raise exceptions.HaltConsumer(exit_code=5)

    async def run():
        (consumer,) = await api.twisted_consume(callback, **queues)
        for n in range(2):
            await api.twisted_publish(Message({"n": n}, topic=f"{topic}.x"))
        try:
            await consumer.result
        except exceptions.HaltConsumer as error:
            return error.exit_code, consumer.queue, consumer.running, consumer.stats.processed

    code, queue, running, processed = in_reactor(run)
    assert (code, running, processed) == (5, False, 2)
    assert queue.startswith("amq.gen-")
    assert seen == [({"n": 0}, True), ({"n": 1}, True)]


def test_cancelled_consumer_s_result_fires(process_service, topic, queues):
    async def run():
        (consumer,) = await api.twisted_consume(lambda message: None, **queues)
        await consumer.cancel()
        return await consumer.result, consumer.running

    assert in_reactor(run) == (None, False)


def test_coroutine_functions_run_on_the_reactor(process_service, topic, queues):
    where = []

    async def callback(message):
        await pause(0.01)
        where.append(threading.current_thread())
        raise exceptions.HaltConsumer

    async def run():
        (consumer,) = await api.twisted_consume(callback, **queues)
        await api.twisted_publish(Message(topic=f"{topic}.x"))
        try:
            await consumer.result
        except exceptions.HaltConsumer:
            return threading.current_thread()

    assert in_reactor(run) in where


def test_bad_declaration_fails_the_deferred(process_service, queues):
    queues["bindings"][0]["exchange"] = "nowhere"
    with pytest.raises(exceptions.BadDeclaration, match="nowhere"):
        in_reactor(lambda: api.twisted_consume(lambda message: None, **queues))


def test_bad_arguments_are_value_errors(process_service):
    with pytest.raises(ValueError):
        in_reactor(lambda: api.twisted_consume("no callback"))


def test_refused_credentials_fail_the_deferred(bus, settings, queues):
    settings["amqp_url"] = bus.url(password="wrong")
    try:
        with pytest.raises(exceptions.ConnectionException, match="ACCESS_REFUSED"):
            in_reactor(lambda: api.twisted_consume(lambda message: None, **queues))
    finally:
        in_reactor(lambda: ended())


def test_factory_publishes_consumes_and_survives_a_lost_connection(service, topic, queues):
    seen = []
    factory = service.factory

    async def run():
        consumers = await factory.consume(seen.append, **queues)
        await factory.publish(Message({"n": 1}, topic=f"{topic}.x"), "amq.topic")
        while not seen:
            await pause(0.05)
        made = await factory.when_connected()
        made.transport.abortConnection()
        await pause(0.1)
        again = await factory.when_connected()
        while not factory.consuming:
            await pause(0.05)
        await factory.publish(Message({"n": 2}, topic=f"{topic}.x"))
        while len(seen) < 2:
            await pause(0.05)
        await factory.cancel(consumers)
        return made is not again, factory.consuming

    assert in_reactor(run) == (True, False)
    assert [message.body["n"] for message in seen] == [1, 2]


def test_factory_tells_of_a_missing_exchange(service, topic):
    with pytest.raises(exceptions.ExchangeMissing):
        in_reactor(lambda: service.factory.publish(Message(topic=topic), "nowhere"))


def test_mock_sends_stands_in_for_twisted_publish(service):
    with testing.mock_sends(Message(topic="t")) as sent:
        in_reactor(lambda: service.factory.publish(Message(topic="t")))
    assert sent[0].topic == "t"


def test_protocol_declares_binds_consumes_and_publishes(bus, topic):
    seen = Deferred()

    async def run():
        creator = ClientCreator(reactor, FedoraMessagingProtocolV2, bus.url())
        made = await (await creator.connectTCP("127.0.0.1", bus.port)).ready
        await made.declare_exchanges([{"exchange": topic, "exchange_type": "topic", "auto_delete": True}])
        name = await made.declare_queue({"queue": "", "exclusive": True})
        await made.bind_queues([{"queue": name, "exchange": topic, "routing_key": "#"}])
        consumer = await made.consume(lambda message: reactor.callFromThread(seen.callback, message), name)
        await made.publish(Message({"a": 1}, topic="x"), topic)
        message = await seen
        await consumer.cancel()
        await made.halt()
        return message.body, message.queue == name

    assert in_reactor(run) == ({"a": 1}, True)


def test_protocol_takes_pika_s_parameters():
    class Parameters:
        host, port, virtual_host, ssl_options, heartbeat = "h", 1, "v", None, None

        class credentials:  # noqa: N801
            username, password = "u", "p"

    made = FedoraMessagingProtocolV2(Parameters())
    assert made.link.parameters.visible == "amqp://u@h:1/v"


def deprecated(function, *args, **kwargs):
    with pytest.warns(DeprecationWarning, match="deprecated"):
        return function(*args, **kwargs)


def test_deprecated_protocol_consumes_by_queue(bus, topic):
    seen, later = [], []

    async def run():
        creator = ClientCreator(reactor, lambda: deprecated(FedoraMessagingProtocol, bus.url()))
        made = await (await creator.connectTCP("127.0.0.1", bus.port)).ready
        name = await made.declare_queue({"queue": "", "exclusive": True})
        await made.bind_queues([{"queue": name, "exchange": "amq.topic", "routing_key": topic}])
        consumer = await made.consume(seen.append, name)

        async def publish(into, count):
            await made.publish(Message(topic=topic))
            while len(into) < count:
                await pause(0.02)

        await publish(seen, 1)
        await made.pauseProducing()
        await made.publish(Message(topic=topic))
        await pause(0.2)
        paused = len(seen)
        await made.resumeProducing()
        while len(seen) < 2:
            await pause(0.02)
        await made.consume(later.append, name)
        await publish(later, 1)
        await made.cancel(name)
        nothing = made.cancel(name)
        await made.stopProducing()
        return consumer, name, paused, nothing

    consumer, name, paused, nothing = in_reactor(run)
    assert isinstance(consumer, Consumer)
    assert (consumer.queue, consumer.callback, len(uuid.UUID(consumer.tag).hex)) == (name, seen.append, 32)
    assert (paused, len(seen), len(later), nothing) == (1, 2, 1, None)


def test_deprecated_service_declares_and_consumes_on_each_connection(bus, topic):
    seen = []

    async def run():
        service = deprecated(
            FedoraMessagingService,
            bus.url(),
            exchanges=[{"exchange": topic, "exchange_type": "topic", "durable": True}],
            queues=[{"queue": topic, "auto_delete": False, "arguments": {"x-expires": 60_000}}],
            bindings=[{"queue": topic, "exchange": topic, "routing_key": "#"}],
            consumers={topic: seen.append},
        )
        service.startService()
        factory = service.factory
        for number in (1, 2):
            made = await factory.whenConnected()
            await factory.publish(Message({"n": number}, topic="x"), topic)
            while len(seen) < number:
                await pause(0.05)
            made.transport.abortConnection()
            await pause(0.1)
        await factory.whenConnected()
        await factory.cancel(topic)
        nothing = factory.cancel(topic)
        factory.stopTrying()
        await service.stopService()
        return nothing, type(made)

    with pytest.warns(DeprecationWarning, match="deprecated"):
        nothing, kind = in_reactor(run)
    assert (nothing, kind) == (None, FedoraMessagingProtocol)
    assert [message.body["n"] for message in seen] == [1, 2]


def test_results_of_several_consumers_come_each(service, topic, queues):
    async def run():
        consumers = []
        for _ in range(2):
            consumers += await service.factory.consume(lambda message: None, **queues)
        await service.factory.cancel(consumers)
        return await DeferredList([one.result for one in consumers])

    assert in_reactor(run) == [(True, None)] * 2


@pytest.fixture
def embedded(settings):
    """The embedded broker in RabbitMQ's place."""
    broker = Broker.named("twisted")
    settings["amqp_url"] = broker.url
    yield broker
    broker.close()


def test_embedded_broker_is_published_to_and_consumed_from(embedded, topic, queues):
    seen = []

    async def run():
        service = await started(FedoraMessagingServiceV2())
        factory = service.factory
        consumers = await factory.consume(seen.append, **queues)
        await factory.publish(Message({"n": 1}, topic=f"{topic}.x"))
        while not seen:
            await pause(0.01)
        made = await factory.when_connected()
        made.transport.abortConnection()
        await pause(0.05)
        again = await factory.when_connected()
        while not factory.consuming:
            await pause(0.05)
        await factory.publish(Message({"n": 2}, topic=f"{topic}.x"))
        while len(seen) < 2:
            await pause(0.01)
        try:
            await factory.publish(Message(topic=topic), "nowhere")
        except exceptions.ExchangeMissing as error:
            words = error.reason
        await factory.cancel(consumers)
        await service.stopService()
        return made is not again, words

    assert in_reactor(run) == (True, "NOT_FOUND - no exchange 'nowhere' in vhost '/'")
    assert [message.body["n"] for message in seen] == [1, 2]
    assert embedded.queues() == []


def test_factory_is_one_of_twisted_s():
    assert FedoraMessagingFactoryV2("amqp://").maxDelay == 60
