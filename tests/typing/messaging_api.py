"""Public calls of `buildyard.messaging`, for mypy to judge; see `faces_api.py`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, closing
from typing import Any, assert_type

from msgspec import Struct
from twisted.internet.defer import Deferred

from buildyard import messaging, taskcluster
from buildyard.faces.deferred import DeferredIterator
from buildyard.messaging import Message, aio, api, events, message, testing, tx
from buildyard.messaging.monitoring import Monitor
from buildyard.taskcluster import aio as aio_taskcluster
from buildyard.taskcluster import pulse
from buildyard.taskcluster import tx as tx_taskcluster


class Built(Message):
    topic = "example.wheel.built"

    @property
    def usernames(self) -> list[str]:
        return [self.body["builder"]]


def messages_and_lines() -> None:
    made = Built({"builder": "ada"}, severity=message.ERROR)
    assert_type(made.body, dict[str, Any])
    assert_type(made.id, str | None)
    assert_type(made.severity, int)
    assert_type(messaging.dumps([made]), str)
    assert_type(messaging.loads("{}"), list[Message])
    assert_type(message.get_class("example"), type[Message])
    message.register("example", Built)
    message.register("example", str)  # type: ignore[arg-type]


def blocking_face(made: Message) -> None:
    assert_type(messaging.publish(made, exchange="amq.topic", timeout=None, mandatory=True), None)
    messaging.consume(print, prefetch=1, redelivery=messaging.Redelivery(limit=3, delay=5))
    assert_type(messaging.messages(["a.#"]), Generator[Message, None, None])
    with closing(messaging.messages()) as stream:
        assert_type(next(stream), Message)
    messaging.publish("text")  # type: ignore[arg-type]
    messaging.consume(5)  # type: ignore[arg-type]


async def asyncio_face(made: Message) -> None:
    assert_type(await aio.publish(made), None)
    async with aio.Publisher("amqp://", window=10) as publisher:
        assert_type(await publisher.publish_many([made]), int)
    assert_type(aio.messages(["a.#"], prefetch=5), AsyncGenerator[Message, None])
    async with aclosing(aio.messages()) as stream:
        assert_type([one.topic async for one in stream], list[str])
    consumers = await aio.start_consuming(print)
    async with Monitor(consumers, port=0) as monitor:
        assert_type(monitor.url, str)
    assert_type(consumers[0].stats.processed, int)


def twisted_face(made: Message) -> None:
    assert_type(tx.publish(made), Deferred[None])
    assert_type(api.twisted_consume(print), Deferred[list[api.Consumer]])
    assert_type(tx.messages(["a.#"]), DeferredIterator[Message])
    assert_type(tx.messages().collect(3), Deferred[list[Message]])


class Done(Struct):
    id: int


def typed_events(made: Message) -> None:
    events.register_event(Done, schema="example")
    events.register_event(lambda one: Done(id=len(one.topic)), exchange="ex", topic="#")
    events.register_event(Done, scheme="example")  # type: ignore[call-arg]
    match events.event_of(made):
        case Done(id=number):
            print(number)


def pulse_blocking() -> None:
    queue = taskcluster.QueueEvents()
    stream = queue.listen(queue.taskCompleted(taskId="x"), url="amqp://", queue="watcher", max_length=100)
    assert_type(stream, Generator[pulse.PulseEvent, None, None])
    for event in stream:
        match event:
            case pulse.TaskEvent(kind="taskCompleted"):
                assert_type(event.routing.taskId, str)
                assert_type(event.routing.runId, int | None)
                print(event.payload["status"]["state"], event.routes)
    queue.listen("primary.#")  # type: ignore[arg-type]


async def pulse_others() -> None:
    assert_type(aio_taskcluster.QueueEvents().listen(), AsyncGenerator[pulse.PulseEvent, None])
    assert_type(tx_taskcluster.AuthEvents().listen(), DeferredIterator[pulse.PulseEvent])


def tests_of_programs(made: Message) -> None:
    with testing.mock_sends(made, Built) as sent:
        assert_type(sent, list[Message])
