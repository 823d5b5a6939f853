"""SQLite's one writer: what is short is written in the loop's own thread, anything else in a thread for it.

Handing a body to another thread and hearing of it takes as long as a small transaction.  So where no commit waits for
the disk (`synchronous=NORMAL`), the loop runs short ones itself: all that were submitted in one turn of it, in one
transaction, in some tens of microseconds each.

The two never meet: while the thread has something to do, short bodies follow it there, or wait until it has finished
where that is all it does.  What makes a commit wait stays in the thread as well: another process that writes, and the
checkpoint, which forces the log to the disk.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Final

from sqlalchemy import Connection

from buildyard.farm.store.group_commit import commit
from buildyard.farm.store.jobs import GROUP_LIMIT, Job
from buildyard.farm.store.sqlite_transactions import BEGIN, driver
from buildyard.farm.store.waking import Wakes

#: After so many transactions of the loop the thread makes a checkpoint: before SQLite would, in the loop.
_CHECKPOINT_AFTER: Final = 500


class Writer:
    """The writer.  What begins with `_serve` is the thread's, the rest belongs to the loop's thread."""

    def __init__(
        self, connection: Connection, loop: asyncio.AbstractEventLoop, wakes: Wakes, *, waits_for_disk: bool
    ) -> None:
        self._connection = connection
        self._loop = loop
        self._wakes = wakes
        self._waits_for_disk = waits_for_disk
        self._short: list[Job] = []
        self._handed_over = 0  #: jobs that are the thread's, and of which it has not told yet
        self._long: set[Job] = set()  #: those of them that are not short
        self._since_checkpoint = 0
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="buildyard-writer", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def submit(self, body: Callable[[Connection], Any], *, is_short: bool) -> asyncio.Future[Any]:
        """Return the future of this body's result; cancel it to give up."""
        job = Job(body, self._loop.create_future())
        if self._waits_for_disk or not is_short:
            self._long.add(job)
            self._hand_over([job])
            return job.future
        if not self._short:
            self._loop.call_soon(self._write_short)
        self._short.append(job)
        return job.future

    async def close(self) -> None:
        """Return when everything submitted so far is done and the thread has ended."""
        self._hand_over(self._short)
        self._short = []
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _hand_over(self, jobs: list[Job]) -> None:
        self._handed_over += len(jobs)
        for job in jobs:
            self._jobs.put(job)

    def _write_short(self) -> None:
        """Write what is short here and now, unless somebody else is writing."""
        if not self._short or (self._handed_over and not self._long):
            return  # the thread will be done soon, and `_take_back` comes here again
        group, self._short = self._short[:GROUP_LIMIT], self._short[GROUP_LIMIT:]
        if self._short:
            self._loop.call_soon(self._write_short)
        if self._handed_over or not self._begin():
            self._hand_over(group)
            return
        self._deliver(group, commit(self._connection, group))
        self._since_checkpoint += 1
        if self._since_checkpoint >= _CHECKPOINT_AFTER:
            self._since_checkpoint = 0
            self._hand_over([_Checkpoint(self._loop)])

    def _begin(self) -> bool:
        """Begin a transaction, unless that has to wait for another process, or fails: the thread finds out why."""
        try:
            driver(self._connection).execute(BEGIN)
        except sqlite3.Error:
            return False
        return True

    def _deliver(self, group: list[Job], channels: set[str]) -> None:
        for job in group:
            job.deliver()
        self._wakes.wake(channels)

    def _take_back(self, group: list[Job], channels: set[str]) -> None:
        self._handed_over -= len(group)
        self._long.difference_update(group)
        self._deliver(group, channels)
        if not self._handed_over:
            self._write_short()

    def _serve(self) -> None:
        more = True
        while more:
            group, more = self._serve_next()
            channels = commit(self._connection, group)
            if any(isinstance(job, _Checkpoint) for job in group):
                self._serve_checkpoint()
            self._serve_report(group, channels)

    def _serve_next(self) -> tuple[list[Job], bool]:
        """Return all that waits, up to the limit, blocking for the first; and whether more may come."""
        group: list[Job] = []
        try:
            job = self._jobs.get()
            while job is not None:
                group.append(job)
                if len(group) == GROUP_LIMIT:
                    return group, True
                job = self._jobs.get_nowait()
        except Empty:
            return group, True
        return group, False

    def _serve_checkpoint(self) -> None:
        # One that fails (the disk is full) leaves everything in the log; a later one may do better.
        with suppress(sqlite3.Error):
            driver(self._connection).execute("PRAGMA wal_checkpoint(PASSIVE)")

    def _serve_report(self, group: list[Job], channels: set[str]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._take_back, group, channels)
        except RuntimeError:  # the loop was closed under us: what is committed is committed, and nobody waits
            return


class _Checkpoint(Job):
    """Nothing to write; after its group the log goes into the database."""

    __slots__ = ()

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(lambda _connection: None, loop.create_future())
