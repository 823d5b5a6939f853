"""Reads that are made at the same time go as one multicall.

A lane is a list of calls and a lock.  Each caller puts its call on the list and waits for the lock; whoever gets it
takes what is on the list, its own among it, and sends that for all.  Whoever gets it next mostly finds its answer
there.  Two lanes are filled in turn, so that one batch is on its way while another is answered: more connections than
a hub has workers are no faster.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from buildyard.faces.transport import Transport
from buildyard.koji._multicall import Call, Outcome
from buildyard.koji.errors import KojiException

#: How many calls go in one request.
BATCH = 100
LANES = 2


class _Waiting:
    """A call, and what came of it."""

    __slots__ = ("call", "outcome")

    def __init__(self, call: Call) -> None:
        self.call = call
        self.outcome: Outcome | None = None


class Lanes:
    """Joins calls; ``send`` returns what came of each."""

    def __init__(self, transport: Transport, send: Callable[[Sequence[Call]], Awaitable[list[Outcome]]]) -> None:
        self._transport = transport
        self._send = send
        self._lists: list[list[_Waiting]] = [[] for _ in range(LANES)]
        self._locks = [transport.lock() for _ in range(LANES)]
        self._count = 0

    async def call(self, call: Call) -> Outcome:
        """Return what came of the call.  Raises where the whole request failed, as a call by itself would."""
        lane = self._count // BATCH % LANES
        self._count += 1
        waiting = _Waiting(call)
        self._lists[lane].append(waiting)
        await self._transport.sleep(0)  # let those who are about to call get here
        async with self._locks[lane]:
            while waiting.outcome is None:
                await self._send_some(lane)
        return waiting.outcome

    async def _send_some(self, lane: int) -> None:
        some, self._lists[lane] = self._lists[lane][:BATCH], self._lists[lane][BATCH:]
        try:
            found = await self._send([waiting.call for waiting in some])
        except KojiException as error:
            found = [Outcome(error=error)] * len(some)
        except BaseException:
            # This caller was cancelled; the calls of the others are sent by the next of them.
            self._lists[lane] = some + self._lists[lane]
            raise
        for waiting, outcome in zip(some, found, strict=True):
            waiting.outcome = outcome
