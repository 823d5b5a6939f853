"""A hub's services in this process, on one SQLite file that each test finds empty."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildyard.farm.store.base import Store
from support.services import Yard, emptied, stored, yard_on

Place = tuple[asyncio.Runner, Store, Path]


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    state = tmp_path_factory.mktemp("services")
    with stored(f"sqlite:///{state / 'yard.sqlite'}") as (runner, store):
        yield runner, store, state


@pytest.fixture
def yard(place: Place) -> Yard:
    runner, store, state = place
    runner.run(store.write(emptied))
    return yard_on(runner, store, state)
