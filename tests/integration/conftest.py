"""Integration tests run two at a time, a file a worker, save that all which run builds share one worker.

Builds of two workers would run as the same users, and a limit on processes counts those of a user wherever they are.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from support.messaging_bus import rabbitmq

__all__ = ["rabbitmq"]

HERE = Path(__file__).parent
BUILDING = ("builder", "cli")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.xdist_group(_worker(item.path.relative_to(HERE))))


def _worker(path: Path) -> str:
    return "builds" if path.parts[0] in BUILDING else str(path)
