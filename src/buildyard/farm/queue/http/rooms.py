"""What the Marconi server works with: the store below it, its clock, its bounds, and who may come in."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Connection

from buildyard.farm.marconi_settings import MarconiSettings
from buildyard.farm.store.base import Store
from buildyard.taskcluster._hawk import Client


@dataclass(kw_only=True)
class MarconiRooms:
    """Everything that `queue.http.routes` needs."""

    store: Store
    find_client: Callable[[Connection, str], Client | None]  #: the hub's own clients, who may have tokens
    key: bytes  #: signs tokens and URLs; the same in every hub of a store
    is_local: bool  #: the hub listens on loopback alone: without a token a caller's project is what it says
    clock: Callable[[], float] = time.time
    settings: MarconiSettings = field(default_factory=MarconiSettings)
