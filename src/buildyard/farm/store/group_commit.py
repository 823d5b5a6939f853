"""SQLite's one writer: a thread that runs many transaction bodies in one transaction and commits them together.

A commit costs far more than a small body, and SQLite has one writer at a time anyway.  So bodies queue up while a
commit runs, the next transaction takes all that wait (each inside a savepoint, so that one that raises undoes only
itself), and their callers hear of it in one call after the commit.  `sqlite.py` owns it.

A group whose transaction fails as a whole (the disk is full, a deferred constraint) is undone and its bodies are run
again one by one, so that only those who cannot be committed are refused.  Hence a body may run more than once, and
must do nothing but use its connection.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import Connection

from buildyard.farm.store.base import WAKE_KEY
from buildyard.farm.store.errors import StoreBusy
from buildyard.farm.store.sqlite_errors import translated
from buildyard.farm.store.waking import Wakes

#: Most bodies in one transaction: enough to make the commit's cost small, and few enough for a short wait.
GROUP_LIMIT = 256

_SAVEPOINT = "SAVEPOINT body"
_RELEASE = "RELEASE body"
_UNDO = "ROLLBACK TO body"


class Job:
    """One body, the future of its caller, and what came of it."""

    __slots__ = ("body", "channels", "error", "future", "result")

    def __init__(self, body: Callable[[Connection], Any], future: asyncio.Future[Any]) -> None:
        self.body = body
        self.future = future
        self.result: Any = None
        self.error: BaseException | None = None
        self.channels: set[str] = set()

    def run(self, connection: Connection) -> None:
        """Run the body; raise what it raises, and `_Abandoned` if nobody waits for its result any more."""
        connection.info[WAKE_KEY] = self.channels = set()
        self.result = self.body(connection)
        if self.future.cancelled():
            raise _Abandoned

    def fail(self, error: BaseException) -> None:
        """Note that the body was undone, and why."""
        known = translated(error)
        if isinstance(error, StopIteration):  # a future refuses it
            known = RuntimeError("a transaction body raised StopIteration")
        if known is not error:
            known.__cause__ = error
        self.error = known
        self.channels = set()

    def deliver(self) -> None:
        """Tell the caller; in the loop's thread."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class _Abandoned(Exception):
    """The caller was cancelled before its body was committed, so the body is undone."""


class _TransactionLost(Exception):
    """SQLite has rolled back the whole transaction, not only the body that met the error."""


class Writer:
    """The thread.  `submit`, `start` and `close` belong to the loop's thread, the rest to the writer's own."""

    def __init__(self, connection: Connection, loop: asyncio.AbstractEventLoop, wakes: Wakes) -> None:
        self._connection = connection
        self._loop = loop
        self._wakes = wakes
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="buildyard-writer", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def submit(self, body: Callable[[Connection], Any]) -> asyncio.Future[Any]:
        """Return the future of this body's result; cancel it to give up."""
        job = Job(body, self._loop.create_future())
        self._jobs.put(job)
        return job.future

    async def close(self) -> None:
        """Return when everything submitted so far is done and the thread has ended."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _serve(self) -> None:
        more = True
        while more:
            group, more = self._next_group()
            if group:
                self._run(group)
                self._report(group)

    def _next_group(self) -> tuple[list[Job], bool]:
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

    def _run(self, group: list[Job]) -> None:
        group = [job for job in group if not job.future.cancelled()]
        if len(group) == 1:
            _commit_alone(self._connection, group[0])
        elif group:
            try:
                _commit_together(self._connection, group)
            except Exception as error:
                self._run_again(group, error)

    def _run_again(self, group: list[Job], error: Exception) -> None:
        """Find out whose the fault was that none of these was committed."""
        busy = isinstance(translated(error), StoreBusy)
        for job in group:
            if busy:  # the fault of another process, for which one of us has waited long enough
                job.fail(error)
            else:
                _commit_alone(self._connection, job)

    def _report(self, group: list[Job]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._deliver, group)
        except RuntimeError:  # the loop was closed under us: what is committed is committed, and nobody waits
            return

    def _deliver(self, group: list[Job]) -> None:
        channels: set[str] = set()
        for job in group:
            job.deliver()
            channels |= job.channels
        self._wakes.wake(channels)


def _commit_alone(connection: Connection, job: Job) -> None:
    """Run one body in a transaction of its own; its outcome is in the job."""
    job.error = None
    try:
        with _transaction(connection):
            job.run(connection)
    except BaseException as error:
        job.fail(error)


def _commit_together(connection: Connection, group: list[Job]) -> None:
    """Run these bodies in one transaction, each able to fail alone; raise if the transaction as a whole did."""
    with _transaction(connection):
        for job in group:
            _run_in_savepoint(connection, job)


def _run_in_savepoint(connection: Connection, job: Job) -> None:
    # Past SQLAlchemy: its own nested transactions cost several times the two statements.
    sqlite = _driver(connection)
    sqlite.execute(_SAVEPOINT)
    try:
        job.run(connection)
    except BaseException as error:
        if not sqlite.in_transaction:
            raise _TransactionLost from error
        sqlite.execute(_UNDO)
        job.fail(error)
    sqlite.execute(_RELEASE)


@contextmanager
def _transaction(connection: Connection) -> Iterator[None]:
    try:
        with connection.begin():
            yield
    except BaseException:
        # A commit that failed leaves SQLite in the transaction, and SQLAlchemy thinks it has ended.
        sqlite = _driver(connection)
        if sqlite.in_transaction:
            sqlite.rollback()
        raise


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver
