"""Play a scenario on each broker: ours in this process, ours over a socket, and a real RabbitMQ."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from buildyard.messaging.broker import Broker, serve_in_thread
from support.amqp_client import Client
from support.messaging_bus import rabbitmq, topic

__all__ = ["rabbitmq", "topic"]

Scenario = Callable[[Client], Awaitable[None]]
ON_RABBITMQ = pytest.param("rabbitmq", marks=pytest.mark.service("rabbitmq"))


@pytest.fixture(params=["memory", "socket", ON_RABBITMQ])
def broker_url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "rabbitmq":
        yield request.getfixturevalue("rabbitmq").url()
        return
    broker = Broker.named("contract")
    try:
        if request.param == "memory":
            yield broker.url
        else:
            with serve_in_thread(broker) as server:
                yield server.url
    finally:
        broker.close()


@pytest.fixture
def on_broker(broker_url: str) -> Callable[[Scenario], None]:
    """Call it with `async def scenario(client)`."""

    def play(scenario: Scenario) -> None:
        async def run() -> None:
            async with asyncio.timeout(20), Client(broker_url) as client:
                await scenario(client)

        asyncio.run(run())

    return play
