"""A hub's background loops: look, do what there is, wait to be woken or for the next thing that is due.

Each loop is alone: a fault in one is logged, and it looks again after a moment, while the others go on.  A loop that
waits costs nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from buildyard.farm.store.base import Store
from buildyard.farm.store.errors import StoreBusy, StoreFull, StoreUnreachable
from buildyard.farm.tasks.errors import TaskclusterAway, TaskclusterRefuses

log = logging.getLogger(__name__)

#: How long a loop waits after a fault before it looks again, at first and at most.
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 10.0

#: Even a loop that nobody wakes looks this often, in case a wake-up was lost with a connection.
_LONGEST_WAIT_S = 300.0


#: What passes, and says all there is to say.
_PASSING = (StoreBusy, StoreFull, StoreUnreachable, TaskclusterAway, TaskclusterRefuses)


async def _nothing_due() -> float | None:
    return None


@dataclass(frozen=True)
class Loop:
    """One thing a hub does by itself."""

    name: str
    channels: Sequence[str]  #: what wakes it
    look: Callable[[], Awaitable[int]]  #: does what there is; 0 when there was nothing
    next_due: Callable[[], Awaitable[float | None]] = _nothing_due  #: when to look although nobody wakes it
    gap_s: float = 0.1  #: it looks no sooner again, however often it is woken: a look takes all there is

    async def run(self, store: Store, clock: Callable[[], float]) -> None:
        """Look for ever; end by cancellation."""
        pause = _FIRST_PAUSE_S
        async with store.waiter(self.channels) as waiter:
            while True:
                try:
                    while await self.look():
                        pause = _FIRST_PAUSE_S
                    due = await self.next_due()
                except asyncio.CancelledError:
                    raise
                except Exception as error:
                    self._tell(error, pause)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE_S)
                    continue
                pause, looked = _FIRST_PAUSE_S, time.monotonic()
                await waiter.wait(_wait_time(due, clock()))
                await asyncio.sleep(max(0.0, looked + self.gap_s - time.monotonic()))

    def _tell(self, error: Exception, pause: float) -> None:
        facts = {"loop": self.name, "again_in_s": pause}
        if isinstance(error, _PASSING):
            log.warning("loop.waits", extra=facts | {"why": str(error)})
        else:
            log.error("loop.fault", extra=facts, exc_info=error)


def _wait_time(due: float | None, now: float) -> float:
    return _LONGEST_WAIT_S if due is None else min(max(due - now, 0.01), _LONGEST_WAIT_S)
