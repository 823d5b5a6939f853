"""A transaction in memory, for the plain functions of the tasks floor."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from support.stores import memory_connection


@pytest.fixture
def connection() -> Iterator[Connection]:
    with memory_connection() as connection:
        yield connection
