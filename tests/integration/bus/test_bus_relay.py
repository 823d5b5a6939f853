"""Events on a real bus: with their schemas, in order, all of them, whoever is killed; read by the official library."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from buildyard.farm.bus_settings import BusSettings
from buildyard.farm.events import outbox, relays
from buildyard.farm.events.outbox import BusMessage
from buildyard.farm.events.schemas import BuildCompleted, BuildRequested
from buildyard.farm.tasks.exchanges import EXCHANGES, PREFIX
from buildyard.messaging import api
from support import peer_fedora_messaging
from support.bus import NOW, caught_up, declare, happen, lost, queue, received, relaying, store_with_bus, waiting
from support.needs import missing
from support.peers import PeerMissing, locked_peer
from support.rabbitmq import Broker, RabbitmqMissing

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = Path(peer_fedora_messaging.__file__)
SOURCE = Path(api.__file__).parents[2]

COMPLETED = BuildCompleted(
    build_id=7,
    package="six",
    version="1.16.0",
    abi="cp312",
    platform="linux_x86_64",
    filename="six-1.16.0-py3-none-any.whl",
    elapsed_s=1.5,
    builder="yard-1",
)

TOML = """
amqp_url = "{url}"

[queues."{queue}"]
durable = true
auto_delete = false
exclusive = false
arguments = {{ x-expires = 60000 }}

[[bindings]]
queue = "{queue}"
exchange = "amq.topic"
routing_keys = ["{queue}.#"]
"""


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'yard.sqlite'}"


@pytest.fixture(scope="module")
def rabbitmq() -> Iterator[Broker]:
    """A broker of this file's own, for killing; it is there again for the next test."""
    try:
        broker = Broker()
    except RabbitmqMissing as reason:
        missing(str(reason))
    yield broker
    broker.close()


