"""A hub of tasks and objects over HTTP, on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from buildyard.farm.tasks.rooms import TaskSettings
from support.hub import Hub, running_hub


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A hub whose long polls are short."""
    with running_hub(tmp_path, settings=TaskSettings(long_poll_s=0.3)) as hub:
        yield hub
