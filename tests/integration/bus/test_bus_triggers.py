"""Messages that make requests, on a real bus and a real hub that is killed between commit and acknowledgement."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from buildyard.farm.builds.triggered import follow_triggers
from buildyard.farm.bus_settings import BusSettings, Trigger
from buildyard.farm.state import StateDirectory
from buildyard.farm.store.tables import requests
from buildyard.messaging._properties import Properties
from buildyard.messaging._wire import Outgoing
from buildyard.messaging.aio import Publisher
from buildyard.messaging.exceptions import BadDeclaration
from buildyard.messaging.message import Message
from buildyard.taskcluster import Queue, QueueEvents
from buildyard.taskcluster.slugid import slugId
from support.bus import declare, queue, received, store_with_bus
from support.doomed_hub import arm
from support.farmyard import until, yard
from support.rabbitmq import Broker
from support.tasks import definition


def asked(connection: Connection) -> list[tuple[str, str]]:
    query = select(requests.c.asked_by, requests.c.requirements).order_by(requests.c.id)
    return [(row.asked_by, json.loads(row.requirements)[0]) for row in connection.execute(query)]


@pytest.fixture(params=["memory", "rabbitmq"])
def bus_url(request: pytest.FixtureRequest, topic: str) -> str:
    """The address of a broker in this process, then of a real one."""
    return f"memory://{topic}" if request.param == "memory" else request.getfixturevalue("rabbitmq").url()


def release(topic: str, name: object, message_id: str | None = None) -> Message:
    message = Message({"name": name}, topic=f"{topic}.release")
    if message_id is not None:
        message.id = message_id
    return message


def test_messages_make_requests_once_each_and_bad_ones_stop_nobody(bus_url: str, tmp_path: Path, topic: str) -> None:
    """One that is no JSON, one that names no package, one that comes twice."""
    bus = BusSettings(url=bus_url)
    rules = [
        Trigger(name="absent", exchange=f"absent.{topic}", requirements="body.name"),
        Trigger(
            name="releases", exchange="amq.topic", topic=f"{topic}.*", requirements="body.name", queue=f"rule.{topic}"
        ),
    ]
    broken = Outgoing(routing_key=f"{topic}.release", properties=Properties(message_id="broken"), body=b"{")

    async def main() -> list[tuple[str, str]]:
        await declare(bus_url, queue(topic, [f"{topic}.#"]))
        async with store_with_bus(f"sqlite:///{tmp_path / 'yard.sqlite'}") as store, Publisher(bus_url) as out:
            following = asyncio.create_task(follow_triggers(store, bus, rules, time.time))
            while not await store.read(asked):
                await out.publish(release(topic, "first", "the-first"))
                await asyncio.sleep(0.05)
            await out.submit(broken, "amq.topic", timeout=10, mandatory=True)
            for name, message_id in (("not a requirement!", "bad"), ("six", "twice"), ("six", "twice"), ("idna", "x")):
                await out.publish(release(topic, name, message_id))
            async with asyncio.timeout(10):
                while ("releases", "idna") not in await store.read(asked):
                    await asyncio.sleep(0.02)
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            return await store.read(asked)

    assert asyncio.run(main()) == [("releases", "first"), ("releases", "six"), ("releases", "idna")]


def test_hub_killed_between_commit_and_publish_asks_once_and_tells_all(
    rabbitmq: Broker, tmp_path: Path, topic: str
) -> None:
    """It dies when the request of a trigger is committed: the message is not acknowledged, the event not published."""
    rule = {"name": "releases", "exchange": "amq.topic", "topic": f"{topic}.release", "requirements": "body.name"}
    told = {
        "bus.url": rabbitmq.url(),
        "bus.topic_prefix": topic,
        "trigger": json.dumps([{**rule, "queue": f"rule.{topic}"}]),
    }
    wanted = queue(topic, [f"{topic}.buildyard.build.requested"])
    doom = tmp_path / "doom"

    async def publish(name: str, message_id: str) -> None:
        async with Publisher(rabbitmq.url()) as out:
            await out.publish(release(topic, name, message_id), mandatory=True)

    asyncio.run(declare(rabbitmq.url(), wanted))
    with yard(tmp_path / "farm", "http://127.0.0.1:9/simple/", **told) as farm:
        hub = farm.start_hub("support.doomed_hub", str(doom))
        until("the trigger listens", lambda: "trigger.listens" in (farm.state / "hub.log").read_text())
        arm(doom, "build.requested", "after")
        asyncio.run(publish("six", "one"))
        assert hub.wait(20) == -9
        asyncio.run(publish("idna", "two"))  # nobody listens just now
        farm.start_hub()
        events = asyncio.run(received(rabbitmq.url(), wanted, lambda found: len(found) == 2))
        assert [one.body["requirements"] for one in events] == [["six"], ["idna"]]
        assert {one.body["asked_by"] for one in events} == {"releases"}
        bodies = [one.body["requirements"] for one in farm.events() if one.topic == "build.requested"]
        assert bodies == [["six"], ["idna"]]


def test_hub_tells_taskclusters_clients_of_a_task_on_its_exchange(rabbitmq: Broker, tmp_path: Path, topic: str) -> None:
    task_id = slugId()
    binding = QueueEvents({"rootUrl": "https://tc.example"}).taskPending({"taskId": task_id})
    wanted = queue(topic, [binding["routingKeyPattern"]], binding["exchange"])
    with yard(tmp_path / "farm", "http://127.0.0.1:9/simple/", **{"bus.url": rabbitmq.url()}) as farm:
        farm.start_hub()
        until("the exchange is there", lambda: bound(rabbitmq.url(), wanted))
        own = StateDirectory(farm.state).credentials()
        assert own is not None
        credentials = {"clientId": own.client_id, "accessToken": own.access_token}
        Queue({"rootUrl": farm.url, "credentials": credentials}).createTask(task_id, definition(time.time()))
        (found,) = asyncio.run(received(rabbitmq.url(), wanted, bool))
    assert (found.body["status"]["taskId"], found.body["runId"], found.body["version"]) == (task_id, 0, 1)


def bound(url: str, wanted: dict[str, object]) -> bool:
    try:
        asyncio.run(declare(url, wanted))
    except BadDeclaration:
        return False
    return True
