"""Tokens that were ended before their time: transaction bodies.  A row is kept until its token would have ended."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from buildyard.farm.store.tables import revoked_tokens


def revoke(connection: Connection, audit: str, expires: float) -> None:
    """Note that this token is not good any more."""
    if not is_revoked(connection, audit):
        connection.execute(insert(revoked_tokens), {"audit": audit, "expires": expires})


def is_revoked(connection: Connection, audit: str) -> bool:
    """Tell whether this token was revoked."""
    found = connection.execute(select(revoked_tokens.c.audit).where(revoked_tokens.c.audit == audit))
    return found.first() is not None


def forget(connection: Connection, now: float) -> None:
    """Forget tokens that have ended by themselves meanwhile."""
    connection.execute(delete(revoked_tokens).where(revoked_tokens.c.expires <= now))
