"""What programs have for their own tests."""

import asyncio

import pytest

from buildyard.messaging import Message, aio, api, testing
from buildyard.messaging.config import conf
from buildyard.messaging.testing.fixtures import amqp_broker, embedded_broker, no_sends, sent_messages

__all__ = ["amqp_broker", "embedded_broker", "no_sends", "sent_messages"]

QUEUES = {
    "bindings": [{"queue": "kept", "exchange": "amq.topic", "routing_keys": ["#"]}],
    "queues": {"kept": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}},
}


async def publish_many(*messages):
    async with aio.Publisher() as publisher:
        return await publisher.publish_many(messages)


def test_sends_of_every_face_are_compared_and_none_is_published():
    with testing.mock_sends(Message({"a": 1}, topic="t"), Message, Message) as sent:
        api.publish(Message({"a": 1}, topic="t"))
        asyncio.run(aio.publish(Message(topic="u")))
        assert asyncio.run(publish_many(Message(topic="v"))) == 1
    assert [message.topic for message in sent] == ["t", "u", "v"]


@pytest.mark.parametrize(
    "expected, said",
    [
        ([], "0 messages were expected, and 1 published"),
        ([Message(topic="other")], "not as expected"),
        ([type("Other", (Message,), {})], "is no Other"),
    ],
)
def test_other_sends_than_expected_fail(expected, said):
    with pytest.raises(AssertionError, match=said), testing.mock_sends(*expected):
        api.publish(Message(topic="t"))


def test_sends_that_nobody_expects_are_loud(no_sends):
    with pytest.raises(testing.UnexpectedPublish, match="mock_sends"):
        api.publish(Message(topic="t"))
    with pytest.raises(testing.UnexpectedPublish):
        asyncio.run(aio.publish(Message(topic="t")))
    with testing.mock_sends(Message):
        api.publish(Message(topic="t"))


def test_sent_messages_fill_as_it_happens(no_sends, sent_messages):
    api.publish(Message(topic="t"))
    assert [message.topic for message in sent_messages] == ["t"]


def test_embedded_broker_is_the_configured_one(embedded_broker):
    async def run():
        (consumer,) = await aio.start_consuming(lambda message: None, **QUEUES)
        await consumer.cancel()

    asyncio.run(run())
    api.publish(Message(topic="t"))
    assert [(state.name, state.ready) for state in embedded_broker.queues()] == [("kept", 1)]


def test_embedded_broker_is_empty_each_time_and_the_configuration_as_before():
    before = conf["amqp_url"]
    with testing.embedded_broker() as first:
        api.publish(Message(topic="t"))
        assert conf["amqp_url"] == "memory://testing"
    with testing.embedded_broker() as second:
        api.publish(Message(topic="t"))
        assert second is not first
    assert conf["amqp_url"] == before


def test_other_processes_reach_the_embedded_broker_by_its_address(amqp_broker, embedded_broker):
    """As they would, over a socket; here with a publisher that is told so."""

    async def run():
        (consumer,) = await aio.start_consuming(lambda message: None, **QUEUES)
        await consumer.cancel()
        async with aio.Publisher(amqp_broker.url) as publisher:
            await publisher.publish(Message(topic="t"))

    asyncio.run(run())
    assert [(state.name, state.ready) for state in embedded_broker.queues()] == [("kept", 1)]
