"""A claim that a builder holds: renewed while the build runs, persistent while the hub is away, lost when it is lost.

`Held.persist` is how everything about a claimed run is said to the hub: a hub that does not answer is asked again until
it does, and one that answers that the run is somebody else's makes the claim lost.  Then the work is thrown away.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from buildyard.errors import BuildyardError
from buildyard.farm.builder.link import Link
from buildyard.farm.wire import BuildPayload
from buildyard.taskcluster.aio import Queue
from buildyard.taskcluster.errors import (
    AuthenticationFailed,
    InsufficientScopes,
    RequestConflict,
    ResourceNotFound,
    TaskclusterConnectionError,
    TaskclusterRestFailure,
)

T = TypeVar("T")

log = logging.getLogger(__name__)

#: Answers that say that the run is not this builder's any more.
_LOST = (RequestConflict, ResourceNotFound, AuthenticationFailed, InsufficientScopes)

_LONGEST_PAUSE_S = 5.0


def passes(error: TaskclusterConnectionError | TaskclusterRestFailure) -> bool:
    """Tell whether the hub is away or not well, so that it may be asked again: what it refuses it refuses for good."""
    return isinstance(error, TaskclusterConnectionError) or error.status >= 500 or error.status == 429


class ClaimLost(BuildyardError):
    """The hub has taken the run back.  Stop the work and throw its result away."""


class Held:
    """One claimed run."""

    def __init__(self, claim: dict[str, Any], queue: Queue, farm: Link, clock: Callable[[], float]) -> None:
        self.task_id: str = claim["status"]["taskId"]
        self.run_id: int = claim["runId"]
        self.payload = msgspec.convert(claim["task"]["payload"], BuildPayload)
        self.lost = asyncio.Event()
        self._clock = clock
        self._queue = queue
        self._farm = farm
        self._take(claim)

    @property
    def queue(self) -> Queue:
        """The queue service with this claim's newest credentials."""
        return self._queue.with_credentials(self._credentials)

    @property
    def farm(self) -> Link:
        """The farm's own calls with this claim's newest credentials."""
        return self._farm.with_credentials(self._credentials)

    async def renew(self) -> None:
        """Renew the claim at half of what is left of it, until it is lost or this is cancelled."""
        while not self.lost.is_set():
            await asyncio.sleep(max(0.2, (self._taken_until - self._clock()) / 2))
            try:
                self._take(await self.persist(lambda: self.queue.reclaimTask(self.task_id, self.run_id)))
            except ClaimLost:
                return

    async def persist(self, operation: Callable[[], Awaitable[T]]) -> T:
        """Return the operation's result, asking again through outages of the hub.  Raises `ClaimLost`."""
        pause = 0.2
        while True:
            if self.lost.is_set():
                raise ClaimLost(self._named)
            try:
                return await operation()
            except _LOST as error:
                log.warning("claim.lost", extra={"task": self.task_id, "run": self.run_id, "why": str(error)})
                self.lost.set()
                raise ClaimLost(self._named) from error
            except (TaskclusterConnectionError, TaskclusterRestFailure) as error:
                if not passes(error):
                    raise
                facts = {"task": self.task_id, "again_in_s": round(pause, 1), "why": str(error).partition("\n")[0]}
                log.warning("hub.away", extra=facts)
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - spreads builders, guards nothing
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    @property
    def _named(self) -> str:
        return f"run {self.run_id} of task {self.task_id} went to somebody else"

    def _take(self, claim: Any) -> None:
        self._credentials: dict[str, Any] = claim["credentials"]
        self._taken_until = datetime.fromisoformat(claim["takenUntil"]).timestamp()
