"""These tests run on a real RabbitMQ."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.in_reactor import reactor_thread
from support.messaging_bus import bus, named, queues, settings, topic

__all__ = ["bus", "named", "queues", "reactor_thread", "settings", "topic"]

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.service("rabbitmq"))
