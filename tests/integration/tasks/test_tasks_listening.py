"""What a Taskcluster tells over Pulse wakes the loop that asks it; the broker is in this process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pamqp import commands

from buildyard.farm.store.base import Store
from buildyard.farm.tasks import mirror
from buildyard.farm.tasks.listening import listen
from buildyard.messaging import aio
from buildyard.messaging._asyncio import AsyncioRuntime
from buildyard.messaging._session import connect_once
from buildyard.messaging._settings import settings_of
from buildyard.messaging.broker import Broker
from buildyard.messaging.message import Message
from support.floors import until_async
from support.stores import opened

PREFIX = "exchange/taskcluster-queue/v1/"
EXCHANGES = ("task-pending", "task-running", "task-completed", "task-failed", "task-exception")


@pytest.fixture
def broker() -> Iterator[Broker]:
    broker = Broker.named("pulse")
    yield broker
    broker.close()


async def declared(url: str) -> None:
    """Make the exchanges, as Taskcluster does when it starts."""
    link = await connect_once(settings_of(url), AsyncioRuntime(), lambda *_: None)
    channel = await link.channel(None)
    for name in EXCHANGES:
        await link.call(channel, commands.Exchange.Declare(exchange=PREFIX + name, exchange_type="topic", durable=True))
    link.close()
    await link.wait_closed()


async def told(url: str, exchange: str, scheduler: str) -> None:
    """Publish what Taskcluster does when a task moves."""
    key = f"primary.task.0.group.worker.buildyard.pool.{scheduler}.group._"
    async with aio.Publisher(url) as publisher:
        await publisher.publish(Message({"version": 1}, topic=key), PREFIX + exchange)


def listening(tmp_path: Path, broker: Broker, scenario: Callable[[Store], Awaitable[None]]) -> None:
    """Play a scenario with a farm that listens."""

    async def main() -> None:
        async with opened(f"sqlite:///{tmp_path / 'yard.sqlite'}") as store:
            task = asyncio.create_task(listen(store, broker.url))
            try:
                await scenario(store)
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    asyncio.run(asyncio.wait_for(main(), 20))


async def ready(broker: Broker) -> None:
    """Return once the farm hears what is told."""
    await declared(broker.url)
    await until_async(lambda: any(queue.consumers for queue in broker.queues()))


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_message_about_a_task_of_the_farm_wakes_whoever_asks(tmp_path: Path, broker: Broker, exchange: str) -> None:
    async def scenario(store: Store) -> None:
        await ready(broker)
        async with store.waiter([mirror.CHANNEL]) as waiter:
            await told(broker.url, exchange, "buildyard")
            assert await waiter.wait(10) == {mirror.CHANNEL}

    listening(tmp_path, broker, scenario)


def test_tasks_of_others_wake_nobody(tmp_path: Path, broker: Broker) -> None:
    async def scenario(store: Store) -> None:
        await ready(broker)
        async with store.waiter([mirror.CHANNEL]) as waiter:
            await told(broker.url, "task-completed", "somebody-else")
            assert await waiter.wait(0.3) == frozenset()

    listening(tmp_path, broker, scenario)


def test_pulse_that_has_no_exchanges_yet_is_asked_again(
    tmp_path: Path, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(store: Store) -> None:
        await until_async(lambda: any(record.message == "pulse.waits" for record in caplog.records))
        await ready(broker)
        async with store.waiter([mirror.CHANNEL]) as waiter:
            await told(broker.url, "task-running", "buildyard")
            assert await waiter.wait(10) == {mirror.CHANNEL}

    with caplog.at_level(logging.WARNING):
        listening(tmp_path, broker, scenario)
