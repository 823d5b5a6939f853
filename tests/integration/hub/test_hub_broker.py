"""The broker inside a hub: programs of this machine listen to the farm, and ask it for builds, without a RabbitMQ."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import pytest

from buildyard.farm.bus_settings import BusSettings
from buildyard.farm.hub import Hub, PortTaken
from buildyard.farm.settings import Settings
from buildyard.messaging.aio import Publisher
from buildyard.messaging.message import Message
from support.bus import declare, queue, received
from support.farmyard import until, yard


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def test_programs_hear_the_farm_and_ask_it_without_another_broker(tmp_path: Path) -> None:
    port = free_port()
    url = f"amqp://guest:guest@127.0.0.1:{port}/"
    rule = {"name": "releases", "exchange": "amq.topic", "topic": "index.release", "requirements": "body.name"}
    wanted = queue("heard", ["buildyard.build.requested"])

    async def publish() -> None:
        async with Publisher(url) as out:
            await out.publish(Message({"name": "six"}, topic="index.release"), mandatory=True)

    told = {"bus.listen": f"127.0.0.1:{port}", "trigger": json.dumps([rule])}
    with yard(tmp_path / "farm", "http://127.0.0.1:9/simple/", **told) as farm:
        farm.start_hub()
        until("the trigger listens", lambda: "trigger.listens" in (farm.state / "hub.log").read_text())
        asyncio.run(declare(url, wanted))
        asyncio.run(publish())
        (event,) = asyncio.run(received(url, wanted, bool))
    assert (event.body["requirements"], event.body["asked_by"]) == (["six"], "releases")


def test_port_of_the_broker_that_is_taken_is_named(tmp_path: Path) -> None:
    async def main() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            settings = Settings(state=tmp_path / "farm", port=0, bus=BusSettings(listen=f"127.0.0.1:{port}"))
            with pytest.raises(PortTaken, match=f"port {port} of 127.0.0.1 is taken"):
                async with Hub.open(settings):
                    pass

    asyncio.run(main())
