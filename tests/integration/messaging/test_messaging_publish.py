"""Publishing to a real RabbitMQ: confirmed, or refused by a typed error at once."""

import asyncio
import threading
import time

import pytest

from buildyard.messaging import aio, api, exceptions, testing
from buildyard.messaging.message import Message


async def published_to(queues, publish):
    """What a consumer sees of what ``publish`` does."""
    seen = asyncio.get_running_loop().create_future()

    async def callback(message):
        seen.set_result(message)

    (consumer,) = await aio.start_consuming(callback, **queues)
    try:
        await publish()
        return await asyncio.wait_for(seen, 10)
    finally:
        await consumer.cancel()
        await aio.close_default_publisher()


def test_message_arrives_as_it_was_sent(bus, topic, queues):
    sent = Message({"k": "é"}, headers={"n": 300, "big": 1 << 40, "nested": {"a": [1, "b"]}}, topic=f"{topic}.x")
    got = asyncio.run(published_to(queues, lambda: aio.publish(sent)))
    assert got == sent
    assert (got.id, got.exchange, got.redelivered) == (sent.id, "amq.topic", False)
    assert got.queue.startswith("amq.gen-")


def test_blocking_publish_returns_after_the_confirmation(bus, topic, queues):
    sent = Message(topic=f"{topic}.x")
    got = asyncio.run(published_to(queues, lambda: asyncio.to_thread(api.publish, sent)))
    assert got.id == sent.id


def test_many_messages_keep_their_order(bus, topic, named):
    main, _ = named

    async def run():
        async def nothing(message):
            raise exceptions.HaltConsumer(requeue=True)

        (consumer,) = await aio.start_consuming(nothing, **main)
        await consumer.cancel()
        async with aio.Publisher(window=50) as publisher:
            count = await publisher.publish_many(Message({"n": n}, topic=f"{topic}.x") for n in range(500))
        got = []
        async for message in aio.messages(**main):
            got.append(message.body["n"])
            if len(got) == 500:
                break
        return count, got

    count, got = asyncio.run(run())
    assert count == 500
    assert got == list(range(500))


def test_missing_exchange_fails_at_once(bus, topic):
    began = time.monotonic()
    with pytest.raises(exceptions.ExchangeMissing, match="no exchange 'nowhere'"):
        api.publish(Message(topic=topic), exchange="nowhere")
    assert time.monotonic() - began < 15
    api.publish(Message(topic=topic))


def test_missing_exchange_of_one_message_costs_no_other(bus, topic):
    async def run():
        async with aio.Publisher() as publisher:
            good = [publisher.publish(Message(topic=topic)) for _ in range(50)]
            bad = publisher.publish(Message(topic=topic), exchange="nowhere")
            return await asyncio.gather(*good[:25], bad, *good[25:], return_exceptions=True)

    results = asyncio.run(run())
    assert [type(one) for one in results if one is not None] == [exceptions.ExchangeMissing]


def test_message_that_the_broker_objects_to_is_found_among_others(bus, topic):
    """A wrong user-id closes the channel, and the broker does not say whose message it was."""

    async def run():
        bad = Message(topic=topic)
        bad._properties.user_id = "somebody-else"
        async with aio.Publisher() as publisher:
            messages = [*(Message(topic=topic) for _ in range(20)), bad, *(Message(topic=topic) for _ in range(20))]
            with pytest.raises(exceptions.SomeNotPublished) as caught:
                await publisher.publish_many(messages)
            return bad, caught.value

    bad, error = asyncio.run(run())
    assert [message for message, _ in error.failures] == [bad]
    assert error.total == 41


def test_mandatory_message_without_a_queue_is_returned(bus, topic):
    with pytest.raises(exceptions.PublishReturned, match="NO_ROUTE"):
        api.publish(Message(topic=topic), mandatory=True)
    api.publish(Message(topic=topic))


def test_forbidden_exchange_is_a_typed_error(bus, topic, settings):
    bus.ctl("add_user", "reader", "pw")
    bus.ctl("set_permissions", "reader", ".*", "^$", ".*")
    settings["amqp_url"] = bus.url(user="reader", password="pw")
    api.close()
    try:
        with pytest.raises(exceptions.PublishForbidden, match=r"amq\.topic"):
            api.publish(Message(topic=topic))
    finally:
        api.close()
        bus.ctl("delete_user", "reader")


@pytest.mark.parametrize(
    "message",
    [
        Message({"x": float("nan")}, topic="t"),
        Message({"x": object()}, topic="t"),
        Message(topic="t" * 256),
        Message(topic="t", headers={"h" * 256: 1}),
        Message(topic="t", headers={"h": 1 << 70}),
        Message(topic="t", severity=7),
    ],
    ids=["nan", "no json", "topic", "header name", "header value", "severity"],
)
def test_message_that_cannot_be_sent_is_a_validation_error(bus, message):
    with pytest.raises(exceptions.ValidationError):
        api.publish(message)


def test_body_of_a_hundred_megabytes_is_refused(bus):
    with pytest.raises(exceptions.MessageTooLarge) as caught:
        api.publish(Message({"x": "a" * 100_000_000}, topic="t"))
    assert caught.value.size > 100_000_000


def test_wrong_password_is_told_at_once(bus, settings):
    settings["amqp_url"] = bus.url(password="wrong")
    api.close()
    with pytest.raises(exceptions.ConnectionException, match="ACCESS_REFUSED"):
        api.publish(Message(topic="t"))


def test_attempts_of_the_url_take_effect(settings):
    settings["amqp_url"] = "amqp://127.0.0.1:1/?connection_attempts=3&retry_delay=0.2"
    api.close()
    states = []

    def listen(sender, state, error):
        states.append(state)

    with api.connection_state_signal.connected_to(listen), pytest.raises(exceptions.ConnectionException):
        api.publish(Message(topic="t"))
    assert states.count("connecting") == 3


def test_signals_tell_of_each_message(bus, topic):
    told = []
    listeners = [
        (api.pre_publish_signal, lambda sender, message: told.append(("pre", message.topic))),
        (api.publish_signal, lambda sender, message: told.append(("ok", message.topic))),
        (api.publish_failed_signal, lambda sender, message, error, reason: told.append(("failed", error is reason))),
    ]
    for signal, listener in listeners:
        signal.connect(listener)
    api.publish(Message(topic=topic))
    with pytest.raises(exceptions.ExchangeMissing):
        api.publish(Message(topic=topic), "nowhere")
    assert told == [("pre", topic), ("ok", topic), ("pre", topic), ("failed", True)]


def test_many_threads_share_the_connection(bus, topic, queues):
    def several():
        for _ in range(20):
            api.publish(Message(topic=topic))

    threads = [threading.Thread(target=several) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)


def test_nothing_reaches_the_broker_under_mock_sends(settings):
    settings["amqp_url"] = "amqp://127.0.0.1:1/"
    expected = Message({"a": 1}, topic="t")
    with testing.mock_sends(expected, Message) as sent:
        api.publish(Message({"a": 1}, topic="t"))
        asyncio.run(aio.publish(Message(topic="u")))
    assert [message.topic for message in sent] == ["t", "u"]