@pytest.fixture
def official(tmp_path: Path) -> Any:
    """Call it with a configuration and a number: what the official library's consumer told of so many messages.

    Our classes are installed there, as its own group of entry points has them.
    """
    try:
        python = locked_peer("fedora-messaging")
    except PeerMissing as reason:
        missing(str(reason))
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["fedora.messages"]
    info = tmp_path / "site" / "buildyard-0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: buildyard\nVersion: 0\n")
    lines = "".join(f"{name} = {value}\n" for name, value in points.items())
    (info / "entry_points.txt").write_text(f"[fedora.messages]\n{lines}")

    def run(config: Path, count: int) -> list[dict[str, Any]]:
        told = {"FEDORA_MESSAGING_CONF": str(config), "PYTHONPATH": f"{info.parent}:{SOURCE}"}
        done = subprocess.run(
            [python, SCRIPT, "worded", str(count)],
            env={**os.environ, **told},
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def test_official_consumer_validates_events_and_has_words_for_them(
    rabbitmq: Broker, store_url: str, topic: str, tmp_path: Path, official: Any
) -> None:
    asked = BuildRequested(request_id=3, requirements=("six",), asked_by="mira")

    async def main() -> None:
        await declare(rabbitmq.url(), queue(topic, [f"{topic}.#"]))
        async with store_with_bus(store_url) as store:
            await happen(store, asked, COMPLETED)
            async with relaying(store, BusSettings(url=rabbitmq.url(), topic_prefix=topic)):
                await caught_up(store)

    asyncio.run(main())
    config = tmp_path / "theirs.toml"
    config.write_text(TOML.format(url=rabbitmq.url(), queue=topic))
    first, second = official(config, 2)
    assert (first["class"], second["class"]) == ("BuildRequested", "BuildCompleted")
    assert (first["summary"], second["summary"]) == (asked.summary, COMPLETED.summary)
    assert second["topic"] == f"{topic}.buildyard.build.completed"
    assert (second["packages"], first["headers"]["fedora_messaging_user_mira"]) == (["six"], True)
    assert second["headers"]["fedora_messaging_schema"] == "buildyard.build.completed.v1"
    assert second["headers"]["fedora_messaging_schema_package"] == "buildyard"
    assert second["body"]["filename"] == COMPLETED.filename


def test_what_taskcluster_would_publish_goes_to_its_exchanges_and_routes(
    rabbitmq: Broker, store_url: str, topic: str
) -> None:
    told = BusMessage(
        exchange=f"{PREFIX}task-pending", routing_key=f"primary.{topic}", cc=(f"route.{topic}",), body={"version": 1}
    )

    async def main() -> None:
        async with store_with_bus(store_url) as store:
            await happen(store, lost("first"))
            async with relaying(store, BusSettings(url=rabbitmq.url()), EXCHANGES):
                await caught_up(store)
                wanted = queue(topic, [f"route.{topic}"], told.exchange)
                await declare(rabbitmq.url(), wanted)
                await store.write(lambda connection: outbox.record(connection, NOW, [], [told]))
                (found,) = await received(rabbitmq.url(), wanted, bool)
        assert (found.topic, found.body, found.exchange) == (told.routing_key, told.body, told.exchange)
        assert found.headers == {"CC": [f"route.{topic}"]}

    asyncio.run(main())


def test_broker_killed_while_events_are_relayed_costs_none_of_them_nor_their_order(
    rabbitmq: Broker, store_url: str, topic: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Some may come twice, under the id they had."""
    caplog.set_level(logging.INFO, "buildyard.farm.events.relay")
    wanted = queue(topic, [f"{topic}.#"])
    total = 3000

    async def main() -> list[tuple[str, str]]:
        await declare(rabbitmq.url(), wanted)
        async with store_with_bus(store_url) as store:
            for number in range(0, total // 2, 100):
                await happen(store, *(lost(one) for one in range(number, number + 100)))
            async with relaying(store, BusSettings(url=rabbitmq.url(), topic_prefix=topic)):
                while await waiting(store) > total // 2 - 200:
                    await asyncio.sleep(0.001)
                rabbitmq.kill()
                for number in range(total // 2, total, 100):
                    await happen(store, *(lost(one) for one in range(number, number + 100)))
                await asyncio.to_thread(rabbitmq.start)
                await happen(store, lost("the end"))
                await caught_up(store)
        told = await received(rabbitmq.url(), wanted, lambda found: found[-1].body["builder"] == "the end")
        return [(str(one.id), one.body["builder"]) for one in told]

    seen = asyncio.run(main())
    first = list(dict(seen).values())
    assert first == [*map(str, range(total)), "the end"]
    assert len(set(seen)) == total + 1


@pytest.mark.service("postgresql")
def test_two_hubs_on_one_database_relay_each_event_once_in_order(
    rabbitmq: Broker, url_of_store: Callable[[str], str], topic: str
) -> None:
    wanted = queue(topic, [f"{topic}.#"])
    url, bus = url_of_store("postgresql"), BusSettings(url=rabbitmq.url(), topic_prefix=topic)

    async def main() -> None:
        await declare(rabbitmq.url(), wanted)
        async with store_with_bus(url) as one, store_with_bus(url) as two:
            async with relaying(one, bus, holder="one"), relaying(two, bus, holder="two"):
                for number in range(100):
                    await asyncio.gather(happen(one, lost(f"one {number}")), happen(two, lost(f"two {number}")))
                await caught_up(one)
            recorded = [found.event.subject for found in await one.read(partial(outbox.after, number=0))]
        told = await received(rabbitmq.url(), wanted, lambda found: len(found) == len(recorded))
        assert [message.body["builder"] for message in told] == recorded

    asyncio.run(main())


def test_a_bus_that_is_away_is_warned_about_once_and_noted_for_the_status(
    store_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "buildyard")

    async def main() -> relays.Lag | None:
        async with store_with_bus(store_url) as store:
            async with relaying(store, BusSettings(url="amqp://127.0.0.1:1/")) as relay:
                for number in range(3):
                    await happen(store, lost(number))
                    await asyncio.sleep(0.6)
                assert await relay.next_due() is not None
            return await store.read(relays.lag)

    lag = asyncio.run(main())
    assert lag is not None
    assert (lag.waiting, lag.trouble_since is not None) == (3, True)
    assert [one.message for one in caplog.records] == ["bus.away"]
