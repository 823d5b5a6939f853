"""The store's two promises: a transaction is a plain function of a connection, and a commit wakes who waits for it.

A *transaction body* takes a SQLAlchemy `Connection` and nothing of asyncio, so its tests need no loop and its text is
the same for SQLite and PostgreSQL.  `Store.write` runs it, commits, and only then returns its result: what a caller
has been told is committed.  Inside a body, `wake(connection, channel)` notes that something waits for this change;
waiters are woken after the commit, in every hub process on PostgreSQL.

Three rules for a body:

- It does nothing but use its connection.  It may be run again, when another's transaction was in its way or the one
  it shared with others failed, and then nothing of the first run is left.
- It is short.  On SQLite bodies run one after another; a long one keeps all others waiting.
- It neither commits nor rolls back, and returns values, not open results.

On SQLite a body sees all that was committed before it.  On PostgreSQL it sees one snapshot, and is run again if
another changed a row that it changes: so what it read may be used for what it writes to the same rows.  Rows that it
only reads may change meanwhile; where that matters it reads them `with_for_update()`, which SQLite ignores.  With a
lane (`Store.write`) every statement sees what is committed when it begins, and nothing is run again for a conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")

#: Where `wake` keeps the channels of one transaction until it commits, and `is_first` what was done in it.
WAKE_KEY = "buildyard.wake"
DONE_KEY = "buildyard.done"


class Waiter(Protocol):
    """Somebody who waits for channels to be woken; nothing that was woken since it was made is missed."""

    async def wait(self, timeout: float) -> frozenset[str]:
        """Return the channels woken since the last call, waiting up to ``timeout`` seconds; empty when time is up.

        Raises `StoreClosed` when the store is closed.  On PostgreSQL it may be woken for nothing: look, and wait again.
        """
        ...


class Store(Protocol):
    """A database of the farm."""

    @property
    def dialect(self) -> Literal["sqlite", "postgresql"]:
        """Which of the two it is."""
        ...

    async def write(self, body: Callable[[Connection], T], *, lane: str = "") -> T:
        """Return what the body returned, once it is committed.

        A ``lane`` names what the body is about, a queue, and says that it takes a millisecond at most, and that each
        of its statements is right by itself, whatever is committed between them.  PostgreSQL then runs it after those
        of its lane that came before, and commits together what came together; SQLite does that with all bodies, and
        runs such a one in the loop's thread where no commit waits for the disk.

        Raises what the body raised, with everything it did undone, and `StoreFull`, `StoreBusy`, `StoreUnreachable`
        (retry later).  Cancelled before the commit begins, the body is undone.
        """
        ...

    async def read(self, body: Callable[[Connection], T]) -> T:
        """Return what the body read, in one snapshot."""
        ...

    def waiter(self, channels: Iterable[str]) -> AbstractAsyncContextManager[Waiter]:
        """Return a waiter for these channels, from entering the context to leaving it."""
        ...

    async def close(self) -> None:
        """Finish what was begun and let go of the database."""
        ...


def wake(connection: Connection, *channels: str) -> None:
    """Note that whoever waits for these channels should look again once this transaction has committed."""
    connection.info.setdefault(WAKE_KEY, set()).update(channels)


def is_first(connection: Connection, what: str) -> bool:
    """Tell whether this is asked for the first time in this transaction, which several bodies may share."""
    done: set[str] = connection.info.setdefault(DONE_KEY, set())
    if what in done:
        return False
    done.add(what)
    return True
