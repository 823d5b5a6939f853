"""A connection to a database past the store, to look at it or to spoil it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from buildyard.farm.store.sqlite_engine import engine

T = TypeVar("T")


def bare(url: str, body: Callable[[Connection], T], *, foreign_keys: bool = True) -> T:
    """Return what a body returns, in a transaction that is committed."""
    address = make_url(url)
    if address.drivername == "sqlite":
        return _on_sqlite(address.database or "", body, foreign_keys)
    return asyncio.run(_on_postgresql(url, body))


def _on_sqlite(path: str, body: Callable[[Connection], T], foreign_keys: bool) -> T:
    made = engine(path, foreign_keys=foreign_keys)
    try:
        with made.begin() as connection:
            return body(connection)
    finally:
        made.dispose()


async def _on_postgresql(url: str, body: Callable[[Connection], T]) -> T:
    made = create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"))
    try:
        async with made.begin() as connection:
            return await connection.run_sync(body)
    finally:
        await made.dispose()
