"""Many transaction bodies in one transaction on SQLite, each as if it were alone.

A commit costs far more than a small body, and SQLite has one writer at a time anyway.  So bodies that wait together run
in one transaction.  `writer` decides which those are, and tells their callers after the commit.

When one of them raises, all is undone and run again, each inside a savepoint, so that it undoes only itself; a
savepoint each time would cost as much as a small statement.  When the transaction as a whole fails (the disk is full, a
deferred constraint), they are run one by one, so that only those who cannot be committed are refused.  Hence a body may
run more than once, and must do nothing but use its connection.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from buildyard.farm.store.base import WAKE_KEY
from buildyard.farm.store.batches import run_all
from buildyard.farm.store.errors import StoreBusy
from buildyard.farm.store.jobs import Job
from buildyard.farm.store.sqlite_errors import translated
from buildyard.farm.store.sqlite_transactions import driver, transaction

_SAVEPOINT: Final = "SAVEPOINT body"
_RELEASE: Final = "RELEASE body"
_UNDO: Final = "ROLLBACK TO body"


class _TransactionLost(Exception):
    """SQLite has rolled back the whole transaction, not only the body that met the error."""


def commit(connection: Connection, group: list[Job]) -> set[str]:
    """Run these bodies and commit them; return the channels to wake.  What came of each is in its job.

    If a transaction was begun already, it is the first that is tried.
    """
    going = [job for job in group if not job.future.cancelled()]
    if len(going) == 1:
        return _alone(connection, going[0])
    try:
        return _together(connection, going)
    except BaseException as error:
        if isinstance(translated(error), StoreBusy):
            return _refuse_all(going, error)
    try:
        return _apart(connection, going)
    except Exception as error:
        if isinstance(translated(error), StoreBusy):
            return _refuse_all(going, error)
    return set().union(*(_alone(connection, job) for job in going))


def _alone(connection: Connection, job: Job) -> set[str]:
    """Run one body in a transaction of its own."""
    try:
        return _together(connection, [job])
    except BaseException as error:
        job.fail(error, translated(error))
        return set()


def _together(connection: Connection, group: list[Job]) -> set[str]:
    """Run these bodies in one transaction; raise what one of them raised, or the commit."""
    with transaction(connection):
        connection.info[WAKE_KEY] = channels = set[str]()
        run_all(connection, group)
    return channels


def _apart(connection: Connection, group: list[Job]) -> set[str]:
    """Run these bodies in one transaction, each able to fail alone; raise if the transaction as a whole did."""
    channels: set[str] = set()
    with transaction(connection):
        for job in group:
            connection.info[WAKE_KEY] = woken = set[str]()
            if _in_savepoint(connection, job):
                channels |= woken
    return channels


def _in_savepoint(connection: Connection, job: Job) -> bool:
    """Return whether the body did what it wanted."""
    # Past SQLAlchemy: its own nested transactions cost several times the two statements.
    sqlite = driver(connection)
    sqlite.execute(_SAVEPOINT)
    try:
        job.run(connection)
    except BaseException as error:
        if not sqlite.in_transaction:
            raise _TransactionLost from error
        sqlite.execute(_UNDO)
        job.fail(error, translated(error))
    sqlite.execute(_RELEASE)
    return job.error is None


def _refuse_all(group: list[Job], error: BaseException) -> set[str]:
    """Another process is to blame, for which one of them has waited long enough."""
    for job in group:
        job.fail(error, translated(error))
    return set()
