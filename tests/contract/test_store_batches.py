"""Batches: what many want of one kind is done at once, and what comes of each is its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from buildyard.farm.store.base import Store
from buildyard.farm.store.batches import Batch
from buildyard.farm.store.tables import dirty_pages
from support.stores import OnStore, play_in_one_lane

NOW = 7.0


@pytest.fixture
def on_store(store_url: str) -> OnStore:
    """Call it with `async def scenario(store)`, whose bodies are all of one lane."""
    return partial(play_in_one_lane, store_url)


class Adding:
    """Adds pages, and notes how many it was given at a time; a name that says so is refused, or raises."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, connection: Connection, now: float, names: Sequence[str]) -> list[str | Exception]:
        self.sizes.append(len(names))
        connection.execute(insert(dirty_pages), [{"package": name, "since": now} for name in names])
        if any("raise" in name for name in names):
            raise LookupError
        return [KeyError(name) if "refuse" in name else name for name in names]

    def body(self, name: str) -> Callable[[Connection], Any]:
        return Batch(self, lambda: NOW, name)


def names(connection: Connection) -> list[str]:
    return list(connection.execute(select(dirty_pages.c.package).order_by(dirty_pages.c.package)).scalars())


def test_those_that_wait_together_are_run_as_one(on_store: OnStore) -> None:
    adding = Adding()

    async def scenario(store: Store) -> None:
        wanted = [f"p{number:02}" for number in range(20)]
        assert await asyncio.gather(*(store.write(adding.body(name)) for name in wanted)) == wanted
        assert await store.read(names) == wanted
        assert max(adding.sizes) > 1
        assert sum(adding.sizes) == 20

    on_store(scenario)


def test_two_kinds_are_not_mixed(on_store: OnStore) -> None:
    one, other = Adding(), Adding()

    async def scenario(store: Store) -> None:
        bodies = [(one if number % 2 else other).body(f"p{number:02}") for number in range(20)]
        assert await asyncio.gather(*map(store.write, bodies)) == [f"p{number:02}" for number in range(20)]
        assert sum(one.sizes) == sum(other.sizes) == 10

    on_store(scenario)


def test_exception_that_is_returned_is_its_own_callers_alone(on_store: OnStore) -> None:
    adding = Adding()

    async def scenario(store: Store) -> None:
        bodies = [adding.body(name) for name in ("a", "refuse", "b")]
        results = await asyncio.gather(*map(store.write, bodies), return_exceptions=True)
        assert [type(result) for result in results] == [str, KeyError, str]

    on_store(scenario)


def test_exception_that_is_raised_undoes_its_own_alone(on_store: OnStore) -> None:
    adding = Adding()

    async def scenario(store: Store) -> None:
        bodies = [adding.body(name) for name in ("a", "raise", "b")]
        results = await asyncio.gather(*map(store.write, bodies), return_exceptions=True)
        assert [type(result) for result in results] == [str, LookupError, str]
        assert await store.read(names) == ["a", "b"]

    on_store(scenario)


def test_refusal_alone_undoes_what_was_done_for_it(on_store: OnStore) -> None:
    adding = Adding()

    async def scenario(store: Store) -> None:
        with pytest.raises(KeyError):
            await store.write(adding.body("refuse"))
        assert await store.read(names) == []

    on_store(scenario)
