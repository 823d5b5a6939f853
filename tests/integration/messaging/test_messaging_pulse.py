"""Recorded messages of Taskcluster on a RabbitMQ with Pulse's rules: names begin with ``queue/<user>/``."""

import asyncio
import json
import subprocess
import sys
from contextlib import aclosing, closing
from pathlib import Path

import pytest
from pamqp import commands

from buildyard.messaging import aio, exceptions
from buildyard.messaging._asyncio import AsyncioRuntime
from buildyard.messaging._properties import Properties
from buildyard.messaging._session import connect_once
from buildyard.messaging._settings import settings_of
from buildyard.messaging.message import Message
from buildyard.taskcluster import QueueEvents, pulse
from buildyard.taskcluster import aio as aio_taskcluster

LINES = (Path(__file__).parents[2] / "wire" / "golden" / "pulse.jsonl").read_text("utf-8").splitlines()
RECORDS = [json.loads(line) for line in LINES]
GROUP = "fR5ZO8zVQ4azMFxkPI_a_A"

#: A program of Twisted's that prints the first events, one JSON object a line, then ends.
TWISTED = """
import json, sys
from twisted.internet import defer, task
from buildyard.taskcluster.tx import QueueEvents

def main(reactor):
    events = QueueEvents()
    print("listening", flush=True)
    iteration = events.listen(events.taskException(), url=sys.argv[1], queue="twisted")
    return iteration.collect(2).addCallback(lambda found: [print(json.dumps(one.payload)) for one in found])

task.react(main)
"""


@pytest.fixture(scope="module")
def pulse_url(rabbitmq):
    """The address of a user as Pulse has them; the exchanges are there."""
    rabbitmq.ctl("add_user", "pulse-user", "secret")
    own = "^(queue/pulse-user/.*|exchange/pulse-user/.*)"
    rabbitmq.ctl("set_permissions", "pulse-user", own, own, "^(queue/pulse-user/.*|exchange/.*)")
    names = {record["exchange"] for record in RECORDS} | {
        binding["exchange"] for binding in QueueEvents()._queue((), rabbitmq.url(), None, None, None)["bindings"]
    }
    asyncio.run(_declared(rabbitmq.url(), names))
    return rabbitmq.url(user="pulse-user", password="secret")


async def _declared(url, names):
    link = await connect_once(settings_of(url), AsyncioRuntime(), lambda *_: None)
    channel = await link.channel(None)
    for name in names:
        await link.call(channel, commands.Exchange.Declare(exchange=name, exchange_type="topic", durable=True))
    link.close()
    await link.wait_closed()


async def publish_all(url):
    """Publish what was recorded, as Taskcluster does: bare payloads, copies in a header."""
    async with aio.Publisher(url) as publisher:
        for record in RECORDS:
            properties = Properties(content_type="application/json", delivery_mode=2, headers={"CC": record["CCs"]})
            message = Message(record["payload"], topic=record["routingKey"], properties=properties)
            await publisher.publish(message, record["exchange"])


async def listened(pulse_url, publisher_url, count, *bindings, **options):
    events = aio_taskcluster.QueueEvents()
    async with aclosing(events.listen(*bindings, url=pulse_url, **options)) as stream:
        first = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.3)  # its queue is exclusive, so nobody else can ask whether it is bound
        await publish_all(publisher_url)
        return [await first, *[await anext(stream) for _ in range(count - 1)]]


def recorded(*exchanges):
    return [
        (record["exchange"], record["routingKey"], record["payload"])
        for record in RECORDS
        if record["exchange"].rpartition("/")[2] in exchanges
    ]


def seen(events):
    return [(event.exchange, event.routingKey, event.payload) for event in events]


def test_events_of_a_group_come_in_order_with_what_was_sent(bus, pulse_url):
    found = asyncio.run(
        asyncio.wait_for(
            listened(
                pulse_url,
                bus.url(),
                5,
                QueueEvents().taskPending(taskGroupId=GROUP),
                QueueEvents().taskException(taskGroupId=GROUP),
            ),
            20,
        )
    )
    wanted = [one for one in recorded("task-pending", "task-exception") if GROUP in one[1]]
    assert seen(found) == wanted[:5]
    assert all(isinstance(event, pulse.TaskEvent) and event.routing.taskGroupId == GROUP for event in found)


def test_event_is_found_by_the_route_that_it_was_copied_to(bus, pulse_url):
    by_route = QueueEvents().taskRunning("route.index.lab.v1.#")
    (event,) = asyncio.run(asyncio.wait_for(listened(pulse_url, bus.url(), 1, by_route), 20))
    assert event.routes == ("index.lab.v1.latest",)
    assert event.routing.workerId == "w1"


def test_named_queue_keeps_what_happens_while_nobody_listens(bus, pulse_url):
    events = QueueEvents()
    binding = events.taskGroupSealed()
    asyncio.run(_bound(pulse_url, events, binding))
    asyncio.run(publish_all(bus.url()))
    with closing(events.listen(binding, url=pulse_url, queue="kept")) as stream:
        event = next(stream)
    assert (event.kind, event.routing.taskGroupId, event.redelivered) == ("taskGroupSealed", GROUP, False)
    with closing(events.listen(binding, url=pulse_url, queue="kept")) as stream:
        assert next(stream).redelivered  # the loop was left before the next one was asked for


async def _bound(url, events, binding):
    (consumer,) = await aio.start_consuming(
        lambda message: None, **events._queue([binding], url, None, "kept", None), url=url
    )
    await consumer.cancel()


def test_twisted_program_listens(bus, pulse_url, tmp_path):
    done = subprocess.Popen([sys.executable, "-c", TWISTED, pulse_url], stdout=subprocess.PIPE, text=True)
    try:
        assert done.stdout.readline() == "listening\n"
        while "queue/pulse-user/twisted" not in bus.ctl("list_queues", "name"):
            assert done.poll() is None
        asyncio.run(publish_all(bus.url()))
        found = [json.loads(line) for line in done.stdout]
        assert done.wait(20) == 0
    finally:
        done.kill()
        done.stdout.close()
    assert found == [payload for _, _, payload in recorded("task-exception")[:2]]


def test_queue_of_another_user_is_refused_as_pulse_would(bus, pulse_url):
    stream = QueueEvents().listen(url=pulse_url, user="somebody-else", queue="x")
    with closing(stream), pytest.raises(exceptions.PermissionException):
        next(stream)
