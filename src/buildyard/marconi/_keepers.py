"""The keepers of asyncio and of threads: how a claim is renewed while its consumer's caller works.

Twisted's is in `tx`.  A blocking program gets a plain thread for each claim, rather than a `faces.portal.Portal`: a
renewal is one request over the transport that the program has already, which threads may share, and a portal would
mean another loop, another set of sockets and another token.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Self

from buildyard.faces.blocking import run_blocking
from buildyard.marconi._keeping import Upkeep

#: How long the end of a claim waits for a renewal that is under way, in seconds.
_JOIN_SECONDS = 1.0


class TaskKeeper:
    """Renews in a task.  The task also releases, so that cancelling it, as `asyncio.run` does at the end, does too."""

    def __init__(self, upkeep: Upkeep) -> None:
        self._task = asyncio.get_running_loop().create_task(_keep(upkeep), name="marconi-claim")
        self._is_stopped = False

    @classmethod
    async def start(cls, upkeep: Upkeep) -> Self:
        """Return a keeper whose task has begun: one that was cancelled before would release nothing."""
        keeper = cls(upkeep)
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            keeper.abandon()
            raise
        return keeper

    @property
    def is_done(self) -> bool:
        """True once it has stopped and released."""
        return self._task.done()

    def abandon(self) -> None:
        """Stop; the task releases by itself."""
        if not self._is_stopped:
            self._is_stopped = True
            self._task.cancel()

    async def stop(self) -> None:
        """Stop, and return when what was left is released."""
        self.abandon()
        await asyncio.wait([self._task])


async def _keep(upkeep: Upkeep) -> None:
    try:
        is_ours = True
        while is_ours:
            await asyncio.sleep(upkeep.pause)
            is_ours = await upkeep.renew()
        await asyncio.get_running_loop().create_future()  # until it is cancelled
    finally:
        try:
            await upkeep.release()
        except asyncio.CancelledError:
            # `asyncio.run` cancels at its end what was cancelled already; it waits for us nevertheless.
            await upkeep.release()
            raise


class ThreadKeeper:
    """Renews in a thread; the caller's own thread releases, where the consumer ends."""

    def __init__(self, upkeep: Upkeep) -> None:
        self._upkeep = upkeep
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="marconi-claim", daemon=True)
        self._thread.start()

    @classmethod
    async def start(cls, upkeep: Upkeep) -> Self:
        """Return a keeper whose thread runs."""
        return cls(upkeep)

    def _keep(self) -> None:
        while not self._is_stopped.wait(self._upkeep.pause):
            if not run_blocking(self._upkeep.renew()):
                return

    @property
    def is_done(self) -> bool:
        """True once it has stopped and released."""
        return self._is_stopped.is_set()

    def abandon(self) -> None:
        """Stop and release."""
        self._is_stopped.set()
        run_blocking(self._upkeep.release())
        self._thread.join(_JOIN_SECONDS)

    async def stop(self) -> None:
        """Stop and release."""
        self.abandon()
