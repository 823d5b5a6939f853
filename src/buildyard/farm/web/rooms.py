"""What the pages read and call: the rooms next door, as protocols.

The hub fills a `WebRooms` and hands it to `app.routes`; the views see nothing else of the farm.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from buildyard.farm.store.base import Store
from buildyard.farm.web.log import Mark

T = TypeVar("T")


class Logs(Protocol):
    """The logs of runs (`tasks.logs.LogStore`)."""

    def path(self, task_id: str, run_id: int) -> Path:
        """Return where the log's bytes are."""
        ...

    def read(self, task_id: str, run_id: int, start: int = 0, end: int | None = None) -> bytes:
        """Return the bytes from ``start`` to before ``end``, as far as they exist."""
        ...

    def marks(self, task_id: str, run_id: int) -> Sequence[Mark]:
        """Return the log's moments, in order."""
        ...

    def follow(
        self, task_id: str, run_id: int, start: int = 0, *, ended: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[bytes]:
        """Yield the log from ``start`` on as it grows, until ``ended`` answers yes."""
        ...


class Requests(Protocol):
    """What a person may ask of the farm (`builds.service.BuildService`)."""

    async def ask(self, requirements: Sequence[str], abis: Sequence[str], *, deps: bool, asked_by: str) -> int:
        """Return the number of a new request."""
        ...

    async def retry(self, build_id: int) -> None:
        """Queue a build again.  Raises `Problem` (404, 409)."""
        ...


class Kept:
    """Values that many readers want at the same moment: made once, and handed to all."""

    def __init__(self, seconds: float = 1.0) -> None:
        self._seconds = seconds
        self._made: dict[str, tuple[int, float, Any]] = {}
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get(self, key: str, version: int, make: Callable[[], Awaitable[T]]) -> T:
        """Return the value of this key as of this version or later, at most a second old."""
        async with self._locks[key]:
            made_for, at, value = self._made.get(key, (-1, 0.0, None))
            if made_for < version or time.monotonic() - at >= self._seconds:
                value = await make()
                self._made[key] = (version, time.monotonic(), value)
            return cast("T", value)


@dataclass(frozen=True)
class WebRooms:
    """What the pages read and call."""

    store: Store
    logs: Logs
    requests_service: Requests
    version: str
    disk: Callable[[], tuple[int, int]]  #: free and total bytes where the files lie
    shutdown: asyncio.Event  #: set when the hub stops; streams end then
    name: str = ""  #: the farm's own; the address it was reached at where it has none
    disk_floor: int = 0  #: building pauses below so many free bytes
    clock: Callable[[], float] = time.time
    started: float = field(default_factory=time.time)
    #: Signs the tokens of forms; new with each start of the hub.
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    kept: Kept = field(default_factory=Kept)
