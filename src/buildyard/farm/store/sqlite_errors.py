"""SQLite's error codes in the store's words."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from buildyard.farm.store.errors import (
    NO_ROOM,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreUnreachable,
)

#: SQLite's result codes that have a meaning beyond the statement itself; primary ones are the low byte of the others.
_MEANINGS: dict[int, type[StoreError]] = {
    # The file that readers and writer share cannot grow, "the underlying filesystem volume is out of space".
    sqlite3.SQLITE_IOERR_SHMSIZE: StoreFull,
    sqlite3.SQLITE_FULL: StoreFull,
    sqlite3.SQLITE_BUSY: StoreBusy,
    sqlite3.SQLITE_LOCKED: StoreBusy,
    sqlite3.SQLITE_IOERR: StoreUnreachable,
    sqlite3.SQLITE_CANTOPEN: StoreUnreachable,
    sqlite3.SQLITE_READONLY: StoreUnreachable,
    sqlite3.SQLITE_CORRUPT: StoreDamaged,
    sqlite3.SQLITE_NOTADB: StoreDamaged,
}


def translated(error: BaseException) -> BaseException:
    """Return the store's error for a state of the database, and any other error as it came."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, OSError) and cause.errno in NO_ROOM:
        return StoreFull(os.strerror(cause.errno or errno.ENOSPC))
    if isinstance(cause, sqlite3.Error) and (code := getattr(cause, "sqlite_errorcode", None)) is not None:
        kind = _MEANINGS.get(code) or _MEANINGS.get(code & 0xFF)
        if kind is not None:
            said = "the disk is full" if kind is StoreFull else cause
            return kind(f"{said} ({cause.sqlite_errorname})")
    return error


@contextmanager
def translating() -> Iterator[None]:
    """Raise the store's error from SQLite's."""
    try:
        yield
    except Exception as error:
        known = translated(error)
        if known is error:
            raise
        raise known from error
