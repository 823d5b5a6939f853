"""Play a scenario on every implementation of a protocol."""

from __future__ import annotations

from functools import partial

import pytest

from support.stores import OnQueue, OnStore, play_on_queue, play_on_store


@pytest.fixture
def on_store(store_url: str) -> OnStore:
    """Call it with `async def scenario(store)`."""
    return partial(play_on_store, store_url)


@pytest.fixture
def on_queue(store_url: str) -> OnQueue:
    """Call it with `async def scenario(queue, clock)`."""
    return partial(play_on_queue, store_url)
