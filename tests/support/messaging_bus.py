"""Fixtures: a real RabbitMQ, one a worker, and this process's settings pointed at it; for a conftest to import."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterator

import pytest

from buildyard.messaging import api, config
from support.needs import missing
from support.rabbitmq import Broker, RabbitmqMissing


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[Broker]:
    """A broker that nobody kills."""
    try:
        broker = Broker()
    except RabbitmqMissing as reason:
        missing(str(reason))
    yield broker
    broker.close()


@pytest.fixture
def settings() -> Iterator[dict[str, object]]:
    """The configuration of this process, at its defaults, put back afterwards."""
    config.conf.load_config()  # what is set before the first read would stand over every file
    config.conf.update(copy.deepcopy(config.DEFAULTS))
    yield config.conf
    api.close()
    config.conf.update(copy.deepcopy(config.DEFAULTS))


@pytest.fixture
def bus(rabbitmq: Broker, settings: dict[str, object]) -> Broker:
    """The broker, as this process's configuration names it."""
    settings["amqp_url"] = rabbitmq.url(query="?connection_attempts=3&retry_delay=0.2")
    api.close()
    return rabbitmq


@pytest.fixture
def topic() -> str:
    """A topic that no other test uses."""
    return f"test.{uuid.uuid4().hex}"


@pytest.fixture
def queues(topic: str):
    """A queue of the broker's naming, bound to the test's topic: arguments of ``consume``."""
    return {
        "bindings": [{"queue": "", "exchange": "amq.topic", "routing_keys": [f"{topic}.#"]}],
        "queues": {"": {"durable": False, "auto_delete": True, "exclusive": True, "arguments": {}}},
    }


@pytest.fixture
def named(topic: str):
    """A queue that outlives connections, with a dead-letter queue; arguments of ``consume`` for both."""

    def one(name: str, arguments: dict[str, object], keys: list[str]):
        return {
            "bindings": [{"queue": name, "exchange": "amq.topic", "routing_keys": keys}],
            "queues": {name: {"durable": True, "auto_delete": False, "exclusive": False, "arguments": arguments}},
        }

    dead = f"dead.{topic}"
    main = one(
        topic,
        {"x-dead-letter-exchange": "amq.topic", "x-dead-letter-routing-key": dead, "x-expires": 60_000},
        [f"{topic}.#"],
    )
    return main, one(dead, {"x-expires": 60_000}, [dead])
