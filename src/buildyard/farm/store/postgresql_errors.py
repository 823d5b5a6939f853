"""PostgreSQL's and asyncpg's errors in the store's words, and which of them deserve another try."""

from __future__ import annotations

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from buildyard.farm.store.errors import StoreBusy, StoreDamaged, StoreError, StoreFull, StoreUnreachable

#: Another transaction was in the way (PostgreSQL, appendix A): the same body may well succeed now.
_CONFLICTS = frozenset({"40001", "40P01"})

#: PostgreSQL's codes that mean something to the store beyond the statement itself.
_MEANINGS: dict[str, type[StoreError]] = {
    **dict.fromkeys(_CONFLICTS, StoreBusy),
    "55P03": StoreBusy,
    "53100": StoreFull,
    "XX001": StoreDamaged,
    "XX002": StoreDamaged,
    # No such database or role, or not with this password.
    "3D000": StoreUnreachable,
    "28000": StoreUnreachable,
    "28P01": StoreUnreachable,
}

#: The server is going away, is starting, or has no connection left; class 08 is a broken connection.
_AWAY = frozenset({"57P01", "57P02", "57P03", "57P05", "53300"})


def is_conflict(error: BaseException) -> bool:
    """Whether the body may succeed when it is run again, because another transaction is done now."""
    return _sqlstate(error) in _CONFLICTS


def is_overtaken(error: BaseException) -> bool:
    """Whether a unique key was there already, or a row referred to was not: since this one looked, or ever."""
    return _sqlstate(error) in ("23505", "23503")


def is_broken(error: BaseException) -> bool:
    """Whether the connection, and not the statement, is what failed."""
    code = _sqlstate(error)
    if code in _AWAY or code.startswith("08"):
        return True
    if isinstance(error, DBAPIError):
        return error.connection_invalidated
    # A connection that was told of its end, and has not seen it yet, is in no state for a command.
    if isinstance(error, asyncpg.InternalClientError):
        return True
    # Those that are also a ValueError speak of an argument.
    return isinstance(error, asyncpg.InterfaceError) and not isinstance(error, ValueError)


def translated(error: Exception, *, connecting: bool = False, committing: bool = False) -> Exception:
    """Return the store's error for a state of the server, and any other error as it came."""
    text = str(error.orig if isinstance(error, DBAPIError) else error) or type(error).__name__
    kind = _MEANINGS.get(_sqlstate(error))
    if kind is not None:
        return kind(text)
    if isinstance(error, PoolTimeout):
        return StoreBusy(text)
    if is_broken(error) or (connecting and isinstance(error, OSError)):
        return StoreUnreachable(text, may_be_committed=committing)
    return error


def _sqlstate(error: BaseException) -> str:
    cause: object = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(cause, "sqlstate", None) or "")
