"""What the tasks floor's HTTP face works with: the rooms below it, its clock, its settings."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Concatenate, Final, ParamSpec, TypeVar

from msgspec import Struct
from sqlalchemy import Connection

from buildyard.farm.store.base import Store
from buildyard.farm.store.batches import Batch, Many
from buildyard.farm.store.objects import ObjectStore
from buildyard.farm.tasks.auth import Authenticator
from buildyard.farm.tasks.logs import LogStore
from buildyard.farm.tasks.worker_records import WorkerId

P = ParamSpec("P")
T = TypeVar("T")
ItemT = TypeVar("ItemT")

#: The lane of what many callers want of tasks: all rows that they change are locked first, in one order.
_LANE: Final = "tasks"
#: Who wants so much at once shares a commit with few, and goes by one of so many other lanes: while the database works
#: for one, this process answers the other.
_MUCH: Final = 8
_SIDE_BY_SIDE: Final = 2


class TaskSettings(Struct, frozen=True, kw_only=True):
    """The bounds and times of the tasks floor."""

    claim_timeout_s: float = 60.0  #: a claim holds this long unless it is renewed
    long_poll_s: float = 20.0  #: an empty claimWork answers after this
    json_bytes: int = 10 * 1024**2  #: of a JSON body, at most
    log_bytes: int = 4 * 1024**2  #: of one piece of a log
    object_bytes: int = 4 * 1024**3  #: of one object
    put_url_s: float = 45 * 60.0  #: an upload's address holds this long
    get_url_s: float = 120.0  #: a download's address holds this long
    retry_after_s: int = 30  #: what a client is told to wait where the disk is full
    trust_forwarded: bool = False  #: believe ``X-Forwarded-*``: the hub is behind a proxy that sets them
    root_url: str | None = None  #: where clients reach the farm; ``None``: wherever the request came to


@dataclass(kw_only=True)
class TaskRooms:
    """Everything that `http.routes` needs."""

    store: Store
    objects: ObjectStore
    logs: LogStore
    auth: Authenticator
    clock: Callable[[], float] = time.time
    settings: TaskSettings = field(default_factory=TaskSettings)
    shutdown: asyncio.Event = field(default_factory=asyncio.Event)  #: set: long polls end at once
    started: float = field(default_factory=time.monotonic)
    is_paused: Callable[[], bool] = lambda: False  #: nothing is claimed while it says so, as with a full disk
    _turns: Iterator[int] = field(default_factory=itertools.count)
    workers_seen: dict[WorkerId, float] = field(default_factory=dict)  #: when this hub last noted that they poll

    async def write(self, body: Callable[Concatenate[Connection, float, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what the transaction body gave at the present time, once it is committed."""
        return await self.store.write(lambda connection: body(connection, self.clock(), *args, **kwargs))

    async def write_each(self, many: Many[ItemT, T], item: ItemT, *, weight: int = 1) -> T:
        """Return what came of this item, done together with what others want of the same kind at this time."""
        lane = _LANE if weight < _MUCH else f"{_LANE}:{next(self._turns) % _SIDE_BY_SIDE}"
        return await self.store.write(Batch(many, self.clock, item, weight=weight), lane=lane)

    async def read(self, body: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what the body read."""
        return await self.store.read(lambda connection: body(connection, *args, **kwargs))
