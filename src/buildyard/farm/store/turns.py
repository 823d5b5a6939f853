"""Who writes when on PostgreSQL: all side by side, but who was in another's way then goes alone.

Twenty claims on one queue all want its first messages; without turns each commit would send all others back, again and
again.  So a body that met a conflict waits until nobody else of this process writes, and keeps others waiting while
it does: in one hub every body is committed in its second run at the latest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """The turns of one store."""

    def __init__(self) -> None:
        self._running = 0
        self._nobody_runs = asyncio.Event()
        self._want_alone = 0
        self._nobody_wants_alone = asyncio.Event()
        self._one = asyncio.Lock()

    @asynccontextmanager
    async def beside(self) -> AsyncIterator[None]:
        """Go beside others, once nobody wants to go alone."""
        while self._want_alone:
            await self._nobody_wants_alone.wait()
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                self._nobody_runs.set()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Go alone, after those who are at it now."""
        self._want_alone += 1
        self._nobody_wants_alone.clear()
        try:
            async with self._one:
                while self._running:
                    self._nobody_runs.clear()
                    await self._nobody_runs.wait()
                yield
        finally:
            self._want_alone -= 1
            if not self._want_alone:
                self._nobody_wants_alone.set()
