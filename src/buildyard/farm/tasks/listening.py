"""What a Taskcluster tells over Pulse, taken as a reason to look at once: it only wakes `remote`, which then asks.

Nothing is read from a message, since one may be lost, late or somebody else's; tasks are asked about from time to time
all the same.  The queue is the connection's own and ends with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from buildyard.errors import BuildyardError
from buildyard.farm.store.base import Store, wake
from buildyard.farm.tasks import mirror
from buildyard.taskcluster.aio import QueueEvents

log = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 60.0

#: What happens to a task that the farm wants to know.
_KINDS: Final = ("taskRunning", "taskPending", "taskCompleted", "taskFailed", "taskException")


async def listen(store: Store, url: str, scheduler: str = "buildyard") -> None:
    """Wake `remote` whenever something happens to a task of this scheduler; end by cancellation.

    ``url`` is Pulse's, with the user whose queues are named ``queue/<user>/...``.  What goes wrong is logged and tried
    again, ever later: without Pulse the farm learns the same a little later.
    """
    pause = _FIRST_PAUSE_S
    while True:
        try:
            async with aclosing(_told(url, scheduler)) as events:
                async for _ in events:
                    pause = _FIRST_PAUSE_S
                    await store.write(lambda connection: wake(connection, mirror.CHANNEL))
        except ModuleNotFoundError as error:
            log.error("pulse.missing", extra={"why": f"{error}; to have it: pip install 'buildyard[messaging]'"})
            return
        except BuildyardError as error:
            log.warning("pulse.waits", extra={"again_in_s": pause, "why": str(error)})
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_S)


def _told(url: str, scheduler: str) -> AsyncGenerator[object, None]:
    events = QueueEvents()
    return events.listen(*(getattr(events, kind)(schedulerId=scheduler) for kind in _KINDS), url=url)
