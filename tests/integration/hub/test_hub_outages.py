"""A hub that cannot write for a while: that time is not held against builders, which could not renew their claims."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection

from buildyard.farm.hub import Hub
from buildyard.farm.settings import load
from buildyard.farm.store.base import Store
from buildyard.farm.store.errors import StoreError, StoreFull, StoreUnreachable
from support.stores import Clock
from support.tasks import last_run, running

T = TypeVar("T")

CLAIM_S = 60.0


class Ailing:
    """A store that refuses each write with an error, while it has one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.error: StoreError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, body: Callable[[Connection], T]) -> T:
        if self.error is not None:
            raise self.error
        return await self._store.write(body)


async def _sweep(hub: Hub) -> None:
    (timers,) = [loop for loop in hub.loops() if loop.name == "timers"]
    await timers.look()


@pytest.mark.parametrize("error", [StoreFull("no room"), StoreUnreachable("no answer")], ids=["full", "unreachable"])
def test_claims_hold_on_after_a_time_in_which_nobody_could_renew_them(tmp_path: Path, error: StoreError) -> None:
    clock = Clock()
    settings = load({"state": tmp_path, "port": 0, "claim_timeout_s": int(CLAIM_S)}, {}).settings

    async def main() -> None:
        async with Hub.open(settings, clock) as hub:
            store = hub.store = Ailing(hub.store)  # type: ignore[assignment]
            task = await store.write(lambda connection: running(connection, clock.now))
            clock.advance(CLAIM_S + 1)
            store.error = error
            with pytest.raises(type(error)):
                await _sweep(hub)
            store.error = None
            clock.advance(1)

            await _sweep(hub)
            assert await _state(store, task) == "running"
            clock.advance(CLAIM_S + 1)
            await _sweep(hub)
            assert await _state(store, task) == "exception"

    asyncio.run(main())


async def _state(store: Any, task: str) -> str:
    """Return the state of the task's first run."""
    runs: dict[str, Any] = await store.read(lambda connection: last_run(connection, task))
    return "exception" if runs["runId"] else str(runs["state"])
