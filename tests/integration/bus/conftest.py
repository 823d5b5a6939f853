"""The farm on a real RabbitMQ."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildyard.messaging import _session
from support.messaging_bus import settings, topic

__all__ = ["settings", "topic"]

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.service("rabbitmq"))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting again waits a second at most."""
    monkeypatch.setattr(_session, "LONGEST_DELAY", 1.0)
