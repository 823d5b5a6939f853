"""Messages at the pace at which they were sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from buildyard.cli.bus.lines import sent_at
from buildyard.messaging import Message

#: Seconds that are waited at most, so that a pause of days between two recordings is none.
_LONGEST_S = 3600.0


async def paced(
    source: AsyncIterator[list[Message]],
    speed: float,
    *,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    now: Callable[[], float] = time.monotonic,
) -> AsyncIterator[list[Message]]:
    """Yield each message alone, ``speed`` times as fast as they were sent; those without a time at once."""
    began, first = now(), None
    async for messages in source:
        for message in messages:
            at = sent_at(message)
            if at is not None:
                first = first or at
                due = began + (at - first).total_seconds() / speed
                await sleep(min(max(0.0, due - now()), _LONGEST_S))
            yield [message]
